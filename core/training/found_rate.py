"""`lr_find`: range tests at a learner's present state, and what they found as one object for a notebook or script."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from core.errors import TrainingError
from core.numbers import rate_in_words
from core.training.curve import RangeCurve, RangeSettings
from core.training.learner import Learner
from core.training.lr_finder import range_tests
from core.training.notebook import range_chart
from core.training.readings import Placed, rates_of, readings_of
from core.training.spread import Spread, combined, spread
from core.training.stage import Stage
from core.training.suggest import Suggestion
from core.training.vsgd import estimate
from core.training.vsgd_record import ASSUMES, VsgdEstimate
from core.workspace import Progress


@dataclass(frozen=True, repr=False)
class FoundRate:
    """What range tests from one state found; a notebook draws it where a cell ends with it.

    `curves` has one curve for each seed, and `vsgd` that method's estimate at the same state, where it was asked for;
    `no_vsgd` says why there is none in spite of that.
    """

    curves: tuple[RangeCurve, ...]
    vsgd: VsgdEstimate | None = None
    no_vsgd: str = ""

    @property
    def curve(self) -> RangeCurve:
        """The curve of the first seed."""
        return self.curves[0]

    @cached_property
    def suggestion(self) -> Suggestion | None:
        """Anneal's, for all seeds together (`core.training.spread.combined`); None for curves without a point."""
        return combined(self.curves)

    @property
    def suggestions(self) -> dict[str, float | None]:
        """The rates of the other five rules for the first curve; None where it is too short for a rule."""
        return self.curve.suggestions

    @cached_property
    def readings(self) -> dict[str, Placed]:
        """Where the rate of each rule, Anneal's too, lies on the first curve (`core.training.readings`)."""
        return readings_of(self.curve)

    @cached_property
    def spread(self) -> Spread | None:
        """How far the rates of each rule differ between the seeds; None for one seed."""
        return spread(self.curves) if len(self.curves) > 1 else None

    def to_json(self) -> dict[str, Any]:
        """The first curve's values, `suggestion` (of all seeds) and `readings`, as JSON values.

        With several seeds also `seeds` (the values of every curve) and `spread`; where vSGD was asked for also `vsgd`.
        """
        ours = None if self.suggestion is None else asdict(self.suggestion)
        values = {**_with_readings(self.curve), "suggestion": ours}
        if self.spread is not None:
            rules = {name: {**asdict(rule), "factor": rule.factor} for name, rule in self.spread.rules.items()}
            values["seeds"] = [_with_readings(curve) for curve in self.curves]
            values["spread"] = {"seeds": self.spread.seeds, "rules": rules, "sentence": self.spread.sentence}
        if self.vsgd is not None:
            values["vsgd"] = {**self.vsgd.model_dump(mode="json"), "assumes": ASSUMES, "experimental": True}
        if self.no_vsgd:
            values["vsgd"] = {"error": self.no_vsgd, "experimental": True}
        return values

    def __repr__(self) -> str:
        """Anneal's rate with its reason."""
        if self.suggestion is None:
            return "The first loss is not a number: there is no curve."
        return f"{rate_in_words(self.suggestion.lr)}: {self.suggestion.reason}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The chart of the curves for a notebook, and the text for what cannot draw it."""
        if not self.curve.lrs:
            return {"text/plain": repr(self)}
        chart = range_chart([(curve.lrs, curve.losses) for curve in self.curves], rates_of(self.curve) | self._ours())
        drawn = chart._repr_mimebundle_(include, exclude)
        bundle, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return {**bundle, "text/plain": repr(self)}, metadata

    def _ours(self) -> dict[str, float | None]:
        return {} if self.suggestion is None else {"anneal": self.suggestion.lr}


def lr_find(
    learner: Learner,
    stage: Stage,
    *,
    seeds: int = 1,
    settings: RangeSettings | None = None,
    vsgd: bool = False,
    progress: Progress | None = None,
) -> FoundRate:
    """Find the rate for `stage` at the learner's present state, which is left byte for byte as it was.

    `seeds` (1 to 10) range tests are made, each with its own order of the images; without `settings` they go over the
    rates that suit what the stage trains. With `vsgd`, that method's estimate is made too, for the cost of 32 batches.
    `progress` is told how far it is, by default the learner's own. Raises `PlanError` for a number of seeds out of
    range, and `TrainingError` when the memory does not suffice.
    """
    report = learner.progress if progress is None else progress
    curves = tuple(range_tests(learner, stage, settings, seeds=seeds, progress=report))
    if not vsgd:
        return FoundRate(curves)
    try:
        return FoundRate(curves, estimate(learner, stage, progress=report))
    except TrainingError as error:
        return FoundRate(curves, no_vsgd=str(error))


def _with_readings(curve: RangeCurve) -> dict[str, Any]:
    return {**curve.to_json(), "readings": {name: asdict(placed) for name, placed in readings_of(curve).items()}}
