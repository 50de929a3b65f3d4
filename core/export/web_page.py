"""One HTML file that runs the model in a browser: opened offline, nothing installed, no picture leaves it."""

import base64
import gzip
import html
import re
from importlib.resources import files

from core.export.card import FITS, HEAD, cells, data_of, figures_of, limits_of, made_of
from core.export.description import Description
from core.export.html import Html, joined, table, tag
from core.export.licence import OWN_PICTURES
from core.export.network import Exported, Predictor
from core.export.onnx_file import OnnxFile
from core.export.web_runtime import NAME, VERSION

SAME_PIXELS = (
    "That is for the same pixels. A browser decodes a JPEG a little differently, which can move a probability by some "
    "hundredths where the model is not certain."
)

_MARKER = re.compile(r"@(\w+)@")
_MODEL = re.compile(r'<script type="text/plain" id="model">([^<]*)</script>')


class WebPage:
    """The page: the ONNX model, onnxruntime-web, and the preparation of pictures, all inside one file."""

    def __init__(self, exported: Exported) -> None:
        self._onnx = OnnxFile(exported)
        assert exported.runtime is not None
        self._runtime = exported.runtime

    @staticmethod
    def completed(description: Description) -> Description:
        """With the version of the runtime."""
        return description.model_copy(update={"versions": {**description.versions, NAME: VERSION}})

    def content(self, description: Description) -> bytes:
        """The file."""
        carried = files("core.export.carried")
        texts = {name: carried.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "page.js")}
        found, how, check = description.measured, description.preprocessing, description.check
        parts = {
            "title": html.escape(description.run),
            "lead": html.escape(
                f"It tells {len(description.classes)} classes apart, right in {found.accuracy:.1%} of {found.images:,} "
                f"pictures that it had not seen (95% interval {found.low:.1%} to {found.high:.1%}). A picture of "
                f"anything else gets one of these classes too. Of a picture that is not square, {FITS[how.fit]}."
            ),
            "check": html.escape(f"{check.sentence()} {SAME_PIXELS}" if check is not None else ""),
            "about": about(description).code,
            "licences": html.escape(carried.joinpath("onnxruntime-licence.txt").read_text("utf-8")),
            "style": texts["page.css"],
            "description": description.text().replace("<", "\\u003c"),
            "model": packed(self._onnx.content(description)),
            "wasm": packed(self._runtime.wasm),
            "runtime": self._runtime.program.decode().replace("</script", "<\\/script"),
            "imaging": carried.joinpath("imaging.js").read_text("utf-8"),
            "page": texts["page.js"],
        }
        return _MARKER.sub(lambda found: parts[found.group(1)], texts["page.html"]).encode()

    @staticmethod
    def opened(content: bytes, description: Description) -> Predictor:
        """The model that is in the page, run by onnxruntime; that the browser says the same is a test of Anneal's."""
        found = _MODEL.search(content.decode())
        assert found is not None
        return OnnxFile.opened(gzip.decompress(base64.b64decode(found.group(1))), description)


def about(said: Description) -> Html:
    """The model card as a part of the page."""
    return joined(
        [
            tag("ul", *(tag("li", line) for line in made_of(said, str))),
            tag("p", data_of(said, str)),
            tag("p", figures_of(said)),
            table(HEAD, (cells(row, str) for row in said.per_class)),
            tag("ul", *(tag("li", line) for line in limits_of(said, str))),
            tag("p", f"{said.licence} {OWN_PICTURES}"),
        ]
    )


def packed(content: bytes) -> str:
    """Compressed, in letters that can stand in a page."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()
