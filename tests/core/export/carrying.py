"""Steps that the tests of carried runs share."""

import json
import zipfile
from pathlib import Path

import pytest

from core.errors import ExportError
from core.export.carry_in import carry_in
from core.workspace import Workspace

BIG = 16 * 2**20
"""Bytes above which a part is packed: packing the weights again and again takes most of the time."""


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, content: dict[str, bytes], *, honest: bool = True) -> Path:
    """A file of these parts, its list of sizes put right unless it is not `honest`."""
    if honest and "carried.json" in content:
        about = json.loads(content["carried.json"])
        about["bytes"] = {name: len(value) for name, value in content.items() if name != "carried.json"}
        content = {**content, "carried.json": json.dumps(about).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            packed = zipfile.ZIP_DEFLATED if len(value) > BIG else zipfile.ZIP_STORED
            archive.writestr(name, value, packed)
    return path


def changed(content: bytes, change) -> bytes:
    value = json.loads(content)
    change(value)
    return json.dumps(value).encode()


def refused(path: Path, workspace: Workspace) -> str:
    """The sentence with which a file is refused, of which nothing stays."""
    with pytest.raises(ExportError) as caught:
        carry_in(path, workspace)
    assert list(workspace.runs.iterdir()) == []
    assert list(workspace.data.iterdir()) == []
    return str(caught.value)
