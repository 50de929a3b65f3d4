"""The learning rate that vSGD estimates at a learner's present state. Experimental.

"No More Pesky Learning Rates" (Schaul, Zhang, LeCun, arXiv:1206.1106) derives the rate that makes the next step of SGD
best on a noisy quadratic, eta = g^2 / (h v): g is the mean gradient of a weight, v its mean squared gradient and h its
mean absolute second derivative. A block of weights with one rate (vSGD-b; vSGD-g when the block is everything) has
eta = |g|^2 / (max h * mean |gradient|^2). The formulas were compared with published code, not with the text of the
paper: the first author's (github.com/schaul/py-optim), the second author's (`vsgd-bb.m` in github.com/rlowrance/vsgd,
the block form), and a transcription of Algorithm 1 in that repository.

The weights stay where they are here, so the averages are plain means over the batches; the memory that shortens with
every step, and the slow start, are in `core.playground.vsgd`, which does take steps. The gradient of a batch counts as
one sample: its mean square is v / n + g^2 (n - 1) / n for n images, as the first author's code has it for batches.

Curvature: the paper has a backward pass of its own for the diagonal of the Hessian, which torch lacks. Here the weights
are moved a little up or down at random (a Rademacher probe z, step s). z * (gradient there - gradient here) / s has the
diagonal as its mean (Bekas, Kokiopoulou, Saad 2007). That costs one more gradient a batch, for any
number of weights. The finite difference along g of arXiv:1301.3764 costs the same, but divides by each weight's own g,
and the highest of millions of such quotients belongs to a g near zero. A probe is less exact where weights depend on
each other, so over few batches the highest h comes out too high, and the rate on the low side. On a GPU that computes
in bf16 the difference is coarse.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from core.errors import PlanError, TrainingError
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import generator, seed_of
from core.training.stage import Stage
from core.training.vsgd_record import VsgdEstimate
from core.workspace import Progress, no_progress

BATCHES = 16
FEWEST_BATCHES, MOST_BATCHES = 8, 1000

PARTS = 4
"""The batches are dealt into so many parts; how much the rate depends on each of them says how uncertain it is."""

MOST_UNSURE = 1e3
"""How many times higher or lower the rate may be when it hangs on one part of the batches."""

STEP, SMALLEST_TYPICAL = 0.01, 0.02
"""A probe moves each weight by this share of their root mean square, which counts as at least the second number."""

Gradient = Callable[[int], Tensor]
"""Number of a batch -> gradient of its loss at the model's present weights, flat (d,)."""


@dataclass
class Sums:
    """Sums over `count` batches, for d weights: gradients (d,), their squares (d,) and probed curvatures (d,)."""

    gradient: Tensor
    square: Tensor
    curvature: Tensor
    count: int = 0

    @classmethod
    def empty(cls, like: Tensor) -> Self:
        """No batches yet."""
        return cls(torch.zeros_like(like), torch.zeros_like(like), torch.zeros_like(like))

    def add(self, gradient: Tensor, curvature: Tensor) -> None:
        """Take in one batch."""
        self.gradient += gradient
        self.square.addcmul_(gradient, gradient)
        self.curvature += curvature
        self.count += 1

    def split(self, sizes: Sequence[int]) -> list["Sums"]:
        """The sums of blocks of weights, `sizes` of them each."""
        gradients, squares, curvatures = (
            torch.split(whole, list(sizes)) for whole in (self.gradient, self.square, self.curvature)
        )
        return [Sums(*block, self.count) for block in zip(gradients, squares, curvatures, strict=True)]

    def __add__(self, other: "Sums") -> "Sums":
        """The sums over the batches of both."""
        return Sums(
            self.gradient + other.gradient,
            self.square + other.square,
            self.curvature + other.curvature,
            self.count + other.count,
        )

    @property
    def signal(self) -> float:
        """|g|^2 / mean |gradient|^2, 0..1; NaN without any gradient."""
        mean_square = float(self.square.sum(dtype=torch.float64)) / self.count
        square_mean = float((self.gradient / self.count).square().sum(dtype=torch.float64))
        return min(square_mean / mean_square, 1.0) if mean_square > 0 else math.nan

    @property
    def highest(self) -> float:
        """The highest absolute curvature of a weight."""
        return float(self.curvature.abs().max()) / self.count

    @property
    def rate(self) -> float:
        """One rate for these weights, |g|^2 / (max h * mean |gradient|^2); NaN without gradient or curvature."""
        return self.signal / self.highest if self.highest > 0 else math.nan


