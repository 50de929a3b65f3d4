import json
import os
import time

import numpy as np
import pytest

from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs import actions, queue
from core.jobs.specs import EvaluateSpec
from core.upkeep.caches import clear, list_caches
from core.upkeep.check import check, remove


@pytest.fixture
def pixels(run, data):
    return load_pixels(data, 16, run.workspace)


@pytest.fixture
def features(run):
    path = run.workspace.activations / "0123abcd.npy"
    np.save(path, np.zeros((60, 8), np.float32))
    facts = {"data": run.info.data_title, "size": 16, "backbone": "small_cnn", "images": 60, "bytes": 1}
    path.with_suffix(".json").write_text(json.dumps(facts))
    return path


def make_old(path):
    long_ago = time.time() - 86_400
    os.utime(path, (long_ago, long_ago))


def whats(workspace):
    return [finding.what for finding in check(workspace)]


def test_each_cache_is_a_row(run, pixels, features):
    frame = list_caches(run.workspace)
    assert frame["kind"].tolist() == ["pixels", "activations"]
    assert frame["images"].tolist() == [60, 60]
    assert frame["size"].tolist() == [16, 16]
    assert frame["used_by"].tolist() == [run.info.name] * 2
    assert frame["bytes"].tolist() == sorted(frame["bytes"], reverse=True)


def test_none_is_an_empty_frame(workspace):
    assert list(list_caches(workspace).columns)[-2:] == ["key", "used_by"]
    assert list_caches(workspace).empty


def test_clearing_frees_them_and_they_come_back(run, data, pixels, features):
    before = np.array(pixels)
    frame = list_caches(run.workspace)
    assert clear(run.workspace, frame["key"]) == frame["bytes"].sum()
    assert list_caches(run.workspace).empty
    assert check(run.workspace) == []
    assert np.array_equal(load_pixels(data, 16, run.workspace), before)


def test_a_job_keeps_them(run, pixels, sleepers):
    queue.submit(run.workspace, run.id, EvaluateSpec())
    with pytest.raises(RunError, match="at work"):
        clear(run.workspace, list_caches(run.workspace)["key"])
    assert len(list_caches(run.workspace)) == 1


@pytest.mark.parametrize("key", ["pixels/../../runs", "runs/x", "pixels", "/etc/passwd", ""])
def test_only_caches_can_be_cleared(run, pixels, key):
    assert clear(run.workspace, [key]) == 0
    assert len(list_caches(run.workspace)) == 1


def test_all_is_well_in_a_sound_workspace(run, pixels, features):
    assert check(run.workspace) == []


def test_what_is_half_written_is_found_and_removed(run, pixels, features):
    workspace = run.workspace
    left = [workspace.pixels / ".x.npy.abc.part", run.path / ".state.json.abc.part"]
    for path in left:
        path.write_bytes(b"half")
        make_old(path)
    features.write_bytes(features.read_bytes()[:150])
    (workspace.pixels / "gone.json").write_text("{}")
    findings = check(workspace)
    assert {finding.path for finding in findings} == {*left, features, workspace.pixels / "gone.json"}
    assert remove(workspace, findings) == 4
    assert [finding.what for finding in check(workspace)] == ["A description of activations that are gone."]


def test_a_file_being_written_now_is_left_alone(run):
    (run.workspace.pixels / ".x.npy.abc.part").write_bytes(b"half")
    assert check(run.workspace) == []


def test_a_half_made_array_is_found_once_it_is_left_alone(run, pixels):
    part = run.workspace.pixels / ".other.part"
    part.mkdir()
    for name in ("rows.npy", "chunks"):
        (part / name).write_bytes(b"half")
    make_old(part)
    assert check(run.workspace) == []
    make_old(part / "chunks")
    (finding,) = check(run.workspace)
    assert (finding.path, finding.what) == (part, "Pixels that are only half made.")
    assert "gone on with" in finding.advice
    assert remove(run.workspace, [finding]) == 1
    assert not part.exists()


def test_clearing_leaves_nothing_beside_the_array(run, pixels):
    assert len(list(run.workspace.pixels.iterdir())) == 3
    assert clear(run.workspace, list_caches(run.workspace)["key"]) > 0
    assert list(run.workspace.pixels.iterdir()) == []


def test_what_no_run_uses_is_stale(run, pixels):
    actions.delete(run)
    (finding,) = check(run.workspace)
    assert "no run uses" in finding.what
    assert finding.removable


def test_damaged_runs_are_found(trained):
    actions.save_snapshot(trained, "mine")
    snapshot = trained.snapshot_path("mine")
    for path in (trained.checkpoint, snapshot, trained.path / "state.json"):
        path.write_bytes(path.read_bytes()[:-10] if path.suffix == ".safetensors" else b"{")
    with (trained.path / "history.jsonl").open("a") as file:
        file.write('{"half')
    findings = check(trained.workspace)
    assert [finding.path.name for finding in findings] == [
        *(trained.id, "checkpoint.safetensors", "mine.safetensors", "history.jsonl")
    ]
    assert [finding.removable for finding in findings] == [False, False, True, False]


def test_images_that_moved_away_are_said(workspace, squares, tmp_path):
    from shutil import copytree

    from core.data.index import load_data
    from core.runs.create import create_run

    copytree(squares, tmp_path / "mine")
    create_run(workspace, load_data(str(tmp_path / "mine"), workspace), backbone="small_cnn", size=16)
    (tmp_path / "mine").rename(tmp_path / "elsewhere")
    assert any("no longer at" in what for what in whats(workspace))


def test_half_made_and_half_deleted_runs_and_jobs(workspace):
    for name in (".new-20200101-000000-aaaa", ".trash-20200101-000000-aaaa-1"):
        (workspace.runs / name).mkdir()
        (workspace.runs / name / "run.json").write_text("{}")
        make_old(workspace.runs / name)
    (workspace.jobs / "20200101-000000-000000-aaaa.json").write_text("{")
    (workspace.runs / "notes").mkdir()
    findings = check(workspace)
    assert len(findings) == 4
    assert remove(workspace, findings) == 3
    assert [path.name for path in workspace.runs.iterdir()] == ["notes"]
    assert whats(workspace) == ["A folder among the runs that is no run."]


def test_nothing_is_removed_under_a_job(run, sleepers):
    queue.submit(run.workspace, run.id, EvaluateSpec())
    with pytest.raises(RunError, match="at work"):
        remove(run.workspace, [])
