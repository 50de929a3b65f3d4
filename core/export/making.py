"""An export made: written, checked against the app's own answers, and kept only if it gives them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ExportError
from core.export.description import Check, Description
from core.export.formats import Format, FormatName, refuse_missing
from core.export.kept import description_path
from core.export.network import Exported, Pixels, Predictor, Probabilities
from core.numbers import rate_in_words
from core.workspace import Progress, atomic, no_progress

BATCH = 64
"""Images that the check passes through the file at once."""

TIE = 1e-5
"""Classes whose probabilities differ by less are equally likely, so that either is the answer."""


@dataclass(frozen=True)
class Answers:
    """What the app says of images: its probabilities (N, C) of `pixels[i]`, (size, size, 3) uint8, i in `indices`."""

    pixels: Pixels
    indices: npt.NDArray[np.int64]
    probabilities: Probabilities

    def __len__(self) -> int:
        return len(self.indices)

    def batches(self) -> Iterator[tuple[int, Pixels, Probabilities]]:
        """How many images came before, pixels (B, size, size, 3), probabilities (B, C); not all in memory at once."""
        for start in range(0, len(self), BATCH):
            part = slice(start, start + BATCH)
            yield start, np.ascontiguousarray(self.pixels[self.indices[part]]), self.probabilities[part]


class Made(Protocol):
    """A network in the form of a file: its bytes with a description in them, and these bytes at work."""

    def completed(self, description: Description) -> Description:
        """The description with what only this form knows."""

    def content(self, description: Description) -> bytes:
        """The file."""

    def opened(self, content: bytes, description: Description) -> Predictor:
        """What a user of the file does with it; the check calls this."""


def make(
    form: Format,
    exported: Exported,
    description: Description,
    path: Path,
    answers: Answers,
    progress: Progress = no_progress,
) -> Description:
    """Write the model to `path` and its description beside it, once the file has shown that it says what the app says.

    `answers` are the app's for the validation images. Returns the description with the check in it, which the file
    holds too. Raises `ExportError` when something is not installed,
    the network cannot be written so, or the check fails, and `WorkspaceError` when the disk is full; no file is left
    then, but one that was there before.
    """
    refuse_missing(form)
    progress(f"Writing {form.title}", 0, 0)
    made, content = _written(form, exported, description)
    found = checked(made.opened(content, description), answers, progress)
    if not found.passed:
        raise ExportError(failed(form, found))
    said = made.completed(description).model_copy(update={"check": found})
    content = made.content(said)
    beside = description_path(path)
    with atomic(path) as file:
        file.write(content)
    try:
        with atomic(beside) as file:
            file.write(said.text().encode())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return said


def _written(form: Format, exported: Exported, description: Description) -> tuple[Made, bytes]:
    try:
        made = _maker(form.name)(exported)
        return made, made.content(made.completed(description))
    except (ExportError, MemoryError):
        raise
    except Exception as error:  # exporters raise their own errors for what they cannot translate
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise ExportError(
            f"{description.network} cannot be written as {form.title} ({said}). Choose another format."
        ) from error


def _maker(name: FormatName) -> Callable[[Exported], Made]:
    if name == "onnx":
        from core.export.onnx_file import OnnxFile

        return OnnxFile
    if name == "zip":
        from core.export.archive import Archive

        return Archive
    if name == "html":
        from core.export.web_page import WebPage

        return WebPage
    if name == "torch":
        from core.export.torch_file import TorchFile

        return TorchFile
    from core.export.weights_file import WeightsFile

    return WeightsFile


def checked(predict: Predictor, answers: Answers, progress: Progress = no_progress) -> Check:
    """Every image through the file, compared with the app's probabilities."""
    largest, others, count = 0.0, 0, len(answers)
    for start, pixels, known in answers.batches():
        progress("Checking the file", start, count)
        found = np.asarray(predict(pixels))
        if found.shape != known.shape or not np.isfinite(found).all():
            return Check(images=count, largest_difference=1.0, others=count)
        largest = max(largest, float(np.abs(found - known).max()))
        answered = known[np.arange(len(known)), found.argmax(axis=1)]
        others += int((answered < known.max(axis=1) - TIE).sum())
    progress("Checking the file", count, count)
    return Check(images=count, largest_difference=largest, others=others)


def failed(form: Format, check: Check) -> str:
    """Why a file is not offered."""
    apart = rate_in_words(check.largest_difference)
    return (
        f"The {form.title} file does not say what the app says: over {check.images:,} validation images its "
        f"probabilities differ by up to {apart} ({check.tolerance:g} is allowed), and "
        f"{check.others:,} get another class. It was not kept; choose another format."
    )
