"""`version`: edits of a data set and of a run's, from a shell."""

import shutil
from pathlib import Path

import pytest

from core.data.index import load_data
from core.runs.create import create_run
from core.workspace import Workspace


@pytest.fixture
def folder(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "colours")
    return tmp_path / "colours"


@pytest.fixture
def run(folder, home):
    workspace = Workspace.at(home)
    return create_run(workspace, load_data(str(folder), workspace), backbone="small_cnn", size=16, pretrained=False).id


def test_edits_are_made_listed_and_taken_back(anneal, folder):
    data = str(folder)
    made = anneal("version", data, "relabel", "red/01.png", "red/02.png", "--to", "blue", "--json").json["edits"]
    assert [(edit["image"], edit["was"], edit["to"]) for edit in made] == [
        ("red/01.png", "red", "blue"),
        ("red/02.png", "red", "blue"),
    ]
    anneal("version", data, "exclude", "green/03.png", "--json")
    anneal("version", data, "confirm", "blue/00.png", "--json")
    found = anneal("version", data, "--json").json
    assert [edit["action"] for edit in found["edits"]] == ["relabel", "relabel", "exclude", "confirm"]
    assert (found["images"], found["unfit"], found["in_use"]) == (45, [], None)
    assert Path(found["file"]).is_file()
    said = anneal("version", data).out
    assert "relabelled: red → blue" in said
    assert "left out (green)" in said
    assert anneal("version", data, "undo", made[0]["id"], "--json").json["taken_back"] == [made[0]]
    assert anneal("version", data, "undo", "last", "--json").json["taken_back"][0]["action"] == "confirm"
    assert len(anneal("version", data, "undo", "all", "--json").json["taken_back"]) == 2
    assert anneal("version", data, "--json").json["edits"] == []


def test_a_run_goes_on_with_the_edits_of_its_files(anneal, folder, run):
    anneal("version", str(folder), "exclude", "green/03.png")
    listed = anneal("version", run, "--json").json
    assert (len(listed["edits"]), listed["in_use"]) == (1, False)
    assert "The run does not go on with all of these yet: version RUN use." in anneal("version", run).out
    used = anneal("version", run, "use", "--json").json
    assert (used["train"] + used["valid"], len(used["edits"])) == (44, 1)
    assert anneal("version", run, "--json").json["in_use"] is True
    again = anneal("version", run, "use")
    assert again.status == 2
    assert "goes on with these edits already" in again.err


def test_a_new_run_and_a_look_are_on_the_mended_data(anneal, folder):
    anneal("version", str(folder), "relabel", "red/01.png", "--to", "blue")
    found = anneal("inspect", str(folder), "--mended", "--json").json
    assert found["classes"] == {"blue": 16, "green": 15, "red": 14}
    assert anneal("inspect", str(folder), "--json").json["classes"] == {"blue": 15, "green": 15, "red": 15}
    said = anneal("train", "--continue", "somewhere", "--mended")
    assert said.status == 2
    assert "--mended" in said.err


def test_the_version_is_exported(anneal, folder, run, tmp_path):
    anneal("version", run, "exclude", "green/03.png")
    written = anneal("version", run, "export", str(tmp_path / "out.csv"), "--json").json
    assert written["images"] == 44
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 45
    assert anneal("version", run, "export", str(tmp_path / "copies"), "--copies").status == 0
    found = anneal("inspect", str(tmp_path / "copies"), "--json").json
    assert found["classes"] == {"blue": 15, "green": 14, "red": 15}
    assert not any(path.is_symlink() for path in (tmp_path / "copies").rglob("*"))
    anneal("version", run, "export", str(tmp_path / "links"))
    assert all(path.is_symlink() for path in (tmp_path / "links").rglob("*.png"))
    assert (folder / "green" / "03.png").exists()


def test_edits_that_do_not_fit_any_more_are_named_and_taken_back(anneal, folder, tmp_path):
    data = str(folder)
    anneal("version", data, "exclude", "red/01.png", "red/02.png")
    (folder / "red" / "01.png").unlink()
    found = anneal("version", data, "--json").json
    assert [(one["image"], one["reason"]) for one in found["unfit"]] == [("red/01.png", "the file is gone.")]
    assert "! red/01.png does not fit: the file is gone." in anneal("version", data).out
    said = anneal("version", data, "export", str(tmp_path / "out.csv"))
    assert said.status == 2
    assert "The edit of red/01.png does not fit the data set: the file is gone." in said.err
    assert [edit["image"] for edit in anneal("version", data, "undo", "unfit", "--json").json["taken_back"]] == [
        "red/01.png"
    ]
    assert anneal("version", data, "export", str(tmp_path / "out.csv")).status == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["relabel", "red/01.png"], "Say which class the images are of: --to CLASS."),
        (["relabel", "red/01.png", "--to", "whale"], "There is no class whale. The classes are blue, green and red."),
        (["exclude"], "Name the images to exclude"),
        (["exclude", "red/01.png", "--to", "blue"], "--to is the class of images that are relabelled"),
        (["list", "--to", "blue"], "--to is the class of images that are relabelled"),
        (["list", "red/01.png"], "list takes nothing more"),
        (["undo"], "Say which edits to take back"),
        (["undo", "last"], "There is no edit to take back."),
        (["use"], "Only a run can go on with edits"),
        (["export"], "Give one place to export to"),
        (["export", "out.csv", "--copies"], "A table holds no copies"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(anneal, folder, words, sentence):
    said = anneal("version", str(folder), *words)
    assert said.status == 2
    assert sentence in said.err


def test_one_refused_image_leaves_all_as_they_were(anneal, folder):
    anneal("version", str(folder), "exclude", "red/00.png")
    said = anneal("version", str(folder), "confirm", "red/01.png", "red/00.png")
    assert said.status == 2
    assert "red/00.png was edited before, here or in another tab: left out (red). Take that back first." in said.err
    assert [edit["image"] for edit in anneal("version", str(folder), "--json").json["edits"]] == ["red/00.png"]


def test_use_takes_no_names(anneal, run):
    said = anneal("version", run, "use", "red/01.png")
    assert said.status == 2
    assert "use takes nothing more" in said.err
