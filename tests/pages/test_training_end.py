"""The Training page when training is done: the result, the verdict, one primary button, and what fits the run next."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.augment import NONE
from core.data.index import load_data
from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.model.backbones import build
from core.model.catalogue import SMALL_CNN
from core.runs.create import create_run
from core.runs.draft import Draft
from core.runs.folder import RunFolder
from core.runs.state import RunState
from core.training.proportions import interval
from core.training.recipes import lesson2
from core.training.stage import Plan, Stage
from tests.pages.conftest import open_page
from tests.pages.made import new_run, pictures, train

pytestmark = pytest.mark.usefixtures("quiet")


def lossy(run: RunFolder, train_losses: list[float], valid_losses: list[float]) -> None:
    """Give the run's epochs these losses."""
    rows = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()]
    for row in rows:
        if row["kind"] == "epoch":
            row |= {"train_loss": train_losses[row["epoch"] - 1], "valid_loss": valid_losses[row["epoch"] - 1]}
            row |= {"valid_error": 0.01}
    (run.path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def texts(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def primaries(at):
    """The page's own primary buttons; the way on is painted as secondary beside them."""
    return [button.key for button in at.button if button.proto.type == "primary" and button.key != "next"]


def keys(at):
    return [button.key for button in at.button if (button.key or "").startswith("step-")]


def head_alone(home: Path) -> RunFolder:
    """A pretrained run whose head was trained."""
    run = new_run(home, backbone="efficientnet_lite0", pretrained=True)
    train(run)
    state = run.state
    stage = lesson2(24, NONE).stages[0].model_copy(update={"lr": (0.01,)})
    begun = state.stages[0].model_copy(update={"stage": stage})
    run.write_state(RunState.model_validate(state.model_dump() | {"stages": [begun], "plan": [stage]}))
    return run


def test_the_result_has_its_interval_and_stands_before_the_curves(home: Path) -> None:
    run = new_run(home)
    train(run)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert at.metric[0].label == "Accuracy on validation images"
    assert at.metric[0].value == "90.0%"
    images = len(run.data().indices("valid"))
    low, high = interval(0.9, images)
    assert f"For images of this kind: {low:.1%} to {high:.1%} (95% interval, from {images} validation images)" in texts(
        at
    )
    assert primaries(at) == [keys(at)[0]]


def test_a_network_from_scratch_is_not_told_to_unfreeze(home: Path) -> None:
    run = new_run(home)
    train(run)
    assert "step-unfreeze" not in keys(open_page("training", run=run.id))


def test_a_head_trained_alone_is_unfrozen_by_one_click(home: Path) -> None:
    run = head_alone(home)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert primaries(at) == ["step-unfreeze"]
    at.button(key="step-unfreeze").click().run()
    assert not at.exception
    (planned,) = Draft.load(run.path).plan().stages
    assert (planned.freeze_to, planned.lr, planned.size, planned.freeze_norm) == (0, None, 24, True)
    assert any("in the plan below" in toast.value for toast in at.toast)
    assert queue.live_job(run.workspace, run.id) is None


def test_more_epochs_are_planned_by_a_click(home: Path) -> None:
    run = new_run(home)
    train(run)
    lossy(run, [2.2, 2.0, 1.8, 1.5, 1.2], [2.2, 2.0, 1.8, 1.5, 1.2])
    at = open_page("training", run=run.id)
    assert primaries(at) == ["step-longer"]
    assert "Both losses still fall" in texts(at)
    at.button(key="step-longer").click().run()
    (planned,) = Draft.load(run.path).plan().stages
    assert (planned.epochs, planned.lr) == (10, None)


def test_a_lower_rate_begins_from_the_snapshot_before_overfitting_cost(home: Path) -> None:
    run = new_run(home)
    stage = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycles=5, size=24, batch_size=8)
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(stage,))))
    lossy(run, [2.0, 1.0, 0.5, 0.2, 0.1], [2.0, 1.0, 1.3, 1.5, 1.8])
    lowest = min((one for one in run.snapshots()), key=lambda one: (one.valid_loss, one.step))
    at = open_page("training", run=run.id)
    assert f"It begins from {lowest.name}, whose validation loss is the lowest kept" in texts(at)
    at.button(key="step-lower").click().run()
    assert not at.exception
    assert run.state.loaded == lowest.name
    (planned,) = Draft.load(run.path).plan().stages
    assert planned.lr == (0.00333,)
    assert "It begins from" not in texts(open_page("training", run=run.id)), "it is loaded by now"


def test_larger_pictures_are_offered_where_there_are_some(home: Path) -> None:
    run = new_run(home)
    train(run)
    assert "step-larger" not in keys(open_page("training", run=run.id))  # pictures of 24 px, trained at 24 px
    folder = pictures(home.parent / "large")
    for path in folder.glob("*/*.png"):
        Image.open(path).resize((80, 90)).save(path)
    workspace = run.workspace
    large = create_run(workspace, load_data(str(folder), workspace), backbone="small_cnn", size=24, pretrained=False)
    train(large)
    at = open_page("training", run=large.id)
    at.button(key="step-larger").click().run()
    assert [stage.size for stage in Draft.load(large.path).plan().stages] == [32]
    assert "The shorter side of the images has 80 px (median)" in texts(open_page("training", run=large.id))


def test_overfitting_is_said_with_the_picture_of_it_and_the_numbers(home: Path) -> None:
    run = new_run(home)
    train(run)
    lossy(run, [0.3, 0.1, 0.01, 0.0, 0.0], [0.4, 0.3, 0.25, 0.22, 0.217])
    at = open_page("training", run=run.id)
    said = texts(at)
    assert "Overfitting, which costs nothing so far" in said
    assert said.count("Training loss 0.000 is well below validation loss 0.217") == 1
    assert "Training loss 0.000, validation loss 0.217." in said, "at the top, in a line"
    assert "**Overfitting** :orange-badge[this run]" in said
    assert [metric.value for metric in at.metric if metric.label == "Training loss"] == ["0.000"]
    assert said.count("[this run]") == 1
    assert "Go on" not in said


def test_after_overfitting_that_costs_the_best_snapshot_is_the_way(home: Path) -> None:
    run = new_run(home)
    train(run, rising=True)
    state = run.state
    best = state.best.model_copy(update={"epoch": 2, "accuracy": 0.91})
    run.write_state(state.model_copy(update={"best": best}))
    at = open_page("training", run=run.id)
    assert primaries(at) == ["step-best"]
    assert "Validation loss has risen again, and the best accuracy was 91.0% after epoch 2" in texts(at)


def test_the_errors_are_one_click_away(home: Path) -> None:
    run = new_run(home)
    train(run)
    at = open_page("training", run=run.id)
    at.button(key="step-errors").click().run()
    assert not at.exception
    assert at.title[0].value == "Confusion matrix"


def test_a_plan_that_was_stopped_has_no_end_yet(home: Path) -> None:
    run = new_run(home)
    stage = train(run)
    state = run.state
    run.write_state(RunState.model_validate(state.model_dump() | {"plan": [stage] * 2, "next_stage": 1}))
    at = open_page("training", run=run.id)
    assert primaries(at) == ["continue"]
    assert not keys(at)


def test_the_small_network_alone_has_no_dropout() -> None:
    shares = {
        name: [layer.share for layer in build(name, ["a", "b"], pretrained=False).modules() if hasattr(layer, "share")]
        for name in (SMALL_CNN, "efficientnet_lite0")
    }
    assert not any(shares[SMALL_CNN])
    assert any(shares["efficientnet_lite0"])
