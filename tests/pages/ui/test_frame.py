import subprocess
import sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.ui.session import DATA, RUN
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page


def sidebar(at: AppTest) -> list[str]:
    return [element.value for element in [*at.sidebar.text, *at.sidebar.caption]]


def test_a_link_with_a_run_opens_it_on_every_page(tmp_path: Path) -> None:
    run = run_on(folder_of(tmp_path / "pets", {"cat": 4, "dog": 4}), "First try")
    at = open_page("data", run=run.id)
    assert not at.exception
    assert at.session_state[RUN] == run.id
    assert "First try" in sidebar(at)
    at.switch_page("pages/runs.py").run()
    assert "First try" in sidebar(at)
    assert at.query_params["run"] == run.id


def test_a_run_that_is_not_there_is_said_and_forgotten() -> None:
    for run_id in ("20200101-000000-abcd", "../../etc", "%2e%2e"):
        at = open_page("data", run=run_id)
        assert not at.exception
        assert len(at.error) == 1
        assert "run" not in at.query_params
        assert RUN not in at.session_state


def test_closing_a_run_leaves_it_on_disk(tmp_path: Path) -> None:
    run = run_on(folder_of(tmp_path / "pets", {"cat": 4, "dog": 4}), "First try")
    at = open_page("runs", run=run.id)
    at.button(key="close-run").click().run()
    assert RUN not in at.session_state
    assert "run" not in at.query_params
    assert run.path.is_dir()


def test_a_hostile_run_name_stays_literal(tmp_path: Path) -> None:
    name = "![x](http://example.test/x.png)"
    run = run_on(folder_of(tmp_path / "pets", {"cat": 4, "dog": 4}), name)
    at = open_page("runs", run=run.id)
    assert name in [element.value for element in at.sidebar.text]
    assert all(name not in element.value for element in [*at.markdown, *at.caption, *at.subheader])


def test_only_data_that_comes_along_is_taken_from_the_address(tmp_path: Path) -> None:
    folder_of(tmp_path / "secret", {"a": 2, "b": 2})
    at = open_page("data", data=str(tmp_path / "secret"))
    assert DATA not in at.session_state
    assert not at.metric
    assert not Workspace.at().root.joinpath("indexes").exists()


def test_pages_come_without_torch() -> None:
    code = "import sys, app, pages.data, pages.runs; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True).returncode == 0
