"""What changes a run: here, where its images lie."""

from pathlib import Path

import pytest

from core.data.index import load_data
from core.data.pixels import load_pixels
from core.errors import DataError, RunError
from core.jobs import queue
from core.jobs.actions import point_to
from core.jobs.specs import TrainSpec
from core.runs.create import create_run
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace
from tests.core.data.making import folder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose folder was moved, so that pixels of another size cannot be decoded."""
    workspace = Workspace.at(tmp_path / "home")
    data = load_data(str(folder(tmp_path / "set", {"cat": 6, "dog": 6})), workspace)
    made = create_run(workspace, data, backbone="small_cnn", size=8)
    (tmp_path / "set").rename(tmp_path / "elsewhere")
    return made


def test_a_run_finds_its_images_where_they_lie_now(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        load_pixels(run.data(), 8, run.workspace)
    before = run.data()
    point_to(run, str(tmp_path / "elsewhere"))
    found = open_run(run.workspace, run.id)
    assert load_pixels(found.data(), 8, run.workspace).shape == (12, 8, 8, 3)
    assert found.data().fingerprint == before.fingerprint
    assert [(item.name, item.label, item.split) for item in found.data().items] == [
        (item.name, item.label, item.split) for item in before.items
    ]
    assert found.info.data_spec == str(tmp_path / "elsewhere")
    assert found.info.model_copy(update={"data_spec": run.info.data_spec}) == run.info.model_copy()


def test_nothing_changes_where_the_images_are_others(run: RunFolder, tmp_path: Path) -> None:
    kept = (run.path / "data.json").read_bytes(), (run.path / "run.json").read_bytes()
    other = folder(tmp_path / "other", {"cat": 2, "dog": 2})
    with pytest.raises(DataError, match="does not hold this data set"):
        point_to(run, str(other))
    assert kept == ((run.path / "data.json").read_bytes(), (run.path / "run.json").read_bytes())


def test_a_run_at_work_is_refused(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    queue.submit(run.workspace, run.id, TrainSpec(), here=True)
    with pytest.raises(RunError, match="cannot be pointed to other files now"):
        point_to(run, str(tmp_path / "elsewhere"))
