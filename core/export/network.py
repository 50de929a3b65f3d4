"""The network as it is exported: pixels in, probabilities out."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.export.web_runtime import Runtime
from core.model.classifier import Classifier
from core.model.fold import folded

if TYPE_CHECKING:
    from torch.export import ExportedProgram

Pixels = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
Predictor = Callable[[Pixels], Probabilities]
"""Probabilities (B, C) float32 of images (B, size, size, 3) uint8."""

INPUT, OUTPUT = "pixels", "probabilities"


class PixelNetwork(nn.Module):
    """Probabilities (B, C) of RGB images (B, size, size, 3) uint8; scaling and normalisation are part of it."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: Tensor) -> Tensor:
        """As the class says."""
        images = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
        logits: Tensor = self.classifier(images)
        return logits.softmax(dim=1)


class Exported:
    """A trained network for images of `size` px, and its program, which is traced once for all that is made of it.

    `runtime` is what a web page carries to run it.
    """

    def __init__(self, model: Classifier, size: int, runtime: Runtime | None = None) -> None:
        self.model = model
        self.size = size
        self.runtime = runtime

    @cached_property
    def program(self) -> "ExportedProgram":
        """The network with batch norm folded, as `torch.export` traces it, for any number of images at once."""
        network = PixelNetwork(folded(self.model.cpu())).eval()
        pixels = torch.zeros(2, self.size, self.size, 3, dtype=torch.uint8)
        with torch.no_grad():
            return torch.export.export(network, (pixels,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))


def predictor(network: Callable[[Tensor], Tensor]) -> Predictor:
    """A network of torch, called with arrays."""

    def predict(pixels: Pixels) -> Probabilities:
        with torch.inference_mode():
            found: Probabilities = network(torch.from_numpy(pixels)).numpy()
        return found

    return predict
