"""Stages that undid what had been learned: how far they fell, and the way back. Imports no torch.

A stage has *collapsed* when its last accuracy lies below the one that it began with, or below its own best epoch, by
10 points or more and by more than chance: the 95 % intervals of both, from the number of validation images, lie
apart. The same images were counted both times, which makes chance smaller than that, so this errs towards silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.numbers import rate_in_words
from core.runs.folder import RunFolder
from core.runs.names import BEST
from core.runs.rate_guard import alike, collapse_of, groups_of
from core.runs.snapshots import Snapshot, to_train_on
from core.runs.state import Curve, RunState, StageState
from core.training.proportions import is_below
from core.training.stage import Stage

FAR = 0.1
"""How far the accuracy (0..1) of a stage has to fall, at least, for the stage to have collapsed."""

TENTH, THIRD = 10.0, 3.0
"""What the rate of such a stage is divided by where no range test suggests a lower one. The smaller one is for rates
that a range test gave: they are of the right magnitude."""


def fallen_from(before: float | None, accuracies: Sequence[float], images: int) -> float | None:
    """The accuracy from which a stage collapsed; None when it did not.

    `before` is the accuracy (0..1) that the stage began with, if it was measured; `accuracies` those of its epochs, in
    order, on `images` validation images.

    >>> fallen_from(0.85, [0.4, 0.37], images=320)
    0.85
    >>> fallen_from(0.85, [0.8, 0.84], images=320) is None
    True
    """
    if not accuracies:
        return None
    highest = max(accuracies[:-1], default=0.0) if before is None else max([before, *accuracies[:-1]])
    last = accuracies[-1]
    return highest if highest - last >= FAR and is_below(last, highest, images) else None


@dataclass(frozen=True)
class Setback:
    """A stage that diverged or collapsed, and what to do about it.

    `stage` is its place in the run, from 0, and `rate` its highest learning rate. `before` and `after` are accuracies
    (0..1); None where they were not measured. `collapse` is where its range test collapsed, if one says. `snapshot` has
    the best weights from before; None when nothing was kept. `try_rate` is the rate to try, `why` where it comes from.
    """

    stage: int
    name: str
    diverged: bool
    before: float | None
    after: float | None
    rate: float
    collapse: float | None
    snapshot: Snapshot | None
    try_rate: float
    why: str

    @property
    def sentence(self) -> str:
        """What happened, with this run's figures."""
        called = f"Stage {self.stage + 1}" + (f", {self.name}," if self.name else "")
        rate = rate_in_words(self.rate)
        limit = ""
        if self.collapse is not None and self.rate >= self.collapse:
            limit = f"; in the range test this network collapsed from {rate_in_words(self.collapse)} on"
        if self.diverged:
            had = f" The accuracy before was {self.before:.1%}." if self.before is not None else ""
            return f"{called} diverged at rates up to {rate}{limit}. The last good weights were put back.{had}"
        return (
            f"{called} collapsed: accuracy fell from {self.before:.1%} to {self.after:.1%}, more than chance explains. "
            f"Its rate went up to {rate}{limit}."
        )

    @property
    def advice(self) -> str:
        """The way back, and the rate to try."""
        rate = f"{rate_in_words(self.try_rate)}, {self.why}"
        if self.snapshot is None:
            return f"Try {rate}."
        kept = self.snapshot
        figure = "" if kept.accuracy is None else f", {kept.accuracy:.1%} after epoch {kept.epoch},"
        return f"Load the snapshot {kept.name}{figure} to go on from before it, and try {rate}."


def setbacks_of(run: RunFolder) -> list[Setback]:
    """The setbacks that the run's present weights still come from; raises `RunError` when a file of it is damaged."""
    state = run.state
    return setbacks(state, run.snapshots(), run.curves(), groups_of(run.info)) if _current(state) else []


def setbacks(state: RunState, snapshots: Sequence[Snapshot], curves: Sequence[Curve], groups: int) -> list[Setback]:
    """The setbacks that the weights of a run in this state still come from, in the order of its stages.

    A stage that diverged counts until another one is begun; one that collapsed until the accuracy is no longer below
    that of before by more than chance could explain at the time. Neither counts once a snapshot has been loaded.
    `curves` are the run's finished range tests, oldest first, and `groups` is the number of layer groups.
    """
    return [
        _setback(begun, stage, snapshots, curves, groups)
        for begun in _current(state)
        if isinstance(stage := begun.stage, Stage)
    ]


def _current(state: RunState) -> list[StageState]:
    """The stages whose setback has been neither made up for nor undone."""
    if state.loaded is not None:
        return []
    now, found = state.figures.get("accuracy"), []
    begins: float | None = None
    for begun in reversed(state.stages):
        last = begun is state.stages[-1]
        if not last and begun.ends_with != begins:
            break  # the stage after it began with the weights of a snapshot
        fell = begun.collapsed_from is not None and now is not None and begun.collapsed_from - now >= FAR
        if fell or (last and begun.status == "diverged"):
            found.append(begun)
        begins = begun.accuracy_before
    return found[::-1]


def _setback(
    begun: StageState, stage: Stage, snapshots: Sequence[Snapshot], curves: Sequence[Curve], groups: int
) -> Setback:
    rate = stage.lr[-1] if stage.lr else 0.0
    fitting = [curve for curve in curves if isinstance(curve.stage, Stage) and alike(stage, curve.stage, groups)]
    own = [curve for curve in curves if curve.name == begun.curve]
    curve = next(reversed(own or fitting), None)
    diverged = begun.status == "diverged"
    try_rate, why = _rate_to_try(rate, curve, found=begun.curve is not None)
    return Setback(
        stage=begun.index,
        name=stage.name,
        diverged=diverged,
        before=begun.accuracy_before if diverged else begun.collapsed_from,
        after=begun.accuracy,
        rate=rate,
        collapse=None if curve is None else collapse_of(curve),
        snapshot=_from_before(begun, snapshots),
        try_rate=try_rate,
        why=why,
    )


def _from_before(begun: StageState, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """The snapshot with the highest accuracy that is above what the stage ended with; of several the newest."""
    floor = -1.0 if begun.accuracy is None or begun.status == "diverged" else begun.accuracy
    better = [one for one in to_train_on(snapshots) if one.accuracy is not None and one.accuracy > floor]
    return max(better, key=lambda one: (one.accuracy or 0.0, one.step, one.name == BEST), default=None)


def _rate_to_try(rate: float, curve: Curve | None, *, found: bool) -> tuple[float, str]:
    """A lower rate than the one that was too high, and where it comes from."""
    if curve is not None and curve.suggestion is not None and curve.suggestion.lr < rate:
        return curve.suggestion.lr, "the rate that its range test suggests"
    if found:
        return rate / THIRD, "a third of the rate that its range test gave"
    return rate / TENTH, "a tenth of its rate"
