"""The Training page where a rate or a stage went wrong, and the rate that was chosen on the LR finder page."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.jobs import queue
from core.runs.checkpoint import KEY, CheckpointMeta, SnapshotMeta
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunState, StageState
from core.training.position import LearnerMeta, Position
from core.training.recipes import lesson2, quick
from core.training.stage import Stage
from core.training.suggest import Suggestion
from core.workspace import write_json
from pages.ui.plan.drafts import CHANGED
from tests.pages.conftest import open_page
from tests.pages.made import new_run, train

FOUND = Suggestion(lr=5e-4, low=2.5e-4, high=1e-3, collapse=3e-3, certain=True, reason="It is so.")
WHOLE = Stage(name="Whole *network*", freeze_to=0, lr=(0.03,), size=24)


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def run(home: Path) -> RunFolder:
    return new_run(home)


def collapsed_in_test(run: RunFolder, *, epoch: int = 0, stage: Stage = WHOLE) -> None:
    """Write a range test that collapsed from 0.003 on."""
    tried = stage.model_copy(update={"lr": None})
    rates = np.geomspace(1e-5, 0.1, 45).tolist()
    curve = Curve(name="0001", created="2026-01-02T10:00:00+00:00", stage=tried, lrs=rates, losses=[1.0] * 45,
                  smoothed=[1.0] * 45, suggestion=FOUND, complete=True, epoch=epoch)  # fmt: skip
    write_json(run.path / "finder" / "0001.json", curve.model_dump(mode="json"))


def planned(run: RunFolder, *stages: Stage) -> Draft:
    draft = Draft.load(run.path, stages)
    draft.save()
    return draft


def rates(run: RunFolder) -> list[tuple[float, ...] | None]:
    return [card.settings.lr for card in Draft.load(run.path).cards]


def weights(path: Path, meta: SnapshotMeta | CheckpointMeta) -> None:
    path.parent.mkdir(exist_ok=True)
    save_file({"a": np.zeros(1, dtype=np.float32)}, path, metadata={KEY: meta.model_dump_json()})


def fallen(run: RunFolder, **values: object) -> None:
    """Write a run whose second stage fell from 90 % to 30 %, with the snapshot of before."""
    head = train(run)
    known = {"status": "done", "epochs": 1, "accuracy_before": 0.9, "accuracy": 0.3, "collapsed_from": 0.9} | values
    state = run.state
    state.stages.append(StageState(index=1, stage=WHOLE, **known))
    state.plan, state.next_stage, state.figures = [head, WHOLE], 2, {"accuracy": 0.3}
    run.write_state(state)
    learner = LearnerMeta(version=1, seed=0, position=Position(epoch=5, step=50))
    info = run.info
    about = SnapshotMeta(backbone=info.backbone, classes=info.classes, size=24, epoch=5, step=50, accuracy=0.9, valid_loss=0.2, learner=learner)  # fmt: skip  # noqa: E501
    weights(run.snapshot_path("best"), about)
    weights(run.checkpoint, CheckpointMeta(learner=learner, stages=state.stages, best=state.best, size=24))


def said(at) -> str:
    return "\n".join(text.value for text in [*at.markdown, *at.caption, *at.warning, *at.error, *at.info])


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def test_a_rate_beyond_the_collapse_is_marked_and_started_only_as_start_anyway(run: RunFolder) -> None:
    collapsed_in_test(run)
    uid = planned(run, WHOLE).cards[0].uid
    at = open_page("training", run=run.id)
    assert not at.exception
    captions = [caption.value.replace("\u2060", "") for caption in at.caption]
    assert any("Collapse" in caption and "From 3e-3 on" in caption for caption in captions)
    assert [warning.value.replace("\u2060", "") for warning in at.warning] == [
        "Stage 1: From 3e-3 on this network collapsed in the range test, and this stage goes up to 0.03. "
        "Rates from 2.5e-4 to 1e-3 held."
    ]
    assert at.button(key="start").label == "Start anyway"
    at.button(key=f"use-before-start-{uid}").click().run()
    assert rates(run) == [(5e-4,)]
    assert not at.warning
    assert at.button(key="start").label == "Start training"


def test_it_is_started_all_the_same_when_asked(run: RunFolder) -> None:
    collapsed_in_test(run)
    planned(run, WHOLE)
    at = open_page("training", run=run.id)
    at.button(key="start").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert job.spec.plan.stages == (WHOLE,)


def test_a_curve_of_earlier_weights_is_marked_on_the_card_alone(run: RunFolder) -> None:
    fallen(run, accuracy=0.92, collapsed_from=None)
    collapsed_in_test(run, epoch=2)
    uid = planned(run, WHOLE).cards[0].uid
    at = open_page("training", run=run.id)
    assert any("after epoch 2, 3 epochs ago, so the rate may differ now" in caption.value for caption in at.caption)
    assert at.button(key="start").label == "Start training"
    assert f"use-instead-{uid}" in keys(at)


def test_a_collapse_is_said_with_the_way_back(run: RunFolder) -> None:
    fallen(run)
    at = open_page("training", run=run.id)
    assert not at.exception
    (error,) = at.error
    assert "accuracy fell from 90.0% to 30.0%" in error.value
    assert "Whole \\*network\\*" in error.value
    assert "Load the snapshot best, 90.0% after epoch 5," in error.value
    assert any("30.0%, fallen from 90.0%" in text.value for text in at.markdown)
    at.button(key="back-1").click().run()
    assert not at.exception
    assert run.state.loaded == "best"
    assert not at.error
    assert "The present weights are those of the snapshot best, with 90.0%." in said(at)


def test_the_stage_is_planned_again_at_the_rate_to_try(run: RunFolder) -> None:
    fallen(run)
    at = open_page("training", run=run.id)
    at.button(key="again-1").click().run()
    assert not at.exception
    assert run.state.loaded == "best"
    assert Draft.load(run.path).plan().stages == (WHOLE.model_copy(update={"lr": (0.003,)}),)


def test_a_snapshot_that_cannot_be_loaded_plans_nothing(run: RunFolder) -> None:
    fallen(run)
    at = open_page("training", run=run.id)
    run.snapshot_path("best").write_bytes(b"damaged")
    at.button(key="again-1").click().run()
    assert not at.exception
    assert any("best.safetensors is damaged" in toast.value for toast in at.toast)
    assert not Draft.load(run.path).cards


def test_a_plan_that_ended_early_can_go_on_and_home_says_collapsed(run: RunFolder) -> None:
    fallen(run)
    state = run.state
    run.write_state(RunState.model_validate(state.model_dump() | {"plan": [*state.plan, WHOLE]}))
    at = open_page("training", run=run.id)
    assert "1 stage of the plan left, from the present weights, as it was planned." in said(at)
    assert "continue" in keys(at)
    assert any("2 stages, collapsed" in caption.value for caption in open_page().caption)


def test_divergence_offers_the_snapshot_and_the_rate(run: RunFolder) -> None:
    fallen(run, status="diverged", collapsed_from=None, accuracy=None, epochs=0)
    at = open_page("training", run=run.id)
    assert "diverged at rates up to 0.03. The last good weights were put back." in said(at)
    assert {"back-1", "again-1"} <= keys(at)


def test_an_end_well_below_the_best_offers_the_best(run: RunFolder) -> None:
    train(run)
    state = run.state
    run.write_state(state.model_copy(update={"figures": {"accuracy": 0.3}}))
    at = open_page("training", run=run.id)
    assert "Training ended at 30.0%, below its best: 90.0% after epoch 5, kept as the snapshot best." in said(at)
    run.write_state(state.model_copy(update={"figures": {"accuracy": 0.88}}))
    assert "back-to-best" not in keys(open_page("training", run=run.id))


def test_the_chosen_rate_is_in_the_next_stage_that_it_fits_and_can_be_undone(run: RunFolder) -> None:
    draft = planned(run, *lesson2().stages)
    draft.choose(Rate(lr=0.0042, freeze_to=0, chosen_by="your click"))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert not any(warning.value == CHANGED for warning in at.warning)
    assert rates(run) == [None, None, (0.0042,)]
    assert "4.2e-3, from your click on the LR finder page, in place of finding it first" in said(at)
    again = open_page("training", run=run.id)  # a reload
    uid = draft.cards[2].uid
    again.button(key=f"undo-rate-{uid}").click().run()
    assert not again.exception
    assert rates(run) == [None, None, None]
    assert f"undo-rate-{uid}" not in keys(again)
    assert rates(run) == [None, None, None]
    again.button(key=f"rate-{uid}").click().run()
    assert rates(run) == [None, None, (0.0042,)]


def test_a_rate_written_by_hand_is_replaced_only_with_a_word_about_it(run: RunFolder) -> None:
    planned(run, *quick().stages)
    at = open_page("training", run=run.id)
    next(button for button in at.button if button.label == "Edit").click().run()
    uid = Draft.load(run.path).cards[0].uid
    at.text_input(key=f"{uid}-lr").set_value("0.002").run()
    Draft.load(run.path).choose(Rate(lr=0.5, freeze_to=0, chosen_by="anneal"))
    at.run()
    assert not at.exception
    assert rates(run) == [(0.5,)]
    assert at.text_input(key=f"{uid}-lr").value == "0.5"
    assert "0.5, from Anneal's suggestion on the LR finder page, in place of 2e-3" in said(at)
    next(button for button in at.button if button.label == "Done").click().run()
    at.button(key=f"undo-rate-{uid}").click().run()
    assert rates(run) == [(0.002,)]


def test_a_rate_that_fits_no_stage_is_said_and_a_stage_for_it_offered(run: RunFolder) -> None:
    planned(run, *quick().stages).choose(Rate(lr=0.5, freeze_to=-1, chosen_by="steep"))
    at = open_page("training", run=run.id)
    assert "**0.5** from the rule steep on the LR finder page, is for training the head only. No planned" in said(at)
    at.button(key="rate-add").click().run()
    assert not at.exception
    assert rates(run) == [(0.5,), (0.005,)]
    assert "rate-add" not in keys(at)


def test_it_can_be_left_aside(run: RunFolder) -> None:
    planned(run, *quick().stages).choose(Rate(lr=0.5, freeze_to=-1))
    at = open_page("training", run=run.id)
    at.button(key="rate-leave").click().run()
    assert rates(run) == [(0.005,)]
    assert "rate-add" not in keys(open_page("training", run=run.id))


def test_the_finder_page_says_which_stage_gets_the_rate(run: RunFolder) -> None:
    collapsed_in_test(run)
    draft = planned(run, *lesson2().stages)
    draft.choose(Rate(lr=1e-3, freeze_to=0, chosen_by="your click"))
    assert "It goes into stage 3 of the plan." in said(open_page("lr_finder", run=run.id))
    open_page("training", run=run.id)
    assert "It is in stage 3 of the plan." in said(open_page("lr_finder", run=run.id))
    Draft.load(run.path).choose(Rate(lr=1e-3, freeze_to=1))
    assert "No planned stage trains that" in said(open_page("lr_finder", run=run.id))
