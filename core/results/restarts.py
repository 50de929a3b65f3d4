"""What restarts did, as figures: the loss between snapshots, a map of them, and what an ensemble or an average gains.

Importing this module imports no torch.
"""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.kept import Count, Finite, Seconds, Share
from core.training.proportions import mcnemar, verdict

POINTS = 11
"""Points on the line from one snapshot to the next, both of them included."""

ERRORS = 3
"""Standard errors that a ridge has to be high: three, because it is the highest of several points."""

LEAST = 0.02
"""The share of the ends' loss that a ridge has to be high: a lower one is of no consequence."""

ENSEMBLE, AVERAGE = "ensemble", "average"
"""The two kinds of gains; an ensemble that is kept is the snapshot of that name."""

AVERAGED = "averaged"
"""Name of the snapshot that an average is kept as."""


class Line(BaseModel):
    """Mean validation losses (nats) at `POINTS` points on the straight line from one snapshot's weights to the next's.

    `ridge` is how far the loss at the highest point between the two lies above the higher end (negative where it is
    lower); `error` is the standard error of that height over the images. `accuracies` (0..1) are at the same points.
    Where the backbone differs, batch norm is measured again at every point, the ends included.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    losses: tuple[float, ...] = Field(min_length=2, max_length=1000)
    accuracies: tuple[Share, ...] = Field(min_length=2, max_length=1000)
    ridge: float
    error: float

    @model_validator(mode="after")
    def _is_even(self) -> "Line":
        if len(self.losses) != len(self.accuracies):
            raise ValueError("there is not an accuracy for each loss")
        return self

    @property
    def left(self) -> bool:
        """Whether the loss rises between the two by more than chance: a ridge lies between them."""
        return self.ridge > ERRORS * self.error and self.ridge > LEAST * max(self.losses[0], self.losses[-1])

    def sentence(self) -> str:
        """Whether a ridge lies between the two, with this line's figures."""
        ends = f"{self.losses[0]:.3f} and {self.losses[-1]:.3f}"
        if self.left:
            return (
                f"{self.first} to {self.second}: the loss rises to {max(self.losses):.3f} between {ends}, a ridge "
                f"of {self.ridge:.3f} ± {ERRORS * self.error:.3f} above the higher end. The network left the valley."
            )
        if self.ridge <= 0:
            between = f"{self.first} to {self.second}: between them the loss is nowhere above that of both ends"
            return f"{between}, {ends}. No ridge."
        return (
            f"{self.first} to {self.second}: no ridge found between {ends}; the highest point lies only "
            f"{self.ridge:.3f} ± {ERRORS * self.error:.3f} above the higher end."
        )


class CycleLine(BaseModel):
    """What a cycle did, measured when it had ended: the `line` from the snapshot before to its own.

    It was measured on `images` validation images of `size` px and took `seconds`. `line` is None where it was not
    measured, and `skipped` says why, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["line"] = "line"
    stage: Count
    cycle: Count
    first: str = Field(max_length=80)
    second: str = Field(max_length=80)
    line: Line | None = None
    images: Count = 0
    size: Count
    seconds: Seconds = 0.0
    skipped: str = Field(default="", max_length=400)

    @model_validator(mode="after")
    def _is_of_numbers(self) -> "CycleLine":
        if self.line is not None and not all(map(math.isfinite, (*self.line.losses, self.line.ridge, self.line.error))):
            raise ValueError("a loss is no number")
        return self

    def sentence(self) -> str:
        """What was found, or why nothing was."""
        return self.skipped if self.line is None else self.line.sentence()


class Place(BaseModel):
    """Where a snapshot lies over the map, and its distance from it, all in units of the weights."""

    model_config = ConfigDict(frozen=True)

    name: str
    x: Finite
    y: Finite
    away: Finite


class Map(BaseModel):
    """Mean validation losses (nats) on a grid of the plane through the snapshots `through`.

    `losses[j][i]` is at (`xs[i]`, `ys[j]`), in units of the weights. `places` has every snapshot.
    """

    model_config = ConfigDict(frozen=True)

    through: tuple[str, str, str]
    xs: tuple[Finite, ...] = Field(min_length=2)
    ys: tuple[Finite, ...] = Field(min_length=2)
    losses: tuple[tuple[float, ...], ...]
    places: tuple[Place, ...]
    images: Count

    @model_validator(mode="after")
    def _is_a_grid(self) -> "Map":
        if [len(row) for row in self.losses] != [len(self.xs)] * len(self.ys):
            raise ValueError("there is not a loss for each place")
        return self


class Gain(BaseModel):
    """An ensemble or an average of `members` beside the best single snapshot, on all validation images.

    `fixed` images only it has right, `broken` only the single snapshot. `loss_p` is the p-value of the difference of
    the losses, image by image.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    members: tuple[str, ...]
    accuracy: Share
    loss: float
    single: str
    single_accuracy: Share
    single_loss: float
    fixed: Count
    broken: Count
    images: Count
    loss_p: float

    @property
    def p(self) -> float:
        """P-value of McNemar's exact test."""
        return mcnemar(self.fixed, self.broken)

    def sentence(self) -> str:
        """What it gains, and whether that is more than chance."""
        points = 100 * (self.accuracy - self.single_accuracy)
        changed = f"{self.fixed} fixed, {self.broken} broken: {verdict(self.p)}"
        if not (self.fixed or self.broken):
            changed = "no image changed between right and wrong"
        what = "The mean of their predictions" if self.kind == ENSEMBLE else "The mean of their weights"
        return (
            f"{what} has {self.accuracy:.1%} and loss {self.loss:.3f}; the best of them alone, {self.single}, has "
            f"{self.single_accuracy:.1%} and {self.single_loss:.3f}. Accuracy {points:+.1f} points ({changed}); "
            f"loss {self.loss - self.single_loss:+.3f} ({verdict(self.loss_p)})."
        )


class RestartsAnswer(BaseModel):
    """Lines between consecutive snapshots, a map of them, and gains; losses of lines are of `images` images.

    `map` is None with fewer than three snapshots, or where they lie on one line. `size` is the side in pixels.
    """

    model_config = ConfigDict(frozen=True)

    lines: tuple[Line, ...] = Field(min_length=1)
    map: Map | None
    gains: tuple[Gain, Gain]
    images: Count
    size: Count

    def gain(self, kind: str) -> Gain:
        """The gain of this kind."""
        return next(gain for gain in self.gains if gain.kind == kind)

    @property
    def usable(self) -> bool:
        """Whether every loss is a number."""
        return all(math.isfinite(loss) for line in self.lines for loss in line.losses)
