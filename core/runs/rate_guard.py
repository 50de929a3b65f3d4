"""What a run's range tests say against a planned rate: that the network collapsed at it. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import RunError
from core.model.catalogue import BACKBONES, GROUPS
from core.numbers import rate_in_words
from core.runs.checkpoint import read_meta
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.training.stage import Stage


@dataclass(frozen=True)
class Weights:
    """Which of its weights a run has now, or had when a curve was made.

    `step` and `epoch` count over the run; `loaded` is the snapshot that was loaded since the last batch, if one was:
    the counts go on then, though the weights are others.
    """

    step: int = 0
    epoch: int = 0
    loaded: str | None = None


@dataclass(frozen=True)
class RateWarning:
    """A planned rate at or beyond the one from which training collapsed in a range test.

    `rate` is the highest of the stage's last layer group. `suggested` is the rate that this range test suggests, and
    `held` the rates that train about as well; None where the curve does not say, or says the same rate. `earlier` says
    what the curve is of when it is not of the weights that the stage begins with; "" when it is.
    """

    rate: float
    collapse: float
    suggested: float | None
    held: tuple[float, float] | None
    earlier: str = ""

    @property
    def sentence(self) -> str:
        """What the range test showed, with its numbers."""
        at = rate_in_words(self.collapse)
        said = f"From {at} on this network collapsed in the range test, and this stage goes up to"
        said = f"{said} {rate_in_words(self.rate)}."
        if self.held is not None:
            said += f" Rates from {rate_in_words(self.held[0])} to {rate_in_words(self.held[1])} held."
        return f"{said} {self.earlier}".strip()


def groups_of(info: RunInfo) -> int:
    """How many layer groups a run's network has."""
    offer = BACKBONES.get(info.backbone)
    return len(offer.groups if offer else GROUPS)


def weights_of(run: RunFolder) -> Weights:
    """The weights that the run's next stage begins with; raises `RunError` when the run's state is damaged."""
    loaded = run.state.loaded
    try:
        meta = read_meta(run.checkpoint)
    except RunError:  # the checkpoint is damaged; the history says how far the run came
        history = run.history
        return Weights(int(max([0, *history.steps["step"]])), int(max([0, *history.epochs["epoch"]])), loaded)
    return Weights(loaded=loaded) if meta is None else Weights(meta.step, meta.epoch, loaded)


def collapse_of(curve: Curve) -> float | None:
    """The rate from which training collapsed in a range test; None where it did not, as far as the test went."""
    if curve.suggestion is not None and curve.suggestion.collapse is not None:
        return curve.suggestion.collapse
    return curve.lrs[-1] if curve.stopped in ("diverged", "not a number") and curve.lrs else None


def alike(stage: Stage, other: Stage, groups: int) -> bool:
    """Whether a range test for one stage says something of the other: both train the same of `groups` layer groups in
    the same way, on batches alike.
    """
    if _trained(stage, groups) != _trained(other, groups):
        return False
    if stage.freeze_to % groups == groups - 1:
        return True
    each_its_own = len(stage.lr or ()) > 1
    return stage.freeze_norm == other.freeze_norm and (each_its_own or stage.group_ratio == other.group_ratio)


def _trained(stage: Stage, groups: int) -> tuple[int, int, int, str]:
    """What is trained, on which batches, and how."""
    return stage.freeze_to % groups, stage.size, stage.batch_size, stage.optimiser


def rate_warning(
    stage: Stage, curves: Sequence[Curve], now: Weights, groups: int, *, later: bool
) -> RateWarning | None:
    """What the run's finished range tests `curves`, oldest first, say against the rate of a planned stage.

    A curve of the present weights `now` goes before older ones. `later` says that other stages come before this one,
    so that no curve is of the weights that it begins with. None where there is nothing against it, or no rate yet.
    """
    if not stage.lr:
        return None
    rate = stage.lr[-1]
    fitting = [c for c in curves if c.complete and isinstance(c.stage, Stage) and alike(stage, c.stage, groups)]
    present = [curve for curve in fitting if _weights(curve) == now]
    for curve in reversed(present or fitting[-1:]):
        collapse = collapse_of(curve)
        if collapse is not None and rate >= collapse:
            return _warning(curve, rate, collapse, _earlier(curve, now, later=later))
    return None


def _weights(curve: Curve) -> Weights:
    return Weights(curve.step, curve.epoch, curve.loaded)


def _warning(curve: Curve, rate: float, collapse: float, earlier: str) -> RateWarning:
    found = curve.suggestion
    if found is None or not found.lr < collapse:
        return RateWarning(rate, collapse, None, None, earlier)
    held = (found.low, found.high) if found.certain and found.high < collapse else None
    return RateWarning(rate, collapse, found.lr, held, earlier)


def _earlier(curve: Curve, now: Weights, *, later: bool) -> str:
    """What the curve is of, where that is not what the stage begins with."""
    made = f"That test was made after epoch {curve.epoch}" if curve.epoch else "That test was made before any training"
    if _weights(curve) == now:
        return f"{made}; the stages before this one can change it." if later else ""
    if now.epoch > curve.epoch:
        count = now.epoch - curve.epoch
        return f"{made}, {count} epoch{'s' if count > 1 else ''} ago, so the rate may differ now."
    return f"{made}, with other weights than the present ones, so the rate may differ now."
