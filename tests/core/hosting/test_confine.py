"""A visitor of a server names no place on its disk, and two of them share nothing that is private."""

import io
import json
import os
from pathlib import Path

import pytest

from core.data.catalogue import DOWNLOADS
from core.data.index import load_data
from core.data.pixels import load_pixels
from core.data.reading import Choice
from core.data.sources import open_source, store_upload
from core.errors import DataError, ModelError, RunError
from core.hosting.confine import without_places
from core.jobs.actions import add_images, point_to
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs, open_run, run_path
from core.workspace import Workspace
from tests.core.data.making import folder, png, zipped


@pytest.fixture
def visitor(visitors: list[Workspace]) -> Workspace:
    return visitors[0]


@pytest.fixture
def other(visitors: list[Workspace]) -> Workspace:
    return visitors[1]


def upload(workspace: Workspace, tmp_path: Path, **more: bytes) -> str:
    names = {f"{label}/{k}.png": png(k + 10 * (label == "cat")) for label in ("cat", "dog") for k in range(6)}
    archive = zipped(tmp_path / "made.zip", {**names, **more})
    return store_upload([("made.zip", io.BytesIO(archive.read_bytes()))], workspace)


def run_of(workspace: Workspace, tmp_path: Path) -> RunFolder:
    data = load_data(upload(workspace, tmp_path), workspace)
    return create_run(workspace, data, backbone="small_cnn", size=24)


def test_an_upload_is_opened_by_a_name_that_is_no_path(visitor: Workspace, tmp_path: Path) -> None:
    spec = upload(visitor, tmp_path)
    assert "/" not in spec
    data = load_data(spec, visitor)
    assert len(data.items) == 12
    assert all(item.path.is_relative_to(visitor.root / "data") for item in data.items)


def test_the_upload_of_another_visitor_is_not_there(visitor: Workspace, other: Workspace, tmp_path: Path) -> None:
    spec = upload(visitor, tmp_path)
    with pytest.raises(DataError, match="no longer on this server"):
        open_source(spec, other)


def places(host: Workspace, visitor: Workspace, tmp_path: Path) -> list[str]:
    """Ways to name a place: plain, relative, as an address, with variables and tricks, existing and not."""
    made = folder(tmp_path / "secret", {"cat": 5, "dog": 5})
    mine = visitor.root / "data"
    return [
        str(made), f"file://{made}", f"'{made}'", f"{mine}/../../../../secret", "/", "/proc/1/environ", "/etc/passwd",
        "~", "$HOME", "%HOME%", "..", ".", "./digits", "upload-../secret", f"upload-{'0' * 32}/../..",
        f"upload-{'0' * 32}\0", str(mine), str(host.root), "C:\\", "//server/share", "/does/not/exist", "core",
    ]  # fmt: skip


def test_no_place_can_be_named_and_the_answer_does_not_tell_what_is_there(
    host: Workspace, visitor: Workspace, tmp_path: Path
) -> None:
    answers = set()
    for place in places(host, visitor, tmp_path):
        with pytest.raises(DataError) as refused:
            open_source(place, visitor)
        answers.add(str(refused.value))
        with pytest.raises(DataError):
            load_data(place, visitor)
    assert len(answers) == 1
    assert "cannot be named. Upload a zip file." in answers.pop()


def test_the_same_places_open_on_a_machine_of_ones_own(host: Workspace, tmp_path: Path) -> None:
    made = folder(tmp_path / "secret", {"cat": 5, "dog": 5})
    assert len(open_source(str(made), host).files) == 10


def test_an_upload_that_is_a_link_is_not_opened(visitor: Workspace, other: Workspace, tmp_path: Path) -> None:
    spec = upload(other, tmp_path)
    (visitor.data / spec).symlink_to(other.data / spec)
    with pytest.raises(DataError, match="no longer on this server"):
        open_source(spec, visitor)


def test_a_stored_set_whose_list_leads_elsewhere_is_refused(visitor: Workspace, other: Workspace, tmp_path) -> None:
    spec, theirs = upload(visitor, tmp_path), upload(other, tmp_path / "b", **{"cat/x.png": png(99)})
    manifest = visitor.data / spec / "names.json"
    value = json.loads(manifest.read_text())
    value["files"][0][1] = os.path.relpath(other.data / theirs / "000000.png", visitor.data / spec)
    manifest.write_text(json.dumps(value))
    with pytest.raises(DataError, match="cannot be named"):
        open_source(spec, visitor)


