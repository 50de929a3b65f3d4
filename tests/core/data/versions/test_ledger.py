"""The list of edits: what stands, taking back, two tabs at once, damaged lines."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from filelock import FileLock

from core.data.index import load_data
from core.data.versions import ledger as module
from core.data.versions.ledger import carry, ledger_of
from core.data.versions.version import versioned
from core.errors import DataError, WorkspaceError


def test_decisions_are_lines_that_a_person_can_read(ledger, data, named):
    ledger.decide(data, named(), "relabel", "dog")
    ledger.decide(data, named("valid", 1), "exclude")
    ledger.decide(data, named("train", 2), "confirm")
    first, *rest = [json.loads(line) for line in ledger.path.read_text().splitlines()]
    assert first == {"data": data.spec}
    assert [(row["image"], row["action"], row["was"], row["to"], row["split"]) for row in rest] == [
        (named(), "relabel", "cat", "dog", "train"),
        (named("valid", 1), "exclude", "dog", "", "valid"),
        (named("train", 2), "confirm", "fox", "", "train"),
    ]
    words = [edit.words() for edit in ledger.edits()]
    assert words == ["relabelled: cat → dog", "left out (dog)", "confirmed as fox"]


def test_the_same_decision_twice_is_one_edit(ledger, data, named):
    once = ledger.decide(data, named(), "exclude")
    assert ledger.decide(data, named(), "exclude") == once
    assert ledger.edits() == (once,)


def test_each_edit_is_taken_back_by_itself(ledger, data, named):
    edits = [ledger.decide(data, named(number=number), "exclude") for number in range(3)]
    assert ledger.take_back([edits[1].id]) == (edits[1],)
    assert ledger.edits() == (edits[0], edits[2])
    with pytest.raises(DataError, match=rf"There is no edit {edits[1].id}\. It may have been taken back in another"):
        ledger.take_back([edits[1].id])
    assert ledger.edits() == (edits[0], edits[2])


def test_an_image_that_another_tab_left_out_is_not_relabelled(workspace, ledger, data, named):
    ledger_of(workspace, data).decide(data, named(), "exclude")
    with pytest.raises(DataError, match=r"was edited before, here or in another tab: left out \(cat\)\. Take that"):
        ledger.decide(data, named(), "relabel", "dog")
    assert len(ledger.edits()) == 1


@pytest.mark.parametrize(
    ("image", "action", "to", "sentence"),
    [
        ("nothing.png", "exclude", "", r"There is no image nothing\.png in this data set"),
        ("cat/000.png", "relabel", "whale", r"There is no class whale\. The classes are cat, dog and fox\."),
        ("cat/000.png", "relabel", "", r"There is no class without a name"),
        ("cat/000.png", "relabel", "cat", r"cat/000\.png is of class cat already\. Confirm it instead\."),
    ],
)
def test_what_cannot_be_decided_is_a_sentence(ledger, data, image, action, to, sentence):
    with pytest.raises(DataError, match=sentence):
        ledger.decide(data, image, action, to)
    assert not ledger.path.exists()


def test_many_at_once_lose_and_double_nothing(workspace, data):
    def decide(item):
        return ledger_of(workspace, data).decide(data, item.name, "confirm").id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(decide, [*data.items, *data.items]))
    edits = ledger_of(workspace, data).edits()
    assert sorted(edit.image for edit in edits) == sorted(item.name for item in data.items)
    assert {edit.id for edit in edits} == set(ids)


def test_another_process_sees_and_keeps_the_edits(workspace, ledger, data, named):
    ledger.decide(data, named(), "exclude")
    program = (
        "import sys\nfrom core.data.index import load_data\nfrom core.data.versions.ledger import ledger_of\n"
        "from core.workspace import Workspace\nw = Workspace.at(sys.argv[1])\n"
        "d = load_data(sys.argv[2], w, valid_share=0.25)\nledger_of(w, d).decide(d, sys.argv[3], 'relabel', 'fox')\n"
    )
    subprocess.run([sys.executable, "-c", program, workspace.root, data.spec, named("train", 1)], check=True)
    assert [edit.action for edit in ledger.edits()] == ["exclude", "relabel"]


def test_a_list_that_is_held_is_a_sentence(ledger, data, named, monkeypatch):
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    ledger.decide(data, named(), "exclude")
    with (
        FileLock(ledger.path.with_name(f".{ledger.path.name}.lock")),
        pytest.raises(WorkspaceError, match="Another process holds the list of edits"),
    ):
        ledger.decide(data, named(number=1), "exclude")


def test_a_damaged_line_is_named_and_kept(ledger, data, named):
    ledger.decide(data, named(), "exclude")
    with ledger.path.open("a") as file:
        file.write("{ half a line\n")
    with pytest.raises(DataError, match=r"Line 3 of the list of edits .* cannot be read\. Put the line right"):
        ledger.edits()
    with pytest.raises(DataError, match="Line 3"):
        ledger.decide(data, named(number=1), "exclude")
    assert "half a line" in ledger.path.read_text()
    ledger.path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match=r"cannot be read\. Check the file, or delete it"):
        ledger.edits()


def test_edits_of_a_changed_file_can_be_taken_back_at_once(ledger, data, photos, workspace, named):
    kept = ledger.decide(data, named("train", 1), "exclude")
    stale = ledger.decide(data, named(), "exclude")
    (photos / named()).write_bytes((photos / named("train", 2)).read_bytes())
    again = load_data(str(photos), workspace, valid_share=0.25)
    assert ledger.take_back_unfit(again) == (stale,)
    assert ledger.edits() == (kept,)


def test_a_version_brings_its_edits_where_no_list_is_yet(workspace, ledger, data, named, tmp_path):
    from core.workspace import Workspace

    edit = ledger.decide(data, named(), "relabel", "dog")
    version = versioned(data, ledger.edits())
    elsewhere = Workspace.at(tmp_path / "elsewhere")
    copied = ledger_of(elsewhere, version)
    assert [one.effect for one in copied.edits()] == [edit.effect]
    copied.decide(version, named(number=1), "exclude")
    assert len(ledger_of(elsewhere, data).edits()) == 2
    copied.take_back([one.id for one in copied.edits()])
    assert copied.edits() == (), "taken back edits of the version do not come again"


def test_edits_go_along_when_the_files_move(workspace, ledger, data, named):
    ledger.decide(data, named(), "exclude")
    moved = replace(data, spec="/other/place")
    carry(workspace, data, moved)
    assert ledger_of(workspace, moved).edits() == ledger.edits()
    ledger_of(workspace, moved).take_back([ledger.edits()[0].id])
    carry(workspace, data, moved)
    assert ledger_of(workspace, moved).edits() == (), "a list that is there is left as it is"
