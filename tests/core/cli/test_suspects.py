"""`suspects`: what a person should look at, from a shell."""

import shutil

import pytest

from core.data.versions.ledger import ledger_of
from core.runs.folder import open_run
from core.workspace import Workspace


@pytest.fixture(scope="module")
def spoiled(pictures, home, tmp_path_factory):
    """The id of a run on pictures of which one green lies among the red, and one picture is there with two labels."""
    from core.data.index import load_data
    from core.runs.create import create_run

    folder = tmp_path_factory.mktemp("spoiled") / "colours"
    shutil.copytree(pictures, folder)
    (folder / "green" / "05.png").rename(folder / "red" / "wrong.png")
    shutil.copyfile(folder / "blue" / "01.png", folder / "red" / "copy.png")
    workspace = Workspace.at(home)
    data = load_data(str(folder), workspace)
    return create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False).id


def test_suspects_are_listed_as_json_until_they_are_decided(anneal, spoiled, home):
    found = anneal("suspects", spoiled, "--json").json
    assert found["images"] == 46
    assert found["decided"] == 0
    first = [row for row in found["suspects"] if row["kind"] == "label"]
    assert "red/wrong.png" in [row["image"] for row in first[:3]]
    assert {row["image"] for row in found["suspects"] if row["kind"] == "conflict"} == {"blue/01.png", "red/copy.png"}
    run = open_run(Workspace.at(home), spoiled)
    edit = ledger_of(run.workspace, run.data()).decide(run.data(), "red/wrong.png", "relabel", "green")
    again = anneal("suspects", spoiled, "--json").json
    assert again["decided"] >= 1
    assert "red/wrong.png" not in [row["image"] for row in again["suspects"]]
    ledger_of(run.workspace, run.data()).take_back([edit.id])


def test_the_text_names_the_first_of_each_kind(anneal, spoiled):
    said = anneal("suspects", spoiled)
    assert said.status == 0
    assert "agree with" in said.out
    assert "Probable label errors: " in said.out
    assert "red/wrong.png" in said.out
    assert "heads say green" in said.out
    assert "The same picture, another label: 2" in said.out
    assert "like red/copy.png" in said.out


def test_no_such_run_is_a_sentence(anneal):
    said = anneal("suspects", "no-such-run")
    assert said.status == 2
    assert "There is no run no-such-run" in said.err
