"""Plans to start from. Where a stage has no learning rate, a range test finds it before the stage begins."""

import math
from collections.abc import Sequence

from core.augment import NONE, SIDE_ON, Augmentation, keeping_labels
from core.data.split import batch_count
from core.training.stage import Plan, Stage

HEAD_EPOCHS = 20
"""Epochs from activations: each takes a fraction of a second, and after the lesson's 1-2 the head still improves."""

HEAD_BATCHES, MOST_HEAD_EPOCHS = 250, 60
"""Batches that the head gets at least, in at most so many epochs: 20 epochs of 150 images are too few for it."""

SMALL_SIDE = 32
"""Images up to this side in pixels are taken for digits or similar, which need fewer epochs."""

SMALL_EPOCHS, EPOCHS = 5, 14
"""Epochs of the quick plan: digits reach 99 % accuracy in 5; the larger and fewer images of shapes need 14."""

AUGMENTED_CYCLES = 3
WHOLE_CYCLES = 3
"""As in the lesson: 3 cycles of one epoch, then 3 of 1, 2 and 4 epochs."""

EARLY_CYCLES = 1
"""Cycles of the last stage in which the early layers learn too; the lesson trains them to the end."""

AUGMENTED, PLAIN = "Head, with augmentation", "Head, without augmentation"
"""Names of the lesson's second stage, as its augmentation is."""

SMALL_SHARE = 0.5
"""Start small: the share of the training images, and of the side of the images, in the first two stages."""

FULL_EPOCHS = 4
"""Start small: epochs at the full size over all images; the two stages before cost about as much as one of them."""

START_SMALL_MEASURED = (
    "Measured on 1,099 photos of clothes in 10 classes (341 more for validation; EfficientNet-Lite0, 128 px, 3 seeds): "
    "start small reached 80.5% in 163 s of one core, and the full size from the start 83.6% in 176 s, 3.1 points more "
    "(standard error 1.3; more with every seed). There it was a quick first result, not the best one; on other images "
    "it may be."
)
"""By `python -m tests.benchmarks.start_small`: 81.8, 77.7 and 81.8 %, beside 84.5, 83.3 and 83.0 % from the same seeds.

Mean validation loss was 0.551 and 0.594: lower for start small, with 2 of the 3 seeds.
"""

GROUP_RATIO = 3.0
"""The rate of each layer group is that of the next one divided by this; the lesson uses 3 to 10."""


def lesson2(size: int = 128, augmentation: Augmentation = SIDE_ON, batch_size: int = 32) -> Plan:
    """fast.ai 2018, lesson 2, for a pretrained network: the head alone, then with augmentation, then everything.

    The lesson's steps between the stages, finding the rate and unfreezing, follow from the stages' settings.

    >>> [(stage.scope(), stage.epochs) for stage in lesson2().stages]
    [('head', 20), ('head', 3), ('everything', 7)]
    """
    head = Stage(
        name="Head, from precomputed activations",
        precompute=True,
        cycle_len=HEAD_EPOCHS,
        size=size,
        batch_size=batch_size,
    )
    augmented = Stage(
        name=AUGMENTED if augmentation != NONE else PLAIN,
        cycles=AUGMENTED_CYCLES,
        augmentation=augmentation,
        size=size,
        batch_size=batch_size,
    )
    whole = Stage(
        name="Whole network, slower towards the stem",
        freeze_to=0,
        freeze_norm=True,
        freeze_early_after=EARLY_CYCLES,
        group_ratio=GROUP_RATIO,
        cycles=WHOLE_CYCLES,
        cycle_mult=2,
        augmentation=augmentation,
        size=size,
        batch_size=batch_size,
    )
    return Plan(name="Lesson 2", stages=(head, augmented, whole))


