"""The pages on a server for several people: two visitors, their cookies, and what neither can reach."""

import asyncio
import io
import os
import threading
from http.cookies import SimpleCookie
from pathlib import Path

import numpy as np
import pytest
from streamlit import config
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest
from streamlit.user_info import UserInfoProxy

from core.data.index import load_data
from core.data.sources import store_upload
from core.errors import RunError, WorkspaceError
from core.hosting.visitors import is_ours, new_id, workspace_of, workspace_of_person
from core.jobs import queue, store
from core.jobs.specs import EvaluateSpec
from core.jobs.store import JobProgress
from core.process import launch
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from pages.ui import thumbnails
from pages.ui.hosting import harden, sign_in
from pages.ui.hosting.cookie import COOKIE, VisitorCookie, brought_by
from pages.ui.mend.export import take_away
from pages.ui.predict import ready as predict_ready
from pages.ui.session import DATA
from pages.ui.visitor import ID, lasting
from tests.core.data.making import folder, png, zipped
from tests.pages.conftest import open_page


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ANNEAL_HOSTED", "1")
    monkeypatch.setattr("core.data.embedded.SHAPES_A_CLASS", 6)  # fewer pictures, the same everything
    monkeypatch.setattr("pages.ui.hosting.keeper.start", lambda host: None)
    monkeypatch.setattr("pages.ui.visitor.harden", lambda host: None)  # it would outlive the test
    return Workspace.at(home)


@pytest.fixture
def comes_with(monkeypatch: pytest.MonkeyPatch):
    """Says which cookies the sessions from now on bring."""

    def bring(**cookies: str) -> None:
        monkeypatch.setattr(ContextProxy, "cookies", property(lambda self: cookies))

    bring()
    return bring


def run_of(workspace: Workspace, tmp_path: Path, name: str) -> RunFolder:
    files = {f"{label}/{k}.png": png(k + 10 * (label == "cat")) for label in ("cat", "dog") for k in range(6)}
    archive = zipped(tmp_path / "made.zip", files)
    spec = store_upload([("made.zip", io.BytesIO(archive.read_bytes()))], workspace)
    return create_run(workspace, load_data(spec, workspace), backbone="small_cnn", size=24, name=name)


