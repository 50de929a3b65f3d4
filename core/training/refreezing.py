"""A first layer group that is frozen again once some cycles of a stage are done, and what that saves.

The early layers move least and take most of the time of a batch: their maps are the largest, and with them frozen the
backward pass ends before them. Freezing them within a training is the idea of FreezeOut (arXiv:1706.04983). Importing
this module imports no torch.
"""

from collections.abc import Sequence

from core.model.catalogue import GROUPS
from core.training.growing import area
from core.training.stage import Stage

WITHOUT_EARLY = 0.6
"""Time of a batch with the first of three layer groups frozen, where with all trained it takes 1.

Measured for EfficientNet-Lite0 at 128 px on one core: 0.26 s and 0.42 s.
"""


def trained_until(stage: Stage) -> float:
    """The share (0..1] of a stage's batches after which its first trained layer group is frozen; 1 for never.

    >>> stage = Stage(freeze_to=0, cycles=3, cycle_mult=2, freeze_early_after=1)
    >>> round(trained_until(stage), 3), trained_until(Stage())
    (0.143, 1.0)
    """
    if stage.freeze_early_after is None:
        return 1.0
    return sum(stage.cycle_lengths[: stage.freeze_early_after]) / stage.epochs


def rates_at(stage: Stage, rates: tuple[float, ...], step: int, steps: int) -> tuple[float, ...]:
    """`rates` of the layer groups, stem to head, at batch `step` (from 0) of a stage of `steps`; 0.0 where frozen.

    >>> stage = Stage(freeze_to=0, cycles=2, freeze_early_after=1)
    >>> rates_at(stage, (1.0, 2.0, 3.0), 4, 10), rates_at(stage, (1.0, 2.0, 3.0), 5, 10)
    ((1.0, 2.0, 3.0), (0.0, 2.0, 3.0))
    """
    if stage.freeze_early_after is None or step < round(trained_until(stage) * steps):
        return rates
    first = stage.first_trained(len(rates))
    return tuple(0.0 if group == first else rate for group, rate in enumerate(rates))


def work(stage: Stage, begin: float = 0.0, end: float = 1.0) -> float:
    """Mean time of a training image between two shares of a stage's batches; one of full size, all trained, takes 1.

    It is in proportion to the pixels of images that grow (`core.training.growing`), and smaller with the early layers
    frozen.

    >>> stage = Stage(freeze_to=0, cycles=2, freeze_early_after=1)
    >>> work(stage), work(stage, 0.5), work(stage, 0.0, 0.0)
    (0.8, 0.6, 1.0)
    """
    until = trained_until(stage)
    if begin >= end:
        return area(stage, begin, end) * (1.0 if begin < until else WITHOUT_EARLY)
    total = 0.0
    if begin < until:
        total += area(stage, begin, min(end, until)) * (min(end, until) - begin)
    if end > until:
        total += WITHOUT_EARLY * area(stage, max(begin, until), end) * (end - max(begin, until))
    return total / (end - begin)


def as_it_ended(stage: Stage) -> Stage:
    """`stage` with what its last batches trained, for what goes on from there.

    >>> as_it_ended(Stage(freeze_to=0, cycles=2, freeze_early_after=1)).freeze_to
    1
    """
    if stage.freeze_early_after is None:
        return stage
    return stage.model_copy(update={"freeze_to": stage.freeze_to + 1, "freeze_early_after": None})


def frozen_group(stage: Stage, groups: Sequence[str] = GROUPS) -> str:
    """The name of the layer group that a stage freezes again, or nothing; `groups` are the names, stem to head.

    A stage that does not fit the network, as a plan may have one that is still to be mended, has a name for it too.
    """
    if stage.freeze_early_after is None:
        return ""
    first = stage.freeze_to + len(groups) if stage.freeze_to < 0 else stage.freeze_to
    return groups[first] if 0 <= first < len(groups) - 1 else "first layers"


def frozen_in_words(stage: Stage, groups: Sequence[str] = GROUPS) -> str:
    """Which layer group a stage freezes again and when, or nothing.

    >>> frozen_in_words(Stage(freeze_to=0, cycles=3, freeze_early_after=1)), frozen_in_words(Stage())
    ('early layers frozen after cycle 1', '')
    """
    group = frozen_group(stage, groups)
    return f"{group} frozen after cycle {stage.freeze_early_after}" if group else ""
