"""Learners in a workspace of their own, for benchmarks that train in this process."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from core.data.index import load_data
from core.model.backbones import build
from core.training.learner import Learner
from core.training.records import EpochRecord
from core.training.stage import Stage
from core.workspace import Workspace


@contextmanager
def new_learner(spec: str, backbone: str, seed: int) -> Iterator[Learner]:
    """A learner of a new network on a data set, as `open_source` takes it; its workspace is gone at the end."""
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.at(home)
        data = load_data(spec, workspace, seed=seed)
        yield Learner(build(backbone, data.classes, seed=seed), data, workspace, seed=seed)


def epochs(learner: Learner, stage: Stage, index: int) -> list[EpochRecord]:
    """Train through the stage; its epochs."""
    return [one for one in learner.fit(stage, stage_index=index) if isinstance(one, EpochRecord)]
