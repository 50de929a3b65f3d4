"""Class and split are read off the names of the files."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.folder_names import is_ignored
from core.data.layout import NO_CLASS, OUTSIDE, Layout, Place, lay_out
from core.data.reading import Choice, chosen_part
from core.errors import DataError


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
        ("cat/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", True),
        ("$RECYCLE.BIN/S-1-5/$R1.jpg", True),
        ("System Volume Information/1.jpg", True),
        (".Trashes/1.jpg", True),
        (".ipynb_checkpoints/1.jpg", True),
        ("#recycle/1.jpg", True),
        ("LOST.DIR/1.jpg", True),
        ("$100 bills/1.jpg", False),
        ("cat/1.jpg", False),
        ("cat.s/a.b.jpg", False),
    ],
)
def test_what_systems_leave_behind_is_ignored(name: str, ignored: bool) -> None:
    assert is_ignored(name) is ignored


def images(**folders: int) -> list[str]:
    """So many images in each folder; "__" stands for "/"."""
    return [f"{path.replace('__', '/')}/{k}.jpg" for path, count in folders.items() for k in range(count)]


def read(*paths: str, choice: Choice | None = None, empty: tuple[str, ...] = (), count: int = 3) -> Layout:
    return lay_out([f"{path}/{k}.jpg" for path in paths for k in range(count)], choice, empty)


def labels(layout: Layout) -> set[str]:
    return {place.label for place in layout.places.values()}


def split_folders(layout: Layout) -> dict[str, str]:
    return {folder.path: folder.means for folder in layout.folders if folder.part == "split"}


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        ("training_set", "test_set"),
        ("train_images", "val_images"),
        ("Train", "Test"),
        ("TRAIN", "TEST"),
        ("train", "dev"),
        ("train", "eval"),
        ("train", "holdout"),
        ("train", "hold-out"),
        ("training", "validation"),
        ("train2017", "val2017"),
        ("TrainSet", "TestSet"),
        ("seg_train", "seg_test"),
        ("images-train", "images-valid"),
        ("birds_train", "birds_test"),
        ("01 train", "02 test"),
    ],
)
def test_names_of_splits_as_they_are_in_the_wild(train: str, held_out: str) -> None:
    layout = read(f"{train}/cat", f"{train}/dog", f"{held_out}/cat", f"{held_out}/dog")
    assert labels(layout) == {"cat", "dog"}
    assert layout.places[f"{train}/cat/0.jpg"].split == "train"
    assert layout.places[f"{held_out}/cat/0.jpg"].split == "valid"
    assert layout.questions == ()
    doubled = read(*(f"{side}/{side}/{name}" for side in (train, held_out) for name in ("cat", "dog")))
    assert labels(doubled) == {"cat", "dog"}
    assert doubled.places[f"{held_out}/{held_out}/dog/0.jpg"].split == "valid"


@pytest.mark.parametrize("name", ["train_station", "test tube", "training shoes", "devil", "evaluate", "trainer"])
def test_classes_whose_names_only_begin_like_a_split(name: str) -> None:
    layout = read(name, "car")
    assert labels(layout) == {name, "car"}
    assert layout.questions == ()


def test_a_split_in_each_class_folder() -> None:
    layout = read("cat/train", "cat/test", "dog/train", "dog/test")
    assert labels(layout) == {"cat", "dog"}
    assert layout.places["dog/test/0.jpg"] == Place("dog", "valid")
    assert layout.origin == "as given, with the test folder for validation"


def test_a_repository_around_the_data() -> None:
    names = images(**{"pets-main__data__cats": 5, "pets-main__data__dogs": 5, "pets-main__docs": 2})
    layout = lay_out([*names, "pets-main/README.md", "pets-main/src/train.py", "pets-main/docs/guide.md"])
    assert labels(layout) == {"cats", "dogs"}
    assert layout.questions == ()
    parts = {folder.path: (folder.part, folder.why) for folder in layout.folders}
    assert parts["pets-main/docs"] == ("ignored", "lies beside the data")
    assert parts["pets-main/src"] == ("ignored", "no image in it")
    assert parts["pets-main/data"] == ("wrapper", "the only folder here")


@pytest.mark.parametrize("beside", ["annotations", "masks", "Labels", "SegmentationClass", "ground_truth", "masks_2"])
def test_what_describes_pictures_is_no_class(beside: str) -> None:
    layout = read("images/cat", "images/dog", f"{beside}/cat", f"{beside}/dog")
    assert labels(layout) == {"cat", "dog"}
    assert all(name.startswith("images/") for name in layout.places)
    inside = read("cat/images", f"cat/{beside}", "dog/images", f"dog/{beside}")
    assert set(inside.places) == {f"{name}/images/{k}.jpg" for name in ("cat", "dog") for k in range(3)}


def test_masks_of_each_split() -> None:
    layout = read("train_images/cat", "train_images/dog", "train_masks/cat", "val_images/cat", "val_masks/cat")
    assert not [name for name in layout.places if "mask" in name]
    assert layout.questions == ()


def test_masks_beside_the_images_of_a_class_share_their_names() -> None:
    layout = lay_out(["cat/1.jpg", "cat/2.jpg", "cat/masks/1_mask.png", "cat/masks/2_mask.png", "dog/1.jpg"])
    assert set(layout.places) == {"cat/1.jpg", "cat/2.jpg", "dog/1.jpg"}


def test_a_class_called_mask_is_asked_about() -> None:
    layout = read("mask", "no_mask")
    assert labels(layout) == {"mask", "no_mask"}
    assert "The folder mask is read as a class" in layout.questions[0]


def test_small_copies_are_no_class() -> None:
    assert labels(read("cat", "dog", "thumbnails")) == {"cat", "dog"}
    layout = lay_out([*images(cat=3, dog=3), "cat/thumbs/x.jpg"])
    assert "cat/thumbs/x.jpg" not in layout.places
    assert "left out as small copies" in layout.questions[0]


@pytest.mark.parametrize(
    ("paths", "question"),
    [
        (("animals/cat", "animals/dog", "cars/bus", "cars/van"), "say that it is a wrapper"),
        (("data/cat", "data/dog", "more"), "The folder data holds folders of images and is read as one class"),
        (("train/cat", "train/dog", "val/cat", "val/dog", "extra/cat"), r"The folder extra \(3 images\) is left out"),
        (("train/cat", "train/dog", "others"), "train is read as a split with the classes inside, not as a class"),
        (("train", "car"), "The folder train is read as a class, though its name is that of a split"),
        (
            ("cat", "dog", "docs"),
            "The folder docs is read as a class, though folders with that name are mostly not classes",
        ),
        (("100CANON", "101CANON"), "do these folders stand for classes"),
        (("New folder", "New folder (2)"), "do these folders stand for classes"),
        (("2023-05-01", "2023-06-01"), "do these folders stand for classes"),
    ],
)
def test_what_is_doubtful_is_asked(paths: tuple[str, ...], question: str) -> None:
    layout = read(*paths)
    assert any(re.search(question, said) for said in layout.questions), layout.questions


def test_folders_with_classes_of_the_same_names_are_parts_of_one_set() -> None:
    layout = read("batch1/cat", "batch1/dog", "batch2/x/cat", "batch2/x/dog")
    assert labels(layout) == {"cat", "dog"}
    assert len(layout.places) == 12
    assert "holds folders of the same names" in layout.questions[0]


def test_loose_images_beside_the_classes_are_asked_about() -> None:
    layout = lay_out([*images(cat=3, dog=3), "a.jpg", "b.jpg"])
    assert layout.questions == ("2 images lie loose beside the class folders and are left out.",)
    assert lay_out([*images(cat=30, dog=30), "cover.jpg"]).questions == ()


def test_plain_class_folders_raise_no_question() -> None:
    for paths in (("cat", "dog"), ("1", "2", "10"), ("2019", "2020"), ("test", "val", "train")):
        assert read(*paths).questions == ()


def test_names_in_both_normal_forms_are_one_class() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD"))
    layout = read(f"train/{decomposed}", "train/x", f"valid/{composed}", "valid/x")
    assert labels(layout) == {composed, "x"}


def test_class_folders_without_images_are_named() -> None:
    layout = lay_out([*images(cat=3, dog=3), "newt/list.txt"], empty=["frog", "cat/old"])
    assert dict(layout.empty) == {"frog": "The folder is empty.", "newt": "No file in it is an image."}
    within = lay_out([*images(train__cat=3, train__dog=3, valid__cat=2, valid__dog=2)], empty=["train/frog"])
    assert dict(within.empty) == {"frog": "The folder is empty."}
    assert read("cat", "dog", empty=("docs",)).empty == ()


def test_a_person_puts_it_right() -> None:
    paths = ("animals/cat", "animals/dog", "cars/bus", "cars/van", "junk")
    choice = Choice(parts=(("animals", "wrapper"), ("cars/", "wrapper"), ("junk", "ignored")))
    layout = read(*paths, choice=choice)
    assert labels(layout) == {"cat", "dog", "bus", "van"}
    assert layout.questions == ()
    split = read("a/cat", "a/dog", "b/cat", "b/dog", choice=Choice(parts=(("a", "train"), ("b", "valid"))))
    assert split_folders(split) == {"a": "train", "b": "valid"}
    assert split.origin == "as given"
    kept = read("images/x", "images/y", "masks", choice=Choice(parts=(("masks", "class"), ("images", "class"))))
    assert labels(kept) == {"images", "masks"}
    assert kept.questions == ()


def test_a_choice_is_changed_a_folder_at_a_time() -> None:
    choice = Choice().with_part("a/b", "class").with_part("c", "ignored").with_part("/a/b/", "train")
    assert choice.parts == (("c", "ignored"), ("a/b", "train"))
    assert choice.part_of("a/b") == "train"
    assert choice.with_part("c", None).parts == (("a/b", "train"),)
    assert chosen_part("a=b/c = Ignored") == ("a=b/c", "ignored")
    for text in ("a", "=class", "a=klass"):
        with pytest.raises(DataError, match="is not FOLDER=PART"):
            chosen_part(text)


@given(st.lists(st.text("abtrainvldes_/", min_size=1, max_size=12), max_size=12))
def test_every_file_has_one_fate(paths: list[str]) -> None:
    names = sorted(
        {"/".join([part for part in path.split("/") if part] or ["x"]) + f"/{k}.jpg" for k, path in enumerate(paths)}
    )
    layout = lay_out(names)
    strays = {name for name, _ in layout.strays}
    left = {f.path for f in layout.folders if f.part == "ignored"}
    for name in names:
        inside = any(name.startswith(f"{path}/") for path in left)
        assert (name in layout.places) + (name in strays) == (0 if inside and name not in strays else 1)


SAME = ("cats", "dogs")


def pictures(*folders: str) -> list[str]:
    return [f"{folder}/{number}.jpg" for folder in folders for number in range(2)]


@pytest.mark.parametrize(
    ("one", "other"), [("trian", "test"), ("base", "holdout"), ("train", "abcd"), ("xyz", "valid")]
)
def test_the_folder_beside_a_lone_split_with_its_classes_is_the_other_side(one: str, other: str) -> None:
    found = lay_out(pictures(*(f"{side}/{name}" for side in (one, other) for name in SAME)))
    assert {found.places[f"{one}/{name}/0.jpg"].split for name in SAME} == {"train"}
    assert {found.places[f"{other}/{name}/0.jpg"].split for name in SAME} == {"valid"}
    assert any("same classes" in question for question in found.questions)


def test_a_folder_with_other_classes_is_not() -> None:
    found = lay_out(pictures("test/cats", "test/dogs", "more/birds", "more/fish"))
    assert any("more" in question and "left out" in question for question in found.questions)


def test_split_and_class_in_one_name() -> None:
    found = lay_out(pictures("train_cats", "Train_dogs", "cats_test", "test dogs"))
    assert {place.label for place in found.places.values()} == {"cats", "dogs"}
    assert found.places["train_cats/0.jpg"] == Place("cats", "train")
    assert found.places["test dogs/1.jpg"] == Place("dogs", "valid")
    assert any("in one name" in question for question in found.questions)


def test_classes_that_only_look_like_splits_of_one_set_stay_classes() -> None:
    found = lay_out(pictures("train_station", "bus_station"))
    assert {place.label for place in found.places.values()} == {"train_station", "bus_station"}


def test_splits_inside_most_classes_leave_the_test_images_out_of_training() -> None:
    names = pictures("a/train", "a/test", "b/b_train", "b/b_test", "b/raw", "c")
    found = lay_out(names)
    assert found.places["a/test/0.jpg"] == Place("a", "valid")
    assert found.places["b/b_test/0.jpg"] == Place("b", "valid")
    assert found.places["c/0.jpg"] == Place("c", "train")
    assert "b/raw/0.jpg" in dict(found.strays)
    assert any("b/raw" in question for question in found.questions)


def test_folders_of_classes_in_a_split_are_asked_about() -> None:
    sides = [f"{side}/{name}" for side in ("train", "val") for name in ("animals/cat", "animals/dog", "plants/rose")]
    assert any("train/animals" in question for question in lay_out(pictures(*sides)).questions)