def probed_curvature(gradient: Gradient, weights: Sequence[Tensor], number: int, here: Tensor, step: float) -> Tensor:
    """One probe of the Hessian's diagonal (d,) by batch `number`, whose gradient is `here`; `weights` are put back.

    Its mean over many probes is the diagonal; exact in one probe when the Hessian is diagonal.
    """
    signs = torch.randint(0, 2, (here.numel(),), generator=generator("vsgd probe", number)).mul_(2).sub_(1)
    probe = signs.to(here)
    before = [weight.detach().clone() for weight in weights]
    try:
        with torch.no_grad():
            for weight, move in zip(weights, torch.split(probe, [w.numel() for w in weights]), strict=True):
                weight.add_(move.view(weight.shape), alpha=step)
        return probe * (gradient(number) - here) / step
    finally:
        with torch.no_grad():
            for weight, value in zip(weights, before, strict=True):
                weight.copy_(value)


def estimate(
    learner: Learner, stage: Stage, *, batches: int = BATCHES, progress: Progress = no_progress
) -> VsgdEstimate:
    """The rate of vSGD for `stage` at the learner's present state, which is left byte by byte as it was.

    Takes 2 gradients for each of `batches` (8 to 1,000) batches of the stage; short data sets are gone through again,
    augmented anew. The stage's own rates, momentum and optimiser do not matter. Raises `PlanError` for a number of
    batches out of range, and `TrainingError` when the gradient is zero or not finite here.
    """
    if not FEWEST_BATCHES <= batches <= MOST_BATCHES:
        raise PlanError(
            f"A vSGD estimate needs {FEWEST_BATCHES} to {MOST_BATCHES:,} batches; {batches} were asked for."
        )
    with preserved(learner.model):
        gradient = _gradients(learner, stage)
        groups = [[p for p in group.parameters() if p.requires_grad] for group in learner.model.groups]
        weights = [weight for group in groups for weight in group]
        step = STEP * max(_root_mean_square(weights), SMALLEST_TYPICAL)
        parts: list[Sums] = []
        for number in range(batches):
            here = gradient(number)
            if number < PARTS:
                parts.append(Sums.empty(here))
            parts[number % PARTS].add(here, probed_curvature(gradient, weights, number, here, step))
            progress("Estimating the rate by vSGD", number + 1, batches)
        sizes = [sum(weight.numel() for weight in group) for group in groups]
    return _estimate(parts, sizes, stage.batch_size)


def _gradients(learner: Learner, stage: Stage) -> Gradient:
    """The gradients of the stage's batches, by steps at a rate of 0; all that depends on what a task offers is here."""
    task = learner.task(stage.model_copy(update={"optimiser": "sgd"}), seed=seed_of(learner.seed, "vsgd"), alone=True)
    task.set_training()
    whole = max(1, sum(len(batch) == stage.batch_size for batch in task.batches(0)))
    trained = [p for group in learner.model.groups for p in group.parameters() if p.requires_grad]

    def gradient(number: int) -> Tensor:
        epoch, place = divmod(number, whole)
        task.train(task.batches(epoch)[place], number, (0.0,) * len(learner.model.groups), 0.0)
        return _finite(torch.cat([_gradient_of(p).reshape(-1) for p in trained]))

    return gradient


def _gradient_of(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad.detach()


def _finite(gradient: Tensor) -> Tensor:
    if not bool(gradient.isfinite().all()):
        raise TrainingError(
            "The gradient is not finite at these weights, so no rate can be estimated. "
            "Load a snapshot from before training diverged."
        )
    return gradient


def _root_mean_square(weights: Sequence[Tensor]) -> float:
    squares = sum(float(weight.detach().square().sum(dtype=torch.float64)) for weight in weights)
    return math.sqrt(squares / sum(weight.numel() for weight in weights))


def _estimate(parts: Sequence[Sums], sizes: Sequence[int], batch_size: int) -> VsgdEstimate:
    whole = _total(parts)
    if not math.isfinite(whole.rate) or whole.rate <= 0:
        raise TrainingError(
            "The gradient or the curvature is zero at these weights, so vSGD has no rate to estimate: "
            "nothing is left to learn from these images, or the network's output does not depend on what is trained."
        )
    spread = math.exp(2 * _standard_error(parts))
    return VsgdEstimate(
        rate=whole.rate,
        low=whole.rate / spread,
        high=whole.rate * spread,
        group_rates=tuple(_known(block) for block in whole.split(sizes)),
        signal=whole.signal,
        curvature=whole.highest,
        batches=whole.count,
        batch_size=batch_size,
    )


def _total(parts: Sequence[Sums]) -> Sums:
    first, *others = parts
    return sum(others, start=first)


def _standard_error(parts: Sequence[Sums]) -> float:
    """Of the rate's logarithm, by the jackknife: the rate without each of the parts in turn.

    When there is no rate at all without one of them, it is so large that the band spans 6 decades.
    """
    without = [_total([part for part in parts if part is not left_out]) for left_out in parts]
    logs = [math.log(sums.rate) for sums in without if sums.rate > 0]
    if len(logs) < len(parts):
        return math.log(MOST_UNSURE) / 2
    middle = sum(logs) / len(logs)
    return math.sqrt((len(logs) - 1) / len(logs) * sum((value - middle) ** 2 for value in logs))


def _known(block: Sums) -> float | None:
    return block.rate if block.gradient.numel() and block.rate > 0 else None
