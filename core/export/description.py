"""What goes with an exported model, so that it can be used without Anneal. Importing this module imports no torch."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pydantic import BaseModel, ConfigDict, Field

from core.data.decode import FILLED, Fit
from core.numbers import rate_in_words
from core.runs.threshold import NOT_SURE

VERSION = 1

TOLERANCE = 1e-3
"""Largest difference of a probability for which a file says what the app says."""

Colour = tuple[float, float, float]


class Preprocessing(BaseModel):
    """How a picture becomes the input, as `core.data.decode` does it.

    A JPEG is decoded at the smallest of 1/1, 1/2, 1/4 and 1/8 that is not below `size`; it is made a square of `size`
    pixels by `fit` ("crop" the centre, "squash" both sides, "pad" with `filled`), with Pillow's `resample` and
    `reducing_gap`; transparent parts lie on white, and the picture is turned upright as its EXIF says. Where the file
    itself does not, 0..255 is divided by 255, scaled to `network_size` where that is another (bilinear, antialiased),
    and normalised with `mean` and `std`.
    """

    model_config = ConfigDict(frozen=True)

    size: int
    fit: Fit = "crop"
    resample: str = "bicubic"
    reducing_gap: float = 3.0
    filled: tuple[int, int, int] = FILLED
    background: str = "white"
    colours: str = "RGB"
    mean: Colour
    std: Colour
    network_size: int | None = None
    in_file: bool = True


class Check(BaseModel):
    """The file against the app: the largest difference of a probability over so many images of the run.

    `others` is how many of them get another class from the file.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    largest_difference: float
    others: int
    split: str = "valid"
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether the file may be offered."""
        return self.images > 0 and self.others == 0 and self.largest_difference <= self.tolerance

    def sentence(self) -> str:
        """What the check found, of a file that passed."""
        return (
            f"It says what the app says: the same class for each of {self.images:,} validation images, and "
            f"probabilities that differ by up to {rate_in_words(self.largest_difference)}."
        )


class Measured(BaseModel):
    """Figures on `images` validation images: accuracy with its 95 % interval (Wilson), and means over the classes."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")

    images: int
    accuracy: float
    low: float
    high: float
    balanced_accuracy: float
    macro_f1: float


class ClassRow(BaseModel):
    """A class: its images to train and to validate on, and how many of the latter were right (None: no image)."""

    model_config = ConfigDict(frozen=True)

    name: str
    train: int
    valid: int
    recall: float | None
    precision: float | None


class Description(BaseModel):
    """An exported model. `threshold` is the probability below which it says `below_threshold`; 0: it always answers.

    `network` is the name of the backbone, `members` the snapshots of an ensemble, whose probabilities are the mean of
    theirs (empty for a single network), `names` whose names the weights have, `weights` where training began,
    `licence` the terms of the weights that it began with.
    """

    model_config = ConfigDict(frozen=True)

    version: int = VERSION
    format: str
    run: str
    snapshot: str
    step: int
    epoch: int
    created: str
    network: str
    members: tuple[str, ...] = ()
    names: str = ""
    pretrained: bool
    weights: str
    licence: str = ""
    data: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    threshold: float = 0.0
    below_threshold: str = NOT_SURE
    measured: Measured
    per_class: tuple[ClassRow, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    check: Check | None = None

    def text(self) -> str:
        """As JSON."""
        return self.model_dump_json(indent=1)


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
