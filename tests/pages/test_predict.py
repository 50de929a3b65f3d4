"""The Predict page: images of every kind in, classes, maps, neighbours and a table out."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.jobs.execute import run_here
from core.jobs.specs import StudySpec, TrainSpec
from core.results.studies import NearestImages
from core.runs.folder import RunFolder
from core.runs.threshold import keep_threshold
from core.runs.weights import written_at
from core.training.stage import Plan, Stage
from pages.ui.predict import answering, given, live
from tests.pages import made
from tests.pages.conftest import open_page
from tests.pages.looking import click, line_with, lines

STAGE = Stage(freeze_to=0, lr=(0.01,), cycle_len=1, size=24, batch_size=8)


@pytest.fixture
def run(home: Path) -> RunFolder:
    """A run of a small network that has trained for an epoch."""
    found = made.new_run(home)
    run_here(found.workspace, found.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    return found


def picture(seed: int = 5, size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def drop(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop files on the page."""
    at.file_uploader(key="predict-files").set_value([(name, content, "") for name, content in files]).run()
    assert not at.exception
    return at


def table(at: AppTest) -> pd.DataFrame:
    """The table of answers."""
    (found,) = at.dataframe
    return found.value


def test_without_a_run_there_is_an_example_and_a_way_to_one() -> None:
    at = open_page("predict")
    assert not at.exception
    assert line_with(at, "An example, not yours")
    assert any(button.label == "Start with digits" for button in at.button)


def test_a_run_that_has_not_trained_says_where_to_train_it(home: Path) -> None:
    at = open_page("predict", run=made.new_run(home).id)
    assert not at.exception
    assert line_with(at, "This run has not trained yet")
    assert [button.label for button in at.button if button.key == "next"] == ["Next: train it"]


def test_an_image_is_answered_with_its_class_its_map_and_a_way_to_its_neighbours(run: RunFolder) -> None:
    at = drop(open_page("predict", run=run.id), (f"{made.HOSTILE.replace('/', '_')}.png", picture()))
    assert not at.error
    assert not at.warning
    assert line_with(at, "class-activation map: 3 × 3 places")
    assert line_with(at, "activations of the run's 24 images")
    assert any(line.removeprefix("#### ") in run.info.classes for line in lines(at))
    assert not at.dataframe


def test_neighbours_are_shown_once_a_study_has_found_them(run: RunFolder) -> None:
    question = NearestImages(snapshot="latest", written=written_at(run))
    run_here(run.workspace, run.id, StudySpec(question=question))
    at = drop(open_page("predict", run=run.id), ("a.png", picture()))
    assert line_with(at, "of the 6 nearest are of the class")
    assert not [button for button in at.button if button.label == "Find them"]


