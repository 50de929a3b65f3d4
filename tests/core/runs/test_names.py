import pytest

from core.errors import RunError
from core.runs.names import checked_id, checked_name, checked_new_snapshot, checked_snapshot, new_id


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", "", ".", "..", ".hidden", "a..b", "x" * 70, "a\0b", "a\nb", "a " * 40]
)
def test_a_snapshot_is_no_way_out_of_its_folder(name):
    with pytest.raises(RunError):
        checked_snapshot(name)


@pytest.mark.parametrize("name", ["before unfreezing", "v1.2", "Größe-128", "試み 2", "a+b", "_x"])
def test_snapshots_have_ordinary_names(name):
    assert checked_new_snapshot(name) == name


@pytest.mark.parametrize("name", ["best", "Latest", "cycle-3", "BEST"])
def test_the_names_that_anneal_gives_are_its_own(name):
    with pytest.raises(RunError, match="Anneal itself"):
        checked_new_snapshot(name)


@pytest.mark.parametrize("run_id", ["../runs", "a/b", "", ".trash-x", "/etc", "a" * 201, "20261122-101010-ab12\n"])
def test_an_id_is_no_path(run_id):
    with pytest.raises(RunError):
        checked_id(run_id)


def test_new_ids_are_ids():
    assert checked_id(new_id())


def test_a_runs_name_is_one_line_of_text():
    assert checked_name("  My\nrun \x1b[31m ‮ ok ") == "My run [31m ok"


@pytest.mark.parametrize("name", ["", " \n\t", "x" * 81])
def test_a_runs_name_is_neither_empty_nor_endless(name):
    with pytest.raises(RunError):
        checked_name(name)
