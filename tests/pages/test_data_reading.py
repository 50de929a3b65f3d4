"""How the Data page says that a data set was read, and what a person can put right there."""

from pathlib import Path

import pytest

from core.data.reading import Choice
from core.runs.folder import list_runs
from core.workspace import Workspace
from pages.ui.session import DATA, RUN
from tests.pages.builders import folder_of, picture, run_on
from tests.pages.conftest import open_page
from tests.pages.looking import click, figures, line_with, lines, look_at, part, parts


def split_folders(root: Path, train: str = "train", valid: str = "valid") -> Path:
    return folder_of(root, {f"{train}/cat": 12, f"{train}/dog": 12, f"{valid}/cat": 5, f"{valid}/dog": 5})


def test_a_plain_set_says_in_one_line_how_it_was_read(tmp_path: Path) -> None:
    at = look_at(split_folders(tmp_path / "pets"))
    line = line_with(at, "Read as")
    assert line.endswith("Read as 2 classes in train/ and valid/; nothing was left out.")
    assert ":green[" in line
    assert not any("mend first" in expander.label for expander in at.expander)
    assert not parts(at), "the tree is closed while all is well"


@pytest.mark.parametrize(("train", "valid"), [("training_set", "test_set"), ("seg_train", "seg_test")])
def test_a_test_folder_that_serves_for_validation_is_said_so(tmp_path: Path, train: str, valid: str) -> None:
    at = look_at(split_folders(tmp_path / "pets", train, valid))
    assert f"2 classes in {train}/ and {valid}/; the test images serve for validation" in line_with(at, "Read as")
    assert not [slider for slider in at.slider if "Held out" in slider.label]
    assert not [button for button in at.button if button.label == "Split again"]


def test_what_was_left_out_is_counted_by_reason_and_named(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"images/cat": 8, "images/dog": 8, "annotations/cat": 8, "annotations/dog": 8})
    (root / "$RECYCLE.BIN").mkdir()
    picture(1).save(root / "$RECYCLE.BIN" / "old.png")
    (root / "images" / "cat" / "notes.txt").write_text("a note")
    at = look_at(root)
    assert "2 classes from the folders in images/" in line_with(at, "Read as")
    assert "1 folder with 16 images (annotations/): describes the pictures beside it" in line_with(at, "annotations/")
    assert "1 folder ($RECYCLE.BIN/): made by Windows" in line_with(at, "RECYCLE")
    assert "1 file (images/cat/notes.txt): not an image" in line_with(at, "notes.txt")


def test_a_doubtful_reading_is_open_with_its_question(tmp_path: Path) -> None:
    root = split_folders(tmp_path / "pets")
    folder_of(root, {"extra": 3})
    at = look_at(root)
    assert "extra (3 images) is left out" in line_with(at, "beside split folders")
    assert ":orange[" in line_with(at, "Read as")
    assert parts(at)["extra"] == "ignored"
    assert (parts(at)["train"], parts(at)["valid"]) == ("train", "valid")
    said = [expander.label for expander in at.expander if "extra" in expander.label]
    assert not said, "the question is not asked a second time among the findings"


def test_a_folder_is_put_right_undone_and_given_back(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 10, "dog": 10, "masks": 4}))
    assert figures(at)["Classes"] == "3"
    assert "masks is read as a class" in line_with(at, "mostly not classes")
    part(at, "masks", "Left out")
    assert figures(at)["Classes"] == "2"
    assert "(masks/): left out by hand" in line_with(at, "Read as")
    assert at.session_state[DATA]["choice"]["parts"] == [["masks", "ignored"]]
    click(at, "Undo")
    assert figures(at)["Classes"] == "3"
    part(at, "masks", "Left out")
    part(at, "dog", "Left out")
    assert "has readable images of one class only" in line_with(at, "one class only")
    click(at, "Undo")
    assert figures(at)["Classes"] == "2"
    click(at, "As Anneal read it")
    assert figures(at)["Classes"] == "3"
    assert at.session_state[DATA]["choice"] == Choice().model_dump(mode="json")


def test_one_folder_goes_back_to_how_it_was_read(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 10, "dog": 10, "masks": 4, "labels": 4}))
    part(at, "masks", "Left out")
    part(at, "labels", "Left out")
    part(at, "masks", "As Anneal read it")
    assert at.session_state[DATA]["choice"]["parts"] == [["labels", "ignored"]]
    assert parts(at)["masks"] == "class"


def test_a_question_is_answered_with_this_is_right(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 10, "dog": 10, "masks": 4}))
    click(at, "This is right")
    assert figures(at)["Classes"] == "3"
    assert not [line for line in lines(at) if "mostly not classes" in line]
    assert at.session_state[DATA]["choice"]["parts"] == [["masks", "class"]]


def test_a_question_that_no_folder_answers_has_no_such_button(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 10, "dog": 10})
    for number in range(5):
        picture(900 + number).save(root / f"loose {number}.png")
    at = look_at(root)
    assert "5 images lie loose" in line_with(at, "loose beside")
    assert "This is right" not in {button.label for button in at.button}


def test_folders_without_a_split_in_their_names_become_one(tmp_path: Path) -> None:
    folder_of(tmp_path / "pets" / "first", {"cat": 12, "dog": 12})
    folder_of(tmp_path / "pets" / "second", {"cat": 6, "dog": 6, "eel": 3})
    at = look_at(tmp_path / "pets")
    part(at, "first", "Training images")
    part(at, "second", "Validation images")
    assert "eel has no readable" in line_with(at, "no readable training images")
    part(at, "second/eel", "Left out")
    assert (figures(at)["Training images"], figures(at)["Validation images"]) == ("24", "12")


