"""Frames of the camera: answered, or a sentence, whatever the browser sends."""

import base64
import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.decode import decode_bytes
from pages.ui.predict import live
from pages.ui.predict.ready import Ready


class Echo:
    """Stands for a network: decodes the frame, and says that all of its two classes are alike."""

    classes = ("cat", "dog")

    def see(self, content: bytes, suffix: str) -> Any:
        decode_bytes(content, 8, suffix)
        return SimpleNamespace(probabilities=np.array([0.5, 0.5], dtype=np.float32))


def answered(monkeypatch: pytest.MonkeyPatch, frame: object) -> dict[str, Any] | None:
    state: dict[str, Any] = {live.KEY: {"frame": frame}}
    monkeypatch.setattr(live.st, "session_state", state)
    live._answer(Ready(Echo(), "latest", "weights"))  # type: ignore[arg-type]
    return state.get(live.SAID)


def jpeg() -> str:
    file = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_frame_is_answered_under_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    said = answered(monkeypatch, {"number": 7, "jpeg": jpeg()})
    assert said == {"number": 7, "probabilities": [0.5, 0.5], "weights": "weights"}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ("", "Not an image"),
        ("%%%", "base64"),
        (jpeg()[:200] + "=" * (-200 % 4), "cut short"),
        ("A" * (live.MOST_FRAME + 4), "The frame is too large"),
    ],
    ids=["nothing", "no base64", "cut short", "too large"],
)
def test_a_frame_that_cannot_be_read_is_a_sentence_and_the_next_one_comes(
    monkeypatch: pytest.MonkeyPatch, sent: str, sentence: str
) -> None:
    said = answered(monkeypatch, {"number": 8, "jpeg": sent})
    assert said is not None
    assert said["number"] == 8
    assert sentence in said["error"]


@pytest.mark.parametrize("frame", [None, "x", {"number": "1"}, {}])
def test_what_is_no_frame_is_left_alone(monkeypatch: pytest.MonkeyPatch, frame: object) -> None:
    assert answered(monkeypatch, frame) is None