def test_a_table_elsewhere_is_not_read(visitor: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,label\ncat/0.png,secret\n")
    spec = upload(visitor, tmp_path)
    with pytest.raises(DataError, match="Upload the table together with its images") as refused:
        load_data(spec, visitor, choice=Choice(classes_from="csv", table=str(table)))
    gone = Choice(classes_from="csv", table=str(tmp_path / "gone.csv"))
    with pytest.raises(DataError) as same:
        load_data(spec, visitor, choice=gone)
    assert str(same.value).replace("gone", "labels") == str(refused.value)


@pytest.mark.parametrize("offer", DOWNLOADS, ids=lambda offer: offer.spec)
def test_a_download_is_refused_unless_the_server_allows_it(offer, visitor: Workspace) -> None:
    with pytest.raises(DataError, match="cannot be fetched on this server"):
        open_source(offer.spec, visitor)


def test_a_run_of_another_visitor_answers_as_one_that_never_was(
    visitor: Workspace, other: Workspace, tmp_path: Path
) -> None:
    run = run_of(visitor, tmp_path)
    assert open_run(visitor, run.id).id == run.id
    answers = set()
    for asked in (run.id, "20200101-000000-abcd"):
        with pytest.raises(RunError) as refused:
            open_run(other, asked)
        answers.add(str(refused.value))
    assert len(answers) == 1
    assert list_runs(other) == []


def test_a_run_is_not_opened_by_its_place(visitor: Workspace, other: Workspace, tmp_path: Path) -> None:
    run = run_of(visitor, tmp_path)
    with pytest.raises(RunError, match="no such run"):
        RunFolder(run.path, other)
    for asked in (str(run.path), f"../../{visitor.root.name}/runs/{run.id}", "..", "."):
        with pytest.raises(RunError):
            open_run(other, asked)
        with pytest.raises(RunError):
            run_path(other, asked)
    (other.runs / "link").symlink_to(run.path)
    with pytest.raises(RunError, match="no such run"):
        open_run(other, "link")


@pytest.mark.parametrize("where", ["of another visitor", "of the server", "climbing", "a link"])
def test_a_run_file_whose_data_lie_elsewhere_is_refused(
    where: str, visitor: Workspace, other: Workspace, tmp_path: Path
) -> None:
    run = run_of(visitor, tmp_path)
    theirs = other.data / upload(other, tmp_path / "b") / "000000.png"
    link = visitor.data / "link.png"
    link.symlink_to(theirs)
    target = {
        "of another visitor": str(theirs),
        "of the server": "/etc/passwd",
        "climbing": f"{visitor.root}/data/../../{other.root.name}/data/{theirs.parent.name}/000000.png",
        "a link": str(link),
    }[where]
    value = json.loads((run.path / "data.json").read_text())
    text = json.dumps(value)
    first = run.data().items[3].path
    assert str(first) in text or first.name in text
    written = _with_path(value, first, target)
    (run.path / "data.json").write_text(json.dumps(written))
    with pytest.raises(RunError, match="outside your part of this server"):
        open_run(visitor, run.id).data()


def _with_path(value, before: Path, after: str):
    """The JSON of a data set with another place for one image."""
    if isinstance(value, dict):
        return {key: _with_path(inner, before, after) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_path(inner, before, after) for inner in value]
    return after if isinstance(value, str) and value == str(before) else value


def test_a_run_cannot_be_pointed_elsewhere(visitor: Workspace, tmp_path: Path) -> None:
    run, made = run_of(visitor, tmp_path), folder(tmp_path / "secret", {"cat": 5, "dog": 5})
    for change in (point_to, add_images):
        with pytest.raises(DataError, match="cannot be named"):
            change(run, str(made))


@pytest.mark.parametrize("name", ["vit_giant_patch14_224", "local-dir:/etc", "hf-hub:a/b", "/etc/passwd"])
def test_only_networks_on_offer_are_built(name: str, visitor: Workspace, tmp_path: Path) -> None:
    data = load_data(upload(visitor, tmp_path), visitor)
    with pytest.raises(ModelError, match=r"not on offer on this server\. Choose one of: efficientnet_lite0"):
        create_run(visitor, data, backbone=name, size=24)


def test_embedded_sets_and_their_pixels_are_shared(visitor: Workspace, other: Workspace, host: Workspace) -> None:
    sets = [load_data("shapes:easy", workspace) for workspace in (visitor, other)]
    assert [item.path for item in sets[0].items] == [item.path for item in sets[1].items]
    for data, workspace in zip(sets, (visitor, other), strict=True):
        load_pixels(data, 32, workspace)
    assert len(list((host.root / "shared" / "pixels").glob("*.npy"))) == 1
    assert not [path for workspace in (visitor, other) for path in workspace.root.rglob("*.npy")]
    load_pixels(sets[0], 33, visitor)
    assert len(list(visitor.pixels.glob("*.npy"))) == 1


def test_what_is_computed_of_private_images_is_not_shared_even_where_they_are_the_same(
    visitor: Workspace, other: Workspace, host: Workspace, tmp_path: Path
) -> None:
    for workspace in (visitor, other):
        load_pixels(load_data(upload(workspace, tmp_path), workspace), 32, workspace)
        assert len(list(workspace.pixels.glob("*.npy"))) == 1
        assert len(list(workspace.indexes.glob("*.npz"))) == 1
    assert not list((host.root / "shared").rglob("*.npy"))


def test_pages_ask_for_the_visitors_workspace_and_never_for_the_servers() -> None:
    """Every page gets it from the frame; only what serves the host himself names the server's own."""
    root = Path(__file__).parents[3]
    allowed = {"pages/host.py", "pages/ui/visitor.py", "pages/ui/hosting/around.py"}
    files = [root / "app.py", *(root / "pages").rglob("*.py")]
    asking = {path.relative_to(root).as_posix() for path in files if "Workspace.at(" in path.read_text()}
    assert asking == allowed


def test_a_place_is_said_as_its_visitor_knows_it(visitor: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert visitor.host is not None
    monkeypatch.setenv("ANNEAL_HOME", str(visitor.host.root))
    said = f"The folder {visitor.root}/data/pets is missing, and {visitor.shared.root / 'cache'} may not be read."
    assert without_places(said) == "The folder data/pets is missing, and cache may not be read."
    assert without_places(f"{visitor.root} is full.") == "this part of the server is full."


def test_on_a_persons_own_machine_places_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEAL_HOME", str(tmp_path))
    said = f"The folder {tmp_path}/visitors of shared photos is missing."
    assert without_places(said) == said
