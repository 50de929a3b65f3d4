"""Plans to start from. A stage without a rate has it found by a range test when its turn comes."""

from core.augment import NONE, SIDE_ON, Augmentation
from core.training.stage import Plan, Stage

HEAD_EPOCHS = 20
"""Epochs from activations: each takes a fraction of a second, and 1-2 (the lesson's) leave the head unfinished."""

SMALL_SIDE = 32
"""Side in pixels up to which a picture shows little more than one digit."""

SMALL_EPOCHS, EPOCHS = 5, 14
"""Epochs of the quick plan: digits are above 99 % after 5; shapes, drawn larger and fewer of them, take 14."""

AUGMENTED_CYCLES = 3
WHOLE_CYCLES = 3
"""The lesson's: 3 cycles of one epoch, then 3 of 1, 2 and 4 epochs."""

GROUP_RATIO = 3.0
"""Each earlier layer group's rate is this much lower: the lesson's 3x-10x."""


def lesson2(size: int = 128, augmentation: Augmentation = SIDE_ON, batch_size: int = 32) -> Plan:
    """fast.ai 2018, lesson 2, for a pretrained network: the head alone, then with augmentation, then everything.

    The steps between the stages, finding the rate and unfreezing, are the stages' own: a rate of None is found
    before its stage, and `freeze_to` says what is trained.
    """
    head = Stage(
        name="Head, from precomputed activations",
        precompute=True,
        cycle_len=HEAD_EPOCHS,
        size=size,
        batch_size=batch_size,
    )
    augmented = Stage(
        name="Head, with augmentation",
        cycles=AUGMENTED_CYCLES,
        augmentation=augmentation,
        size=size,
        batch_size=batch_size,
    )
    whole = Stage(
        name="Whole network, slower towards the stem",
        freeze_to=0,
        freeze_norm=True,
        group_ratio=GROUP_RATIO,
        cycles=WHOLE_CYCLES,
        cycle_mult=2,
        augmentation=augmentation,
        size=size,
        batch_size=batch_size,
    )
    return Plan(name="Lesson 2", stages=(head, augmented, whole))


def quick(size: int = 32, augmentation: Augmentation = NONE, batch_size: int = 64) -> Plan:
    """A small network from scratch, all of it, in one cycle."""
    stage = Stage(
        name="Whole network, one cycle",
        freeze_to=0,
        group_ratio=1.0,
        lr=(0.005,),
        schedule="one-cycle",
        cycle_len=SMALL_EPOCHS if size <= SMALL_SIDE else EPOCHS,
        size=size,
        batch_size=batch_size,
        augmentation=augmentation,
    )
    return Plan(name="Quick", stages=(stage,))


def suggested_plan(backbone: str, pretrained: bool, size: int, augmentation: Augmentation = NONE) -> Plan:
    """The plan to offer first: lesson 2 for a pretrained network, one cycle for one that starts from scratch."""
    del backbone
    if pretrained:
        return lesson2(size, augmentation)
    return quick(size, augmentation)
