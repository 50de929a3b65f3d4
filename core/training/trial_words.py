"""What trials show, in sentences with their own numbers. Importing this module does not import torch."""

from collections.abc import Callable, Iterable, Sequence

from core.numbers import rate_in_words
from core.training.trial_results import Outcome, Trials
from core.training.trial_settings import SAME_RATE, Length

Name = Callable[[float], str]
"""How a rate is written."""

SHORT_HORIZON = "arXiv:1803.02021"

FEWEST_TO_LEAN = 3
"""Rates among which the lowest has to be the best before anything is said of it."""


def length_in_words(length: Length, epochs: int) -> str:
    """How long a trial is, where the stage has `epochs` epochs.

    >>> [length_in_words(length, 7) for length in ("short", "epoch", "stage")]
    ['a third of an epoch', '1 epoch', 'the whole stage (7 epochs)']
    """
    if length == "stage":
        return f"the whole stage ({epochs} epoch{'s' if epochs != 1 else ''})"
    return {"short": "a third of an epoch", "epoch": "1 epoch"}[length]


def headline(trials: Trials, name: Name = rate_in_words) -> str:
    """What to see in the figures, in a few words."""
    best = trials.best
    if trials.seen and best is not None:
        return "The network knows these images; low rates look better than they are"
    if best is None:
        return "Every rate tried diverged" if trials.outcomes else "No trial has ended yet"
    if len(trials.outcomes) == 1:
        return f"{name(best.lr)} has been tried, the other rates not yet"
    others, alike = len(trials.finished) - 1, trials.as_good
    if not alike:
        return f"{name(best.lr)} has the lowest loss on images kept out"
    if len(alike) == others and others:
        return "These trials cannot tell the rates apart"
    return f"{name(best.lr)} has the lowest loss; {_listed(alike, name)} cannot be told apart from it"


def findings(trials: Trials, others: Sequence[Trials] = (), name: Name = rate_in_words) -> list[str]:
    """What the trials show, one sentence or two each, the most important first.

    `others` are trials at the same state, of which those of another length are compared. Nothing is said that the
    numbers do not show.
    """
    if trials.seen:
        return [*_seen(trials), *_diverged(trials, name)]
    others = [other for other in others if not other.seen]
    return [
        *_best(trials, name),
        *_diverged(trials, name),
        *_worse_than_before(trials, name),
        *_most_accurate(trials, name),
        *_lowest_point(trials, name),
        *_low_end(trials, name),
        *(sentence for other in _of_other_lengths(trials, others) for sentence in _compared(trials, other, name)),
    ]


def method(trials: Trials) -> str:
    """What was trained and measured, and what the intervals are of."""
    repeats = trials.repeats
    over = f"over the images and over the {repeats} repeats" if repeats > 1 else "over the images"
    said = [
        f"Each rate was trained for {_of(trials)}, annealed to 0, with the same batches in the same order, and "
        f"undone. Loss and accuracy are those on {trials.judged_on:,} training images that no trial was "
        f"trained on; validation images were not used. Intervals are at 95%: 1.96 standard errors of the loss {over}, "
        "and Wilson's of the accuracy. Rates are compared image by image (paired differences of the loss; p below "
        f"{trials.level:.2g} counts)."
    ]
    if repeats == 1:
        said.append("With one repeat, what the order of the batches changes is not in the intervals.")
    if trials.replayed:
        said.append(
            "The head had been trained on these images before, so it was first trained anew without them, through the "
            "same stages; the trials began from there."
        )
    if trials.not_judged:
        count = len(trials.not_judged)
        said.append(
            f"{_count(count, 'class has', 'classes have')} too few different images for one to be kept out, so trials "
            f"do not judge {'it' if count == 1 else 'them'}."
        )
    return " ".join(said)


def standing(trials: Trials, outcome: Outcome, name: Name = rate_in_words) -> str:
    """How one rate came out beside the best, in a few words."""
    best = trials.best
    if outcome.diverged_at is not None or best is None:
        return f"diverged at batch {outcome.diverged_at}"
    if outcome.lr == best.lr:
        return "lowest loss"
    if not trials.apart(outcome.lr, best.lr):
        return f"not told apart from {name(best.lr)}"
    pair = trials.pair(outcome.lr, best.lr)
    return f"worse than {name(best.lr)} (p {_p(pair.p_loss if pair else 1.0)})"


def _seen(trials: Trials) -> list[str]:
    """That the images that judge are no longer new to the network, which leaves little to be said of the rates."""
    if not trials.outcomes:
        return []
    known = "The network was trained before on the images that judge here"
    if trials.before is not None and trials.valid_loss is not None:
        known += f" (loss {trials.before.loss:.3f} on them, {trials.valid_loss:.3f} on validation images)"
    return [
        f"{known}. Rates that change it little keep what it knows of them, and so look better than they are: only that "
        "a rate diverged is certain."
    ]


def _best(trials: Trials, name: Name) -> list[str]:
    best, alike = trials.best, trials.as_good
    if best is None or best.measured is None or len(trials.finished) < 2:
        return []
    figures = f"{name(best.lr)} has the lowest loss, {best.measured.loss:.3f}"
    if not alike:
        return [f"{figures}, and differs from every other rate by more than chance."]
    pairs = [trials.pair(outcome.lr, best.lr) for outcome in alike]
    least = min((pair.p_loss for pair in pairs if pair), default=1.0)  # a file may lack them
    return [f"{figures}; {_listed(alike, name)} cannot be told apart from it (p {_p(least)})."]