def text_of(at: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "text", "error", "warning", "info", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def test_two_visitors_see_their_own_runs_only(host: Workspace, comes_with, tmp_path: Path) -> None:
    ids = [new_id(host), new_id(host)]
    runs = [run_of(workspace_of(host, given), tmp_path, f"run of {k}") for k, given in enumerate(ids)]
    for k, given in enumerate(ids):
        comes_with(**{COOKIE: given})
        assert f"run of {k}" in text_of(open_page())
        assert f"run of {1 - k}" not in text_of(open_page())
        mine = open_page("training", run=runs[k].id)
        assert not mine.error
        assert f"run of {k}" in text_of(mine)


@pytest.mark.parametrize("name", ["", "training", "runs"])
def test_the_run_of_another_is_answered_as_one_that_never_was(
    name: str, host: Workspace, comes_with, tmp_path: Path
) -> None:
    run = run_of(workspace_of(host, new_id(host)), tmp_path, "private")
    comes_with(**{COOKIE: new_id(host)})
    theirs, never = open_page(name, run=run.id), open_page(name, run="20200101-000000-abcd")
    assert not theirs.exception
    assert "no such run" in text_of(theirs)
    assert text_of(theirs) == text_of(never)


@pytest.mark.parametrize("place", ["/proc/1/environ", "../../x", "upload-" + "0" * 32])
def test_no_query_parameter_names_a_place(place: str, host: Workspace, comes_with) -> None:
    comes_with(**{COOKIE: new_id(host)})
    for name in ("data", "training"):
        at = open_page(name, run=place, data=place)
        assert not at.exception
        assert DATA not in at.session_state


def test_the_data_page_has_no_field_for_a_folder(host: Workspace, comes_with) -> None:
    comes_with(**{COOKIE: new_id(host)})
    at = open_page("data")
    assert not at.exception
    assert [way for way in at.button_group[0].options if "Folder" in str(way) or "Download" in str(way)] == []
    assert not at.text_input


def test_an_upload_is_chosen_and_named_without_a_place(host: Workspace, comes_with, tmp_path, monkeypatch) -> None:
    given = new_id(host)
    comes_with(**{COOKIE: given})
    files = {f"{label}/{k}.png": png(k + 10 * (label == "cat")) for label in ("cat", "dog") for k in range(6)}
    content = zipped(tmp_path / "made.zip", files).read_bytes()
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("upload").run()
    assert "up to 100 MB and 5,000 files" in text_of(at)
    at.file_uploader(key="data-zip-0").upload("made.zip", content, "application/zip").run()
    assert not at.exception
    assert not at.error
    spec = at.session_state[DATA]["spec"]
    assert "/" not in spec
    assert (workspace_of(host, given).data / spec).is_dir()
    assert str(host.root) not in text_of(at)

    monkeypatch.setenv("ANNEAL_HOST_UPLOAD_FILES", "3")
    comes_with(**{COOKIE: new_id(host)})
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("upload").run()
    at.file_uploader(key="data-zip-0").upload("made.zip", content, "application/zip").run()
    assert "That is more than 3 files." in text_of(at)


def test_thumbnails_of_the_same_picture_are_not_shared(host: Workspace, tmp_path: Path, monkeypatch) -> None:
    """Else whoever uploads a picture could tell from the time it takes that somebody else has it."""
    decoded = []

    def decode(path: Path, side: int) -> np.ndarray:
        decoded.append(path)
        return np.zeros((side, side, 3), np.uint8)

    monkeypatch.setattr(thumbnails, "decode", decode)
    runs = [run_of(workspace_of(host, new_id(host)), tmp_path, f"{k}") for k in range(2)]
    items = [run.data().items[0] for run in runs]
    assert items[0].digest == items[1].digest
    for item in [*items, *items]:
        thumbnails.thumbnail(item, 16)
    assert decoded == [item.path for item in items]
    shared = [load_data("shapes:easy", run.workspace).items[0] for run in runs]
    for item in shared:
        thumbnails.thumbnail(item, 16)
    assert len(decoded) == 3


def test_even_a_place_in_the_session_is_refused(host: Workspace, comes_with, tmp_path: Path) -> None:
    made = folder(tmp_path / "secret", {"cat": 5, "dog": 5})
    comes_with(**{COOKIE: new_id(host)})
    at = open_page("data")
    at.session_state[DATA] = {"spec": str(made)}
    at.run()
    assert not at.exception
    assert "cannot be named" in text_of(at)


def test_a_reload_and_a_new_tab_find_the_same_work(host: Workspace, comes_with, tmp_path: Path) -> None:
    given = new_id(host)
    comes_with(**{COOKIE: given})
    at = open_page()
    next(button for button in at.button if button.label == "Start with digits").click().run()
    assert not at.exception
    assert len(list_runs(workspace_of(host, given))) == 1
    assert "Recent runs" in {header.value for header in open_page().subheader}


@pytest.mark.parametrize("brought", ["", "a" * 43 + "." + "0" * 64])
def test_without_a_cookie_of_ours_a_session_has_a_part_of_its_own(brought: str, host: Workspace, comes_with) -> None:
    comes_with(**{COOKIE: brought})
    one, other = open_page(), open_page()
    assert one.session_state[ID] != other.session_state[ID]
    assert "brought no cookie" in text_of(one)


def test_it_says_how_long_things_are_kept(host: Workspace, comes_with, monkeypatch: pytest.MonkeyPatch) -> None:
    comes_with(**{COOKIE: new_id(host)})
    monkeypatch.setenv("ANNEAL_HOST_IDLE_HOURS", "72")
    assert "It is removed 3 days after your last visit." in text_of(open_page())
    assert [lasting(hours) for hours in (0.5, 1, 2, 24, 60)] == [
        "30 minutes",
        "1 hour",
        "2 hours",
        "24 hours",
        "2.5 days",
    ]


def test_a_server_with_wrong_settings_opens_no_page(host: Workspace, comes_with, monkeypatch) -> None:
    comes_with(**{COOKIE: new_id(host)})
    monkeypatch.setenv("ANNEAL_HOST_VISITORS", "none")
    at = open_page("data")
    assert not at.exception
    assert "The setting visitors of this server cannot be used" in text_of(at)
    assert not at.button


def test_the_number_in_the_queue_and_the_wait_are_shown(host: Workspace, comes_with, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(launch, "start_worker", lambda *_: os.getpid())
    ids = [new_id(host), new_id(host)]
    runs = [run_of(workspace_of(host, given), tmp_path, f"run of {k}") for k, given in enumerate(ids)]
    first, _ = (queue.submit(run.workspace, run.id, EvaluateSpec()) for run in runs)
    comes_with(**{COOKIE: ids[1]})
    shown = bars_of(open_page("training", run=runs[1].id))
    assert "Number 1 in the queue of this server, then it starts by itself" in shown
    store.write_progress(runs[0].workspace, store.get(runs[0].workspace, first.id), JobProgress(eta_s=240.0))
    assert "then it starts by itself in about 4 min" in bars_of(open_page("training", run=runs[1].id))


def bars_of(at: AppTest) -> str:
    """What the bars of progress say."""
    assert not at.exception
    return "\n".join(element.proto.text for element in at.get("progress"))


def test_a_job_that_was_refused_says_why(host: Workspace, comes_with, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_EPOCHS", "1")
    given = new_id(host)
    run = run_of(workspace_of(host, given), tmp_path, "mine")
    comes_with(**{COOKIE: given})
    at = open_page("training", run=run.id)
    next(button for button in at.button if button.label in ("Start training", "Start anyway")).click().run()
    assert not at.exception
    assert "a job on this server may have 1." in text_of(at)


def test_what_a_job_says_names_no_place_of_the_server(host: Workspace, comes_with, tmp_path) -> None:
    given = new_id(host)
    workspace = workspace_of(host, given)
    run = run_of(workspace, tmp_path, "mine")
    job = queue.submit(workspace, run.id, EvaluateSpec())
    broken = f"The decoded images in {workspace.root / 'cache' / 'pixels' / 'a.npy'} cannot be read back. Try again."
    store.write(workspace, job.model_copy(update={"status": "failed", "message": broken}))
    comes_with(**{COOKIE: given})
    said = text_of(open_page("confusion_matrix", run=run.id)).replace("\\", "")
    assert "The decoded images in cache/pixels/a.npy cannot be read back." in said
    assert str(host.root) not in said


def test_the_table_of_mended_data_names_no_place_of_the_server(host, comes_with, tmp_path, monkeypatch) -> None:
    given = new_id(host)
    run = run_of(workspace_of(host, given), tmp_path, "mine")
    tables: list[str] = []
    monkeypatch.setattr("streamlit.download_button", lambda *_, data, **__: tables.append(data()))
    take_away(run, run.data())
    rows = tables[0].splitlines()[1:]
    assert sorted(row.split(",")[0] for row in rows) == sorted(item.name for item in run.data().used)
    assert str(host.root) not in tables[0]


def test_a_server_without_memory_loads_no_network(host, tmp_path, monkeypatch) -> None:
    run = run_of(workspace_of(host, new_id(host)), tmp_path, "mine")
    monkeypatch.setattr(predict_ready, "free_memory", lambda: predict_ready.NEEDED_MB * 1_000_000 - 1)
    with pytest.raises(WorkspaceError, match="no memory free to answer images now"):
        predict_ready._loaded(run.path, run.workspace.root, "latest", 0)
    with pytest.raises(RunError):  # on one's own machine it is tried: there are no weights yet
        predict_ready._loaded(run.path, tmp_path, "latest", 0)


@pytest.fixture
def signs_in(monkeypatch: pytest.MonkeyPatch):
    """Sets what the provider says of whoever comes; the secrets name a provider."""
    monkeypatch.setattr("pages.ui.visitor.signs_in", lambda: True)

    def come(**claims: object) -> None:
        monkeypatch.setattr(UserInfoProxy, "to_dict", lambda self: claims)

    come(is_logged_in=False)
    return come


def test_who_is_not_signed_in_sees_nothing_but_the_question(host: Workspace, comes_with, signs_in, tmp_path) -> None:
    given = new_id(host)
    run_of(workspace_of(host, given), tmp_path, "private")
    comes_with(**{COOKIE: given})
    for claims in ({"is_logged_in": False}, {"is_logged_in": True}, {"iss": "a", "sub": "b"}):
        signs_in(**claims)
        at = open_page("runs")
        assert not at.exception
        assert [button.label for button in at.button] == ["Sign in"]
        assert "private" not in text_of(at)


def test_a_person_finds_their_work_from_another_browser(host: Workspace, comes_with, signs_in, tmp_path) -> None:
    run_of(workspace_of_person(host, "https://a.example", "1"), tmp_path, "mine")
    signs_in(is_logged_in=True, iss="https://a.example", sub="1")
    at = open_page()
    assert "mine" in text_of(at)
    assert "Sign out" in {button.label for button in at.button}
    signs_in(is_logged_in=True, iss="https://a.example", sub="2")
    assert "mine" not in text_of(open_page())


def test_a_provider_that_is_not_set_up_completely_is_said(host: Workspace, comes_with, signs_in) -> None:
    at = open_page()
    at.button[0].click().run()
    assert not at.exception
    assert "not set up completely" in text_of(at)


def test_without_secrets_nobody_is_asked_to_sign_in() -> None:
    assert not sign_in.signs_in()


def test_on_a_machine_of_ones_own_the_folder_field_stays(home: Path) -> None:
    at = open_page("data")
    assert any("Folder" in str(way) for way in at.button_group[0].options)
    assert "cookie" not in text_of(at)
    assert not (home / "visitors").exists()


def asked(host: Workspace, *, accept: str = "text/html", cookie: str = "", scheme: str = "http", **more: str) -> list:
    """The Set-Cookie headers of a page that is asked for."""
    answers = []

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message) -> None:
        answers.append(message)

    given = {"accept": accept, "cookie": cookie, **more}
    headers = [(key.replace("_", "-").encode(), value.encode()) for key, value in given.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": scheme, "headers": headers}
    asyncio.run(VisitorCookie(app, host)(scope, None, send))
    return [value.decode() for key, value in answers[0]["headers"] if key == b"set-cookie"]


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(host: Workspace) -> None:
    cookie = SimpleCookie(asked(host)[0])[COOKIE]
    assert is_ours(host, cookie.value)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert int(cookie["max-age"]) == 24 * 3600
    assert not cookie["secure"]


def test_over_https_it_is_sent_over_https_only(host: Workspace) -> None:
    assert "; Secure" in asked(host, scheme="https")[0]
    assert "; Secure" in asked(host, x_forwarded_proto="https")[0]


def test_a_cookie_of_ours_is_kept_and_prolonged_and_another_replaced(host: Workspace) -> None:
    mine = brought_by(asked(host)[0])
    assert brought_by(asked(host, cookie=f"a=b; {COOKIE}={mine}")[0]) == mine
    chosen = "a" * 43 + "." + "0" * 64
    fresh = brought_by(asked(host, cookie=f"{COOKIE}={chosen}")[0])
    assert fresh != chosen
    assert is_ours(host, fresh)


def test_wrong_settings_leave_the_page_that_says_so(host: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_EPOCHS", "none")
    assert asked(host) == []


def test_streamlit_itself_keeps_to_the_limits(host: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {}
    monkeypatch.setattr(harden, "_done", threading.Event())
    monkeypatch.setattr(harden.config, "set_option", lambda name, value, where: options.update({name: value}))
    monkeypatch.setenv("ANNEAL_HOST_UPLOAD_MB", "50")
    harden.harden(host)
    assert options == {"server.maxUploadSize": 48, "client.showErrorDetails": "none", "server.enableAgentApi": False}
    assert all(name in config.get_config_options() for name in options)


def test_only_pages_bring_it(host: Workspace) -> None:
    assert asked(host, accept="*/*") == []
    assert brought_by("no cookie at all;;;=") == ""
