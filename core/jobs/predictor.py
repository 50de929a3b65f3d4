"""A run's network kept ready to answer one image after another."""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.data.decode import Fit, Pixels, decode_bytes, digest_of
from core.data.index import DataSet
from core.errors import ModelError
from core.jobs.restore import model_of
from core.model.activations import activations_key, kept_activations
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import device
from core.process.threads import one_thread
from core.results.cam import look
from core.results.neighbours import Neighbours, nearest_of_features
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.runs.weights import taken_at
from core.workspace import Workspace

Floats = npt.NDArray[np.float32]

NEAREST = 6
"""Training images that are found for each image."""

MAPS = 3
"""Most probable classes whose class-activation maps are kept."""


@dataclass(frozen=True)
class Seen:
    """What the network makes of one image.

    `pixels` (S, S, 3) uint8 is what it saw, `probabilities` (C,) float32, `features` (F,) float32 its activations.
    `maps` (M, h, w) float32 are the class-activation maps of the M most probable classes, the most probable first;
    (0, 1, 1) where the backbone has none. `digest` is of the file's bytes.
    """

    pixels: Pixels
    probabilities: Floats
    features: Floats
    maps: Floats
    digest: str


class Predictor:
    """The network of a run's snapshot, folded for speed, with what it needs to answer as an evaluation does.

    Images are decoded to `size` px and made square by `fit`. `no_maps` says why it has no class-activation maps, ""
    when it has. One image is decoded and computed at a time, whoever asks, so that memory stays that of one image.
    Raises `RunError` when there are no such weights.
    """

    def __init__(self, run: RunFolder, snapshot: str = LATEST) -> None:
        data = run.data()
        self.classes = run.info.classes
        self.size = taken_at(run, snapshot).size
        self.fit: Fit = data.fit
        model = model_of(run, snapshot)
        self._activations_key = activations_key(model, data, self.size)
        self._features = model.feature_size
        self._model: Classifier = folded(model).to(device())
        self._turn = threading.Lock()
        self.no_maps = self._why_no_maps()

    def see(self, content: bytes, suffix: str = "") -> Seen:
        """What the network makes of an image file's content; `suffix` is what its name ends in. Raises `DataError`."""
        with self._turn:
            return self.see_pixels(decode_bytes(content, self.size, suffix, self.fit), digest_of(content))

    def see_pixels(self, pixels: Pixels, digest: str = "") -> Seen:
        """What the network makes of a picture (S, S, 3) uint8 that is decoded already."""
        batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        with torch.inference_mode(), one_thread():
            if self.no_maps:
                images = (batch.to(device()).float() / 255).contiguous(memory_format=torch.channels_last)
                features = self._model.features(images)
                logits = self._model.head(features)[0].float().cpu()
                return self._seen(pixels, logits.softmax(0).numpy(), features[0], np.zeros((0, 1, 1)), digest)
            found = look(self._model, batch)
        probabilities = found.probabilities[0]
        top = np.argsort(-probabilities, kind="stable")[:MAPS]
        return self._seen(pixels, probabilities, torch.from_numpy(found.features[0]), found.maps[0, top], digest)

    def nearest(self, data: DataSet, workspace: Workspace, features: Floats) -> Neighbours | None:
        """The training images nearest to the features (Q, F) of images; None while there are no activations yet.

        The study `core.results.studies.NearestImages` computes these, and so does training with precompute.
        """
        activations = kept_activations(data, self._activations_key, self._features, workspace)
        return None if activations is None else nearest_of_features(data, activations, features, NEAREST)

    def _why_no_maps(self) -> str:
        try:
            with torch.inference_mode():
                look(self._model, torch.zeros(1, 3, self.size, self.size, dtype=torch.uint8))
        except ModelError as error:
            return str(error)
        return ""

    @staticmethod
    def _seen(
        pixels: Pixels, probabilities: Floats, features: torch.Tensor, maps: npt.NDArray[np.floating], digest: str
    ) -> Seen:
        flat: Floats = features.float().cpu().numpy()
        return Seen(pixels, probabilities, flat, maps.astype(np.float32), digest)
