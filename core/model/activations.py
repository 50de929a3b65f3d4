"""Precomputed activations: the backbone's features of every image, computed once and kept on disk.

They are valid only for a frozen backbone and images without augmentation.
"""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.batches import gather
from core.data.index import DataSet
from core.data.kept_rows import KeptRows, write_digests
from core.data.mapped import Mapped
from core.data.pixels import digests_of, key_of, load_pixels, pixels_key
from core.data.row_file import RowFile
from core.errors import ModelError
from core.hosting.usage import refuse_full
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import explained_memory_errors, precision
from core.model.parts import in_parts
from core.process.threads import tune_allocator
from core.workspace import Progress, Workspace, no_progress, write_json

VERSION = 1
"""Increased when their computation changes, so that older activations are not used."""

BATCH = 32

COMPUTING = "Computing activations"
"""What their computation reports as."""

Activations = NDArray[np.float32]


def backbone_digest(model: Classifier) -> str:
    """A digest (32 hexadecimal digits) of the backbone's weights and buffers, and of the normalisation of its input."""
    digest = hashlib.blake2b(f"{model.backbone_name} {model.input_size}".encode(), digest_size=16)
    tensors: dict[str, Tensor] = {**model.backbone.state_dict(), "mean": model.mean, "std": model.std}
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def activations_key(model: Classifier, data: DataSet, size: int) -> str:
    """Name of the cached activations: a digest of the images' content, the size, the backbone and the version."""
    return _key(pixels_key(data, size), backbone_digest(model))


def _key(pixels: str, backbone: str) -> str:
    return hashlib.blake2b("\n".join([str(VERSION), pixels, backbone]).encode(), digest_size=16).hexdigest()


def load_activations(
    model: Classifier,
    data: DataSet,
    size: int,
    workspace: Workspace,
    *,
    progress: Progress = no_progress,
) -> Activations:
    """Read-only float32 memory map (N, F); row i is `model.features` of image `data.items[i]` at `size` px.

    Computed at the first use and kept in the workspace. Those of images that are there for another data set are not
    computed again, nor are those of a computation that was interrupted. Each batch is reported to `progress`; an
    exception that it raises stops the computation. Raises `TrainingError` when the GPU's memory does not suffice,
    and what `load_pixels` raises.
    """
    backbone = backbone_digest(model)
    file = _file(data, _key(pixels_key(data, size), backbone), model.feature_size, workspace)
    activations = file.opened()
    if activations is None:
        refuse_full(workspace, 4 * len(data.items) * model.feature_size)
        kept = KeptRows(
            file.path.parent,
            digests_of(data),
            lambda digests: _key(key_of(digests, size, data.fit), backbone),
            lambda path, count: replace(file, path=path, count=count).opened(),
        )
        _compute(model, load_pixels(data, size, workspace, progress), file, progress, kept)
        activations = file.opened()
        if activations is None:
            raise ModelError(f"The activations in {file.path} cannot be read back. Check the disk, and try again.")
    _describe(model, data, size, file.path)
    return activations


def kept_activations(data: DataSet, key: str, features: int, workspace: Workspace) -> Activations | None:
    """What `load_activations` has kept under a key (`activations_key`), (N, `features`); None when there is nothing."""
    return _file(data, key, features, workspace).opened()


def _file(data: DataSet, key: str, features: int, workspace: Workspace) -> RowFile:
    return RowFile(workspace.activations / f"{key}.npy", len(data.items), (features,), "<f4")


def _compute(model: Classifier, pixels: NDArray[np.uint8], file: RowFile, progress: Progress, kept: KeptRows) -> None:
    """Compute the features of the images that no array has, batch by batch, and put all in order."""
    tune_allocator()
    fast = folded(model)

    def computed(images: NDArray[np.int64]) -> Generator[Activations, None, None]:
        done = 0
        for features in in_parts(_Features(fast, Mapped(pixels), images), -(-len(images) // BATCH)):
            yield from features.cpu().numpy()
            done += len(features)
            progress(COMPUTING, done, len(images))

    with torch.inference_mode(), explained_memory_errors(BATCH, pixels.shape[1]):
        file.make(lambda first: kept.merged(first, computed(kept.missing(first))), COMPUTING, progress)


@dataclass(frozen=True)
class _Features:
    """Features of the `images` with these numbers, a batch for each part; see `in_parts`."""

    fast: Classifier
    pixels: Mapped[np.uint8]
    images: NDArray[np.int64]

    def __call__(self, part: int) -> Tensor:
        where = self.fast.mean.device
        batch = gather(self.pixels.array, self.images[part * BATCH : (part + 1) * BATCH])
        with precision(where):
            return self.fast.features(batch.to(where).float().div_(255)).float()


def _describe(model: Classifier, data: DataSet, size: int, path: Path) -> None:
    """Write beside the activations what they are, for the list of caches, and of which images."""
    write_digests(path, digests_of(data))
    facts = path.with_suffix(".json")
    if not facts.exists():
        described = {
            "data": data.title,
            "fingerprint": data.given or data.fingerprint,
            "size": size,
            "backbone": model.backbone_name,
        }
        write_json(facts, {**described, "images": len(data.items), "bytes": path.stat().st_size})
