"""Tables of files and labels as programs and people write them, each beside eight images of two classes."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.index import DataSet, load_data
from core.data.reading import Choice
from core.data.tables import read_table
from core.errors import DataError, SeveralLabelsError
from core.workspace import Workspace
from tests.core.data.making import png, write

Load = Callable[..., DataSet]
CLASSES = ("a", "b")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write(tmp_path / "set", {f"images/{k:04d}.png": png(k) for k in range(8)})


@pytest.fixture
def load(workspace: Workspace) -> Load:
    def call(root: Path, **choice: object) -> DataSet:
        return load_data(str(root), workspace, choice=Choice(**choice))

    return call


def lines(row: Callable[[int], str], head: str = "file,label") -> str:
    return "\n".join([*([head] if head else []), *(row(k) for k in range(8))])


def of_files(data: DataSet) -> dict[int, str]:
    return {int(item.path.stem): data.classes[item.label] for item in data.items}


def rows(sign: str = ",", head: str = "file,label") -> str:
    """The plainest table."""
    return lines(lambda k: f"{k:04d}.png{sign}{kind(k)}", head.replace(",", sign))


def kind(k: int) -> str:
    return CLASSES[k % 2]


READ = {
    "utf-16 without its mark": ("l.csv", rows().encode("utf-16-le")),
    "Excel states the delimiter": (
        "l.csv",
        b"sep=;\r\n" + rows(";").encode(),
    ),
    "comments before it": (
        "l.csv",
        b"# made by a tool\n# on Monday\n" + rows().encode(),
    ),
    "no header, no suffixes": ("l.csv", lines(lambda k: f"{k:04d},{kind(k)}", "").encode()),
    "zeros that a spreadsheet dropped": ("l.csv", lines(lambda k: f"{k},{kind(k)}", "id,label").encode()),
    "one column a class": ("l.csv", lines(lambda k: f"{k:04d},{k % 2 == 0:d}.0,{k % 2:d}.0", "image,a,b").encode()),
    "one column a class, beside others": (
        "l.csv",
        lines(lambda k: f"{k:04d},{k + 30},{k % 2 == 0},{k % 2 == 1}", "image,age,a,b").encode(),
    ),
    "a list of files with spaces": ("list.txt", lines(lambda k: f"images/{k:04d}.png {kind(k)}", "").encode()),
    "JSON, a list": ("l.json", json.dumps([{"file": f"{k:04d}.png", "label": kind(k)} for k in range(8)]).encode()),
    "JSON, an object": ("l.json", json.dumps({f"{k:04d}.png": kind(k) for k in range(8)}).encode()),
    "numbers of classes before the files": ("l.txt", lines(lambda k: f"{'ab'[k % 2]} {k:04d}.png", "").encode()),
    "paths of another computer": ("l.csv", lines(lambda k: f"C:\\Users\\Bo\\{k:04d}.png,{kind(k)}").encode()),
}


@pytest.mark.parametrize("case", READ)
def test_tables_that_are_read_by_themselves(pictures: Path, load: Load, case: str) -> None:
    name, content = READ[case]
    data = load(write(pictures, {name: content}))
    assert of_files(data) == {k: kind(k) for k in range(8)}
    assert data.classes == CLASSES
    assert data.reading.classes_from == "csv"


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        ("cp1251", ("кошка", "собака")),
        ("cp1252", ("café", "thé")),
        ("cp1250", ("jeżówka", "książka")),
        ("cp932", ("ねこ", "いぬ")),
    ],
)
def test_code_pages_of_windows(pictures: Path, load: Load, codec: str, names: tuple[str, str]) -> None:
    content = lines(lambda k: f"{k:04d}.png,{names[k % 2]}").encode(codec)
    assert set(load(write(pictures, {"l.csv": content})).classes) == set(names)


def test_tables_called_after_splits_go_together(pictures: Path, load: Load) -> None:
    head, *listed = rows().split("\n")
    tables = {"train_labels.csv": listed[:4], "val_labels.csv": listed[4:]}
    data = load(write(pictures, {name: "\n".join([head, *part]).encode() for name, part in tables.items()}))
    assert {int(item.path.stem): item.split for item in data.items} == {
        k: "train" if k < 4 else "valid" for k in range(8)
    }
    assert data.split_origin == "as given in train_labels.csv and val_labels.csv"


def test_a_table_means_the_files_of_its_own_split(tmp_path: Path, load: Load) -> None:
    files = {f"{side}/{k}.png": png(k + 10 * n) for n, side in enumerate(("train", "test")) for k in range(8)}
    table = "\n".join(["file,label", *(f"{k}.png,{kind(k)}" for k in range(8))])
    data = load(write(tmp_path / "set", files | {"train.csv": table.encode(), "test.csv": b"file\n0.png"}))
    assert {item.name for item in data.items} == {f"train/{k}.png" for k in range(8)}


def test_the_sheet_with_the_table_is_read(pictures: Path, load: Load) -> None:
    with pd.ExcelWriter(pictures / "labels.xlsx") as book:
        pd.DataFrame({"Read me": ["first"]}).to_excel(book, sheet_name="notes", index=False)
        frame = pd.DataFrame({"file": [f"{k:04d}.png" for k in range(8)], "label": [kind(k) for k in range(8)]})
        frame.to_excel(book, sheet_name="data", index=False)
    assert load(pictures).classes == CLASSES


REFUSED = {
    "boxes": ("filename,class,xmin,ymin,xmax,ymax", lambda k: f"{k:04d}.png,{kind(k)},0,0,1,1", "boxes or masks"),
    "numbers to be predicted": ("file,age", lambda k: f"{k:04d}.png,{20 + k}", "age of l.csv has 8 different labels"),
    "captions": ("file,text", lambda k: f"{k:04d}.png,a photo of {k}", "text of l.csv has 8 different labels for 8"),
    "other files": ("file,label", lambda k: f"x{k}.png,{kind(k)}", "No column of l.csv names the images"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_gives_no_classes_says_why(pictures: Path, load: Load, case: str) -> None:
    head, row, sentence = REFUSED[case]
    with pytest.raises(DataError, match=f"no class folders.*was not taken for labels: .*{sentence}"):
        load(write(pictures, {"l.csv": lines(row, head).encode()}))


def test_several_classes_marked_for_an_image_are_refused(pictures: Path, load: Load) -> None:
    content = lines(lambda k: f"{k:04d},1,{k % 2}", "image,a,b").encode()
    with pytest.raises(SeveralLabelsError, match="a and b are both 1 in row 2"):
        load(write(pictures, {"l.csv": content}))


def test_a_row_with_another_label_is_named(pictures: Path, load: Load) -> None:
    content = rows() + "\n0003.png,a"
    with pytest.raises(SeveralLabelsError, match=r"1 of 8 \(images/0003\.png is called b and a\)"):
        load(write(pictures, {"l.csv": content.encode()}))


def test_doubtful_labels_are_asked_about(pictures: Path, load: Load) -> None:
    data = load(write(pictures, {"l.csv": lines(lambda k: f"{k:04d}.png,{('a', 'NaN')[k % 2]}").encode()}))
    assert any("label NaN in l.csv is read as a class" in question for question in data.reading.questions)
    numbers = lines(lambda k: f"{k:04d}.png,{k % 2}").encode()
    data = load(write(pictures, {"l.csv": numbers, "classes.txt": b"cat\ndog\n"}))
    assert any("classes.txt may hold their names" in question for question in data.reading.questions)


def test_folders_that_are_finer_than_the_labels_of_a_table_are_asked_about(tmp_path: Path, load: Load) -> None:
    """A folder for each patient, and a table of who is ill: both could be the classes."""
    files = {f"p{p}/{k}.png": png(10 * p + k) for p in range(3) for k in range(2)}
    listed = "\n".join(["file,diagnosis", *(f"{name},{'well' if name[1] == '0' else 'ill'}" for name in files)])
    data = load(write(tmp_path / "set", files | {"labels.csv": listed.encode()}))
    assert any("--classes-from csv" in question for question in data.reading.questions)


@given(st.binary(max_size=200) | st.text(alphabet="a,;\t\n\"'0={}[]:#s p", max_size=60).map(str.encode))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.parametrize("ending", [".csv", ".txt", ".json", ".jsonl", ".xlsx"])
def test_any_content_is_a_table_or_a_sentence(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"table{ending}"
    path.write_bytes(content)
    said, rows = ".", []
    try:
        found = read_table(path, path.name)
        rows = [len(row) - len(found.columns) for row in found.rows]
    except DataError as error:
        said = str(error)
    assert said.endswith(".")
    assert not any(rows)
