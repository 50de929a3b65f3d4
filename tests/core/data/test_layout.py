"""Class and split are read off the names of the files."""

import pytest

from core.data.layout import NO_CLASS, OUTSIDE, Place, is_ignored, lay_out


def places(*names: str) -> dict[str, tuple[str, str]]:
    return {name: (place.split, place.label) for name, place in lay_out(names).places.items()}


def test_a_folder_is_a_class() -> None:
    layout = lay_out(["cat/1.jpg", "cat/old/2.jpg", "dog/1.jpg", "readme.txt"])
    assert layout.places == {name: Place(name[:3], "") for name in ("cat/1.jpg", "cat/old/2.jpg", "dog/1.jpg")}
    assert layout.strays == (("readme.txt", NO_CLASS),)
    assert layout.origin == ""


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("valid", ["valid", "val", "Validation", "VALID"])
def test_split_folders_in_their_spellings(train: str, valid: str) -> None:
    layout = lay_out(
        [f"{train}/cat/1.jpg", f"{valid}/cat/2.jpg", "test/cat/3.jpg", f"{train}/x.jpg", "sample/cat/4.jpg"]
    )
    assert [place.split for place in layout.places.values()] == ["train", "valid", "test"]
    assert {place.label for place in layout.places.values()} == {"cat"}
    assert dict(layout.strays) == {f"{train}/x.jpg": NO_CLASS, "sample/cat/4.jpg": OUTSIDE}
    assert layout.origin == "as given"


def test_a_test_folder_validates_where_there_is_no_other() -> None:
    layout = lay_out(["train/cat/1.jpg", "test/cat/2.jpg"])
    assert layout.places["test/cat/2.jpg"].split == "valid"
    assert layout.origin == "as given, with the test folder for validation"


def test_a_test_folder_without_classes_does_not() -> None:
    layout = lay_out(["train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg"])
    assert layout.origin == ""
    assert layout.places["train/cat/1.jpg"] == Place("cat", "")
    assert layout.strays == (("test/1.jpg", NO_CLASS),)


def test_train_alone_is_to_be_split() -> None:
    assert places("train/cat/1.jpg", "train/dog/1.jpg") == {
        "train/cat/1.jpg": ("", "cat"),
        "train/dog/1.jpg": ("", "dog"),
    }


def test_split_folders_without_classes_are_no_classes() -> None:
    assert places("train/1.jpg", "valid/2.jpg") == {}


def test_a_class_may_be_called_train() -> None:
    assert places("train/1.jpg", "car/1.jpg") == {"train/1.jpg": ("", "train"), "car/1.jpg": ("", "car")}


def test_wrapping_folders_are_passed_through() -> None:
    assert places("photos/a/cat/1.jpg", "photos/a/dog/1.jpg", "photos/a/read.me") == {
        "photos/a/cat/1.jpg": ("", "cat"),
        "photos/a/dog/1.jpg": ("", "dog"),
    }
    assert places("photos/train/cat/1.jpg", "photos/valid/cat/1.jpg")["photos/valid/cat/1.jpg"] == ("valid", "cat")
    assert places("cat/1.jpg", "cat/2.jpg") == {"cat/1.jpg": ("", "cat"), "cat/2.jpg": ("", "cat")}


def test_nothing_from_nothing() -> None:
    assert places() == {}
    assert places("a.jpg") == {}


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        (".DS_Store", True),
        ("cat/.hidden/1.jpg", True),
        ("__MACOSX/cat/._1.jpg", True),
        ("cat/Thumbs.db", True),
        ("cat/1.jpg", False),
        ("cat.s/a.b.jpg", False),
    ],
)
def test_what_systems_leave_behind_is_ignored(name: str, ignored: bool) -> None:
    assert is_ignored(name) is ignored
