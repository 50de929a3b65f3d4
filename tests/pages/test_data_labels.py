"""Classes from the names of files and from tables, as the Data page offers them."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.ui.session import DATA
from tests.pages.builders import picture
from tests.pages.looking import click, figures, line_with, lines, look_at, parts


def files(root: Path, names: list[str]) -> Path:
    """Pictures of these names, no two alike."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(root / name)
    return root


def cats_and_dogs(root: Path, each: int = 10) -> Path:
    return files(root, [f"{kind}.{number}.png" for kind in ("cat", "dog") for number in range(each)])


def way(at: AppTest, name: str) -> None:
    """Choose where the classes come from."""
    (control,) = [control for control in at.segmented_control if control.label == "Classes from"]
    control.set_value(name).run()
    assert not at.exception


def box(at: AppTest, label: str) -> object:
    return next(box for box in at.selectbox if box.label == label)


def choose(at: AppTest, label: str, option: str) -> None:
    """Choose in a list, and run the page."""
    next(box for box in at.selectbox if box.label == label).select(option).run()
    assert not at.exception


def test_names_are_suggested_where_there_are_no_folders(tmp_path: Path) -> None:
    at = look_at(cats_and_dogs(tmp_path / "flat"))
    assert "{class}.{number} (cat (10), dog (10)): choose File names below" in line_with(at, "no class folders")
    way(at, "names")
    assert "2 classes from the names of the files, by the pattern {class}.{number}" in line_with(at, "Read as")
    assert figures(at)["Classes"] == "2"
    assert "2 classes from 20 of 20 names." in lines(at)
    table = next(frame.value for frame in at.dataframe if "Such as" in frame.value)
    assert table["Class"].tolist() == ["cat", "dog"]
    assert table["Such as"].tolist() == ["cat.0.png", "dog.0.png"]
    click(at, "As Anneal read it")
    assert "no class folders" in line_with(at, "no class folders")


def test_a_pattern_of_ones_own_is_taken_or_refused_in_a_sentence(tmp_path: Path) -> None:
    names = [f"x{number}-{kind}-{number}.png" for kind in ("cat", "dog") for number in range(10)]
    at = look_at(files(tmp_path / "flat", [*names, "odd.png"]))
    way(at, "names")
    choose(at, "Pattern", "A pattern of your own")
    own = next(field for field in at.text_input if field.label == "Your own pattern")
    own.set_value("{klass}").run()
    assert "is not a pattern" in line_with(at, "is not a pattern")
    own = next(field for field in at.text_input if field.label == "Your own pattern")
    own.set_value("x{number}-{class}-{number}").run()
    assert figures(at)["Classes"] == "2"
    assert "2 classes from 20 of 21 names; 1 do not fit and are left out." in lines(at)
    assert "odd.png" in line_with(at, "Left out")
    assert at.session_state[DATA]["choice"]["pattern"] == "x{number}-{class}-{number}"


def test_other_ways_are_a_click_away_where_the_folders_are_the_classes(tmp_path: Path) -> None:
    names = [f"{kind}/{kind}_{number}.png" for kind in ("cat", "dog") for number in range(6)]
    at = look_at(files(tmp_path / "pets", names))
    assert not [control for control in at.segmented_control if control.label == "Classes from"]
    at.session_state["data-reading-"] = True
    at.session_state["classes-elsewhere"] = True
    at.run()
    way(at, "names")
    assert "from the names of the files" in line_with(at, "Read as")
    way(at, "folder")
    assert "from their folders" in line_with(at, "Read as")
    assert at.session_state[DATA]["choice"]["classes_from"] == "folder"


def pictures_and_table(root: Path, header: str, row: str) -> Path:
    """12 pictures in one folder, and a table with a row each; `row` is filled with the number and the kind."""
    files(root, [f"pics/{number:03}.png" for number in range(12)])
    rows = [row.format(number=f"{number:03}", kind="cat" if number % 2 else "dog") for number in range(12)]
    (root / "data.csv").write_text("\n".join([header, *rows]))
    return root


