"""Labels that are not in folders: in tables, in the names of files, in a list."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.index import DataSet, load_data, reading_of
from core.data.listed import load_list
from core.data.name_labels import labels_by_name, preview, suggested
from core.data.reading import Choice
from core.data.sources import open_source
from core.data.table_labels import best_tables, sizes_of
from core.errors import DataError, SeveralLabelsError
from core.workspace import Workspace
from tests.core.data.making import folder, png, write

Load = Callable[..., DataSet]


@pytest.fixture
def whales(tmp_path: Path) -> Path:
    """Eight images in one folder, called by numbers."""
    return write(tmp_path / "whales", {f"train/{k:04x}.png": png(k) for k in range(8)})


@pytest.fixture
def load(workspace: Workspace) -> Load:
    def call(root: Path, **choice: object) -> DataSet:
        return load_data(str(root), workspace, choice=Choice(**choice))

    return call


def classes_of(data: DataSet) -> dict[str, str]:
    return {item.name.rpartition("/")[2]: data.classes[item.label] for item in data.items}


def table(suffix: str = ".png", sign: str = ",", head: str = "id,label") -> str:
    rows = [f"{k:04x}{suffix}{sign}{'ab'[k % 2]}" for k in range(8)]
    return "\n".join([head.replace(",", sign), *rows])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", table().encode()),
        ("labels.csv", table("").encode()),
        ("labels.csv", table(sign=";").encode("utf-8-sig")),
        ("train.tsv", table(sign="\t").encode("utf-16")),
        ("labels.csv", "\n".join(f"train/{k:04x}.png,{'ab'[k % 2]}" for k in range(8)).encode()),
        ("data.csv", "\n".join(["breed,file", *(f"{'ab'[k % 2]},train\\{k:04x}.png" for k in range(8))]).encode()),
        ("a.jsonl", "\n".join(json.dumps({"image": f"{k:04x}.png", "label": "ab"[k % 2]}) for k in range(8)).encode()),
    ],
)
def test_tables_of_many_kinds_are_read_by_themselves(whales: Path, load: Load, name: str, content: bytes) -> None:
    data = load(write(whales, {name: content}))
    assert classes_of(data) == {f"{k:04x}.png": "ab"[k % 2] for k in range(8)}
    assert data.reading.classes_from == "csv"
    assert data.reading.source.startswith(f"{name}: ")
    assert DataSet.from_json(json.loads(json.dumps(data.to_json()))) == data


def test_numbers_stay_as_they_are_written_and_words_for_nothing_are_labels(whales: Path, load: Load) -> None:
    words = ["01", "NA", "None", "nan"]
    rows = "\n".join(["id,label", *(f"{k:04x},{words[k % 4]}" for k in range(8))])
    assert set(load(write(whales, {"labels.csv": rows.encode()})).classes) == set(words)


def test_a_split_column_is_taken(whales: Path, load: Load) -> None:
    for column, sides in (
        (
            "split",
            "train",
        ),
        ("is_valid", "False"),
    ):
        other = {"train": "dev", "False": "True"}[sides]
        rows = [f"{k:04x},{'ab'[k % 2]},{sides if k < 4 else other}" for k in range(8)]
        write(whales, {"labels.csv": "\n".join([f"id,label,{column}", *rows]).encode()})
        data = load(whales)
        assert [item.split for item in data.items] == ["train"] * 4 + ["valid"] * 4
        assert data.split_origin == "as given in labels.csv"


def test_split_folders_count_where_the_table_has_none(tmp_path: Path, load: Load) -> None:
    names = [f"{'train' if k < 8 else 'test'}/{k:02d}.png" for k in range(12)]
    root = write(tmp_path / "set", {name: png(k) for k, name in enumerate(names)})
    rows = [f"{name.rpartition('/')[2]},{'ab'[k % 2]}" for k, name in enumerate(names)]
    data = load(write(root, {"labels.csv": "\n".join(["file,label", *rows]).encode()}))
    assert data.split_origin == "as given, with the test folder for validation".replace("folder", "images")
    assert [len(data.indices(split)) for split in ("train", "valid")] == [8, 4]


def test_images_and_rows_without_the_other_are_said(whales: Path, load: Load) -> None:
    rows = table().replace("0007.png", "gone.png")
    data = load(write(whales, {"labels.csv": rows.encode()}))
    assert data.reading.questions == ("1 row of labels.csv name files that are not there, or no label.",)
    assert [(file.path, file.reason) for file in data.broken] == [
        ("train/0007.png", "labels.csv has no label for it."),
    ]


def test_of_many_columns_one_is_asked_for(whales: Path, load: Load) -> None:
    rows = [f"{k:04x},{'ab'[k % 2]},{'xy'[k // 4]},{k}" for k in range(8)]
    write(whales, {"labels.csv": "\n".join(["id,kind,sea,weight", *rows]).encode()})
    with pytest.raises(
        DataError, match=r"Which column of labels\.csv holds the labels\? Choose one of: kind, sea, weig"
    ):
        load(whales, classes_from="csv")
    data = load(whales, classes_from="csv", label_column="Sea")
    assert data.classes == ("x", "y")
    assert data.reading.certain
    with pytest.raises(DataError, match=r"has no column 'colour'. Its columns are: id, kind, sea, weight"):
        load(whales, classes_from="csv", label_column="colour")
    rows = [f"{k:04x},{'ab'[k % 2]},{k}" for k in range(8)]
    write(whales, {"labels.csv": "\n".join(["id,kind,weight", *rows]).encode()})
    assert "column kind of labels.csv, which is a guess" in load(whales).reading.questions[0]


def test_a_table_elsewhere_is_named(tmp_path: Path, whales: Path, load: Load) -> None:
    write(tmp_path, {"my labels.csv": table().encode()})
    data = load(whales, classes_from="csv", table=f'"{tmp_path}/my labels.csv"')
    assert data.classes == ("a", "b")
    with pytest.raises(DataError, match=r"There is no table nowhere\.csv, neither in whales nor at"):
        load(whales, classes_from="csv", table="nowhere.csv")
    with pytest.raises(DataError, match="There is no table in whales"):
        load(whales, classes_from="csv")


@pytest.mark.parametrize(
    "labels",
    [
        ["haze primary", "clear", "haze", "primary clear", "clear primary", "haze clear", "primary", "haze"],
        ["cat;dog", "cat", "dog", "cat", "dog", "cat;dog", "cat", "dog"],
        ["cat|dog", "cat", "dog", "cat", "dog", "cat", "cat", "dog"],
    ],
)
def test_several_labels_an_image_are_refused(whales: Path, load: Load, labels: list[str]) -> None:
    rows = "\n".join(["id,tags", *(f"{k:04x},{label}" for k, label in enumerate(labels))])
    write(whales, {"labels.csv": rows.encode()})
    with pytest.raises(
        SeveralLabelsError, match=r"labels\.csv gives several labels to an image .*it cannot use several"
    ):
        load(whales)


def test_a_file_in_two_rows_with_two_labels_has_several(whales: Path, load: Load) -> None:
    with pytest.raises(SeveralLabelsError, match="several labels to an image"):
        load(write(whales, {"labels.csv": f"{table()}\n0000.png,b".encode()}))
    lists = "\n".join(json.dumps({"file_name": f"{k:04x}.png", "label": ["a", "b"]}) for k in range(8))
    with pytest.raises(SeveralLabelsError, match="several labels to an image"):
        load(write(whales, {"labels.csv": b"", "m.jsonl": lists.encode()}), classes_from="csv", table="m.jsonl")


def test_names_of_classes_with_spaces_are_no_lists_of_labels(whales: Path, load: Load) -> None:
    words = ["maine coon", "great dane", "german shepherd", "russian blue"]
    rows = "\n".join(["id,breed", *(f"{k:04x},{words[k % 4]}" for k in range(8))])
    assert set(load(write(whales, {"labels.csv": rows.encode()})).classes) == set(words)


def test_boxes_are_no_classes(whales: Path, load: Load) -> None:
    rows = "\n".join(["image,label,xmin,ymin,xmax,ymax", *(f"{k:04x},{'ab'[k % 2]},1,1,5,5" for k in range(8))])
    with pytest.raises(DataError, match="describes parts of images"):
        load(write(whales, {"labels.csv": rows.encode()}), classes_from="csv")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "has no rows"),
        ("a.csv", b"id,label\n", "has no rows"),
        ("a.jsonl", b"{", "is not one JSON object per line"),
        ("a.jsonl", b'{"id": "cat\\ud800"}', "is not one JSON object per line"),
        ("a.jsonl", b"[" * 5000 + b"]" * 5000, "is not one JSON object per line"),
        ("a.jsonl", b"[1]", "is not one JSON object per line"),
        ("a.csv", b"x,y\nq,r\n", "No column of a.csv names the images: x, y"),
        ("a.xlsx", b"PK", "Save it as CSV"),
    ],
)
def test_tables_that_cannot_be_read(whales: Path, load: Load, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load(write(whales, {name: content}), classes_from="csv")


@pytest.mark.skipif(importlib.util.find_spec("openpyxl") is None, reason="openpyxl is not installed")
def test_a_spreadsheet_is_read(whales: Path, load: Load) -> None:
    frame = pd.DataFrame({"id": [f"{k:04x}" for k in range(8)], "label": ["ab"[k % 2] for k in range(8)]})
    frame.to_excel(whales / "labels.xlsx", index=False)
    assert load(whales).classes == ("a", "b")


def test_a_folder_with_metadata_as_hugging_face_has_it(tmp_path: Path, load: Load) -> None:
    for form in ("csv", "jsonl"):
        root = tmp_path / form
        for split, count in (("train", 8), ("test", 4)):
            names = [f"{k}.png" for k in range(count)]
            write(root, {f"{split}/{name}": png(100 * count + k) for k, name in enumerate(names)})
            rows = [{"file_name": name, "label": "ab"[k % 2]} for k, name in enumerate(names)]
            frame = pd.DataFrame(rows)
            text = frame.to_csv(index=False) if form == "csv" else frame.to_json(orient="records", lines=True)
            write(root, {f"{split}/metadata.{form}": text.encode()})
        data = load(root)
        assert data.classes == ("a", "b")
        assert [len(data.indices(split)) for split in ("train", "valid")] == [8, 4]
        assert data.reading.certain


def test_captions_are_no_classes(tmp_path: Path, load: Load) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4})
    rows = [f"{name}/{k:03d}.png,a picture of {name} {k}" for name in ("cat", "dog") for k in range(4)]
    data = load(write(root, {"metadata.csv": "\n".join(["file_name,text", *rows]).encode()}))
    assert data.reading.classes_from == "folder"
    assert data.classes == ("cat", "dog")


def test_a_table_that_contradicts_class_folders_is_asked_about(tmp_path: Path, load: Load) -> None:
    root = folder(tmp_path / "set", {"00": 4, "01": 4})
    rows = [f"{name}/{k:03d}.png,{'ab'[k % 2]}" for name in ("00", "01") for k in range(4)]
    write(root, {"train.csv": "\n".join(["file,label", *rows]).encode()})
    data = load(root)
    assert data.classes == ("00", "01")
    assert "train.csv labels 8 images differently from their folders" in data.reading.questions[0]
    assert load(root, classes_from="folder").reading.certain
    assert load(root, classes_from="csv").classes == ("a", "b")
    agreeing = [f"{name}/{k:03d}.png,kind {name}" for name in ("00", "01") for k in range(4)]
    write(root, {"train.csv": "\n".join(["file,label", *agreeing]).encode()})
    assert load(root).reading.certain


def test_a_table_is_previewed(whales: Path, workspace: Workspace) -> None:
    [reading] = best_tables(open_source(str(write(whales, {"l.csv": table().encode()})), workspace), Choice())
    assert sizes_of(reading) == [("a", 4), ("b", 4)]


# -- names of files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write_name", "pattern"),
    [
        ("{}.{}", "{class}.{number}"),
        ("{}_{}", "{class}_{number}"),
        ("{}-{}", "{class}-{number}"),
        ("{} ({})", "{class} ({number})"),
        ("{}{}", "{class}{number}"),
        ("{1}_{0}", "{number}_{class}"),
    ],
)
def test_patterns_in_names_are_suggested(write_name: str, pattern: str) -> None:
    names = [f"train/{write_name.format(kind, k)}.jpg" for kind in ("cat", "great_pyrenees") for k in range(5)]
    best = suggested(names)[0]
    assert best.pattern == pattern
    assert dict(best.images) == {"cat": 5, "great_pyrenees": 5}
    assert best.unfit == 0
    assert dict(best.examples)["cat"] == names[0]


@pytest.mark.parametrize(
    "names",
    [
        [f"IMG_{k:04d}.jpg" for k in range(9)],
        [f"{kind}{k:04d}.jpg" for kind in ("IMG_", "DSC_") for k in range(9)],
        [f"{k:08x}.jpg" for k in range(40)],
        ["a.jpg", "b.jpg"],
        [],
    ],
)
def test_names_without_classes_suggest_nothing(names: list[str]) -> None:
    assert suggested(names) == []


def test_names_are_read_only_when_that_is_chosen(tmp_path: Path, load: Load) -> None:
    files = {f"train/{kind}.{k}.png": png(10 * n + k) for n, kind in enumerate(("cat", "dog")) for k in range(4)}
    root = write(tmp_path / "dvc", files | {f"test1/{k}.png": png(90 + k) for k in range(2)})
    with pytest.raises(
        DataError, match=r"no class folders.*\{class\}\.\{number\} \(cat \(4\), dog \(4\)\): --classes-from names"
    ):
        load(root)
    data = load(root, classes_from="names")
    assert classes_of(data) == {name.rpartition("/")[2]: name[6:9] for name in files}
    assert data.reading.source == "{class}.{number}"
    assert data.reading.questions == ("2 names do not fit the pattern {class}.{number}; these images are left out.",)
    assert {file.reason for file in data.broken} == {"Its name does not fit the pattern {class}.{number}."}
    named = load(root, classes_from="names", pattern=r"(?P<label>c|d)\w+\.\d+")
    assert named.classes == ("c", "d")
    with pytest.raises(DataError, match="No pattern in the names"):
        load(folder(tmp_path / "none", {"IMG": 3}), classes_from="names")


def test_split_folders_count_with_names(tmp_path: Path, load: Load) -> None:
    names = [f"{side}/{kind}_{k}.png" for side in ("train", "val") for kind in ("cat", "dog") for k in range(3)]
    data = load(write(tmp_path / "set", {name: png(k) for k, name in enumerate(names)}), classes_from="names")
    assert data.split_origin == "as given"
    assert [len(data.indices(split)) for split in ("train", "valid")] == [6, 6]


@pytest.mark.parametrize("pattern", ["", "{klass}_{number}", "{number}", "(?P<label>", "(?P<x>a)", "{class}{class}"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(DataError, match="is not a pattern"):
        preview(["cat_1.jpg"], pattern)


@given(st.lists(st.text(max_size=12), max_size=8), st.text(alphabet="{}clasnumber_.-x", max_size=20))
def test_any_names_and_pattern_end_well(names: list[str], pattern: str) -> None:
    suggested(names)
    try:
        labels = labels_by_name(names, pattern)
    except DataError:
        return
    assert all(name in names and label for name, label in labels.items())


# -- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_or_frame_is_a_data_set(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "set", {"x": 6, "y": 6})
    paths = sorted(root.rglob("*.png"))
    pairs = [(path, k % 2) for k, path in enumerate(paths)]
    data = load_list(pairs, workspace)
    assert data.classes == ("0", "1")
    assert data.labels.tolist() == [k % 2 for k in range(12)]
    assert data.reading.classes_from == "list"
    frame = pd.DataFrame(
        {"path": [str(path.relative_to(root)) for path in paths], "label": [k % 2 for k in range(12)], "split": None}
    )
    assert load_list(frame, workspace, root=root).fingerprint == data.fingerprint
    frame["split"] = ["train"] * 8 + ["test"] * 4
    given_split = load_list(frame, workspace, root=root)
    assert given_split.split_origin == "as given, with the test images for validation"
    assert len(given_split.indices("valid")) == 4


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "The list is empty"),
        (["a.png"], r"Row 1 of the list is not \(path, label\)"),
        ([("a.png", None)], "Row 1 of the list, a.png, has no label"),
        ([("a.png", float("nan"))], "has no label"),
        ([("a.png", ["x", "y"])], "Row 1 of the list has several labels"),
        ([("a.png", "x"), ("a.png", "y")], r"a\.png has the labels x and y"),
        ([("a.png", "x", "holiday")], "has the split 'holiday'. Use train, valid or test"),
        ([("gone.png", "x"), ("gone2.png", "y")], "None of the 2 files"),
        (pd.DataFrame({"file": ["a"], "label": ["b"]}), "has no column 'path'"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(tmp_path: Path, workspace: Workspace, rows: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load_list(rows, workspace, root=tmp_path)


def test_a_reading_is_shown_before_any_image_is_looked_at(tmp_path: Path, workspace: Workspace) -> None:
    source = open_source(str(write(tmp_path / "set", {"cat/a.jpg": b"x", "docs/a.md": b"x"})), workspace)
    reading = reading_of(source)
    assert [(part.path, part.part, part.images) for part in reading.folders] == [
        ("cat", "class", 1),
        ("docs", "ignored", 0),
    ]
    assert reading_of(source, Choice(parts=(("cat", "ignored"),))).folders[0].why == "left out by hand"


def test_masks_are_not_taken_for_the_pictures_that_are_labelled(tmp_path: Path, load: Load) -> None:
    files = {f"images/{kind}_{k}.png": png(10 * n + k) for n, kind in enumerate(("cat", "dog")) for k in range(4)}
    root = write(tmp_path / "set", files | {name.replace("images", "masks"): png(90) for name in files})
    with pytest.raises(DataError, match=r"cat \(4\), dog \(4\)"):
        load(root)
    assert set(classes_of(load(root, classes_from="names"))) == {name.rpartition("/")[2] for name in files}
    rows = [f"{Path(name).stem},{'ab'[k % 2]}" for k, name in enumerate(files)]
    data = load(write(root, {"annotations/labels.csv": "\n".join(["id,label", *rows]).encode()}))
    assert [item.name for item in data.items] == sorted(files)
