"""The Mend page: the queue, decisions that are on disk at once, two tabs, and going on with the mended data."""

from pathlib import Path

import pytest

from core.data.versions.ledger import ledger_of
from core.jobs import queue
from core.jobs.actions import use_version
from core.jobs.specs import StudySpec
from core.results.studies import Suspects
from core.results.suspects import Suspect, SuspectsAnswer
from core.runs.folder import list_runs, open_run
from core.runs.state import SameWeights, StageState
from core.runs.studies import keep_answer
from core.training.stage import Stage
from tests.pages import made
from tests.pages.conftest import open_page
from tests.pages.looking import click, line_with, lines, look_at


@pytest.fixture
def run(home: Path):
    return made.new_run(home)


def ledger(run):
    return ledger_of(run.workspace, run.data())


def images(run, split="train", name="cat"):
    """Names of the images of a class on a side of the split."""
    label = run.info.classes.index(name)
    return [item.name for item in run.data().items if (item.split, item.label) == (split, label)]


def answer(run, *suspects):
    """Keep an answer to the question what to look at."""
    found = SuspectsAnswer(suspects=suspects, images=24, size=24, agreed=0.75, doubtful=2)
    keep_answer(run, Suspects(), found)


@pytest.fixture
def asked(run):
    """A run with two probable label errors, a copy with another label, and an image unlike its class."""
    first, second, third, *_ = images(run)
    other, hostile = images(run, name="dog")[0], images(run, name=made.CLASSES[2])[0]
    answer(
        run,
        Suspect(kind="conflict", image=other, split="train", given="dog", beside=(hostile,)),
        Suspect(kind="label", image=first, split="train", given="cat", said="dog", given_p=0.01, said_p=0.97),
        Suspect(kind="label", image=second, split="train", given="cat", said="dog", given_p=0.2, said_p=0.6),
        Suspect(kind="unlike", image=third, split="train", given="cat", amount=5.0),
    )
    return run


def open_labels(run):
    at = open_page("mend", run=run.id)
    assert not at.exception
    at.segmented_control(key="mend-kind").set_value("label").run()
    assert not at.exception
    return at


def press(at, key):
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_without_a_run_it_shows_an_example_and_ways_to_begin():
    at = open_page("mend")
    assert not at.exception
    assert "An example, not yours" in "\n".join(lines(at))
    assert "Start with digits" in [button.label for button in at.button]


