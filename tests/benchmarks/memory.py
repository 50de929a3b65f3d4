"""Peak memory of training beside the number of images: 1,000 and 50,000 of 64 px, small network, one epoch."""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from core.process.launch import environment
from tests.benchmarks.report import arguments, median, python, show, timed

CLASSES, SIDE = 10, 64


def pictures(folder: Path, count: int) -> Path:
    """`count` small JPEGs in ten classes, no two alike."""
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / str(label)).mkdir(parents=True)
    for number in range(count):
        content = io.BytesIO()
        pixels = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((SIDE, SIDE)).save(content, "JPEG")
        (folder / str(number % CLASSES) / f"{number}.jpg").write_bytes(content.getvalue() + number.to_bytes(4))
    return folder


def main() -> None:
    parser = arguments(__doc__ or "", runs=1)
    parser.add_argument("--images", type=int, nargs=2, default=(1000, 50_000), metavar="N", help="few and many")
    chosen = parser.parse_args()
    peaks: dict[int, list[float]] = {}
    for count in chosen.images:
        with tempfile.TemporaryDirectory() as folder:
            data = pictures(Path(folder) / "pictures", count)
            for run in range(chosen.runs):
                command = [python(), "-m", "core", "train", str(data), "--backbone", "small_cnn", "--size", str(SIDE)]
                command += ["--lr", "0.003", "--unfreeze", "--home", f"{folder}/home{run}"]
                peaks.setdefault(count, []).append(timed(command, environment()).peak_mb)
    few, many = (median(peaks[count]) for count in chosen.images)
    rows = [[f"{count:,} images of {SIDE} px", f"{median(peaks[count]):,.0f}"] for count in chosen.images]
    rows += [["more with more images (at most 300)", f"{many - few:,.0f}"]]
    show(f"Peak memory of training, medians of {chosen.runs}", ["", "MB"], rows, {"peak_mb": peaks}, chosen.out)


if __name__ == "__main__":
    main()
