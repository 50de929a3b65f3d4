"""The predictions of a model for a set of images, kept as one file. Importing this module does not import torch."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from core.errors import DataError, RunError
from core.kept import Count, parse_json
from core.workspace import Progress, atomic, no_progress

if TYPE_CHECKING:
    from core.data.decode import Fit
    from core.data.index import DataSet
    from core.model.classifier import Classifier

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_VERSION = 1


class Origin(BaseModel):
    """Where predictions come from: a snapshot's weights, taken after `step` batches of the run, on images of `size` px.

    `split` is "train" or "valid"; `tta` is "mean" with test-time augmentation (`core.results.tta`), None without.
    `content` is a digest of the images' bytes in their order, "" where it is not known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    snapshot: str = "latest"
    split: str = "valid"
    tta: str | None = None
    size: Count = 0
    step: Count = 0
    content: str = ""


@dataclass(frozen=True)
class Predictions:
    """Probabilities of N images over C classes, with the true classes.

    `indices` (N,) int64 are positions in the data set's items, `names` the items' names, `labels` (N,) int64
    the true classes, `probabilities` (N, C) float32 sum to 1 in each row, `losses` (N,) float32 are cross
    entropies in nats, `fingerprint` is that of the data set. Raises `RunError` when the shapes do not agree.
    """

    classes: tuple[str, ...]
    indices: Integers
    names: tuple[str, ...]
    labels: Integers
    probabilities: Floats
    losses: Floats
    fingerprint: str
    about: Origin

    def __post_init__(self) -> None:
        count = len(self.labels)
        fits = (
            len(self.indices) == len(self.names) == len(self.losses) == count
            and self.probabilities.shape == (count, len(self.classes))
            and (count == 0 or 0 <= self.labels.min() <= self.labels.max() < len(self.classes))
        )
        if not fits:
            raise RunError("These predictions do not fit their images. Evaluate the run again.")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def predicted(self) -> Integers:
        """The most probable class of each image, (N,) int64; of equal ones the first."""
        best: Integers = self.probabilities.argmax(axis=1).astype(np.int64)
        return best

    @cached_property
    def confidence(self) -> Floats:
        """Probability of the predicted class, (N,)."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest

    @property
    def accuracy(self) -> float:
        """Share of images whose predicted class is the true one; NaN without images."""
        return float((self.predicted == self.labels).mean()) if len(self) else float("nan")

    @property
    def loss(self) -> float:
        """Mean cross entropy in nats; NaN without images."""
        return float(self.losses.mean(dtype=np.float64)) if len(self) else float("nan")

    def save(self, path: Path) -> None:
        """Write to `path` (an .npz file) atomically."""
        with atomic(path) as file:
            self.write(file)

    def write(self, file: BinaryIO) -> None:
        """Write to an open file, as `save` does."""
        words = {
            "version": _VERSION,
            "classes": self.classes,
            "names": self.names,
            "fingerprint": self.fingerprint,
            "about": self.about.model_dump(mode="json"),
        }
        np.savez_compressed(
            file,
            words=np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
            indices=self.indices,
            labels=self.labels,
            probabilities=self.probabilities,
            losses=self.losses,
        )

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `save` wrote; raises `RunError` when the file is missing, damaged or of another version."""
        try:
            with np.load(path, allow_pickle=False) as file:
                words = parse_json(file["words"].tobytes())
                if words["version"] != _VERSION:
                    raise ValueError(f"version {words['version']}")
                return cls(
                    classes=tuple(words["classes"]),
                    indices=file["indices"],
                    names=tuple(words["names"]),
                    labels=file["labels"],
                    probabilities=file["probabilities"],
                    losses=file["losses"],
                    fingerprint=words["fingerprint"],
                    about=Origin.model_validate(words["about"]),
                )
        except FileNotFoundError as error:
            raise RunError("There are no predictions yet. Evaluate the run first.") from error
        except Exception as error:  # zipfile, numpy and json raise different errors for a damaged file
            raise RunError(f"The predictions in {path.name} cannot be read. Evaluate the run again.") from error


def predictions_of(
    data: "DataSet",
    indices: npt.NDArray[np.integer[Any]],
    probabilities: npt.NDArray[np.floating[Any]],
    *,
    losses: npt.NDArray[np.floating[Any]] | None = None,
    about: Origin | None = None,
) -> Predictions:
    """Predictions for `data.items[i]`, i in `indices` (N,), from `probabilities` (N, C) and `losses` (N,)."""
    labels = data.labels[indices].astype(np.int64)
    if losses is None:
        losses = cross_entropy(probabilities, labels)
    return Predictions(
        classes=data.classes,
        indices=np.asarray(indices, dtype=np.int64),
        names=tuple(data.items.names[i] for i in indices),
        labels=labels,
        probabilities=np.asarray(probabilities, dtype=np.float32),
        losses=np.asarray(losses, dtype=np.float32),
        fingerprint=data.fingerprint,
        about=(about or Origin()).model_copy(update={"content": _content(data, indices)}),
    )


def _content(data: "DataSet", indices: npt.NDArray[np.integer[Any]]) -> str:
    digests = "\n".join(data.items.digests[i] for i in indices)
    return hashlib.blake2b(digests.encode(), digest_size=16).hexdigest()


def cross_entropy(probabilities: npt.NDArray[np.floating[Any]], labels: Integers) -> Floats:
    """-ln of the probability of the true class, (N,) in nats; a probability of 0 is replaced by the smallest float32.

    >>> [f"{loss:.3f}" for loss in cross_entropy(np.array([[0.5, 0.5], [0.1, 0.9]]), np.array([0, 1]))]
    ['0.693', '0.105']
    """
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return (-np.log(np.clip(chosen, np.finfo(np.float32).tiny, 1.0))).astype(np.float32)


def predict_images(
    model: "Classifier",
    paths: Sequence[Path],
    size: int,
    *,
    batch_size: int = 32,
    fit: "Fit" = "crop",
    progress: Progress = no_progress,
    unreadable: dict[int, str] | None = None,
) -> Floats:
    """Probabilities (N, C) float32 of image files, decoded to `size` pixels and made square by `fit`, as for training.

    An image that cannot be read raises `DataError`; where `unreadable` is given, its position and the reason are put
    there instead, and its row is NaN.
    """
    import torch

    from core.model.classifier import evaluating
    from core.results.inference import probabilities_of

    found: list[Floats] = []
    with evaluating(model):
        for start in range(0, len(paths), batch_size):
            progress("Predicting images", start, len(paths))
            images = _decoded(paths, range(start, min(start + batch_size, len(paths))), size, fit, unreadable)
            rows = np.full((min(batch_size, len(paths) - start), len(model.classes)), np.nan, dtype=np.float32)
            if images:
                batch = torch.from_numpy(np.stack(list(images.values()))).permute(0, 3, 1, 2)
                rows[[position - start for position in images]] = probabilities_of(model, batch)
            found.append(rows)
    progress("Predicting images", len(paths), len(paths))
    return np.concatenate(found) if found else np.zeros((0, len(model.classes)), dtype=np.float32)


def _decoded(
    paths: Sequence[Path], positions: range, size: int, fit: "Fit", unreadable: dict[int, str] | None
) -> dict[int, npt.NDArray[np.uint8]]:
    """Position -> pixels of the images that can be read; see `predict_images` for the others."""
    from core.data.decode import decode

    images = {}
    for position in positions:
        try:
            images[position] = decode(paths[position], size, fit)
        except DataError as error:
            if unreadable is None:
                raise
            unreadable[position] = str(error)
    return images