def test_a_run_that_was_not_asked_about_offers_it_and_any_image_can_be_edited(run, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    at = open_page("mend", run=run.id)
    assert at.button(key="mend-relabel").disabled, "no class is suggested, so none is chosen"
    box = next(box for box in at.selectbox if box.label == "Relabel as")
    box.select("dog").run()
    press(at, "mend-relabel")
    (edit,) = ledger(run).edits()
    assert (edit.image, edit.action, edit.to) == (images(run, name=run.info.classes[0])[0], "relabel", "dog")
    at = open_page("mend", run=run.id)
    press(at, "study-suspects")
    assert queue.live_job(run.workspace, run.id).spec == StudySpec(question=Suspects())


def test_the_queue_says_why_and_a_decision_leads_to_the_next(asked):
    at = open_labels(asked)
    line_with(at, "agree with 75% of the 24 labels")
    line_with(at, "Heads that have not seen it give 97% to dog and 1% to cat.")
    line_with(at, "1 of 2")
    press(at, "mend-relabel")
    line_with(at, "Heads that have not seen it give 60% to dog and 20% to cat.")
    press(at, "mend-confirm")
    assert at.segmented_control(key="mend-kind").value != "label", "nothing of the kind is left"
    assert [(edit.image, edit.words()) for edit in ledger(asked).edits()] == [
        (images(asked)[0], "relabelled: cat → dog"),
        (images(asked)[1], "confirmed as cat"),
    ]


def test_edits_are_there_after_a_reload_and_are_taken_back_one_by_one(asked):
    press(press(open_labels(asked), "mend-relabel"), "mend-exclude")
    at = open_page("mend", run=asked.id)
    assert {"relabelled: cat → dog · training · just now", "left out (cat) · training · just now"} <= set(lines(at))
    first, second = ledger(asked).edits()
    press(at, f"mend-take-{first.id}")
    assert ledger(asked).edits() == (second,)
    press(at, "mend-undo")
    assert ledger(asked).edits() == ()
    line_with(at, "None yet.")


def test_a_second_tab_neither_loses_nor_doubles_nor_overrules_an_edit(asked):
    one, other = open_labels(asked), open_labels(asked)
    press(one, "mend-exclude")
    press(other, "mend-exclude")
    assert len(ledger(asked).edits()) == 1
    stale = open_labels(asked)
    late = open_labels(asked)
    press(late, "mend-exclude")
    press(stale, "mend-relabel")
    line_with(stale, "was edited before, here or in another tab: left out (cat). Take that back first.")
    assert [edit.action for edit in ledger(asked).edits()] == ["exclude", "exclude"]
    first = ledger(asked).edits()[0]
    press(stale, f"mend-take-{first.id}")
    press(late, f"mend-take-{first.id}")
    line_with(late, "It may have been taken back in another tab")


def test_images_can_be_put_off(asked):
    at = open_labels(asked)
    press(at, "mend-later")
    line_with(at, "2 of 2")
    line_with(at, "60% to dog")
    press(at, "mend-back")
    line_with(at, "97% to dog")
    assert ledger(asked).edits() == ()


def test_copies_are_shown_beside_it_and_leaving_one_out_settles_both(asked):
    at = open_page("mend", run=asked.id)
    assert at.segmented_control(key="mend-kind").value == "conflict"
    line_with(at, "Another file holds the same picture and has another label.")
    press(at, "mend-exclude")
    assert "conflict" not in at.segmented_control(key="mend-kind").options


def test_the_run_goes_on_with_the_mended_data(asked):
    before = asked.data()
    at = press(open_labels(asked), "mend-exclude")
    line_with(at, "The run has not used these edits yet** (1 left out).")
    press(at, "mend-use")
    line_with(at, "The run goes on with 1 left out: ")
    after = open_run(asked.workspace, asked.id).data()
    assert len(after.indices("train")) == len(before.indices("train")) - 1
    assert after.indices("valid").tolist() == before.indices("valid").tolist()
    assert "mend-use" not in [button.key for button in at.button]
    at = open_page("mend", run=asked.id)
    assert "study-suspects" in [button.key for button in at.button], "other data, another question"


def test_confirmed_labels_are_nothing_to_go_on_with(asked):
    at = press(open_labels(asked), "mend-confirm")
    assert "mend-use" not in [button.key for button in at.button]


def test_a_version_made_by_another_process_is_seen(asked):
    at = open_labels(asked)
    ledger(asked).decide(asked.data(), images(asked)[0], "exclude")
    use_version(open_run(asked.workspace, asked.id))
    at.run()
    assert not at.exception
    assert "mend-use" not in [button.key for button in at.button]


def test_edits_that_leave_too_little_are_a_sentence_and_nothing_is_changed(run):
    for name in [*images(run), *images(run, "valid")]:
        ledger(run).decide(run.data(), name, "exclude")
    at = open_page("mend", run=run.id)
    assert not at.exception
    line_with(at, "The edits leave the class cat with no image")
    assert "mend-use" not in [button.key for button in at.button]


def test_edits_of_other_files_are_said_and_taken_back_together(run):
    ledger(run).decide(run.data(), images(run)[0], "exclude")
    kept = ledger(run).path.read_text().replace(run.data().items[0].digest, "0" * 32)
    first = next(item for item in run.data().items if item.name == images(run)[0])
    ledger(run).path.write_text(kept.replace(first.digest, "1" * 32))
    at = open_page("mend", run=run.id)
    line_with(at, "1 of the edits do not fit the images any more")
    line_with(at, "the file has changed since")
    press(at, "mend-unfit")
    assert ledger(run).edits() == ()


def test_the_figures_before_and_after_are_on_the_page(asked):
    held = images(asked, "valid")[0]
    ledger(asked).decide(asked.data(), held, "relabel", "dog")
    use_version(asked)
    made.train(asked)
    state = asked.state
    second = StageState(
        index=1,
        stage=Stage(name="again", lr=(0.01,), size=24),
        status="done",
        epochs=1,
        accuracy=0.97,
        accuracy_before=0.9,
        same_weights=SameWeights(accuracy=0.93, valid_loss=0.2),
        as_before=SameWeights(accuracy=0.95, valid_loss=0.2),
        mended="1 relabelled",
        valid_mended="1 relabelled",
        valid_before=[],
    )
    asked.write_state(state.model_copy(update={"stages": [*state.stages, second]}))
    at = open_page("mend", run=asked.id)
    line_with(at, "90.0% as they were, 93.0% as mended. After it: 95.0% as they were, 97.0% as mended.")


def test_folders_are_written_where_there_is_nothing_yet(asked, tmp_path):
    ledger(asked).decide(asked.data(), images(asked)[0], "exclude")
    at = open_page("mend", run=asked.id)
    at.text_input(key="mend-folder").set_value(str(tmp_path / "out"))
    click(at, "Write the folders")
    line_with(at, "Wrote 23 images to")
    assert len(list((tmp_path / "out").rglob("*.png"))) == 23
    click(at, "Write the folders")
    line_with(at, "is there already, and nothing is written over")


def test_hostile_names_are_text(asked):
    hostile = images(asked, name=made.CLASSES[2])[0]
    ledger(asked).decide(asked.data(), hostile, "exclude")
    at = open_page("mend", run=asked.id)
    assert not at.exception
    for element in [*at.markdown, *at.caption]:
        assert "![x](" not in element.value
        assert " :red[" not in element.value
    assert all("![x](" not in button.label for button in at.button)


@pytest.mark.parametrize("mended", [True, False])
def test_a_new_run_on_the_same_images_begins_with_the_edits_if_that_is_wanted(run, mended):
    ledger(run).decide(run.data(), images(run)[0], "exclude")
    at = look_at(run.data().spec)
    toggle = next(toggle for toggle in at.toggle if toggle.label == "With the edits of these images (1 left out)")
    toggle.set_value(mended).run()
    click(at, "Start a run")
    new = next(one for one in list_runs(run.workspace) if one.id != run.id)
    assert len(new.data().used) == len(run.data().items) - mended
    assert len(new.data().edits) == mended


def test_without_edits_nothing_is_asked(run):
    at = look_at(run.data().spec)
    assert not [toggle for toggle in at.toggle if toggle.label.startswith("With the edits")]
