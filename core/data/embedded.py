"""The data sets that come with Anneal, written once to the workspace as folders of PNG files."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.folders import new_folder, settle
from core.data.parallel import in_threads
from core.data.shapes import DIFFICULTIES, OUTLINES, draw
from core.errors import DataError
from core.workspace import Progress, Workspace, sentences

VERSION = 1
"""Goes up when the pictures change, so that a folder of old ones is not taken for the new."""

SHAPES_A_CLASS = 100

_DIGIT_SIZE = 32


def embedded_folder(spec: str, workspace: Workspace, progress: Progress) -> Path:
    """The folder of "digits" or "shapes:<difficulty>", made when it is not there yet; same content every time."""
    name, _, difficulty = spec.partition(":")
    target = workspace.data / f"{spec.replace(':', '-')}-{VERSION}"
    if target.is_dir():
        return target
    with new_folder(workspace.data) as folder:
        if name == "digits":
            _write_digits(folder, progress)
        else:
            _write_shapes(folder, difficulty, progress)
        settle(folder, target)
    return target


def full_spec(spec: str) -> str:
    """The spec with its difficulty: "shapes" is "shapes:medium"; raises `DataError` for an unknown one."""
    name, colon, difficulty = spec.partition(":")
    if name == "digits" and not colon:
        return spec
    difficulty = difficulty if colon else "medium"
    if name != "shapes" or difficulty not in DIFFICULTIES:
        *first, last = (f"shapes:{known}" for known in DIFFICULTIES)
        raise DataError(f"There is no data set {spec!r}. Choose {', '.join(first)} or {last}.")
    return f"{name}:{difficulty}"


def _write_digits(folder: Path, progress: Progress) -> None:
    from sklearn.datasets import load_digits  # takes longer to import than a page may wait

    digits = load_digits()
    grey = (np.asarray(digits.images) * (255 / 16)).round().astype(np.uint8)
    jobs = [(str(label), number) for number, label in enumerate(digits.target)]

    def picture(label: str, number: int) -> Image.Image:
        return Image.fromarray(grey[number]).resize((_DIGIT_SIZE, _DIGIT_SIZE), Image.Resampling.BICUBIC)

    _write_all(folder, jobs, picture, "Writing digits", progress)


def _write_shapes(folder: Path, difficulty: str, progress: Progress) -> None:
    jobs = [(label, number) for label in OUTLINES for number in range(SHAPES_A_CLASS)]

    def picture(label: str, number: int) -> Image.Image:
        return draw(label, difficulty, 0, number)

    _write_all(folder, jobs, picture, "Drawing shapes", progress)


def _write_all(
    folder: Path, jobs: list[tuple[str, int]], picture: Callable[[str, int], Image.Image], what: str, progress: Progress
) -> None:
    """Write `picture(label, number)` to label/number.png for each job."""

    def write(job: tuple[str, int]) -> None:
        label, number = job
        content = io.BytesIO()
        picture(label, number).save(content, "PNG", compress_level=1)
        (folder / label / f"{number:04d}.png").write_bytes(content.getvalue())

    for label in {label for label, _ in jobs}:
        (folder / label).mkdir()
    with sentences(folder):
        for _ in in_threads(write, jobs, what, progress):
            pass
