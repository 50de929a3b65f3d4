"""A run's report: its figures, names that are markup, and what it says where something is missing."""

import base64
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix

from core.data.index import load_data
from core.errors import ExportError
from core.export import records
from core.export.records import RECORDS
from core.export.report import report
from core.jobs.records import write_record
from core.results.predictions import Predictions
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.training.stage import plan_from_json
from core.workspace import Workspace
from tests.pages.made import evaluate, pictures, range_tested, train

MARKUP = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(1)<|script>"
CLASSES = ("cat", MARKUP, SCRIPT)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(code)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    workspace = Workspace.at(tmp_path / "secret-home")
    folder = pictures(tmp_path / "secret-pictures", CLASSES)
    made = create_run(
        workspace, load_data(str(folder), workspace), backbone="small_cnn", size=24, pretrained=False, name=MARKUP
    )
    train(made)
    range_tested(made, suggested=True)
    evaluate(made)
    return made


def test_the_figures_are_those_of_the_predictions(run: RunFolder) -> None:
    page = Page(report(run))
    found = Predictions.load(run.predictions_path())
    accuracy = accuracy_score(found.labels, found.predicted)
    ends = binomtest(round(accuracy * len(found)), len(found)).proportion_ci(method="wilson")
    assert f"Accuracy {accuracy:.1%} on {len(found)} validation images" in page.text
    assert f"For images of this kind: {ends.low:.1%} to {ends.high:.1%} (95% interval)" in page.text
    wrong = confusion_matrix(found.labels, found.predicted)
    assert wrong.trace() == len(found) - 1
    assert sum(tag == "figure" for tag, _ in page.elements) == 6  # losses, accuracy, rates, range test, matrix, error


def test_names_that_are_markup_are_text(run: RunFolder) -> None:
    code = report(run)
    page = Page(code)
    assert page.text.count(MARKUP) > 3
    assert page.text.count(SCRIPT) > 3
    document = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "strong", "span", "br"}
    tables = {"div", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img", "pre", "ul", "li"}
    assert {tag for tag, _ in page.elements} <= document | tables
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    drawings = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", code)
    assert len(drawings) == 5
    for drawing in drawings:
        inside = Page(base64.b64decode(drawing).decode())
        assert not {"script", "image", "img", "a", "foreignobject"} & {tag for tag, _ in inside.elements}


def test_it_needs_no_network_and_has_no_place_of_this_machine(run: RunFolder, tmp_path: Path) -> None:
    code = report(run)
    page = Page(code)
    sources = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert sources
    assert all(value and value.startswith("data:image/") for value in sources)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": policy}) in page.elements
    assert str(tmp_path) not in code
    assert str(Path.home()) not in code


def test_it_says_what_was_wrong_with_the_data_and_how_to_repeat_it(run: RunFolder) -> None:
    text = Page(report(run)).text
    assert "have fewer than" in text or "few" in text.lower()
    assert "python -m core train DATA --backbone small_cnn --seed 0 --valid-share 0.2 --plan plan.json" in text
    plan = plan_from_json(text[text.index('{\n "stages"') : text.rindex("}") + 1])
    assert plan.stages == tuple(run.state.readable_stages)


def test_images_that_are_gone_are_named_instead_of_shown(run: RunFolder, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "secret-pictures")
    page = Page(report(run))
    assert "The image is not here." in page.text


def test_a_run_that_was_not_evaluated_says_so(run: RunFolder) -> None:
    run.predictions_path().unlink()
    text = Page(report(run)).text
    assert "have not been evaluated" in text
    assert "Accuracy on validation images after the last epoch: 90.0%." in text
    assert "The worst errors" not in text


def test_a_run_that_has_not_trained_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "home")
    data = load_data(str(pictures(tmp_path / "pictures")), workspace)
    run = create_run(workspace, data, backbone="small_cnn", size=24, pretrained=False)
    with pytest.raises(ExportError, match="Nothing has been trained in this run yet"):
        write_record(run, RECORDS["report"], tmp_path / "it.html")
    assert not (tmp_path / "it.html").exists()


def test_what_is_not_installed_is_named_with_the_command(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"needs vl_convert, .* pip install -r requirements-export.txt"):
        write_record(run, RECORDS["report"], tmp_path / "it.html")


@pytest.mark.parametrize("change", ["branch", "loaded", "broken off"])
def test_what_a_repetition_does_not_have_is_said(run: RunFolder, change: str) -> None:
    state = run.state
    if change == "loaded":
        run.write_state(state.model_copy(update={"loaded": "best"}))
        assert "weights of the snapshot best were loaded at last" in Page(report(run)).text
    elif change == "broken off":
        state.stages[0].status, state.stages[0].epochs = "stopped", 3
        run.write_state(state)
        assert "Stage 1 was broken off after 3 of 5 epochs" in Page(report(run)).text
    else:
        path = run.path / "run.json"
        origin = '"origin": {"run": "/secret/x", "snapshot": "cycle-1", "step": 1, "epoch": 1, "change": "rate 0.1"}'
        path.write_text(path.read_text().replace('"origin": null', origin))
        assert "This run is a branch: it began with the weights of the snapshot cycle-1" in Page(report(run)).text
