"""Answers of images that were just given, kept while they are looked at: the same image is computed once."""

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

if TYPE_CHECKING:
    from core.jobs.predictor import Seen

Floats = npt.NDArray[np.float32]

MOST = 4000
"""Answers in memory, shared by all visitors, 20 to 50 kB each; none can be found without the id of its image."""

LARGEST = 320
"""Side in pixels up to which a picture is kept."""

THUMBNAIL = 64


@dataclass(frozen=True)
class Kept:
    """The answer for one image, or the sentence why there is none (`error`).

    `picture` and `thumbnail` are JPEG; the arrays are those of `core.jobs.predictor.Seen`.
    """

    name: str
    error: str = ""
    probabilities: Floats | None = None
    features: Floats | None = None
    maps: Floats | None = None
    digest: str = ""
    picture: bytes = b""
    thumbnail: bytes = b""


def kept_of(name: str, seen: "Seen") -> Kept:
    """What is kept of an image that the network has seen."""
    pixels = Image.fromarray(seen.pixels)
    return Kept(
        name,
        probabilities=seen.probabilities,
        features=seen.features,
        maps=seen.maps,
        digest=seen.digest,
        picture=_jpeg(pixels, LARGEST),
        thumbnail=_jpeg(pixels, THUMBNAIL),
    )


def _jpeg(picture: Image.Image, most: int) -> bytes:
    if picture.width > most:
        picture = picture.resize((most, most), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


class Answers:
    """The answers used last, by the weights and the image's id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._packs: OrderedDict[tuple[str, str], list[Kept]] = OrderedDict()

    def get(self, weights: str, image: str) -> Kept | None:
        """The answer of one image."""
        with self._lock:
            if (weights, image) in self._kept:
                self._kept.move_to_end((weights, image))
            return self._kept.get((weights, image))

    def put(self, weights: str, image: str, answer: Kept) -> None:
        """Keep an answer; the one used longest ago is forgotten when there are too many."""
        with self._lock:
            self._kept[weights, image] = answer
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def pack(self, weights: str, archive: str) -> list[Kept] | None:
        """The answers of a whole archive."""
        with self._lock:
            return self._packs.get((weights, archive))

    def put_pack(self, weights: str, archive: str, answers: list[Kept]) -> None:
        """Keep those of a whole archive, as long as there are not too many in all."""
        with self._lock:
            self._packs[weights, archive] = answers
            while len(self._packs) > 1 and sum(map(len, self._packs.values())) > MOST:
                self._packs.popitem(last=False)


@st.cache_resource(show_spinner=False)
def answers() -> Answers:
    """The server's one store of them."""
    return Answers()
