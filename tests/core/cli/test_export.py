"""`export`: the file, and the check that it passed."""

import json
from pathlib import Path

import pytest

from core.export import formats


@pytest.fixture(scope="module")
def trained(home, pictures):
    import json
    import subprocess
    import sys

    command = [sys.executable, "-m", "core", "train", str(pictures), "--backbone", "small_cnn", "--unfreeze"]
    command += ["--lr", "0.005", "--size", "16", "--home", str(home), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["id"]


@pytest.mark.parametrize("to", ["onnx", "torch", "safetensors", "zip"])
def test_a_run_is_exported(anneal, trained, to):
    found = anneal("export", trained, "--to", to, "--snapshot", "best", "--json").json
    assert set(found) == {"file", "bytes", "checked", "images", "largest_difference", "format", "snapshot"}
    assert Path(found["file"]).stat().st_size == found["bytes"]
    assert (found["checked"], found["images"], found["snapshot"]) == (True, 9, "best")
    assert found["largest_difference"] < 1e-3


def test_the_text_says_where_the_file_is_and_what_the_check_found(anneal, trained):
    said = anneal("export", trained, "--to", "torch")
    assert said.status == 0
    assert Path(said.out.splitlines()[0]).is_file()
    assert "the same class for each of 9 validation images" in said.out


def test_what_cannot_be_exported_is_a_sentence(anneal, trained, monkeypatch):
    assert "There is no snapshot monday" in anneal("export", trained, "--to", "torch", "--snapshot", "monday").err
    assert "There is no run nowhere" in anneal("export", "nowhere", "--to", "torch").err
    assert anneal("export", trained, "--to", "word").status == 2
    said = anneal("export", trained, "--to", "report", "--snapshot", "best")
    assert said.err.strip() == "Report: this file is about the whole run, not one snapshot. Leave out --snapshot."
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    said = anneal("export", trained, "--to", "onnx")
    assert (said.status, "Run pip install -r requirements-export.txt" in said.err) == (2, True)


def test_a_run_is_carried_to_another_home(anneal, trained, tmp_path):
    said = anneal("export", trained, "--to", "run", "--out", tmp_path, "--json").json
    assert set(said) == {"file", "bytes", "format", "said"}
    assert Path(said["file"]).stat().st_size == said["bytes"]
    found = anneal("import", said["file"], "--home", tmp_path / "there", "--json").json
    assert set(found) == {"run", "id", "name", "images_here"}
    assert (Path(found["run"]).parent, found["images_here"]) == (tmp_path / "there" / "runs", False)
    assert "images-not-carried" in anneal("evaluate", found["run"], "--home", tmp_path / "there").err
    with_images = anneal("export", trained, "--to", "run", "--out", tmp_path / "with.zip", "--with-images")
    assert "With its 45 images." in with_images.out
    again = anneal("import", tmp_path / "with.zip", "--home", tmp_path / "there")
    assert again.out.endswith("Its images are here.\n")


def test_a_report_is_written(anneal, trained, tmp_path):
    anneal("evaluate", trained)
    said = anneal("export", trained, "--to", "report", "--out", tmp_path / "it.html", "--json").json
    assert said["format"] == "report"
    code = (tmp_path / "it.html").read_text()
    assert code.startswith("<!doctype html>")
    assert "on 9 validation images" in code


@pytest.mark.parametrize("to", ["script", "notebook"])
def test_a_lesson_is_written(anneal, trained, tmp_path, to):
    found = anneal("export", trained, "--to", to, "--out", tmp_path, "--json").json
    assert found["format"] == to
    content = Path(found["file"]).read_text()
    assert Path(found["file"]).suffix == {"script": ".py", "notebook": ".ipynb"}[to]
    if to == "script":
        compile(content, found["file"], "exec")
    else:
        assert json.loads(content)["nbformat"] == 4


def test_a_file_that_is_there_is_not_written_over_unasked(anneal, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert anneal("export", trained, "--to", "run").status == 0
    (written,) = tmp_path.glob("*.run.zip")
    said = anneal("export", trained, "--to", "run")
    assert (said.status, f"There is a file {written} already" in said.err) == (2, True)
    assert anneal("export", trained, "--to", "run", "--out", written.name).status == 0


def test_a_file_that_is_no_run_is_a_sentence(anneal, tmp_path):
    (tmp_path / "it.zip").write_bytes(b"no zip")
    said = anneal("import", tmp_path / "it.zip")
    assert (said.status, said.err.startswith("That is no carried run")) == (2, True)
