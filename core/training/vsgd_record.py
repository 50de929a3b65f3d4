"""What a vSGD estimate says, as a validated value that a file can hold."""

from pydantic import BaseModel, ConfigDict, Field

from core.kept import Positive
from core.numbers import rate_in_words

ASSUMES = (
    "Experimental. The estimate is for plain SGD without momentum and weight decay: it is the rate that makes the next "
    "step best. It treats the loss as a quadratic near these weights, each weight as independent of the others, and "
    "the batches as independent samples. AdamW rescales every gradient, so its rates are on another scale: compare how "
    "the estimate changes from state to state, not its value with an AdamW rate."
)
"""What the estimate takes for granted, in sentences for a page."""


class VsgdEstimate(BaseModel):
    """The learning rate that vSGD (arXiv:1206.1106) would take at one state of a learner.

    `rate` is one rate for all that is trained (vSGD-g), `low` and `high` two standard errors either side of it.
    `group_rates` are rates of the layer groups, stem to head (vSGD-b with layer groups as blocks), None for a group
    that is frozen or has no gradient. `signal` (0..1) is the share of the squared gradient of a batch that is not
    noise, |g|^2 / mean |gradient|^2, and `curvature` the highest absolute second derivative of the loss by one weight.
    `batches` of `batch_size` images were looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Positive
    low: Positive
    high: Positive
    group_rates: tuple[Positive | None, ...]
    signal: float = Field(gt=0, le=1)
    curvature: float = Field(gt=0, allow_inf_nan=False)
    batches: int = Field(ge=1, le=10**9)
    batch_size: int = Field(ge=1, le=10**9)

    @property
    def mostly_noise(self) -> bool:
        """Whether noise alone would give at least half of `signal`: over n batches it gives 1 / n."""
        return self.signal < 2 / self.batches

    @property
    def sentence(self) -> str:
        """The estimate in a sentence or two, with its numbers; see also `ASSUMES`."""
        rate, low, high = (rate_in_words(value) for value in (self.rate, self.low, self.high))
        seen = (
            f"vSGD estimates a rate of {rate} for plain SGD (from {low} to {high}, "
            f"{self.batches} batches of {self.batch_size}): {self.signal:.0%} of a batch's squared gradient is not "
            f"noise, and the highest curvature is {self.curvature:.3g}."
        )
        if not self.mostly_noise:
            return seen
        return (
            f"{seen} Noise alone would give {1 / self.batches:.0%}, so the true share, and with it the rate, "
            "may be much lower: look at more batches."
        )
