"""What restarts did: the ends of lines are the snapshots' own losses, ensembles are the mean of their predictions."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from core.errors import RunError
from core.jobs import actions
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, StudySpec, TrainSpec
from core.results.predictions import Predictions, cross_entropy
from core.results.restarts import AVERAGED, ENSEMBLE, POINTS, Gain, Line, RestartsAnswer
from core.results.studies import Restarts
from core.runs.snapshots import lowest_loss
from core.runs.studies import answer_path, kept_answer
from core.training.stage import Plan, Stage

STAGE = Stage(freeze_to=0, lr=(0.005,), group_ratio=1.0, cycles=3, cycle_len=2, size=16, batch_size=16)
NAMES = ("cycle-1", "cycle-2", "cycle-3")


def train(run, stage=STAGE):
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(stage,))))
    return run


def ask(run, names=NAMES):
    question = Restarts(snapshots=names)
    run_here(run.workspace, run.id, StudySpec(question=question))
    return kept_answer(run, question, RestartsAnswer)


def predictions(run, name):
    run_here(run.workspace, run.id, EvaluateSpec(snapshot=name))
    return Predictions.load(run.predictions_path(name))


def test_lines_meet_at_the_snapshots(run):
    found = ask(train(run))
    assert [(line.first, line.second) for line in found.lines] == [("cycle-1", "cycle-2"), ("cycle-2", "cycle-3")]
    for line in found.lines:
        assert len(line.losses) == len(line.accuracies) == POINTS
        assert line.ridge == pytest.approx(max(line.losses[1:-1]) - max(line.losses[0], line.losses[-1]))
    assert found.lines[0].losses[-1] == pytest.approx(found.lines[1].losses[0], rel=1e-5)


def test_a_snapshot_and_a_copy_of_it_have_nothing_between_them(run):
    train(run, STAGE.model_copy(update={"cycles": 2}))
    first, second = (run.snapshot_path(name) for name in NAMES[:2])
    shutil.copy(first, second)
    (line,) = ask(run, NAMES[:2]).lines
    assert line.losses == pytest.approx([line.losses[0]] * POINTS, rel=1e-4)
    assert line.ridge == pytest.approx(0, abs=1e-5)
    assert not line.left


def test_two_networks_of_other_seeds_have_a_ridge_between_them(run, workspace, data):
    """Networks trained from other beginnings lie in valleys of their own (arXiv:1802.10026, figure 1)."""
    from core.runs.create import create_run

    other = create_run(workspace, data, backbone=run.info.backbone, size=16, pretrained=False, seed=7)
    long = STAGE.model_copy(update={"cycles": 2, "cycle_len": 8})
    train(run, long)
    train(other, long)
    shutil.copy(other.snapshot_path("cycle-2"), run.snapshot_path("cycle-1"))
    (line,) = ask(run, NAMES[:2]).lines
    assert line.left
    assert max(line.losses[1:-1]) > 1.2 * max(line.losses[0], line.losses[-1])


def test_the_ensemble_is_the_mean_of_the_predictions_of_the_members(run):
    gain = ask(train(run)).gains[0]
    each = [predictions(run, name) for name in NAMES]
    mean = np.mean([one.probabilities for one in each], axis=0)
    labels = each[0].labels
    assert gain.members == NAMES
    assert gain.accuracy == pytest.approx((mean.argmax(1) == labels).mean())
    assert gain.loss == pytest.approx(float(cross_entropy(mean, labels).mean()), rel=1e-4)
    assert gain.single_accuracy == pytest.approx(max(one.accuracy for one in each))
    single = each[NAMES.index(gain.single)]
    right, before = mean.argmax(1) == labels, single.predicted == labels
    assert (gain.fixed, gain.broken) == ((right & ~before).sum(), (before & ~right).sum())


def test_the_averaged_weights_become_a_snapshot_that_has_the_figures_said(run):
    gain = ask(train(run)).gains[1]
    kept = actions.keep_average(run)
    assert kept.name == AVERAGED
    found = predictions(run, AVERAGED)
    assert found.accuracy == pytest.approx(gain.accuracy)
    assert found.loss == pytest.approx(gain.loss, rel=1e-4)
    assert kept.accuracy == pytest.approx(gain.accuracy)
    actions.load_snapshot(run, AVERAGED)
    assert run.state.loaded == AVERAGED


def test_the_map_has_the_three_on_it(run):
    found = ask(train(run)).map
    assert found.through == NAMES
    assert {place.name for place in found.places} == set(NAMES)
    for place in found.places:
        assert place.away == pytest.approx(0, abs=1e-3)
        assert found.xs[0] < place.x < found.xs[-1]
        assert found.ys[0] < place.y < found.ys[-1]
    assert np.array(found.losses).shape == (len(found.ys), len(found.xs))
    assert np.isfinite(found.losses).all()


def test_a_frozen_backbone_gives_the_same_figures_from_its_features(workspace, data):
    from core.runs.create import create_run

    run = create_run(workspace, data, backbone="efficientnet_lite0", size=32)
    head = Stage(lr=(0.01,), cycles=2, size=32, batch_size=16)
    found = ask(train(run, head), NAMES[:2])
    (line,) = found.lines
    kept = {snapshot.name: snapshot for snapshot in run.snapshots()}
    assert line.losses[0] == pytest.approx(kept["cycle-1"].valid_loss, rel=1e-3)
    assert line.losses[-1] == pytest.approx(kept["cycle-2"].valid_loss, rel=1e-3)
    assert found.map is None
    assert not line.left, "the loss of a linear head is convex, so there is no ridge"


def test_one_snapshot_is_too_few(run):
    train(run)
    with pytest.raises(RunError, match="needs two snapshots"):
        ask(run, ("cycle-1",))
    assert not answer_path(run, Restarts(snapshots=("cycle-1",))).exists()


def test_snapshots_of_other_sizes_are_left_out(run):
    train(run, STAGE.model_copy(update={"cycles": 1}))
    train(run, STAGE.model_copy(update={"cycles": 1, "size": 24}))
    with pytest.raises(RunError, match="different sizes"):
        ask(run, NAMES[:2])


def test_averaged_weights_that_are_gone_are_said(run):
    train(run)
    with pytest.raises(RunError, match="averaged weights are no longer there"):
        actions.keep_average(run)


@pytest.mark.parametrize(
    ("ridge", "error", "left", "said"),
    [
        (
            0.4,
            0.05,
            True,
            "the loss rises to 0.900 between 0.500 and 0.400, a ridge of 0.400 ± 0.150 above the higher end.",
        ),
        (0.05, 0.04, False, "no ridge found between 0.500 and 0.400; the highest point lies only 0.050 ± 0.120 above"),
        (-0.01, 0.001, False, "between them the loss is nowhere above that of both ends, 0.500 and 0.400. No ridge."),
        (0.005, 0.0001, False, "no ridge found"),
    ],
)
def test_a_ridge_is_a_rise_beyond_chance_above_the_higher_end(ridge, error, left, said):
    losses = (0.5, *[0.5 + ridge] * (POINTS - 2), 0.4)
    line = Line(first="cycle-1", second="cycle-2", losses=losses, accuracies=losses, ridge=ridge, error=error)
    assert line.left is left
    assert said in line.sentence()


def test_the_sentence_of_a_gain_says_how_sure_it_is():
    figures = {"accuracy": 0.9, "loss": 0.3, "single": "best", "single_accuracy": 0.85, "single_loss": 0.5}
    gain = Gain(kind="ensemble", members=NAMES, fixed=30, broken=5, images=500, loss_p=0.3, **figures)
    assert "Accuracy +5.0 points (30 fixed, 5 broken: more than chance, p < 0.001)" in gain.sentence()
    assert "loss -0.200 (could be chance, p = 0.30)" in gain.sentence()
    same = gain.model_copy(update={"fixed": 0, "broken": 0, "kind": "average"})
    assert same.sentence().startswith("The mean of their weights")
    assert "no image changed" in same.sentence()


def member_probabilities(run, paths_of):
    """The mean of softmax outputs, member by member, by torch alone on plain networks."""
    import torch
    from PIL import Image

    from core.model.backbones import build
    from core.runs.checkpoint import read_weights

    items = [run.data().items[i] for i in paths_of]
    pixels = np.stack([np.array(Image.open(item.path).convert("RGB")) for item in items])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    each = []
    for name in NAMES:
        network = build("small_cnn", run.info.classes, pretrained=False)
        network.load_state_dict(read_weights(run.snapshot_path(name)))
        with torch.inference_mode():
            each.append(torch.softmax(network.eval()(images), dim=1))
    return torch.stack(each).mean(dim=0).numpy()


@pytest.mark.parametrize("stage", [STAGE, STAGE.model_copy(update={"freeze_to": -1})], ids=["whole", "head"])
def test_the_ensemble_becomes_a_snapshot_that_gives_the_mean_of_its_members(run, stage):
    """Also where its members share their backbone, which it then holds once."""
    from core.jobs.predictor import Predictor
    from core.jobs.restore import model_of

    gain = ask(train(run, stage)).gain(ENSEMBLE)
    kept = actions.keep_ensemble(run, gain)
    assert (kept.name, kept.members, kept.accuracy) == (ENSEMBLE, NAMES, gain.accuracy)
    found = predictions(run, ENSEMBLE)
    expected = member_probabilities(run, found.indices)
    assert found.probabilities == pytest.approx(expected, abs=1e-5)
    assert found.accuracy == pytest.approx(gain.accuracy)
    assert found.loss == pytest.approx(gain.loss, rel=1e-4)
    backbones = 1 if stage.freeze_to == -1 else 3
    assert model_of(run, ENSEMBLE).feature_size == backbones * model_of(run).feature_size
    ready = Predictor(run, ENSEMBLE)
    seen = ready.see(run.data().items[found.indices[0]].path.read_bytes(), ".png")
    assert seen.probabilities == pytest.approx(expected[0], abs=1e-5)
    assert "An ensemble is several networks, so where it looks cannot be drawn" in ready.no_maps


def test_an_ensemble_cannot_be_trained_on(run):
    actions.keep_ensemble(run, ask(train(run)).gain(ENSEMBLE))
    with pytest.raises(RunError, match=r"cannot be trained on as one\. Load one of its members: cycle-1, cycle-2"):
        actions.load_snapshot(run, ENSEMBLE)
    flattering = [replace(one, valid_loss=0.0, accuracy=1.0) if one.members else one for one in run.snapshots()]
    assert lowest_loss(flattering, 16).name != ENSEMBLE


def test_no_snapshot_of_a_persons_own_is_replaced_by_an_ensemble(run):
    gain = ask(train(run)).gain(ENSEMBLE)
    shutil.copy(run.snapshot_path("cycle-1"), run.snapshot_path(ENSEMBLE))
    with pytest.raises(RunError, match="a snapshot called ensemble of your own"):
        actions.keep_ensemble(run, gain)
    with pytest.raises(RunError, match="Anneal itself keeps a snapshot called ensemble"):
        actions.save_snapshot(run, ENSEMBLE)
    run.snapshot_path(ENSEMBLE).unlink()
    run.snapshot_path("cycle-2").unlink()
    with pytest.raises(RunError, match="no weights called cycle-2"):
        actions.keep_ensemble(run, gain)
