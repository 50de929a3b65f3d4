"""A zip with all that is needed to use the model at once: no torch, nothing of Anneal."""

import io
import tempfile
import zipfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from core.export.card import model_card
from core.export.description import Description
from core.export.network import Exported, Predictor
from core.export.onnx_file import OnnxFile

NEEDED = ("onnxruntime", "numpy", "pillow")
"""What the program in the zip imports."""

FOLDER = "model"
"""The folder that the zip unpacks to."""


class Archive:
    """`model.onnx`, `model.json` with the description, `predict.py`, its `requirements.txt`, and a model card."""

    def __init__(self, exported: Exported) -> None:
        self._onnx = OnnxFile(exported)

    @staticmethod
    def completed(description: Description) -> Description:
        """With the versions of what the program needs."""
        known = {name: version(name) for name in NEEDED}
        return description.model_copy(update={"versions": {**description.versions, **known}})

    def content(self, description: Description) -> bytes:
        """The zip."""
        parts = {
            "model.onnx": self._onnx.content(description),
            "model.json": description.text().encode(),
            "predict.py": files("core.export.carried").joinpath("predict.py").read_bytes(),
            "requirements.txt": "".join(f"{name}=={version(name)}\n" for name in NEEDED).encode(),
            "MODEL_CARD.md": model_card(description).encode(),
        }
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(f"{FOLDER}/{name}"), content, zipfile.ZIP_DEFLATED)
        return file.getvalue()

    @staticmethod
    def opened(content: bytes, description: Description) -> Predictor:
        """The zip unpacked, and run by its own program."""
        from core.export.carried.predict import Model

        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(folder)
            return Model(Path(folder) / FOLDER).run
