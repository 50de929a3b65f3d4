"""What restarts did, as figures: the loss between snapshots, a map of them, and what an ensemble or an average gains.

Importing this module imports no torch.
"""

import math

from pydantic import BaseModel, ConfigDict

from core.results.compare import LEVEL
from core.training.proportions import mcnemar

POINTS = 11
"""Points on the line from one snapshot to the next, both of them included."""

ENSEMBLE, AVERAGE = "ensemble", "average"

AVERAGED = "averaged"
"""Name of the snapshot that an average is kept as."""


class Line(BaseModel):
    """Mean validation losses (nats) at `POINTS` points on the straight line from one snapshot's weights to the next's.

    `barrier` is how far the loss lies, at its highest, above what the two ends would have in proportion; `error` is
    the standard error of that height over the images. `accuracies` (0..1) are at the same points.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    barrier: float
    error: float

    @property
    def left(self) -> bool:
        """Whether the loss rises between the two by more than chance: a ridge lies between them."""
        return self.barrier > 2 * self.error and self.barrier > 0.02 * max(self.losses[0], self.losses[-1])

    def sentence(self) -> str:
        """Whether the restart led into another valley, with this line's figures."""
        ends = f"{self.losses[0]:.3f} and {self.losses[-1]:.3f}"
        if self.left:
            return (
                f"{self.first} to {self.second}: the loss rises to {max(self.losses):.3f} between {ends}, "
                f"a ridge of {self.barrier:.3f} ± {2 * self.error:.3f}. The restart left the valley."
            )
        return (
            f"{self.first} to {self.second}: no ridge between {ends} "
            f"({self.barrier:.3f} ± {2 * self.error:.3f}). They lie in the same valley."
        )


class Place(BaseModel):
    """Where a snapshot lies over the map, and its distance from it, all in units of the weights."""

    model_config = ConfigDict(frozen=True)

    name: str
    x: float
    y: float
    away: float


class Map(BaseModel):
    """Mean validation losses (nats) on a grid of the plane through the snapshots `through`.

    `losses[j][i]` is at (`xs[i]`, `ys[j]`), in units of the weights. `places` has every snapshot.
    """

    model_config = ConfigDict(frozen=True)

    through: tuple[str, str, str]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    places: tuple[Place, ...]
    images: int


class Gain(BaseModel):
    """An ensemble or an average of `members` beside the best single snapshot, on all validation images.

    `fixed` images only it has right, `broken` only the single snapshot. `loss_p` is the p-value of the difference of
    the losses, image by image.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    members: tuple[str, ...]
    accuracy: float
    loss: float
    single: str
    single_accuracy: float
    single_loss: float
    fixed: int
    broken: int
    images: int
    loss_p: float

    @property
    def p(self) -> float:
        """P-value of McNemar's exact test."""
        return mcnemar(self.fixed, self.broken)

    def sentence(self) -> str:
        """What it gains, and whether that is more than chance."""
        points = 100 * (self.accuracy - self.single_accuracy)
        changed = f"{self.fixed} fixed, {self.broken} broken: {_verdict(self.p)}"
        if not (self.fixed or self.broken):
            changed = "no image changed between right and wrong"
        what = "The mean of their predictions" if self.kind == ENSEMBLE else "The mean of their weights"
        return (
            f"{what} has {self.accuracy:.1%} and loss {self.loss:.3f}; the best single one, {self.single}, has "
            f"{self.single_accuracy:.1%} and {self.single_loss:.3f}. Accuracy {points:+.1f} points ({changed}); "
            f"loss {self.loss - self.single_loss:+.3f} ({_verdict(self.loss_p)})."
        )


def _verdict(p: float) -> str:
    said = "more than chance" if p < LEVEL else "could be chance"
    return f"{said}, p < 0.001" if p < 0.001 else f"{said}, p = {p:.2g}"


class RestartsAnswer(BaseModel):
    """Lines between consecutive snapshots, a map of them, and gains; losses of lines are of `images` images.

    `map` is None with fewer than three snapshots, or where they lie on one line. `size` is the side in pixels.
    """

    model_config = ConfigDict(frozen=True)

    lines: tuple[Line, ...]
    map: Map | None
    gains: tuple[Gain, ...]
    images: int
    size: int

    @property
    def usable(self) -> bool:
        """Whether every loss is a number."""
        return all(math.isfinite(loss) for line in self.lines for loss in line.losses)
