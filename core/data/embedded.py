"""The data sets that come with Anneal, written once to the workspace as folders of PNG files."""

import gzip
import importlib.util
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


def embedded_pictures(spec: str, count: int) -> list[Image.Image]:
    """The first `count` pictures of an embedded set, each of another class while there are more; nothing is written.

    `spec` as `full_spec` gives it. At most 10 pictures of digits.
    """
    name, _, difficulty = spec.partition(":")
    if name == "digits":
        return [_digit(pixels) for pixels in _first_digits(min(count, 10))]
    labels = list(OUTLINES)
    return [draw(labels[number % len(labels)], difficulty, 0, number // len(labels)) for number in range(count)]


def _first_digits(count: int) -> np.ndarray:
    """The first images of scikit-learn's digits, read from its file: importing it takes longer than a page may wait."""
    package = importlib.util.find_spec("sklearn")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", max_rows=count)
    return _grey(rows[:, :-1].reshape(-1, 8, 8))


def _grey(images: np.ndarray) -> np.ndarray:
    """Values 0..16 as grey levels, uint8."""
    return (images * (255 / 16)).round().astype(np.uint8)


def _digit(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels).resize((_DIGIT_SIZE, _DIGIT_SIZE), Image.Resampling.BICUBIC)


def _write_digits(folder: Path, progress: Progress) -> None:
    from sklearn.datasets import load_digits  # takes longer to import than a page may wait

    digits = load_digits()
    grey = _grey(np.asarray(digits.images))
    jobs = [(str(label), number) for number, label in enumerate(digits.target)]

    def picture(label: str, number: int) -> Image.Image:
        return _digit(grey[number])

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
