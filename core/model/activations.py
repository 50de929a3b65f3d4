"""Precomputed activations: the backbone's features of every image, computed once and kept on disk.

They are valid only for a frozen backbone and images without augmentation.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.batches import gather
from core.data.index import DataSet
from core.data.pixels import load_pixels, pixels_key
from core.errors import ModelError
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import explained_memory_errors, precision
from core.process.threads import tune_allocator
from core.workspace import Progress, Workspace, atomic, no_progress, write_json

VERSION = 1
"""Increased when their computation changes, so that older activations are not used."""

BATCH = 32

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
    parts = [str(VERSION), pixels_key(data, size), backbone_digest(model)]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def load_activations(
    model: Classifier,
    data: DataSet,
    size: int,
    workspace: Workspace,
    *,
    progress: Progress = no_progress,
) -> Activations:
    """Read-only float32 memory map (N, F); row i is `model.features` of image `data.items[i]` at `size` px.

    Computed at the first use and kept in the workspace; of a data set that has grown, only those of the images that
    were added, where the others are there. Each batch is reported to `progress`; an exception that it
    raises stops the computation, and nothing is kept. Raises `TrainingError` when the GPU's memory does not suffice,
    and what `load_pixels` raises.
    """
    path = workspace.activations / f"{activations_key(model, data, size)}.npy"
    shape = (len(data.items), model.feature_size)
    activations = _opened(path, shape)
    if activations is None:
        first = _computed_before(model, data, size, workspace)
        _compute(model, load_pixels(data, size, workspace, progress), path, progress, first)
        activations = _opened(path, shape)
        if activations is None:
            raise ModelError(f"The activations in {path} cannot be read back. Check the disk, and try again.")
    _describe(model, data, size, path)
    return activations


def _opened(path: Path, shape: tuple[int, int]) -> Activations | None:
    """The memory map, or None when there is none of this shape."""
    try:
        activations = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return activations if activations.shape == shape and activations.dtype == np.float32 else None


def _computed_before(model: Classifier, data: DataSet, size: int, workspace: Workspace) -> Activations:
    """The first rows, which were computed before the data set grew; (0, F) if there are none."""
    for before in data.before_growing if data.grown_from else ():
        path = workspace.activations / f"{activations_key(model, before, size)}.npy"
        found = _opened(path, (len(before.items), model.feature_size))
        if found is not None:
            return found
    return np.zeros((0, model.feature_size), dtype=np.float32)


def _compute(
    model: Classifier, pixels: NDArray[np.uint8], path: Path, progress: Progress, computed: Activations
) -> None:
    """Write the features to a .npy file batch by batch; a memory map would crash the process when the disk is full.

    Those of the first images are `computed` already.
    """
    tune_allocator()
    fast, count = folded(model), len(pixels)
    header = {"descr": "<f4", "fortran_order": False, "shape": (count, model.feature_size)}
    with atomic(path) as file, torch.inference_mode(), explained_memory_errors(BATCH, pixels.shape[1]):
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(computed, dtype="<f4").data)
        for first in range(len(computed), count, BATCH):
            batch = gather(pixels, np.arange(first, min(first + BATCH, count)))
            with precision(model.mean.device):
                features = fast.features(batch.to(model.mean.device).float().div_(255))
            file.write(features.float().cpu().contiguous().numpy().astype("<f4", copy=False).data)
            progress("Computing activations", min(first + BATCH, count), count)


def _describe(model: Classifier, data: DataSet, size: int, path: Path) -> None:
    """Write a JSON file beside the activations that describes them, for the list of caches."""
    facts = path.with_suffix(".json")
    if not facts.exists():
        described = {"data": data.title, "fingerprint": data.fingerprint, "size": size, "backbone": model.backbone_name}
        write_json(facts, {**described, "images": len(data.items), "bytes": path.stat().st_size})
