"""Ends a stage whose overfitting costs: early stopping, where a person has asked for it.

After L. Prechelt, "Early stopping - but when?" (1998): the validation loss has risen in successive looks (his UP),
and by a share of its lowest (his GL), while the training loss lies below it. A look is the end of a cycle, where the
rate has been annealed; in a stage of one cycle it is the end of each epoch.
"""

from dataclasses import dataclass

from core.kept import Count

RISE_SHARE, RISE_NATS = 0.05, 0.01
"""A look counts as risen when the validation loss lies this share, and this far, above its lowest in the stage.

It must also be larger than the noise, the standard error of either loss: the verdict on a run asks the same.
"""

LOOKS = {"epoch": 3, "cycle": 2}
"""Looks in a row that must have risen: one bad epoch is not a trend, and the end of a cycle is a quieter moment."""


@dataclass
class OverfitWatch:
    """The lowest validation loss (nats) of the looks at a stage so far, and how many since then have risen in a row.

    `error` is the standard error of the lowest.
    """

    lowest: float | None = None
    risen: Count = 0
    error: float = 0.0

    def costs(self, train_loss: float, valid_loss: float, *, cycles: int, error: float = 0.0) -> bool:
        """Whether overfitting has begun to cost after one more look, in a stage of so many cycles.

        `error` is the standard error of `valid_loss`.

        >>> watch = OverfitWatch()
        >>> [watch.costs(0.1, valid, cycles=1) for valid in (0.5, 0.4, 0.6, 0.45, 0.5)]
        [False, False, False, False, True]
        """
        if self.lowest is None or valid_loss <= self.lowest:
            self.lowest, self.risen, self.error = valid_loss, 0, error
            return False
        noise = max(RISE_NATS, error, self.error)
        high = valid_loss > self.lowest * (1 + RISE_SHARE) and valid_loss > self.lowest + noise
        self.risen = self.risen + 1 if high and train_loss < valid_loss else 0
        return self.risen >= LOOKS["cycle" if cycles > 1 else "epoch"]