def half_size(size: int) -> int:
    """Half of `size` px as a multiple of 8, at least 16 and at most `size`.

    >>> [half_size(size) for size in (224, 128, 100, 32, 16, 8)]
    [112, 64, 48, 16, 16, 8]
    """
    return min(size, max(16, size // 2 // 8 * 8))


def start_small(size: int = 128, augmentation: Augmentation = SIDE_ON, batch_size: int = 32) -> Plan:
    """Half of the images at half the size first, then all of them at `size` px, for a pretrained network.

    An epoch of the first two stages costs about an eighth of one of the last: a quarter of the pixels, half the
    images. It is progressive resizing (fast.ai 2018, lessons 2 and 3).

    >>> [(stage.scope(), stage.size, stage.share, stage.epochs) for stage in start_small().stages]
    [('head', 64, 0.5, 20), ('everything', 64, 0.5, 7), ('everything', 128, 1.0, 4)]
    """
    small = half_size(size)
    head = Stage(
        name="Head, on few and small images",
        precompute=True,
        cycle_len=HEAD_EPOCHS,
        size=small,
        share=SMALL_SHARE,
        batch_size=batch_size,
    )
    whole = Stage(
        name="Whole network, on few and small images",
        freeze_to=0,
        freeze_norm=True,
        group_ratio=GROUP_RATIO,
        cycles=WHOLE_CYCLES,
        cycle_mult=2,
        augmentation=augmentation,
        size=small,
        share=SMALL_SHARE,
        batch_size=batch_size,
    )
    name = "Whole network, on all images at full size"
    full = {"name": name, "cycles": 1, "cycle_mult": 1, "cycle_len": FULL_EPOCHS, "size": size, "share": 1.0}
    return Plan(name="Start small", stages=(head, whole, whole.model_copy(update=full)))


def enough_batches(plan: Plan, images: int) -> Plan:
    """`plan` of the lesson with as many head epochs from activations as `images` training images need.

    >>> [enough_batches(lesson2(), images).stages[0].cycle_len for images in (5000, 1153, 144, 20)]
    [20, 20, 50, 60]
    """

    def longer(stage: Stage) -> Stage:
        if not stage.precompute:
            return stage
        used = max(1, round(images * stage.share))
        epochs = math.ceil(HEAD_BATCHES / batch_count(used, stage.batch_size))
        return stage.model_copy(update={"cycle_len": min(max(stage.cycle_len, epochs), MOST_HEAD_EPOCHS)})

    return plan.model_copy(update={"stages": tuple(longer(stage) for stage in plan.stages)})


def quick(size: int = 32, augmentation: Augmentation = NONE, batch_size: int = 64) -> Plan:
    """One cycle over a whole small network with random first weights."""
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


OVERFIT_IMAGES, OVERFIT_EPOCHS, OVERFIT_SIDE = 40, 40, 64
"""Training images, epochs and pixels of the demonstration that overfits on purpose."""


def overfitting_plan(images: int, size: int = OVERFIT_SIDE) -> Plan:
    """A small network on `OVERFIT_IMAGES` of `images` training images, always the same and at one rate: it overfits."""
    stage = Stage(
        name="Overfits on purpose",
        freeze_to=0,
        group_ratio=1.0,
        lr=(0.001,),
        schedule="constant",
        cycle_len=OVERFIT_EPOCHS,
        size=size,
        batch_size=OVERFIT_IMAGES,
        share=min(1.0, OVERFIT_IMAGES / images),
    )
    return Plan(name="Overfitting", stages=(stage,))


def suggested_plan(pretrained: bool, size: int, augmentation: Augmentation = NONE) -> Plan:
    """The plan to offer first: lesson 2 for a pretrained network, else one cycle from random weights."""
    return lesson2(size, augmentation) if pretrained else quick(size, augmentation)


def suited(classes: Sequence[str]) -> Augmentation:
    """Side-on augmentation, without the flip where the names of the classes say that it would not keep the labels."""
    return keeping_labels(SIDE_ON, classes)


def first_plan(
    pretrained: bool, size: int, classes: Sequence[str], chosen: Augmentation | None = None, *, images: int
) -> Plan:
    """The plan to begin with for a run on `images` training images that has none yet.

    `chosen` is the augmentation that a person wants.
    """
    plan = suggested_plan(pretrained, size, chosen or (suited(classes) if pretrained else NONE))
    return enough_batches(plan, images)


def keeping(plan: Plan, classes: Sequence[str]) -> Plan:
    """`plan` with the augmentation of each stage reduced to what keeps the labels of these classes."""
    stages = [
        stage.model_copy(update={"augmentation": keeping_labels(stage.augmentation, classes)}) for stage in plan.stages
    ]
    return plan.model_copy(update={"stages": tuple(stages)})
