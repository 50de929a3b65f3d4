"""A program of `torch.export`: the network in one file for torch alone, with its description beside it."""

import io
import warnings

from core.export.description import Description
from core.export.network import Exported, Predictor, predictor

KEY = "anneal.json"
"""Name of the description among the extra files in the archive."""


class TorchFile:
    """`torch.export.load(file).module()` maps uint8 (B, size, size, 3) to probabilities (B, classes)."""

    def __init__(self, exported: Exported) -> None:
        self._program = exported.program

    @staticmethod
    def completed(description: Description) -> Description:
        """As it is."""
        return description

    def content(self, description: Description) -> bytes:
        """The file."""
        import torch

        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No complete tensor", UserWarning)  # tensors in channels-last order
            torch.export.save(self._program, file, extra_files={KEY: description.text()})
        return file.getvalue()

    @staticmethod
    def opened(content: bytes, description: Description) -> Predictor:
        """The file, read by torch."""
        import torch

        return predictor(torch.export.load(io.BytesIO(content)).module())