def test_hundreds_of_classes_are_put_together_with_doubts_first(tmp_path: Path) -> None:
    classes = {f"kind {number}": 2 for number in range(120)}
    at = look_at(folder_of(tmp_path / "many", {**classes, "masks": 3}))
    assert list(parts(at)) == ["masks"]
    assert "120 class folders" in line_with(at, "class folders")
    one = next(box for box in at.selectbox if box.label == "Change one of them")
    one.select("kind 10/").run()
    part(at, "kind 10", "Left out")
    assert figures(at)["Classes"] == "120"
    assert set(parts(at)) == {"masks", "kind 10"}
    assert "119 class folders" in line_with(at, "class folders")


def test_the_worst_is_said_first_with_what_to_do(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 12, "dog": 12, "eel": 1})
    (root / "eel" / "0.png").write_bytes(b"no picture")
    (root / "fox").mkdir()
    at = look_at(root)
    (first,) = [expander for expander in at.expander if "Fix first" in expander.label]
    assert "eel, fox have no readable image and will not be learned" in first.label
    assert "Add readable images" in first.markdown[0].value
    assert ":red[" in line_with(at, "Read as")
    at.session_state["data-reading-"] = True
    at.run()
    assert ":red[of the class, 0 of 1 can be read]" in line_with(at, "eel/")


def test_a_class_without_validation_images_has_none_to_check(tmp_path: Path) -> None:
    folder_of(tmp_path / "pets" / "train", {"cat": 6, "dog": 6, "eel": 6})
    folder_of(tmp_path / "pets" / "valid", {"cat": 5, "dog": 5})
    at = look_at(tmp_path / "pets")
    assert [expander.label for expander in at.expander if "eel has no validation image" in expander.label]
    at.segmented_control[-1].set_value("valid").run()
    assert "None to check." in lines(at)


def test_a_run_keeps_the_choice_and_shows_it(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 10, "dog": 10, "masks": 4})
    at = look_at(root)
    part(at, "masks", "Left out")
    at.button(key="new-run-go").click().run()
    (run,) = list_runs(Workspace.at())
    assert run.info.classes == ("cat", "dog")
    assert run.data().reading.choice == Choice(parts=(("masks", "ignored"),))
    at = open_page("data", run=run.id)
    assert not parts(at), "a run's reading is fixed"
    assert "left out by hand" in line_with(at, "Read as")


def test_a_runs_data_is_read_otherwise_for_a_new_run(tmp_path: Path) -> None:
    run = run_on(folder_of(tmp_path / "pets", {"cat": 10, "dog": 10, "masks": 4}), "Pets")
    at = open_page("data", run=run.id)
    at.session_state["data-reading-doubtful"] = True
    at.run()
    click(at, "Read it differently, for a new run")
    assert RUN not in at.session_state
    part(at, "masks", "Left out")
    assert figures(at)["Classes"] == "2"
    assert run.info.classes == ("cat", "dog", "masks")


def test_splitting_again_says_how_many_images_changed_sides(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 20, "dog": 20}))
    before = figures(at)
    click(at, "Split again")
    assert figures(at) == before
    assert "no image changed sides" in line_with(at, "Split again:")
    at.slider[0].set_value(50)
    click(at, "Split again")
    assert "12 of 40 images changed sides" in line_with(at, "Split again:")


def test_a_correction_keeps_the_share_and_the_seed(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 20, "dog": 20, "masks": 4}))
    at.slider[0].set_value(50)
    click(at, "Split again")
    part(at, "masks", "Left out")
    assert figures(at)["Validation images"] == "20"


def test_a_refused_set_leaves_the_chosen_one(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 5, "dog": 5}))
    click(at, "Choose other data")
    at.segmented_control(key="data-way").set_value("folder").run()
    at.text_input(key="data-path").set_value(str(folder_of(tmp_path / "one", {"cat": 3})))
    click(at, "Look at it")
    assert not figures(at)
    assert "one class only" in line_with(at, "one class only")
    at.text_input(key="data-path").set_value(str(tmp_path / "pets"))
    click(at, "Look at it")
    assert figures(at)["Classes"] == "2"
    assert at.session_state[DATA]["spec"] == str(tmp_path / "pets")


def test_a_chosen_set_that_can_no_longer_be_read_leaves_a_way_out(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 5, "dog": 5})
    at = look_at(root)
    root.rename(tmp_path / "moved")
    at.run()
    assert f"The folder with these images is missing: {root}" in line_with(at, "missing")
    fresh = open_page("data")
    fresh.session_state[DATA] = {"spec": str(tmp_path / "nowhere"), "valid_share": 0.2, "seed": 0}
    fresh.run()
    assert not fresh.exception
    assert "There is no folder or zip file" in fresh.error[0].value
    click(fresh, "Choose other data")
    assert "data-way" in {control.key for control in fresh.segmented_control}


def test_a_decision_in_the_session_that_is_no_longer_one_is_left_out(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 5, "dog": 5})
    at = open_page("data")
    at.session_state[DATA] = {"spec": str(root), "choice": {"parts": [["cat", "banana"]]}}
    at.run()
    assert not at.exception
    assert figures(at)["Classes"] == "2"


def test_hostile_folder_names_stay_literal_in_the_tree(tmp_path: Path) -> None:
    hostile = "![x](http:a.test)"
    at = look_at(folder_of(tmp_path / "pets", {hostile: 6, "dog": 6, "masks": 6}))
    rendered = [*at.markdown, *at.caption]
    assert all(hostile not in element.value for element in rendered)
    assert all(hostile not in box.label for box in at.selectbox)
    assert any("a.test" in box.label for box in at.selectbox)
