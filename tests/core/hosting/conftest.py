from pathlib import Path

import pytest

from core.hosting.visitors import new_id, workspace_of
from core.workspace import Workspace


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ANNEAL_WARM", "0")
    monkeypatch.setattr("core.data.embedded.SHAPES_A_CLASS", 6)  # fewer pictures, the same everything
    return Workspace(tmp_path / "host")


@pytest.fixture
def visitors(host: Workspace) -> list[Workspace]:
    """Three visitors of one server."""
    return [workspace_of(host, new_id(host)) for _ in range(3)]