def test_finding_them_is_a_job(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.queue.advance", lambda workspace: None)
    at = drop(open_page("predict", run=run.id), ("a.png", picture()))
    click(at, "Find them")
    assert line_with(at, "They are being found")


def test_below_the_threshold_it_is_not_sure(run: RunFolder) -> None:
    keep_threshold(run, 0.99)
    at = drop(open_page("predict", run=run.id), ("a.png", picture()))
    assert line_with(at, "Not sure: perhaps")
    assert line_with(at, "lies below 99.0%")


def test_a_training_image_is_said_to_be_one(run: RunFolder) -> None:
    data = run.data()
    item = data.items[data.indices("train")[0]]
    at = drop(open_page("predict", run=run.id), ("copy.png", item.path.read_bytes()))
    assert "This very file is a training image" in at.info[0].value


def test_many_images_are_a_table_with_its_file(run: RunFolder) -> None:
    names = [f"{made.HOSTILE.replace('/', '_')}.png", "b.jpg", "bad.jpg"]
    at = drop(
        open_page("predict", run=run.id),
        (names[0], picture(1)),
        (names[1], picture(2, kind="JPEG")),
        (names[2], b"not a picture"),
    )
    found = table(at)
    assert found["image"].tolist() == names
    assert found["class"].notna().tolist() == [True, True, False]
    assert found["picture"].str.startswith("data:image/jpeg;base64,").fillna(False).tolist() == [True, True, False]
    assert "Not an image, though its name ends in .jpg" in found["error"][2]
    assert found["error"][:2].tolist() == ["", ""]
    assert "Not an image" in at.warning[0].value
    assert [button.label for button in at.get("download_button")] == ["Save as CSV"]
    assert at.subheader[-1].value.replace("\\", "").startswith("![x](")


def test_a_zip_is_unpacked_and_nothing_of_it_stays(run: RunFolder) -> None:
    before = sorted(os.listdir(run.workspace.data))
    inner = zipped({"c.png": picture(3)})
    content = zipped({"b.png": picture(1), "sub/a.png": picture(2), "notes.txt": b"x", "more.zip": inner})
    at = drop(open_page("predict", run=run.id), ("photos.zip", content), ("z.png", picture(4)))
    assert sorted(table(at)["image"]) == ["b.png", "more/c.png", "sub/a.png", "z.png"]
    assert sorted(os.listdir(run.workspace.data)) == before


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("bomb.zip", zipped({"bomb.png": bytes(2**28)}), "unpacks to more than 100 times its size"),
        ("broken.zip", zipped({"a.png": picture()})[:60], "is damaged: its end is missing"),
        ("empty.zip", zipped({"notes.txt": b"x"}), "There is no image in it"),
    ],
    ids=["bomb", "broken", "empty"],
)
def test_archives_that_cannot_be_read_are_a_sentence(run: RunFolder, name: str, content: bytes, sentence: str) -> None:
    at = drop(open_page("predict", run=run.id), (name, content), ("a.png", picture()))
    assert sentence in at.error[0].value
    assert line_with(at, "class-activation map")  # the other image goes on


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.png", b"", "The file is empty"),
        ("cut.png", picture()[:500], "cut short"),
        ("photos.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "It is a 7z archive"),
        ("film.mp4", bytes(4) + b"ftypisom" + bytes(40), "It is a video"),
    ],
    ids=["empty", "cut", "7z", "film"],
)
def test_files_that_are_no_image_are_a_sentence(run: RunFolder, name: str, content: bytes, sentence: str) -> None:
    at = drop(open_page("predict", run=run.id), (name, content))
    assert sentence in at.warning[0].value
    assert not at.error


def test_no_more_than_a_thousand_are_answered_and_the_page_says_so(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "MOST_IMAGES", 3)
    monkeypatch.setattr(answering, "MOST_IMAGES", 3)
    packed = zipped({f"{number}.png": picture(number) for number in range(5)})
    at = drop(open_page("predict", run=run.id), ("a.png", picture(9)), ("many.zip", packed))
    assert table(at)["image"].tolist() == ["a.png", "0.png", "1.png"]
    assert "More than 3 images: these are the answers for the first 3" in at.warning[0].value


def test_a_validation_image_is_shown_with_its_label(run: RunFolder) -> None:
    at = open_page("predict", run=run.id)
    at.segmented_control(key="predict-way").set_value("own").run()
    assert not at.exception
    assert line_with(at, "A validation image,")
    click(at, "Another one")


def test_new_weights_answer_anew(run: RunFolder) -> None:
    at = drop(open_page("predict", run=run.id), ("a.png", picture()), ("b.png", picture(6)))
    first = table(at)["probability"].tolist()
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    assert table(at.run())["probability"].tolist() != first
    at.selectbox(key="predict-snapshot").select("cycle-1").run()
    assert table(at)["probability"].tolist() == pytest.approx(first, abs=1e-3)


def test_a_stop_leaves_what_is_there_and_goes_on_when_asked(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page("predict", run=run.id)
    at.session_state[answering.STOP] = True
    drop(at, ("a.png", picture()), ("b.png", picture(6)))
    assert not at.dataframe
    assert line_with(at, "2 of 2 images have no answer yet")
    click(at, "Go on")
    assert len(table(at)) == 2


def test_damaged_weights_are_a_sentence(run: RunFolder) -> None:
    run.checkpoint.write_bytes(b"nothing")
    at = open_page("predict", run=run.id)
    assert not at.exception
    assert "is damaged and cannot be read" in at.error[0].value


def test_the_live_camera_says_what_it_saw_last(run: RunFolder) -> None:
    at = open_page("predict", run=run.id)
    at.segmented_control(key="predict-way").set_value("live").run()
    assert not at.exception
    assert line_with(at, "Start the camera, and hold something in front of it")
    weights = f"{run.path} latest {written_at(run)}"
    at.session_state[live.SAID] = {"number": 3, "probabilities": [0.1, 0.7, 0.2], "weights": weights}
    assert line_with(at.run(), "Frame 3")
    assert line_with(at, f"#### {run.info.classes[1]}")
    at.session_state[live.SAID] = {"number": 4, "error": "The frame is too large."}
    assert line_with(at.run(), "A frame could not be read. The frame is too large.")
