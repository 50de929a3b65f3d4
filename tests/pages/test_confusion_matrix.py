from pathlib import Path

import numpy as np
import pytest

from core.charts.confusion import CELL_PICKED
from core.data.index import load_data
from core.data.versions.ledger import ledger_of
from core.jobs import queue
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Predictions
from core.runs.create import create_run
from core.workspace import Workspace
from pages.ui.results import shown_classes
from tests.pages.builders import folder_of
from tests.pages.conftest import open_page
from tests.pages.made import CLASSES, HOSTILE, evaluate, new_run, train

pytestmark = pytest.mark.usefixtures("quiet")


def buttons(at):
    return {button.label: button for button in at.button}


@pytest.fixture
def run(home: Path):
    made = new_run(home)
    train(made)
    return made


def test_first_view_has_an_example_and_one_click_to_begin() -> None:
    at = open_page("confusion_matrix")
    assert not at.exception
    assert at.get("vega_lite_chart")
    assert "Start with digits" in buttons(at)


def test_an_untrained_run_is_sent_to_training(home: Path) -> None:
    at = open_page("confusion_matrix", run=new_run(home).id)
    assert not at.exception
    assert "Train it" in [link.value for link in at.page_link]
    assert "Evaluate" not in buttons(at)


def test_a_trained_run_without_predictions_is_evaluated_on_a_click(run) -> None:
    at = open_page("confusion_matrix", run=run.id)
    at.toggle(key="matrix-tta").set_value(True).run()
    buttons(at)["Evaluate"].click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert job.kind == "evaluate"
    assert job.spec == EvaluateSpec(tta=True)
    assert not at.exception


def test_of_many_classes_the_map_shows_a_page_or_those_around_the_one_searched_for(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown_classes, "MOST_DRAWN", 2)
    monkeypatch.setattr(shown_classes, "PER_MAP", 2)
    evaluate(run)  # one image is wrong: one of the first class is taken for the second
    at = open_page("confusion_matrix", run=run.id)

    def said() -> list[str]:
        return [text.value for text in at.text]

    assert "Classes 1 to 2 of 3: 1 of all 1 errors lie between them." in said()
    for place, errors in ((2, 0), (1, 1)):
        at.selectbox(key=f"matrix-{run.id}-latest-valid-find").set_value(place).run()
        name = run.data().classes[place]
        assert f"{name} and those it is confused with: {errors} of all 1 errors lie between them." in said()
    assert not at.exception


