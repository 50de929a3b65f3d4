"""A small form of the benchmark of many visitors: five of them, real websockets, two trainings."""

from pathlib import Path

import pytest

from tests.addresses import ADDRESSES
from tests.benchmarks.load import measure


@pytest.mark.timeout(900)  # on a machine that has much else to do
def test_five_visitors_browse_while_two_train_and_nothing_is_left_behind(tmp_path: Path) -> None:
    load = measure(tmp_path, visitors=5, trainings=2, seconds=8, pause=2, settle=3)
    assert load.errors == []
    assert load.jobs == ["done", "done"]
    assert set(load.pages) <= {page or "home" for page in ADDRESSES}
    assert len(load.times(None)) >= 10
    assert load.polls > 0
    assert load.after.processes <= load.before.processes
    assert load.after.files <= load.before.files + 30  # an event loop of 3 files for each thread that Streamlit keeps
    assert load.after.memory < 1.5 * load.before.memory
