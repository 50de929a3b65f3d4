"""Weights from anybody: pickles, other networks, files cut short or that lie. Never run, always said."""

import json
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from core.errors import AnnealError
from core.jobs.restore import learner_of, model_of
from core.jobs.specs import TrainSpec
from core.results.predictions import Predictions
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.create import create_run
from core.training.stage import Plan, Stage
from tests.core.data.watch import nothing_outside

STAGE = Stage(lr=(0.01,), size=16, batch_size=16)


class Runs:
    """Starts a program when it is unpickled."""

    def __reduce__(self):
        import os

        return os.system, ("touch pwned",)


@pytest.fixture
def checkpoint(run, work):
    """A trained run's checkpoint as bytes."""
    work(TrainSpec(plan=Plan(stages=(STAGE,))))
    return run.checkpoint.read_bytes()


def refused(run):
    """The sentences of all that reads weights; fails where one of them is taken."""
    said = []
    with nothing_outside(run.workspace.root):
        for read in (read_meta, read_snapshot_meta):
            try:
                read(run.checkpoint)
            except AnnealError as error:
                said.append(str(error))
        for load in (model_of, learner_of):
            with pytest.raises(AnnealError) as error:
                load(run)
            said.append(str(error.value))
    return said


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_is_never_loaded(run, checkpoint, protocol):
    run.checkpoint.write_bytes(pickle.dumps(Runs(), protocol))
    assert all("damaged" in sentence for sentence in refused(run))


def test_a_torch_file_is_never_loaded(run, checkpoint):
    import torch

    torch.save({"model": Runs()}, run.checkpoint)
    assert all("damaged" in sentence for sentence in refused(run))


def test_predictions_that_are_a_pickle_are_never_loaded(run):
    path = run.predictions_path()
    path.parent.mkdir()
    np.savez(path, words=np.array([Runs()], dtype=object))
    with nothing_outside(run.workspace.root), pytest.raises(AnnealError, match="Evaluate the run again"):
        Predictions.load(path)


def test_weights_of_another_network(run, work, checkpoint):
    other = create_run(run.workspace, run.data(), backbone="test_efficientnet", size=32, pretrained=False)
    shutil.copy(run.checkpoint, other.checkpoint)
    with pytest.raises(AnnealError, match="are of another network"):
        model_of(other)
    with pytest.raises(AnnealError, match=r"another network|do not fit"):
        learner_of(other)


def test_weights_for_other_classes(run, work, checkpoint):
    info = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**info, "classes": ["a", "b"]}))
    with pytest.raises(AnnealError, match="are of another network"):
        model_of(run)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, 0.2, 0.5, 0.999])
def test_cut_short(run, checkpoint, kept):
    run.checkpoint.write_bytes(checkpoint[: kept if isinstance(kept, int) else int(kept * len(checkpoint))])
    assert all("damaged" in sentence for sentence in refused(run))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_header_that_lies(run, checkpoint, lies):
    content = bytearray(checkpoint)
    for at, value in lies:
        content[at % 6000] = value
    run.checkpoint.write_bytes(content)
    with nothing_outside(run.workspace.root):
        for load in (model_of, learner_of):
            try:
                load(run)
            except AnnealError as error:
                assert str(error).endswith(".")  # noqa: PT017


@pytest.mark.parametrize("header", ["{}", "[]", "null", '{"learner": {"version": 1, "seed": 0}}', '{"learner": 3}'])
def test_a_header_without_its_position(run, work, checkpoint, header):
    run.checkpoint.write_bytes(save({"model/x": np.zeros(3, np.float32)}, {"anneal": header}))
    assert any("another version of Anneal" in sentence or "damaged" in sentence for sentence in refused(run))
    with pytest.raises(AnnealError):
        work(TrainSpec())
