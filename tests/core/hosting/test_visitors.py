import os
import stat
import threading
import time
from pathlib import Path

import pytest

from core.errors import WorkspaceError
from core.hosting import visitors
from core.hosting.visitors import KEY, SEEN, idle, is_ours, new_id, remove, workspace_of, workspace_of_person
from core.workspace import SHARED, Workspace, owner_of


@pytest.fixture
def host(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "host")


def test_an_id_opens_the_same_workspace_again_and_only_that(host: Workspace) -> None:
    one, other = new_id(host), new_id(host)
    assert workspace_of(host, one) == workspace_of(host, one)
    assert workspace_of(host, one) != workspace_of(host, other)
    assert workspace_of(host, one).host == host
    assert workspace_of(host, one).pool == host
    assert workspace_of(host, one).shared == Workspace(host.root / SHARED)


def test_ids_hold_256_random_bits_and_the_folder_tells_none_of_them(host: Workspace) -> None:
    given = [new_id(host) for _ in range(200)]
    assert len({text.partition(".")[0] for text in given}) == 200
    assert all(len(text.partition(".")[0]) * 6 >= 256 for text in given)
    assert not any(part in workspace_of(host, given[0]).root.name for part in given[0].split("."))


def test_the_key_is_the_owners_alone(host: Workspace) -> None:
    new_id(host)
    assert stat.S_IMODE((host.root / KEY).stat().st_mode) == 0o600


@pytest.mark.parametrize("given", ["", "x", "../../etc", "a" * 43 + "." + "0" * 64, "\0", "é" * 43 + "." + "0" * 64])
def test_an_id_that_was_not_given_out_opens_nothing(host: Workspace, given: str) -> None:
    assert not is_ours(host, given)
    with pytest.raises(WorkspaceError, match="not known to the server"):
        workspace_of(host, given)
    assert not (host.root / "visitors").exists()


def test_a_changed_or_foreign_id_is_refused(host: Workspace, tmp_path: Path) -> None:
    given = new_id(host)
    assert not is_ours(host, given[:-1] + ("0" if given[-1] != "0" else "1"))
    assert not is_ours(host, ("A" if given[0] != "A" else "B") + given[1:])
    assert not is_ours(host, new_id(Workspace(tmp_path / "another")))


def test_whoever_comes_first_at_once_makes_one_key(host: Workspace) -> None:
    given: list[str] = []
    threads = [threading.Thread(target=lambda: given.append(new_id(host))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(is_ours(host, text) for text in given)
    assert not list(host.root.glob(f"{KEY}.*"))


def test_a_person_has_the_same_workspace_from_every_browser(host: Workspace) -> None:
    mine = workspace_of_person(host, "https://a.example", "1")
    assert workspace_of_person(host, "https://a.example", "1") == mine
    others = [("https://b.example", "1"), ("https://a.example", "2"), ("https://a.example1", "")]
    assert mine not in [workspace_of_person(host, *other) for other in others]
    assert mine.host == host


def test_places_can_run_out(host: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_VISITORS", "2")
    first = new_id(host)
    workspace_of(host, first)
    workspace_of(host, new_id(host))
    with pytest.raises(WorkspaceError, match="room for 2 visitors"):
        workspace_of(host, new_id(host))
    assert workspace_of(host, first)


def test_only_idle_visitors_are_due_to_go(host: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_IDLE_HOURS", "2")
    here, gone = workspace_of(host, new_id(host)), workspace_of(host, new_id(host))
    for workspace, hours in ((here, 1), (gone, 3)):
        (workspace.runs / "a-run").mkdir()
        left(workspace, 3600 * hours)
    assert [visitor.workspace for visitor in idle(host)] == [gone]
    remove(gone)
    assert [visitor.workspace for visitor in visitors.visitors(host)] == [here]
    assert not gone.root.exists()


def left(workspace: Workspace, seconds: float) -> None:
    """Have a visitor's last page be so long ago."""
    before = time.time() - seconds
    os.utime(workspace.root / SEEN, (before, before))


def test_places_of_those_who_keep_nothing_are_free_sooner(host: Workspace) -> None:
    """So that sessions without a cookie, a crawler's for one, do not fill the server."""
    empty, uploaded, fresh = (workspace_of(host, new_id(host)) for _ in range(3))
    (uploaded.data / "upload-x").mkdir()
    _ = empty.jobs, empty.runs
    left(empty, 31 * 60)
    left(uploaded, 31 * 60)
    left(fresh, 29 * 60)
    assert [visitor.workspace for visitor in idle(host)] == [empty]


def test_a_page_keeps_a_visitor_from_going(host: Workspace) -> None:
    given = new_id(host)
    workspace = workspace_of(host, given)
    before = time.time() - 3600
    os.utime(workspace.root / SEEN, (before, before))
    workspace_of(host, given)
    assert time.time() - (workspace.root / SEEN).stat().st_mtime < 60


def test_nothing_but_a_visitors_workspace_can_be_removed(host: Workspace) -> None:
    host.runs.mkdir(exist_ok=True)
    for root in (host.root, host.root / "visitors", host.root / SHARED):
        with pytest.raises(WorkspaceError, match="Only a visitor's"):
            remove(Workspace(root))
    assert host.root.is_dir()


def test_the_place_alone_tells_whose_something_is(host: Workspace) -> None:
    workspace = workspace_of(host, new_id(host))
    assert owner_of(workspace.root / "data" / "x.png") == workspace.root.name
    assert owner_of(host.root / SHARED / "data" / "x.png") == ""
    assert Workspace(host.root / "visitors" / "me").host is None
    assert host.host is None
    assert host.pool == host.shared == host


def test_a_server_that_is_full_says_so_and_lets_those_in_who_are_known(host: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_VISITORS", "1")
    first = new_id(host)
    workspace_of(host, first)
    with pytest.raises(WorkspaceError, match="room for 1 visitors, and all places are taken"):
        workspace_of(host, new_id(host))
    assert workspace_of(host, first).root.is_dir()