def test_a_table_is_read_with_its_columns_and_a_preview(tmp_path: Path) -> None:
    root = pictures_and_table(tmp_path / "pets", "id,label", "{number},{kind}")
    at = look_at(root)
    assert "2 classes from the table data.csv, columns id, label" in line_with(at, "Read as")
    at.session_state["data-reading-"] = True
    at.run()
    assert box(at, "File column").value == "id"
    assert box(at, "Label column").value == "label"
    assert box(at, "Split column").value is None
    assert "2 classes for 12 images." in lines(at)
    table = next(frame.value for frame in at.dataframe if "Label" in frame.value)
    assert set(table["Label"][:2]) == {"cat", "dog"}
    assert table["Image"].str.startswith("data:image/jpeg;base64,").all()
    assert len(table) == 6


def test_columns_that_cannot_be_told_are_chosen(tmp_path: Path) -> None:
    root = pictures_and_table(tmp_path / "pets", "file,quality,kind,part", "{number}.png,fine{kind},{kind},train")
    text = (root / "data.csv").read_text().splitlines()
    (root / "data.csv").write_text("\n".join(line.replace(",train", ",test") if at % 3 == 0 else line
                                             for at, line in enumerate(text)))  # fmt: skip
    at = look_at(root)
    way(at, "csv")
    sentence = line_with(at, "Which column of data.csv")
    assert sentence.endswith("Choose one of: quality, kind, part.")
    choose(at, "Label column", "kind")
    assert (figures(at)["Classes"], figures(at)["Validation images"]) == ("2", "2")
    choose(at, "Split column", "part")
    assert figures(at)["Validation images"] == "4"
    assert "as given in data.csv" in line_with(at, "Split: as given")
    choice = at.session_state[DATA]["choice"]
    assert (choice["classes_from"], choice["label_column"], choice["split_column"]) == ("csv", "kind", "part")
    click(at, "Undo")
    assert figures(at)["Validation images"] == "2"


def test_a_table_elsewhere_is_named_by_its_path(tmp_path: Path) -> None:
    root = files(tmp_path / "pets", [f"{number:03}.png" for number in range(12)])
    table = tmp_path / "labels.tsv"
    table.write_text("name\tclass\n" + "".join(f"{n:03}\t{'cat' if n % 2 else 'dog'}\n" for n in range(12)))
    at = look_at(root)
    way(at, "csv")
    assert "There is no table in pets. Write its path below." in line_with(at, "There is no table")
    path = next(field for field in at.text_input if field.label == "Path of the table")
    path.set_value(str(tmp_path / "nothing.csv")).run()
    assert "There is no table" in line_with(at, "nothing.csv")
    path = next(field for field in at.text_input if field.label == "Path of the table")
    path.set_value(str(table)).run()
    assert figures(at)["Classes"] == "2"
    assert "from the table labels.tsv" in line_with(at, "Read as")


def test_several_labels_an_image_are_refused_with_the_sentence(tmp_path: Path) -> None:
    root = files(tmp_path / "pets", [f"{number:03}.png" for number in range(12)])
    rows = [f"{n:03}.png,{'sun' if n % 2 else 'sun cloud' if n % 3 else 'cloud'}\n" for n in range(12)]
    (root / "tags.csv").write_text("image,tags\n" + "".join(rows))
    at = look_at(root)
    assert "Anneal learns one class for each image; it cannot use several." in line_with(at, "several labels")
    assert not figures(at)


def test_the_reading_from_names_is_kept_by_the_run(tmp_path: Path) -> None:
    from core.runs.folder import list_runs

    at = look_at(cats_and_dogs(tmp_path / "flat"))
    way(at, "names")
    at.button(key="new-run-go").click().run()
    (run,) = list_runs(Workspace.at())
    assert run.info.classes == ("cat", "dog")
    assert run.data().reading.choice.classes_from == "names"
    assert not parts(at)
