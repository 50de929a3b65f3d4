"""What to train next, as stages that can be planned: only what fits what a run has trained. Imports no torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.augment import NONE, Augmentation
from core.numbers import rate_in_words
from core.results.diagnosis import Verdict
from core.training.recipes import AUGMENTED_CYCLES, lesson2
from core.training.refreezing import as_it_ended
from core.training.stage import Stage

Kind = Literal["unfreeze", "longer", "augment", "stronger", "lower", "fewer", "larger"]

LARGER, STEP_PX = 1.75, 32
"""Larger images are this many times as wide, at a multiple of these pixels; the lesson goes from 128 to 224 px."""

LOWER = 3.0
"""A lower rate is the last one divided by this."""

LONGEST = 1000
"""Epochs of the longest cycle."""

LONGER_BECAUSE: dict[Verdict, str] = {
    "underfitting": "Both losses still fall clearly: there is more to learn.",
    "too-early": "These are few epochs: what more of them bring is not seen yet.",
    "just-right": "Nothing overfits yet, and the lesson trains on until something does.",
    "overfitting": "Validation loss has not risen clearly, so it may still fall.",
}
"""Why longer training may help; for other verdicts it would not."""


@dataclass(frozen=True)
class Advice:
    """A stage to plan next: what it does in a few words, why, and its settings; a range test finds its rate.

    `again` says that it is meant for the weights from before overfitting began to cost, not for the present ones.
    """

    kind: Kind
    title: str
    why: str
    stage: Stage
    again: bool = False


def advise(
    verdict: Verdict,
    trained: Sequence[Stage],
    *,
    pretrained: bool,
    groups: int,
    side: int,
    augmentation: Augmentation = NONE,
) -> tuple[Advice, ...]:
    """The stages that fit a run of this verdict after the stages `trained`, most useful first; none when it diverged.

    `groups` is the number of layer groups, `side` the shorter side in pixels of a usual image, 0 where the network
    takes one size only. `augmentation` is what keeps the labels of this data set.
    """
    if not trained or verdict == "diverged":
        return ()
    last = as_it_ended(trained[-1])
    found = [*_unfreeze(trained, pretrained, groups, augmentation), *_longer(verdict, last)]
    if verdict in ("overfitting", "costly"):
        found = [*_augment(last, augmentation), *found, *_stronger(last, again=verdict == "costly")]
    if verdict == "costly":
        found += [*_calmer(trained[-1], groups)]
    return (*found, *_larger(trained[-1], side))


def _unfreeze(trained: Sequence[Stage], pretrained: bool, groups: int, augmentation: Augmentation) -> Iterator[Advice]:
    """A network from scratch is trained as a whole from its beginning: there is nothing to unfreeze."""
    if not pretrained or any(stage.first_trained(groups) == 0 for stage in trained):
        return
    last = trained[-1]
    how = augmentation if last.augmentation == NONE else last.augmentation
    whole = lesson2(last.size, how, last.batch_size).stages[-1]
    what = "only the head was" if all(stage.freeze_to == -1 for stage in trained) else "not all layers were"
    why = f"So far {what} trained. Earlier layers can learn too, at lower rates, from what ImageNet taught them."
    yield Advice("unfreeze", "Train the whole network", why, whole)


def _longer(verdict: Verdict, last: Stage) -> Iterator[Advice]:
    if verdict not in LONGER_BECAUSE:
        return
    epochs = min(LONGEST, 2 * last.cycle_lengths[-1])
    one = {"cycles": 1, "cycle_mult": 1, "cycle_len": epochs, "lr": None, "name": f"One longer cycle, {epochs} epochs"}
    yield Advice("longer", f"Train {epochs} more epochs", LONGER_BECAUSE[verdict], last.model_copy(update=one))


def _augment(last: Stage, augmentation: Augmentation) -> Iterator[Advice]:
    if last.augmentation != NONE or augmentation == NONE:
        return
    changed: dict[str, object] = {"augmentation": augmentation, "precompute": False, "lr": None}
    if last.precompute:  # an epoch then takes a hundred times as long
        changed |= {"cycles": AUGMENTED_CYCLES, "cycle_len": 1, "cycle_mult": 1, "schedule": "cosine"}
    stage = last.model_copy(update={**changed, "name": "With augmentation"})
    why = "It overfits on images that are always the same. Changed a little each time, they are harder to memorise."
    yield Advice("augment", "Train with augmentation", why, stage)


def _one_cycle(last: Stage) -> dict[str, object]:
    """Settings of one cycle, as long as the longest of a stage."""
    return {"cycles": 1, "cycle_mult": 1, "cycle_len": max(last.cycle_lengths), "freeze_early_after": None}


def _stronger(last: Stage, *, again: bool) -> Iterator[Advice]:
    """Images changed more, from the weights before overfitting cost, or, where it does not, from the present ones."""
    harder = last.augmentation.stronger()
    if last.augmentation == NONE or harder == last.augmentation:
        return
    why = "The images are changed by so little that they are memorised all the same. Change them twice as much."
    changed = {**_one_cycle(last), "augmentation": harder, "name": "With stronger augmentation"}
    stage = last.model_copy(update=changed if again else {**changed, "lr": None})
    yield Advice("stronger", "Train with stronger augmentation", why, stage, again=again)


def _calmer(last: Stage, groups: int) -> Iterator[Advice]:
    """Ways to memorise less, from the weights before it cost: a lower rate, fewer groups."""
    again = _one_cycle(last)
    if last.lr is not None:
        lower = tuple(float(f"{rate / LOWER:.3g}") for rate in last.lr)
        why = f"At a third of the rate ({rate_in_words(max(lower))}) the weights stay nearer to those that generalise."
        stage = as_it_ended(last).model_copy(update={**again, "lr": lower, "name": ""})
        yield Advice("lower", "Train at a lower rate", why, stage, again=True)
    first = last.first_trained(groups)
    if first < groups - 1 and groups > 1:
        why = "With the earliest trained layer group frozen, fewer weights can memorise the images."
        stage = last.model_copy(
            update={**again, "freeze_to": first + 1, "lr": _without_first(last, groups), "name": ""}
        )
        yield Advice("fewer", "Train fewer layer groups", why, stage, again=True)


def _without_first(last: Stage, groups: int) -> tuple[float, ...] | None:
    """The stage's rates, which stay valid when one more group is frozen."""
    return last.lr if last.lr is None or len(last.lr) in (1, groups) else None


def _larger(last: Stage, side: int) -> Iterator[Advice]:
    size = min(side, round(last.size * LARGER)) // STEP_PX * STEP_PX
    if size <= last.size:
        return
    why = (
        f"The shorter side of the images has {side:,} px (median); {last.size} px were used. The weights "
        "stay, pixels and activations are made again, and the rate is found again."
    )
    stage = last.model_copy(update={"size": size, "lr": None, "name": f"Larger images, {size} px"})
    yield Advice("larger", f"Train on larger images, {size} px", why, stage)
