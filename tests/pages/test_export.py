"""Taking a model away, on the Training page: what is offered, asked for, made, and said when it cannot be."""

import os

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import RunError
from core.export import formats
from core.export.description import Check, Description, Measured, Preprocessing
from core.export.formats import FORMATS
from core.export.kept import description_path, export_path, kept_export
from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import ExportSpec
from core.runs.threshold import keep_threshold
from core.workspace import write_json
from pages.ui.export.view import download_name
from tests.pages import made
from tests.pages.conftest import APP, open_page


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    run = made.new_run(home)
    made.train(run)
    return run


def exported(run, to="onnx", threshold=0.0):
    """Write what an export leaves behind, without exporting."""
    path = export_path(run, FORMATS[to], "latest")
    said = Description(
        format=to, run=run.info.name, snapshot="latest", step=50, epoch=5, created="2026-01-02T10:00:00+00:00",
        network="small_cnn", pretrained=False, weights="random, seed 0", data="", classes=run.info.classes,
        preprocessing=Preprocessing(size=24, mean=(0, 0, 0), std=(1, 1, 1)), threshold=threshold,
        measured=Measured(images=3, accuracy=1, low=0.4, high=1, balanced_accuracy=1, macro_f1=1),
        check=Check(images=3, largest_difference=2e-6, others=0),
    )  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * 1_234_000)
    write_json(description_path(path), said.model_dump(mode="json"))
    return path


def texts(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption, *at.info, *at.error])


def keys(at):
    return [button.key for button in [*at.button, *at.get("download_button")]]


def test_a_run_that_has_not_trained_offers_nothing(home):
    at = open_page("training", run=made.new_run(home).id)
    assert not at.exception
    assert "export-make" not in keys(at)


def test_the_file_that_was_chosen_is_asked_for(run):
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "export-download" not in keys(at)
    at.button_group(key="export-format").set_value("zip").run()
    assert FORMATS["zip"].use in texts(at)
    at = at.button(key="export-make").click().run()
    assert not at.exception
    assert queue.live_job(run.workspace, run.id).spec == ExportSpec(to="zip", snapshot="latest")


def test_a_choice_that_another_run_does_not_have_falls_back(run):
    at = AppTest.from_file(str(APP), default_timeout=30)
    at.session_state["export-snapshot"] = "monday"
    at.switch_page("pages/training.py")
    at.query_params["run"] = run.id
    at.run()
    assert not at.exception
    assert at.selectbox(key="export-snapshot").value == "latest"


def test_a_file_that_was_made_is_offered_with_its_check_and_size(run):
    exported(run)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "It says what the app says: the same class for each of 3 validation images" in texts(at)
    assert "differ by up to 2e-\u20606" in texts(at)
    (button,) = [button for button in at.get("download_button") if button.key == "export-download"]
    assert button.label == "Download (1 MB)"
    assert at.button(key="export-make").label == "Make it again"


def test_a_file_of_other_weights_or_another_threshold_says_so(run):
    path = exported(run)
    keep_threshold(run, 0.6)
    assert "“Not sure” now begins below 60%, in this file below 0%" in texts(open_page("training", run=run.id))
    os.utime(path, ns=(0, 0))
    assert "The weights have changed since this file was made" in texts(open_page("training", run=run.id))


def test_what_is_not_installed_is_named_with_the_command(run, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "Making this file needs onnx, onnxscript, onnxruntime" in texts(at)
    assert "pip install -r requirements-export.txt" in [code.value for code in at.code]
    assert "export-make" not in keys(at)


def test_an_export_that_failed_says_why(run):
    with pytest.raises(RunError):
        run_here(run.workspace, run.id, ExportSpec(to="torch"))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "is damaged and cannot be read" in texts(at)


def test_a_hostile_name_gives_a_harmless_file_name(run):
    exported(run)
    kept = kept_export(run, FORMATS["onnx"], "latest")
    assert download_name(run, kept) == "x-http-example-org-x-png-a-red-b-latest.onnx"
