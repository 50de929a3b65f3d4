"""One thread for all tests, set before torch is imported: sums in another order are other numbers in the last place.

No test is judged by its time, so Hypothesis has no deadline for an example.

Of the processes that share the tests, one has all that need a browser: two browsers would only keep each other waiting.
"""

import os

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser/"

os.environ["OMP_NUM_THREADS"] = "1"

settings.register_profile("anneal", deadline=None)
settings.load_profile("anneal")


class Sharing(LoadScopeScheduling):
    """A file is a unit of work, since its fixtures are made once; all that need a browser are one unit."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return BROWSER if file.startswith(BROWSER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """Share the tests in this way, whatever `--dist` says."""
    return Sharing(config, log)
