"""Say what is on pictures, with the model in this folder.

    pip install -r requirements.txt
    python predict.py cat.jpg dog.jpg
    python predict.py --json photos/*.jpg

It needs Python 3.11 or later with onnxruntime, numpy and Pillow. From a program of your own:

    from predict import Model
    model = Model()
    probabilities = model.probabilities(["cat.jpg"])   # float32, (images, classes)
    model.classes                                      # their names, in that order
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image, UnidentifiedImageError

TOP_CLASSES = 3
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what brings the picture upright."""


class Model:
    """The network, and what its description says of its classes and of how a picture becomes its input."""

    def __init__(self, folder: str | Path = Path(__file__).parent) -> None:
        said = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
        self.classes: list[str] = said["classes"]
        self.threshold: float = said["threshold"]
        self.below_threshold: str = said["below_threshold"]
        self.preprocessing: dict[str, Any] = said["preprocessing"]
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(str(Path(folder) / "model.onnx"), providers=providers)

    def probabilities(self, paths: Sequence[str | Path], batch: int = 32) -> np.ndarray:
        """Probabilities (images, classes) of picture files; raises OSError for one that cannot be read."""
        parts = [paths[start : start + batch] for start in range(0, len(paths), batch)]
        found = [self.run(np.stack([self.pixels(path) for path in part])) for part in parts]
        return np.concatenate([np.zeros((0, len(self.classes)), dtype=np.float32), *found])

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """Probabilities (images, classes) of prepared pictures, uint8 of shape (images, size, size, 3)."""
        found: np.ndarray = self.session.run(["probabilities"], {"pixels": pixels})[0]
        return found

    def pixels(self, path: str | Path) -> np.ndarray:
        """The input for a picture file, uint8 of shape (size, size, 3), prepared as in the training."""
        return prepared(path, self.preprocessing)


def prepared(path: str | Path, how: dict[str, Any]) -> np.ndarray:
    """RGB of a picture, made square, upright, transparent parts on white: uint8 of shape (size, size, 3).

    Of colours with 16 bits a channel, the upper 8 are read.
    """
    size = how["size"]
    with Image.open(path) as image:
        image.draft(None, (size, size))  # a JPEG is decoded at the smallest scale that suffices
        image.load()
        turn = UPRIGHT.get(image.getexif().get(0x0112, 1))
        across, down, box = scaled(image.width, image.height, size, how["fit"])
        method = Image.Resampling[how["resample"].upper()]
        square = plain(image).resize((across, down), method, box=box, reducing_gap=how["reducing_gap"])
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, how["background"]), square)
    square = square.convert("RGB")
    if (across, down) != (size, size):
        whole = Image.new("RGB", (size, size), tuple(how["filled"]))
        whole.paste(square, ((size - across) // 2, (size - down) // 2))
        square = whole
    return np.array(square if turn is None else square.transpose(turn))


def scaled(width: int, height: int, size: int, fit: str) -> tuple[int, int, tuple[int, int, int, int]]:
    """What of a picture is scaled (left, top, right, bottom), and to how many pixels across and down."""
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return size, size, (left, top, left + side, top + side)
    if fit == "squash":
        return size, size, (0, 0, width, height)
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale)), (0, 0, width, height)


def plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be resized; brightness of more than 8 bits by the bits that are in use."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(values.min()), float(values.max())
        if image.mode != "F" and low >= 0 and high <= 65535:
            low, high = 0.0, next(float(most) for most in (255, 4095, 65535) if high <= most)
        return Image.fromarray(((values - low) / max(high - low, 1e-12) * 255).round().astype(np.uint8))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def main() -> int:
    """Classify the files that are named on the command line; 1 if some cannot be read."""
    parser = argparse.ArgumentParser(description="Say what is on pictures, with the model in this folder.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="picture files")
    parser.add_argument("--json", action="store_true", help="a list of picture, class, sure and probabilities")
    options = parser.parse_args()
    model, found, failed = Model(), [], 0
    for name in options.pictures:
        try:
            row = model.probabilities([name])[0]
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
            failed += 1
            print(f"{name}: not read ({error}).", file=sys.stderr)
            continue
        sure = bool(row.max() >= model.threshold)
        if options.json:
            shares = dict(zip(model.classes, map(float, row), strict=True))
            found.append({"picture": name, "class": model.classes[row.argmax()], "sure": sure, "probabilities": shares})
            continue
        best = ", ".join(f"{model.classes[place]} {row[place]:.1%}" for place in np.argsort(-row)[:TOP_CLASSES])
        print(f"{name}: {'' if sure else model.below_threshold + ', '}{best}")
    if options.json:
        print(json.dumps(found))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
