"""The web page as a file, and the package that it carries; `tests/browser/test_export.py` opens it."""

import base64
import hashlib
import html
import io
import json
import re
import subprocess
import tarfile
import urllib.error
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import ExportError
from core.export import web_runtime
from core.export.web_page import WebPage
from core.export.web_runtime import Runtime
from core.results.restarts import ENSEMBLE
from tests.core.export.test_making import export, files

FAKE = {web_runtime.PROGRAM: b"export default 1 // </script><b>", web_runtime.WASM: b"\x00asm" * 100}


def package(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """An npm registry whose package is a small one; `sent` counts how often it was asked, `fails` makes it silent."""
    state = SimpleNamespace(sent=0, content=package(FAKE), fails=None)

    def urlopen(address, timeout):
        assert address.startswith("https://")
        state.sent += 1
        if state.fails:
            raise state.fails
        return io.BytesIO(state.content)

    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    digest = base64.b64encode(hashlib.sha512(state.content).digest()).decode()
    monkeypatch.setattr(web_runtime, "INTEGRITY", digest)
    monkeypatch.setattr(web_runtime, "DIGESTS", {n: hashlib.sha256(c).hexdigest() for n, c in FAKE.items()})
    return state


def test_the_package_is_fetched_once_and_kept(registry, workspace):
    for _ in range(2):
        found = web_runtime.web_runtime(workspace)
        assert found == Runtime(FAKE[web_runtime.PROGRAM], FAKE[web_runtime.WASM])
    assert registry.sent == 1
    registry.fails = urllib.error.URLError("offline")
    assert web_runtime.web_runtime(workspace) == found


def test_a_damaged_file_is_fetched_again(registry, workspace):
    web_runtime.web_runtime(workspace)
    (kept,) = workspace.packages.glob(f"*/{web_runtime.WASM}")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert web_runtime.web_runtime(workspace).wasm == FAKE[web_runtime.WASM]
    assert registry.sent == 2


def test_without_the_network_the_sentence_says_what_to_do(registry, workspace, small, monkeypatch):
    registry.fails = urllib.error.URLError("offline")
    said = r"could not be fetched from the npm registry\. Connect to the network and try again; it is fetched once"
    with pytest.raises(ExportError, match=said):
        web_runtime.web_runtime(workspace)
    before = files(small)
    with pytest.raises(ExportError, match=said):
        export(small, "html")
    assert files(small) == before


@pytest.mark.parametrize("error", [subprocess.CalledProcessError(1, "npm"), subprocess.TimeoutExpired("npm", 1)])
def test_npm_that_fails_is_the_same_sentence(registry, workspace, monkeypatch, error):
    def run(*arguments, **more):
        raise error

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/npm")
    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(ExportError, match="could not be fetched from the npm registry"):
        web_runtime.web_runtime(workspace)


@pytest.mark.parametrize(
    "sent", [b"", b"<html>Sign in to the network</html>", package({**FAKE, web_runtime.WASM: b"x"})]
)
def test_another_package_than_the_pinned_one_is_refused_and_not_kept(registry, workspace, sent):
    registry.content = sent
    with pytest.raises(ExportError, match=r"is not the package that Anneal was made with, so nothing of it was kept"):
        web_runtime.web_runtime(workspace)
    assert list(workspace.packages.rglob("*.*js")) == []


def test_a_file_within_the_package_is_checked_too(registry, workspace, monkeypatch):
    registry.content = package({**FAKE, web_runtime.WASM: b"x"})
    digest = base64.b64encode(hashlib.sha512(registry.content).digest()).decode()
    monkeypatch.setattr(web_runtime, "INTEGRITY", digest)
    with pytest.raises(ExportError, match="is not the package"):
        web_runtime.web_runtime(workspace)


def test_the_page_is_one_file_that_asks_for_nothing_and_holds_its_check(small, registry):
    found = export(small, "html")
    text = found.path.read_text("utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']""", text.split('<script type="text/plain"')[0])
    assert "default-src 'none'" in text
    assert "connect-src" not in text
    (said,) = re.findall(r'id="description">(.*?)</script>', text, re.DOTALL)
    assert json.loads(said) == found.description.model_dump(mode="json")
    assert found.description.check is not None
    assert found.description.check.passed
    assert found.description.check.sentence() in html.unescape(text)
    assert "Permission is hereby granted" in text
    assert found.description.versions["onnxruntime-web"] == "1.30.0"
    assert not re.search(r"@[a-z]+@", text)


def test_the_page_of_an_ensemble_holds_one_graph_that_gives_the_mean_of_its_members(small, registry, together):
    pixels, mean = together
    found = export(small, "html", ENSEMBLE)
    content, said = found.path.read_bytes(), found.description
    assert said.members == ("cycle-1", "cycle-2")
    np.testing.assert_allclose(WebPage.opened(content, said)(pixels), mean, atol=1e-4)
    assert "An ensemble: its probabilities are the mean of those of 2 snapshots, cycle-1, cycle-2" in content.decode()


def test_names_cannot_become_markup_in_the_page(small, registry):
    hostile = "</script><script>alert(1)</script>@model@"
    said = export(small, "html").description.model_copy(update={"run": hostile, "classes": (hostile, "b", "c")})
    page = WebPage.__new__(WebPage)
    page._onnx = SimpleNamespace(content=lambda description: b"model")
    page._runtime = Runtime(*FAKE.values())
    text = page.content(said).decode()
    assert "<script>alert" not in text
    assert text.count("</script>") == text.count("<script")
    (kept,) = re.findall(r'id="description">(.*?)</script>', text, re.DOTALL)
    assert json.loads(kept)["classes"][0] == hostile
    assert html.escape(hostile) in text