def _diverged(trials: Trials, name: Name) -> list[str]:
    return [f"{name(o.lr)} diverged at batch {o.diverged_at}." for o in trials.outcomes if o.diverged_at is not None]


def _worse_than_before(trials: Trials, name: Name) -> list[str]:
    before = trials.before
    if before is None:
        return []
    undone = [o for o in trials.finished if o.measured and o.measured.low > before.high]
    if not undone:
        return []
    return [f"{_listed(undone, name)} ended with a higher loss than the network had before ({before.loss:.3f})."]


def _most_accurate(trials: Trials, name: Name) -> list[str]:
    """Where accuracy and loss prefer different rates."""
    best, top = trials.best, trials.most_accurate
    if not (best and top and best.measured and top.measured) or best.lr == top.lr:
        return []
    if best.measured.accuracy == top.measured.accuracy:
        return []
    pair = trials.pair(best.lr, top.lr)
    p = pair.p_accuracy if pair else 1.0
    test = "McNemar's test, " if trials.repeats == 1 else ""
    verdict = "more than chance" if p < trials.level else "no more than chance"
    return [
        f"{name(top.lr)} has the highest accuracy, {_percent(top.measured.accuracy)} beside "
        f"{_percent(best.measured.accuracy)} at {name(best.lr)}: {verdict} ({test}p {_p(p)})."
    ]


def _lowest_point(trials: Trials, name: Name) -> list[str]:
    """Whether the rate at the curve's lowest point was the best, where it was tried."""
    best, at = trials.best, _tried(trials, trials.curve_lowest)
    if best is None or best.measured is None or at is None or len(trials.outcomes) < 2:
        return []
    where = f"The lowest point of the curve, {name(at.lr)},"
    if at.diverged_at is not None:
        return [f"{where} is not the best rate: training diverged there."]
    if at.lr == best.lr:
        return [f"{where} had the lowest loss here."]
    if not trials.apart(at.lr, best.lr) or at.measured is None:
        return [f"{where} cannot be told apart from the best rate here."]
    return [
        f"{where} is not the best rate: its loss ended at {at.measured.loss:.3f}, that of {name(best.lr)} at "
        f"{best.measured.loss:.3f}."
    ]


def _tried(trials: Trials, rate: float | None) -> Outcome | None:
    """The outcome at `rate`, or at one so close that it stands for it."""
    if rate is None or not trials.outcomes:
        return None
    nearest = min(trials.outcomes, key=lambda o: max(o.lr, rate) / min(o.lr, rate))
    return nearest if max(nearest.lr, rate) < SAME_RATE * min(nearest.lr, rate) else None


def _low_end(trials: Trials, name: Name) -> list[str]:
    """Where the best rate is the lowest one tried: there may be a better one below, or the trial was too short."""
    best = trials.best
    if best is None or len(trials.outcomes) < max(FEWEST_TO_LEAN, len(trials.rates)) or best.lr != min(trials.rates):
        return []
    if trials.batches >= trials.planned:
        return [f"The best is the lowest rate tried, {name(best.lr)}: a lower one may be better still."]
    return [
        f"The best is the lowest rate tried, {name(best.lr)}, in trials of {_of(trials)}. Short trials prefer low "
        f"rates ({SHORT_HORIZON}), and the stage has {trials.planned:,} batches: try longer ones before you take it."
    ]


def _of_other_lengths(trials: Trials, others: Iterable[Trials]) -> list[Trials]:
    """The newest of `others` (oldest first) for each other number of batches."""
    newest = {other.batches: other for other in others if other.batches != trials.batches and other.best}
    return [newest[batches] for batches in sorted(newest)]


def _compared(trials: Trials, other: Trials, name: Name) -> list[str]:
    """The best rates of a shorter and a longer trial, among the rates that both tried."""
    short, long = sorted((trials, other), key=lambda t: t.batches)
    both = {o.lr for o in short.finished} & {o.lr for o in long.finished}
    if len(both) < 2:
        return []
    low, high = _best_of(short, both), _best_of(long, both)
    lengths = f"With {_of(short)} {name(low)} was best, with {_of(long)} {name(high)}"
    if low == high:
        return [f"{name(low)} was best with {_of(short)} and with {_of(long)}."]
    sure = short.apart(low, high) and long.apart(low, high)
    if high < low:
        return [f"{lengths}{'' if sure else ', which may be chance'}."]
    return [
        f"{lengths}: short trials prefer low rates ({SHORT_HORIZON})."
        if sure
        else f"{lengths}, as short trials prefer low rates ({SHORT_HORIZON}); but this difference may be chance."
    ]


def _best_of(trials: Trials, rates: set[float]) -> float:
    losses = {o.lr: o.measured.loss for o in trials.finished if o.measured and o.lr in rates}
    return min(losses, key=losses.__getitem__)


def _of(trials: Trials) -> str:
    """A trial's length, with its batches."""
    length, batches = length_in_words(trials.length, trials.stage.epochs), _count(trials.batches, "batch", "batches")
    return f"{length[:-1]}, {batches})" if length.endswith(")") else f"{length} ({batches})"


def _listed(outcomes: Sequence[Outcome], name: Name) -> str:
    names = [name(outcome.lr) for outcome in outcomes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.2g}"
