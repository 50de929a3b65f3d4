"""A run that goes on with the edits of its data: what stays, and figures on the validation images before and after."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.data.pixels import load_pixels
from core.data.versions.ledger import ledger_of
from core.data.versions.version import as_given
from core.errors import DataError, RunError
from core.jobs import actions, queue
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.model import activations
from core.model.activations import load_activations
from core.results.predictions import Predictions
from core.runs.data_changes import both_figures, changes_of
from core.runs.folder import RunFolder
from core.training.stage import Stage, plan_of


def plan(*stages):
    chosen = {"freeze_to": 0, "lr": 0.01, "size": 16, "batch_size": 8, "group_ratio": 1}
    return TrainSpec(plan=plan_of([Stage(**{**chosen, **stage}).model_dump(mode="json") for stage in stages]))


@pytest.fixture
def ledger(workspace, data):
    return ledger_of(workspace, data)


@pytest.fixture
def held(data):
    """Names of the validation images of the first class."""
    return [data.items[place].name for place in data.indices("valid") if data.items[place].label == 0]


@pytest.fixture
def learned(data):
    """Names of the training images of the first class."""
    return [data.items[place].name for place in data.indices("train") if data.items[place].label == 0]


def test_the_next_stage_is_of_the_edited_data_and_both_figures_are_kept(run, work, data, ledger, held, learned):
    work(plan({}))
    old_weights = model_of(run)
    ledger.decide(data, held[0], "relabel", data.classes[1])
    ledger.decide(data, held[1], "exclude")
    ledger.decide(data, learned[0], "relabel", data.classes[2])
    actions.use_version(run)
    version = RunFolder(run.path, run.workspace).data()
    assert len(version.indices("valid")) == len(data.indices("valid")) - 1
    assert run.info.images == len(data.items) - 1
    assert work(plan({})).status == "done"
    first, second = run.state.stages
    assert (second.train_images, second.valid_images) == (first.train_images, first.valid_images - 1)
    assert (second.mended, second.valid_mended) == ("2 relabelled, 1 left out", "1 relabelled, 1 left out")
    assert "2 relabelled, 1 left out" in changes_of(run.state)[1]

    def accuracy(model, of):
        valid = of.indices("valid")
        images = torch.from_numpy(np.array(load_pixels(of, 16, run.workspace))[valid]).permute(0, 3, 1, 2)
        labels = torch.from_numpy(of.labels[valid])
        with torch.inference_mode():
            logits = model(images.float() / 255)
        return float((logits.argmax(1) == labels).float().mean()), float(F.cross_entropy(logits, labels))

    new_weights = model_of(run)
    assert second.accuracy_before == pytest.approx(accuracy(old_weights, data)[0])
    assert second.same_weights.accuracy == pytest.approx(accuracy(old_weights, version)[0])
    assert second.as_before.accuracy == pytest.approx(accuracy(new_weights, data)[0])
    assert second.as_before.valid_loss == pytest.approx(accuracy(new_weights, data)[1], rel=1e-4)
    assert second.accuracy == pytest.approx(accuracy(new_weights, version)[0])
    assert both_figures(second, first) == (
        "Validation images were mended before this stage (1 relabelled, 1 left out). The same weights, before it "
        f"trained: {second.accuracy_before:.1%} as they were, {second.same_weights.accuracy:.1%} as mended. After it: "
        f"{second.as_before.accuracy:.1%} as they were, {second.accuracy:.1%} as mended."
    )
    assert run.state.best.epoch == 2, "the best of those measured on the labels that there are now"


def test_one_relabelled_validation_image_is_noticed_though_their_number_is_the_same(run, work, data, ledger, held):
    work(plan({}))
    ledger.decide(data, held[0], "relabel", data.classes[1])
    actions.use_version(run)
    work(plan({}))
    work(plan({}))
    first, second, third = run.state.stages
    assert second.valid_images == first.valid_images
    step = 1 / first.valid_images
    assert abs(second.same_weights.accuracy - second.accuracy_before) == pytest.approx(step)
    assert (third.same_weights, third.valid_before, third.as_before) == (None, None, None), "it is said once"
    edit = ledger.edits()[0]
    ledger.take_back([edit.id])
    actions.use_version(run)
    work(plan({}))
    assert run.data().items == data.items
    assert "(edits taken back)" in both_figures(run.state.stages[3], third)


def test_training_labels_alone_move_no_validation_figure(run, work, data, ledger, learned):
    work(plan({}))
    best = run.state.best
    ledger.decide(data, learned[0], "exclude")
    actions.use_version(run)
    work(plan({"lr": 1e-6}))
    first, second = run.state.stages
    assert (second.same_weights, second.valid_before) == (None, None)
    assert second.train_images == first.train_images - 1
    assert changes_of(run.state)[1] == "-1 training images, 1 left out"
    assert run.state.best.epoch <= 2
    assert best.epoch == 1


def test_activations_are_those_of_before(run, data, ledger, learned, workspace, monkeypatch):
    model = actions_model(run)
    before = np.array(load_activations(model, data, 16, workspace))
    ledger.decide(data, learned[0], "exclude")
    ledger.decide(data, learned[1], "relabel", data.classes[1])
    actions.use_version(run)
    monkeypatch.setattr(activations, "_compute", lambda *_: pytest.fail("computed again"))
    assert np.array_equal(load_activations(model, run.data(), 16, workspace), before)


def actions_model(run):
    from core.jobs.restore import first_model

    return first_model(run)


def test_predictions_of_other_labels_are_forgotten_and_confirmed_labels_forget_nothing(run, work, data, ledger, held):
    work(plan({}))
    work(EvaluateSpec())
    kept = run.predictions_path()
    ledger.decide(data, held[1], "confirm")
    actions.use_version(run)
    assert kept.exists()
    assert any((run.path / "restarts").iterdir())
    ledger.decide(data, held[0], "relabel", data.classes[2])
    actions.use_version(run)
    assert not kept.exists()
    work(EvaluateSpec())
    found = Predictions.load(kept)
    assert found.labels[found.names.index(held[0])] == 2


def test_caches_of_a_version_are_those_of_its_run(run, work, data, ledger, held, workspace):
    from core.upkeep.caches import caches

    work(plan({}))
    ledger.decide(data, held[0], "exclude")
    actions.use_version(run)
    assert [cache.used_by for cache in caches(workspace)] == [(run.info.name,)]


def test_the_run_stays_as_it_was_when_it_cannot_use_the_edits(run, work, data, ledger, learned, held, sleepers):
    with pytest.raises(RunError, match=r"The run goes on with these edits already\. Edit an image"):
        actions.use_version(run)
    for name in [*learned, *held]:
        ledger.decide(data, name, "exclude")
    with pytest.raises(DataError, match=f"leave the class {data.classes[0]} with no image"):
        actions.use_version(run)
    ledger.take_back([edit.id for edit in ledger.edits()][1:])
    work(plan({"cycle_len": 2}), stop_at=3)
    with pytest.raises(RunError, match=r"stopped within a stage.* and then use the edits"):
        actions.use_version(run)
    assert run.data() == data
    work(TrainSpec())
    job = queue.submit(run.workspace, run.id, plan({}))
    with pytest.raises(RunError, match="This run is at work, so it cannot be given other data now"):
        actions.use_version(run)
    assert as_given(run.data()) == data
    assert job.status in ("queued", "running")


def test_edits_go_along_when_the_images_of_a_run_move(run, data, ledger, learned, tmp_path):
    import shutil

    ledger.decide(data, learned[0], "exclude")
    shutil.copytree(data.spec, tmp_path / "moved")
    actions.point_to(run, str(tmp_path / "moved"))
    assert ledger_of(run.workspace, run.data()).edits() == ledger.edits()
    actions.use_version(run)
    assert len(run.data().used) == len(data.items) - 1
