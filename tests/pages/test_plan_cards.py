"""The cards of a plan: what they say of augmentation, size and time, and what their buttons do."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.augment import NONE, SIDE_ON, TOP_DOWN, WITHOUT_FLIPS, Augmentation
from core.data.index import load_data
from core.jobs import queue
from core.jobs.benchmark_state import BenchmarkState, write_state
from core.runs.create import create_run
from core.runs.draft import Draft
from core.runs.folder import RunFolder
from core.training.benchmark_result import BenchmarkResult
from core.training.recipes import lesson2
from core.training.stage import Stage
from core.workspace import Workspace
from tests.pages.conftest import open_page
from tests.pages.made import new_run, pictures, train

OWN = Augmentation(rotate=45, zoom=1.5)
MACHINE = BenchmarkResult(decode=500, features=400, train=100, small=4000, device="a", threads=2, torch="2")


pytestmark = pytest.mark.usefixtures("quiet")


def arrows(home: Path) -> RunFolder:
    """A run of a pretrained network on classes that a flip turns into each other."""
    workspace = Workspace.at(home)
    data = load_data(str(pictures(home.parent / "arrows", ("arrow left", "arrow right"))), workspace)
    return create_run(workspace, data, backbone="efficientnet_lite0", size=32, pretrained=True)


def planned(run: RunFolder, *stages: Stage) -> Draft:
    draft = Draft.load(run.path, stages)
    draft.save()
    return draft


def captions(at: AppTest) -> str:
    return "\n".join(caption.value for caption in at.caption).replace("\u00a0", " ")


def used(run: RunFolder) -> list[Augmentation]:
    return [card.settings.augmentation for card in Draft.load(run.path).cards]


def test_a_plan_with_augmentation_augments_and_says_why_it_does_not_flip(home: Path) -> None:
    run = arrows(home)
    at = open_page("training", run=run.id)
    assert not at.exception
    said = captions(at)
    assert said.count("Augmentation **without flips**") == 2
    assert "a flip turns one class into another (“arrow left” into “arrow right”)" in said
    assert "Rotation, zoom, brightness and contrast are used." in said
    at.button(key="start").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert [stage.augmentation for stage in job.spec.plan.stages] == [NONE, WITHOUT_FLIPS, WITHOUT_FLIPS]


def test_a_flip_that_changes_the_class_is_marked_and_one_click_takes_it_out(home: Path) -> None:
    run = arrows(home)
    uid = planned(run, Stage(augmentation=TOP_DOWN, size=32)).cards[0].uid
    at = open_page("training", run=run.id)
    assert "A horizontal flip turns “arrow left” into “arrow right”" in captions(at)
    at.button(key=f"keep-labels-{uid}").click().run()
    assert used(run)[0].horizontal_flip is False
    assert "A horizontal flip turns" not in captions(at)
    assert not at.exception


def test_every_card_says_augmentation_precompute_size_images_and_time(home: Path) -> None:
    run = new_run(home)
    planned(run, Stage(precompute=True, size=24), Stage(size=24, share=0.5, freeze_to=0, lr=(0.01,)))
    at = open_page("training", run=run.id)
    first, second = (line for line in captions(at).splitlines() if "Precompute" in line)
    assert first.startswith(
        "Augmentation **none** · Precompute **yes** · Image size **24 px** · Training images **all "
    )
    assert "Precompute **no**" in second
    assert "**50 %, " in second
    assert second.endswith("Time **measured in the first stage**")


def test_the_time_comes_from_the_benchmark_until_the_run_has_trained(home: Path) -> None:
    run = new_run(home)
    write_state(run.workspace, BenchmarkState(status="done", result=MACHINE))
    at = open_page("training", run=run.id)
    assert "s**, by the benchmark of this machine" in captions(at)
    assert "batches, about " in captions(at)
    train(run)  # whose epochs take 1.5 s
    planned(run, Stage(freeze_to=0, lr=(0.01,), size=24, cycle_len=4))
    at = open_page("training", run=run.id)
    assert "Time **about 6 s**, as measured in this run" in captions(at)
    assert "batches, about 6 s on this machine." in captions(at)


def test_the_choice_of_the_augmentation_page_is_in_the_plan_and_can_be_undone(home: Path) -> None:
    run = new_run(home, backbone="efficientnet_lite0", pretrained=True)
    at = open_page("augmentation", run=run.id)
    at.segmented_control(key="augmentation_name").set_value("top-down").run()
    at.button(key="use-augmentation").click().run()
    assert not at.exception
    assert any("it is in stages 2 and 3 of this run's plan" in done.value for done in at.success)
    assert used(run) == [NONE, TOP_DOWN, TOP_DOWN]
    at = open_page("training", run=run.id)  # another session: it is kept on disk
    assert captions(at).count("your choice, top-down, from the Augmentation page, in place of side-on.") == 2
    uid = Draft.load(run.path).cards[1].uid
    at.button(key=f"undo-augmentation-{uid}").click().run()
    assert used(run) == [NONE, SIDE_ON, TOP_DOWN]
    assert captions(at).count("from the Augmentation page") == 1


def test_a_recipe_takes_the_choice_over_and_calls_what_has_no_name_your_own(home: Path) -> None:
    run = new_run(home)
    draft = planned(run, Stage(precompute=True, size=24))
    draft.augmentation = OWN
    draft.save()
    at = open_page("training", run=run.id)
    at.button(key="preset-One quick cycle").click().run()
    assert used(run) == [OWN]
    assert "Augmentation **custom (rotation, zoom)**" in captions(at)
    assert "your own, from the Augmentation page" in captions(at)
    at.button(key="preset-Lesson 2").click().run()
    assert used(run) == [NONE, OWN, OWN]


def test_without_a_run_the_choice_waits_for_the_next_plan(home: Path) -> None:
    at = open_page("augmentation", data="digits")
    at.segmented_control(key="augmentation_name").set_value("without-flips").run()
    at.button(key="use-augmentation").click().run()
    assert any("the plan of the next run begins with these settings" in done.value for done in at.success)
    at.query_params["run"] = new_run(home, backbone="efficientnet_lite0", pretrained=True).id
    at.switch_page("pages/training.py").run()
    assert not at.exception
    assert captions(at).count("your choice, without flips, from the Augmentation page.") == 2


def test_another_size_says_what_is_made_again_and_the_rate_can_be_found_again(home: Path) -> None:
    run = new_run(home)
    train(run)  # at 24 px
    uid = planned(run, Stage(freeze_to=0, lr=(0.01,), size=32)).cards[0].uid
    at = open_page("training", run=run.id)
    said = captions(at)
    assert "From 24 px to 32 px: same weights, larger pictures. Pixels are made again first" in said
    assert "find it again, instead of 0.01" in said
    at.button(key=f"find-again-{uid}").click().run()
    assert Draft.load(run.path).cards[0].settings.lr is None
    assert "The rate is found again before the stage begins." in captions(at)
    assert not at.exception


def test_the_same_size_needs_no_words(home: Path) -> None:
    run = new_run(home)
    train(run)
    planned(run, Stage(freeze_to=0, lr=(0.01,), size=24), *lesson2(24).stages)
    assert "same weights" not in captions(open_page("training", run=run.id))


def _advised() -> None:
    """A page with a button for an advice on the run in the address, as the Training page has them."""
    import streamlit as st

    from core.runs.folder import open_run
    from core.workspace import Workspace
    from pages.ui.plan.drafts import repeat

    run = open_run(Workspace.at(), st.query_params["run"])
    last = run.state.readable_stages[-1]
    stage = last.model_copy(update={"cycle_len": 2 * last.cycle_len, "name": "Longer"})
    st.button("Longer", key="longer", on_click=repeat, args=(run, run.info, stage, "Train *10* more epochs"))


def test_an_advice_is_planned_once_and_its_card_takes_it_back(home: Path) -> None:
    run = new_run(home)
    stage = train(run)
    at = AppTest.from_function(_advised)
    at.query_params["run"] = run.id
    at.run().button(key="longer").click().run()
    at.button(key="longer").click().run()
    assert not at.exception
    assert [card.stage().epochs for card in Draft.load(run.path).cards] == [2 * stage.epochs]
    uid = Draft.load(run.path).cards[0].uid
    at = open_page("training", run=run.id)
    assert "As advised: Train \\*10\\* more epochs" in captions(at)
    at.button(key=f"undo-advice-{uid}").click().run()
    assert Draft.load(run.path).cards == []
    assert not at.exception


def test_a_repeated_stage_says_so(home: Path) -> None:
    run = new_run(home)
    train(run)
    at = open_page("training", run=run.id)
    at.button(key="repeat-0").click().run()
    assert "A trained stage once more" in captions(at)
    at.button(key="repeat-0").click().run()
    assert len(Draft.load(run.path).cards) == 2


def test_the_name_of_the_second_stage_says_whether_it_augments(home: Path) -> None:
    run = new_run(home)
    uid = planned(run, *lesson2(24).stages).cards[1].uid
    at = open_page("training", run=run.id)
    at.button(key=f"edit-{uid}").click().run()
    for name, said in (("none", "Head, without augmentation"), ("without-flips", "Head, with augmentation")):
        at.segmented_control(key=f"{uid}-augment").set_value(name).run()
        assert Draft.load(run.path).cards[1].settings.name == said
    at.text_input(key=f"{uid}-name").set_value("My own").run()
    at.segmented_control(key=f"{uid}-augment").set_value("none").run()
    assert Draft.load(run.path).cards[1].settings.name == "My own"
    assert not at.exception
