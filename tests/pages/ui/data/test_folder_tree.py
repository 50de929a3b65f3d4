"""The lines of the tree of folders: which are asked about, which are put together, none is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.layout import lay_out
from core.data.reading import Choice, Folder, Reading
from pages.ui.data.folder_tree import FEW_ROWS, doubtful, part_of, rows_of, spoken
from pages.ui.session import DataChoice


def reading_of(names: list[str], choice: Choice | None = None) -> Reading:
    found = lay_out(names, choice)
    return Reading(folders=found.folders, questions=found.questions)


def test_a_question_is_about_the_folders_that_it_names() -> None:
    reading = reading_of([f"{kind}/{n}.png" for kind in ("cat", "cats", "masks", "test") for n in range(3)])
    assert len(reading.questions) == 2
    assert {folder.path for folder in doubtful(reading)} == {"masks", "test"}
    (about_masks,) = (question for question in reading.questions if "masks" in question)
    assert [folder.path for folder in doubtful(reading, about_masks)] == ["masks"]


def test_a_word_of_the_sentence_is_no_folder() -> None:
    reading = reading_of([f"{kind}/{n}.png" for kind in ("a", "as", "is", "of", "class", "masks") for n in range(3)])
    assert [folder.path for folder in doubtful(reading)] == ["masks"]


def test_parents_come_before_what_is_in_them() -> None:
    reading = reading_of(
        [f"{split}/{kind}/{n}.png" for split in ("train", "train-b", "val") for kind in "ab" for n in "12"]
    )
    paths = [row.folder.path for row in rows_of(reading, None)]
    assert paths[:3] == ["train", "train/a", "train/b"]


@settings(deadline=None)  # the machine may be busy
@given(st.sets(st.text("abcdef", min_size=1, max_size=4), min_size=2, max_size=60), st.integers(0, 3))
def test_every_folder_is_in_the_tree_once(names: set[str], by_hand: int) -> None:
    parts = tuple((name, "ignored") for name in sorted(names)[:by_hand])
    choice = Choice.model_validate({"parts": parts})
    reading = reading_of([f"{name}/{n}.png" for name in names | {"masks"} for n in range(2)], choice)
    rows = rows_of(reading, DataChoice("x", choice=choice))
    shown = [folder.path for row in rows for folder in row.together or (row.folder,)]
    assert sorted(shown) == sorted(folder.path for folder in reading.folders)
    if len(names) > FEW_ROWS:
        assert rows[0].folder.path == "masks"
        assert rows[0].doubtful
        assert len(rows) < FEW_ROWS


def test_parts_are_those_of_a_choice() -> None:
    assert part_of(Folder(path="a", part="split", means="valid")) == "valid"
    assert part_of(Folder(path="a", part="class", means="valid")) == "class"
    assert part_of(Folder(path="a", part="split", means="")) == "wrapper"


def test_labels_hold_nothing_that_markdown_acts_on() -> None:
    assert not set("![]()*`<>$:~|\\") & set(spoken("![x](http://a.test) *b* `c` $d$ :red[e] <f>"))
    assert spoken("train_set/größe 2.0") == "train_set/größe 2.0"
