from pathlib import Path

from core.data.health import Finding, findings, size_range, sizes, typical_size
from core.data.index import Broken, DataSet, Item, load_data
from core.data.reading import Choice
from core.workspace import Workspace
from tests.core.data.making import folder, picture, write


def data_of(*items: tuple[str, str, str], broken: tuple[Broken, ...] = ()) -> DataSet:
    """A data set of (name, split, digest); the class is the name's folder."""
    classes = tuple(sorted({name.split("/")[0] for name, _, _ in items}))
    made = tuple(
        Item(name, Path(name), classes.index(name.split("/")[0]), split, digest, 8, 9 + label % 4)
        for label, (name, split, digest) in enumerate(items)
    )
    return DataSet("spec", "Title", classes, made, broken, "f", "as given", 0)


def many(name: str, train: int, valid: int) -> list[tuple[str, str, str]]:
    names = [(f"{name}/{i}.png", "train" if i < train else "valid") for i in range(train + valid)]
    return [(path, split, path) for path, split in names]


def said(data: DataSet) -> dict[str, Finding]:
    return {finding.title: finding for finding in findings(data)}


def test_a_data_set_in_order_says_so() -> None:
    found = findings(data_of(*many("a", 20, 6), *many("b", 20, 6)))
    assert {finding.level for finding in found} == {"good"}
    assert len(found) == 3


def test_broken_files_come_with_their_reasons() -> None:
    data = data_of(*many("a", 20, 6), *many("b", 20, 6), broken=(Broken("a/x.png", "The file is empty."),))
    finding = said(data)["1 file was skipped"]
    assert finding.rows is not None
    assert finding.rows.to_dict("records") == [{"file": "a/x.png", "reason": "The file is empty."}]


def test_leaks_and_conflicts_are_bad_and_come_first() -> None:
    leak = [("a/leak1.png", "train", "same"), ("a/leak2.png", "valid", "same")]
    conflict = [("a/both.png", "train", "both"), ("b/both.png", "train", "both")]
    copies = [("b/copy1.png", "train", "copy"), ("b/copy2.png", "train", "copy")]
    found = findings(data_of(*many("a", 20, 6), *many("b", 20, 6), *leak, *conflict, *copies))
    assert [finding.level for finding in found][:3] == ["bad", "bad", "note"]
    titles = [finding.title for finding in found]
    assert "1 image is in more than one split" in titles
    assert "1 image is in more than one class" in titles
    assert "1 image is a copy of another" in titles


def test_imbalance_and_tiny_classes_are_counted_in_training_images() -> None:
    found = said(data_of(*many("a", 40, 6), *many("b", 4, 1)))
    assert "The largest class has 10 times the training images of the smallest" in found
    tiny = found["1 class has fewer than 10 training images"].rows
    assert tiny is not None
    assert tiny.to_dict("records") == [{"class": "b", "images": 4}]
    assert "1 class has fewer than 5 validation images" in found


def test_sizes_are_counted_and_said_as_a_range() -> None:
    data = data_of(("a/1.png", "train", "1"), ("b/1.png", "valid", "2"))
    assert sizes(data)["images"].sum() == 2
    assert size_range(data) == "8 × 9–10"
    assert typical_size(data) == "8 × 9"


def loaded(root: Path, **options: object) -> DataSet:
    return load_data(str(root), Workspace.at(root.parent / "home"), **options)


def bad(data: DataSet) -> str:
    return " | ".join(f"{finding.title}. {finding.advice}" for finding in findings(data) if finding.level == "bad")


def test_a_class_that_is_lost_is_bad(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4, "fox": 2})
    write(root, {f"newt/{k}.jpg": b"x" for k in range(3)} | {f"fox/bad{k}.jpg": b"x" for k in range(2)})
    (root / "frog").mkdir()
    data = loaded(root)
    assert "The classes frog, newt have no readable image and will not be learned" in bad(data)
    assert "Half or more of the images of fox cannot be read" in bad(data)
    assert [(row.name, row.files, row.readable) for row in data.reading.lost] == [
        ("fox", 4, 2),
        ("frog", 0, 0),
        ("newt", 3, 0),
    ]


def test_a_few_bad_files_are_no_lost_class(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4})
    data = loaded(write(root, {"cat/bad.jpg": b"x", "cat/notes.txt": b"x"}))
    assert data.reading.lost == ()


def test_what_is_doubtful_is_a_finding_until_a_person_decides(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4, "docs": 3})
    assert "The folder docs is read as a class, though folders with that name are mostly not classes" in said(
        loaded(root)
    )
    data = loaded(root, choice=Choice(parts=(("docs", "ignored"),)))
    assert data.classes == ("cat", "dog")
    assert data.reading.certain
    assert DataSet.from_json(data.to_json()) == data


def test_names_that_differ_in_case_or_white_space_are_said(tmp_path: Path) -> None:
    data = loaded(folder(tmp_path / "set", {"Cat": 4, "cat": 4, "dog": 4, "dog ": 4}))
    assert len(data.classes) == 4
    assert "differ only in case or white space: 'Cat' and 'cat'; 'dog' and 'dog '" in bad(data)


def test_a_class_without_validation_images_is_bad(tmp_path: Path) -> None:
    data = loaded(folder(tmp_path / "set", {"train/cat": 9, "train/dog": 9, "train/fox": 9, "valid/cat": 6}))
    assert "dog, fox have no validation image" in bad(data)


def test_extreme_shapes_are_said(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4})
    picture(50, 90, 40).save(root / "cat/wide.png")
    picture(51, 40, 79).save(root / "cat/tall.png")
    rows = said(loaded(root))["1 image is cut by more than half because it is very wide or very tall"].rows
    assert rows is not None
    assert rows.to_dict("records") == [{"file": "cat/wide.png", "width": 90, "height": 40}]
