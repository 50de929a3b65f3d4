"""Whatever is edited in a real run's files, pages and commands say a sentence, and the other runs open."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.runs.folder import RunFolder
from tests.fuzz import edits, opening, real_run

EDITS = 5
"""How many edits are tried; `python -m tests.fuzz.run_files` tries many, and goes on after the first that fails."""

ANY = st.builds(
    edits.Edit,
    file=st.integers(0, 10**4),
    place=st.integers(0, 10**4),
    kind=st.sampled_from(edits.KINDS),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunFolder, RunFolder]:
    """The workspace, the run to be edited and the whole one."""
    root = tmp_path_factory.mktemp("fuzz")
    with opening.at_home(root / "home"):
        return root, *real_run.make(root / "home", real_run.pictures(root / "pictures.zip"))


def files(root: Path, whole: RunFolder) -> list[Path]:
    return [path for path in edits.files_of(root / "home", root / "home") if whole.id not in path.parts]


def test_a_real_run_has_every_file_of_the_table(made: tuple[Path, RunFolder, RunFolder]) -> None:
    _, run, _ = made
    names = {path.name for path in run.path.iterdir()}
    wanted = {"run.json", "data.json", "state.json", "history.jsonl", "checkpoint.safetensors", "draft.json"}
    folders = {"snapshots", "finder", "trials", "restarts", "studies", "predictions"}
    assert wanted | folders | {"threshold.json"} <= names


def test_without_an_edit_nothing_escapes(made: tuple[Path, RunFolder, RunFolder], tmp_path: Path) -> None:
    root, run, whole = made
    edits.copy(root / "home", tmp_path / "home")
    with opening.at_home(tmp_path / "home"):
        assert list(opening.on_pages(run.id, whole.id)) == []
        assert list(opening.in_shell(run.id, whole.id)) == []


@settings(
    max_examples=EDITS,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # each look takes seconds, so nothing is shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ANY)
def test_an_edit_is_never_a_traceback(
    made: tuple[Path, RunFolder, RunFolder], tmp_path: Path, edit: edits.Edit
) -> None:
    root, run, whole = made
    home = tmp_path / "edited"
    edits.copy(root / "home", home)
    path = edit.apply(home, files(root, whole))
    with opening.at_home(home):
        shown = opening.on_pages(run.id, whole.id, opening.OF_A_RUN)
        escaped = [*shown, *opening.in_shell(run.id, whole.id, most=3)]
    assert escaped == [], f"{edit.kind} in {path.relative_to(home)}"
