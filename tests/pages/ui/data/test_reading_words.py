"""The sentence of how a data set was read, from readings that were really made."""

from pathlib import Path

import pytest

from core.data.dataset import Broken, DataSet
from core.data.index import load_data
from core.data.reading import Choice, Folder, Reading
from core.workspace import Workspace
from pages.ui.data.reading_words import PARTS, how_read, left_out
from tests.pages.builders import folder_of, picture


def read(root: Path, choice: Choice | None = None) -> DataSet:
    return load_data(str(root), Workspace.at(), choice=choice)


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (["cat", "dog"], "2 classes from their folders"),
        (["pets/cat", "pets/dog"], "2 classes from the folders in pets/"),
        (["one/cat", "one/dog", "two/cat", "two/dog"], "2 classes from the folders in one/ and two/"),
        (["valid/cat", "valid/dog", "train/cat", "train/dog"], "2 classes in train/ and valid/"),
        (
            ["cat/train", "cat/test", "dog/train", "dog/test"],
            "with test/ and train/ in each; the test images serve for",
        ),
        (["a/train/cat", "a/train/dog", "a/val/cat", "a/val/dog"], "2 classes in a/train/ and a/val/"),
    ],
)
def test_where_the_classes_are(tmp_path: Path, folders: list[str], words: str) -> None:
    data = read(folder_of(tmp_path / "set", dict.fromkeys(folders, 6)))
    assert words in how_read(data)


def test_a_split_that_holds_one_class_only_is_no_split(tmp_path: Path) -> None:
    data = read(folder_of(tmp_path / "set", {"train/cat": 6, "train/dog": 6}))
    assert how_read(data) == "Read as 2 classes from the folders in train/"


def test_names_and_tables_are_named_and_stay_literal(tmp_path: Path) -> None:
    for number in range(6):
        for kind in ("cat", "dog"):
            (tmp_path / "set").mkdir(exist_ok=True)
            picture(number + 10 * (kind == "cat")).save(tmp_path / "set" / f"{kind}_{number}.png")
    named = how_read(read(tmp_path / "set", Choice(classes_from="names")))
    assert named.replace("\\", "") == "Read as 2 classes from the names of the files, by the pattern {class}_{number}"
    assert r"\_" in named


def test_left_out_groups_by_reason_and_names_the_first() -> None:
    folders = (Folder(path="masks", part="ignored", images=7, why="beside"), Folder(path="cat", part="class", images=9))
    broken = (
        *(Broken(f"cat/{n}.txt", "Not an image.") for n in range(5)),
        Broken("masks/1.png", "Outside."),
        *(Broken(f"cat/{n}.raw", f"Reason {n}.") for n in range(6)),
    )
    data = DataSet("x", "x", ("cat",), (), broken, "f", "as given", 0, Reading(folders=folders))
    rows = left_out(data)
    assert (rows[0].count, rows[0].names, rows[0].reason) == ("1 folder with 7 images", "masks/", "beside")
    assert (rows[1].count, rows[1].names) == ("5 files", "cat/0.txt, cat/1.txt, cat/2.txt and 2 more")
    assert rows[-1].count == "and more, for 4 other reasons"
    assert len(rows) == 5
    assert not any("Outside" in row.reason for row in rows), "the file is counted with its folder"


def test_every_part_has_words() -> None:
    assert len(set(PARTS.values())) == len(PARTS) == 6
