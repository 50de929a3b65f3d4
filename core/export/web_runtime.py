"""onnxruntime for browsers, which an exported page carries: fetched once from the npm registry, checked, and kept."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from core.errors import ExportError
from core.workspace import Progress, Workspace, atomic, no_progress

NAME, VERSION = "onnxruntime-web", "1.30.0"

INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""SHA-512 of the package, as the npm registry gives it."""

PROGRAM, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"

DIGESTS = {
    PROGRAM: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""SHA-256 of the two files that are used of it."""

ADDRESS = f"https://registry.npmjs.org/{NAME}/-/{NAME}-{VERSION}.tgz"

PATIENCE_S = 300
"""Seconds that fetching the package, 33 MB, may take."""


@dataclass(frozen=True)
class Runtime:
    """The two files: a JavaScript module, and the WebAssembly that it runs."""

    program: bytes
    wasm: bytes


def web_runtime(workspace: Workspace, progress: Progress = no_progress) -> Runtime:
    """The files from the workspace, or fetched now and kept there.

    Raises `ExportError` when they are not there and cannot be fetched, or when what comes is not the very package that
    this version of Anneal was made with; nothing is kept of it then.
    """
    folder = workspace.packages / f"{NAME}-{VERSION}"
    found = _kept(folder)
    if found is None:
        progress(f"Fetching {NAME} {VERSION} (33 MB, once)", 0, 0)
        found = _unpacked(_fetched())
        for name, content in found.items():
            with atomic(folder / name) as file:
                file.write(content)
    return Runtime(found[PROGRAM], found[WASM])


def _kept(folder: Path) -> dict[str, bytes] | None:
    """The files that were kept; None where one is missing or damaged."""
    try:
        found = {name: (folder / name).read_bytes() for name in DIGESTS}
    except OSError:
        return None
    return found if all(_is_the_one(name, content) for name, content in found.items()) else None


def _is_the_one(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == DIGESTS[name]


def _unpacked(package: bytes) -> dict[str, bytes]:
    """The two files of the package, each checked."""
    found = {}
    if base64.b64encode(hashlib.sha512(package).digest()).decode() == INTEGRITY:
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
            for name in DIGESTS:
                file = archive.extractfile(f"package/dist/{name}")
                found[name] = file.read() if file is not None else b""
    if not found or not all(_is_the_one(name, content) for name, content in found.items()):
        raise ExportError(
            f"What came as {NAME} {VERSION} is not the package that Anneal was made with, so nothing of it was kept. "
            "Check the network or the npm registry that is set, and try again."
        )
    return found


def _fetched() -> bytes:
    """The package: by npm where it is installed, which knows the registry and the proxy that are set; else directly."""
    try:
        npm = shutil.which("npm")
        return _by_npm(npm) if npm else _directly()
    except (OSError, subprocess.SubprocessError) as error:
        raise ExportError(
            f"The page carries {NAME} {VERSION}, which could not be fetched from the npm registry. Connect to the "
            "network and try again; it is fetched once and then kept. The other formats need no network."
        ) from error


def _by_npm(npm: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{NAME}@{VERSION}", "--silent", "--fetch-retries=1", "--pack-destination", folder]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S)
        return (Path(folder) / f"{NAME}-{VERSION}.tgz").read_bytes()


def _directly() -> bytes:
    with urllib.request.urlopen(ADDRESS, timeout=PATIENCE_S) as answer:
        found: bytes = answer.read()
        return found