def test_predictions_are_read_in_full(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    figures = {metric.label: metric.value for metric in at.metric}
    images = len(run.data().indices("valid"))
    assert figures["Correct"] == f"{images - 1} of {images}"
    pairs, classes = (table.value for table in at.dataframe)
    assert len(pairs) == 1
    assert list(classes["class"]) == list(CLASSES) or set(classes["class"]) == set(CLASSES)
    assert "Evaluate" not in buttons(at)


def test_a_click_on_a_cell_shows_its_images(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    pair = at.dataframe[0].value.iloc[0]
    key = f"matrix-{run.id}-latest-valid-map"
    at.session_state[key] = {"selection": {CELL_PICKED: [{"true": pair["true"], "predicted": pair["predicted"]}]}}
    at.run()
    assert not at.exception
    assert any("taken for" in text.value for text in at.markdown)
    assert any("1 image" in caption.value for caption in at.caption)


def test_an_image_is_opened_and_the_next_one_by_a_key(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    key = f"matrix-{run.id}-latest-valid"
    at.segmented_control(key=f"{key}-shown").set_value("Both").run()
    predictions = Predictions.load(run.predictions_path())
    worst = [int(at) for at in np.argsort(-predictions.losses, kind="stable")]
    at.button(key=f"{key}-look-{worst[0]}").click().run()
    assert not at.exception
    captions = [caption.value for caption in at.caption]
    assert f"1 of {len(predictions)}" in captions
    assert any(f"Loss {predictions.losses[worst[0]]:.3f}" in caption for caption in captions)
    assert at.button(key="closer-before").disabled
    at.button(key="closer-after").click().run()
    assert at.session_state["closer-place"] == 1


def test_images_can_be_narrowed_to_a_class_and_a_range(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    key = f"matrix-{run.id}-latest-valid"
    at.segmented_control(key=f"{key}-shown").set_value("Right").run()
    at.selectbox(key=f"{key}-class").set_value(0).run()
    predictions = Predictions.load(run.predictions_path())
    right = int(((predictions.predicted == predictions.labels) & (predictions.labels == 0)).sum())
    assert any(caption.value.startswith(f"{right} image") for caption in at.caption)
    at.slider(key=f"{key}-range").set_range(0, 0).run()
    assert not at.exception
    assert any("No image is like that" in caption.value for caption in at.caption)


@pytest.mark.parametrize(("value", "order"), [("Counts", "By confusion"), ("Shares", "As given")])
def test_counts_or_shares_in_either_order(run, value: str, order: str) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    at.segmented_control(key=f"matrix-{run.id}-latest-valid-value").set_value(value).run()
    at.segmented_control(key=f"matrix-{run.id}-latest-valid-order").set_value(order).run()
    at.toggle(key=f"matrix-{run.id}-latest-valid-errors").set_value(True).run()
    assert not at.exception


def test_predictions_older_than_the_weights_are_said_to_be(run) -> None:
    evaluate(run)
    future = run.predictions_path().stat().st_mtime + 60
    import os

    os.utime(run.checkpoint, (future, future))
    at = open_page("confusion_matrix", run=run.id)
    assert any("have changed" in caption.value for caption in at.caption)
    assert "Evaluate" in buttons(at)


def test_damaged_predictions_are_a_sentence(run) -> None:
    path = run.predictions_path()
    path.parent.mkdir()
    path.write_bytes(b"not an archive")
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    assert any("Evaluate the run again" in error.value for error in at.error)


def test_names_of_classes_are_never_markdown(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    shown = [*at.markdown, *at.caption, *at.metric, *at.button]
    assert not any(HOSTILE[:4] in str(element.value) for element in shown)


def test_pictures_that_have_gone_are_counted_not_fatal(run) -> None:
    evaluate(run)
    for item in run.data().items:
        item.path.unlink(missing_ok=True)
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception


@pytest.mark.parametrize("unchecked", [1, 2])
def test_classes_without_images_to_check_have_no_recall(home: Path, tmp_path: Path, unchecked: int) -> None:
    classes = {"cat": 6, "dog": 6, HOSTILE.replace("/", "_"): 6, "eel": 6}
    folder_of(tmp_path / "pets" / "train", classes)
    folder_of(tmp_path / "pets" / "valid", dict(list(classes.items())[unchecked:]))
    workspace = Workspace.at(home)
    made = create_run(workspace, load_data(str(tmp_path / "pets"), workspace), backbone="small_cnn", size=16)
    train(made)
    evaluate(made)
    at = open_page("confusion_matrix", run=made.id)
    assert not at.exception
    said = next(caption.value for caption in at.caption if "None to check" in caption.value)
    named = "None to check: cat. Without images here it has" if unchecked == 1 else "None to check: cat, dog. Without"
    assert said.startswith(named)
    assert {metric.label: metric.value for metric in at.metric}["Hardest class"] not in ("cat", "nan")
    (table,) = [frame.value for frame in at.dataframe if "recall" in frame.value]
    assert table.set_index("class")["recall"].isna().sum() == unchecked


def test_an_image_that_is_looked_at_closely_is_relabelled_there(run) -> None:
    evaluate(run)
    at = open_page("confusion_matrix", run=run.id)
    predictions = Predictions.load(run.predictions_path())
    at.button(key=f"matrix-{run.id}-latest-valid-look-{int(predictions.losses.argmax())}").click().run()
    at.button(key="mend-relabel").click().run()
    assert not at.exception
    (edit,) = ledger_of(run.workspace, run.data()).edits()
    wrong = int(predictions.losses.argmax())
    assert (edit.image, edit.to) == (predictions.names[wrong], predictions.classes[predictions.predicted[wrong]])
