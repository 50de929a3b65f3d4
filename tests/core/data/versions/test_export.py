"""Versions written as a table and as folders, read again by other means."""

import csv
import errno
import shutil
from pathlib import Path

import pandas as pd
import pytest

from core.data.index import load_data
from core.data.versions.export import as_csv, write_csv, write_folders
from core.data.versions.version import versioned
from core.errors import DataError, WorkspaceError
from tests.core.data.making import png


@pytest.fixture
def version(ledger, data, named):
    ledger.decide(data, named(), "relabel", "dog")
    ledger.decide(data, named("train", 1), "exclude")
    return versioned(data, ledger.edits())


def content(data):
    """Bytes, class and side of every image used."""
    return sorted((item.digest, data.classes[item.label], item.split) for item in data.used)


def test_the_table_is_what_pandas_reads(version, tmp_path):
    assert write_csv(version, tmp_path / "out.csv") == len(version.used)
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == ["path", "class", "split"]
    rows = [(str(item.path), version.classes[item.label], item.split) for item in version.used]
    assert list(table.itertuples(index=False, name=None)) == rows


def test_the_table_for_who_has_the_images_elsewhere_names_no_place_here(version, photos):
    rows = list(csv.reader(as_csv(version, names=True).splitlines()))[1:]
    assert [row[0] for row in rows] == [item.name for item in version.used]
    assert str(photos) not in as_csv(version, names=True)
    assert str(photos) in as_csv(version)


def test_hostile_names_stay_one_cell(data):
    from dataclasses import replace

    odd = replace(data, classes=('a "quoted", name', "dog", "line\nbreak"))
    rows = list(csv.reader(as_csv(odd).splitlines(keepends=True)))
    assert {row[1] for row in rows[1:]} == set(odd.classes)


@pytest.mark.parametrize("how", ["links", "copies"])
def test_folders_are_read_as_the_same_data_set(version, tmp_path, workspace, how, photos):
    before = {path: path.read_bytes() for path in photos.rglob("*.png")}
    assert write_folders(version, tmp_path / "out", how) == len(version.used)
    again = load_data(str(tmp_path / "out"), workspace)
    assert content(again) == content(version)
    written = list((tmp_path / "out").rglob("*.png"))
    assert all(path.is_symlink() == (how == "links") for path in written)
    assert {path: path.read_bytes() for path in photos.rglob("*.png")} == before


def test_classes_that_no_folder_can_be_called_get_names_of_their_own(data, tmp_path):
    from dataclasses import replace

    odd = replace(data, classes=("../out", "a/b", "a_b"))
    write_folders(odd, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "train").iterdir()) == ["_out", "a_b", "a_b 2"]
    assert not (tmp_path / "b").exists()


def test_equal_file_names_of_one_class_are_all_kept(version, tmp_path):
    write_folders(version, tmp_path / "out")
    dogs = [item for item in version.used if item.label == 1]
    assert len(list((tmp_path / "out").glob("*/dog/*"))) == len(dogs)


def test_nothing_is_written_over(version, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="full is there already, and nothing is written over"):
        write_folders(version, tmp_path / "full")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(DataError, match=r"out\.csv is there already"):
        write_csv(version, tmp_path / "out.csv")


def test_changed_and_lost_files_are_named_and_leave_nothing(version, photos, tmp_path):
    last = version.used[-1]
    last.path.write_bytes(png(777))
    with pytest.raises(DataError, match=rf"{last.path.name} has changed since the data set was read"):
        write_folders(version, tmp_path / "out")
    last.path.unlink()
    with pytest.raises(DataError, match=rf"{last.path.name} is gone or cannot be read\. Put it back, or leave it out"):
        write_folders(version, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    shutil.rmtree(photos)


@pytest.mark.parametrize(
    "why", [PermissionError(errno.EPERM, "no"), OSError(errno.ENOTSUP, "no"), NotImplementedError()]
)
def test_a_disk_without_links_says_what_to_do(version, tmp_path, monkeypatch, why):
    def refuse(self, target):
        raise why

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(DataError, match="does not allow links"):
        write_folders(version, tmp_path / "out", "links")
    assert not (tmp_path / "out").exists()
    assert write_folders(version, tmp_path / "out", "copies") == len(version.used)


def test_a_full_disk_is_not_taken_for_one_without_links(version, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(WorkspaceError, match="full"):
        write_folders(version, tmp_path / "out", "links")
