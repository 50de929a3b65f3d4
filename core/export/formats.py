"""The files that a model can be taken away as. Importing this module imports no torch."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, get_args

from core.errors import ExportError

FormatName = Literal["safetensors", "onnx", "torch", "zip", "html"]

EXTRA = "pip install -r requirements-export.txt"
"""Installs what the exports need beside the app itself."""


@dataclass(frozen=True)
class Format:
    """One kind of file: what it is called, how its name ends, what it is good for, and the modules that it `needs`.

    `one_network` says that it cannot hold an ensemble, which is several.
    """

    name: FormatName
    title: str
    suffix: str
    use: str
    needs: tuple[str, ...] = ()
    one_network: bool = False


_ONNX = ("onnx", "onnxscript", "onnxruntime")

FORMATS: dict[FormatName, Format] = {
    "onnx": Format(
        "onnx",
        "ONNX",
        ".onnx",
        "For programs in any language: pixels in, probabilities out, without Python or torch.",
        needs=_ONNX,
    ),
    "zip": Format(
        "zip",
        "Zip with a program",
        ".zip",
        "To use it at once: the model, a predict.py that needs no torch, the classes, and a model card.",
        needs=_ONNX,
    ),
    "html": Format(
        "html",
        "Web page",
        ".html",
        "To show it to anybody: one file that opens in a browser, offline, with nothing installed. Making the first "
        "one fetches onnxruntime-web from the npm registry (33 MB).",
        needs=_ONNX,
    ),
    "torch": Format(
        "torch",
        "PyTorch program",
        ".pt2",
        "For Python with torch alone: torch.export.load opens it, pixels in, probabilities out.",
    ),
    "safetensors": Format(
        "safetensors",
        "Weights",
        ".safetensors",
        "For training on in your own code: the weights under the names of timm, what they need in the file's header.",
        one_network=True,
    ),
}
"""The formats by name, in the order in which they are offered."""

assert set(FORMATS) == set(get_args(FormatName))


def missing(form: Format) -> list[str]:
    """The modules that this export needs and that are not installed."""
    return [name for name in form.needs if find_spec(name) is None]


def refuse_missing(form: Format) -> None:
    """Raise `ExportError` with the command that installs what is missing."""
    lacking = missing(form)
    if lacking:
        raise ExportError(f"This export needs {', '.join(lacking)}, not installed here. Run {EXTRA} and try again.")
