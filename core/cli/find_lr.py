"""`find-lr`: range tests on a new network, which is not kept."""

import textwrap

from core.cli.new_learner import network_and_stage, new_learner
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.numbers import rate_in_words
from core.training.curve import RangeSettings
from core.training.found_rate import FoundRate, lr_find
from core.training.spread import Spread, checked_seeds, times
from core.training.suggest import Suggestion
from core.training.sweeps import sweep_for
from core.training.vsgd_record import ASSUMES

SENTENCE = 99
"""Letters of a line of the sentence beside a rule's name and rate."""


def find_lr(options: Options, reporter: Reporter) -> Answer:
    """The curves of range tests, every suggestion, and where it lies on the curve."""
    seeds = checked_seeds(1 if options.seeds is None else options.seeds)
    network, stage = network_and_stage(options)
    usual = sweep_for(stage.freeze_to == -1)
    settings = RangeSettings(
        lowest=usual.lowest if options.lowest is None else options.lowest,
        highest=usual.highest if options.highest is None else options.highest,
        steps=usual.steps if options.steps is None else options.steps,
    )
    learner = new_learner(options, network, reporter)
    found = lr_find(learner, stage, seeds=seeds, settings=settings, vsgd=options.vsgd, progress=reporter)
    return Answer(found.to_json(), text(found))


def text(found: FoundRate) -> str:
    """What was found, for a person; no line of its tables is longer than 120 letters."""
    curve, rates = found.curve, found.suggestions
    ends = {
        "end": "to the last rate",
        "diverged": "until the loss exploded",
        "not a number": "until the loss was not a number",
        "asked": "until it was stopped",
    }
    lines = [f"{len(curve.lrs)} batches, trained: {curve.meta.stage.scope()}, {ends[curve.stopped]}."]
    if found.suggestion is not None:
        lines += _advice(found.suggestion)
    if all(rate is None for rate in rates.values()):
        lines.append("The other rules need a longer curve: give more --steps.")
    else:
        which = "this curve" if found.spread is None else "the first curve"
        lines += [f"Other rules, on fastai's smoothed loss, and where their rates lie on {which}:", _rules(found)]
    if found.spread is not None:
        lines += [found.spread.sentence, _spread(found.spread)]
    if found.vsgd is not None:
        lines += [found.vsgd.sentence, ASSUMES]
    if found.no_vsgd:
        lines.append(f"vSGD has no estimate: {found.no_vsgd}")
    return "\n".join(lines)


def _rules(found: FoundRate) -> str:
    rows = []
    for name, rate in found.suggestions.items():
        placed = found.readings.get(name)
        first, *more = textwrap.wrap(placed.sentence, SENTENCE) if placed else [""]
        rows += [[name, "none" if rate is None else rate_in_words(rate), first], *(["", "", line] for line in more)]
    return table(rows, right=False)


def _spread(found: Spread) -> str:
    rows = [["rule", "lowest", "median", "highest", "factor", "seeds"]]
    for name, rule in found.rules.items():
        rates = [rate_in_words(rate) for rate in (rule.lowest, rule.median, rule.highest)]
        rows.append([name, *rates, times(rule.factor), str(rule.seeds)])
    return table(rows)


def _advice(found: Suggestion) -> list[str]:
    """Anneal's rate, its range, where training collapses, and why."""
    then = ""
    if found.collapse is not None:
        then = f" From {rate_in_words(found.collapse)} on, training collapses."
    elif found.rise is not None:
        then = f" From {rate_in_words(found.rise)} on, the loss rises for good."
    if not found.certain:
        return [found.reason]
    return [
        f"Take {rate_in_words(found.lr)}; rates from {rate_in_words(found.low)} to {rate_in_words(found.high)} train "
        f"about as well.{then}",
        found.reason,
    ]
