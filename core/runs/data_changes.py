"""What of the data changes from one stage of a run to the next: size, share, augmentation, more images, labels."""

from collections.abc import Sequence
from itertools import pairwise

from core.augment import OWN
from core.runs.state import RunState, StageState
from core.training.stage import Stage


def data_change(before: Stage, stage: Stage) -> str:
    """What of the data is other in `stage` than in the one `before`, in a few words; "" where nothing is.

    >>> data_change(Stage(size=64, share=0.5), Stage(size=128))
    '64 → 128 px, 50% → 100% of the images'
    >>> data_change(Stage(size=128), Stage(size=128, grow_from=64))
    'images grow from 64 px'
    """
    parts = []
    if stage.size != before.size:
        parts.append(f"{before.size} → {stage.size} px")
    if stage.grow_from is not None and (stage.grow_from, stage.size) != (before.grow_from, before.size):
        parts.append(f"images grow from {stage.grow_from} px")
    if stage.share != before.share:
        parts.append(f"{before.share:.0%} → {stage.share:.0%} of the images")
    if stage.augmentation != before.augmentation:
        name = "your own" if stage.augmentation.name == OWN else stage.augmentation.name
        parts.append("no augmentation" if name == "none" else f"augmentation: {name}")
    return ", ".join(parts)


def added(before: StageState, stage: StageState) -> str:
    """How many images the data set has more than at the stage `before`, and which edits where these are other.

    "" where it is the same, or not known.
    """
    edits = (stage.mended or "no edits of the data") if stage.mended != before.mended else ""
    return ", ".join(filter(None, [_more(before, stage), edits]))


def _more(before: StageState, stage: StageState) -> str:
    if not before.train_images or not stage.train_images:
        return ""
    train, valid = stage.train_images - before.train_images, stage.valid_images - before.valid_images
    said = [f"{train:+,} training images" if train else "", f"{valid:+,} validation images" if valid else ""]
    return ", ".join(filter(None, said))


def changes_of(state: RunState, planned: Sequence[tuple[int, Stage]] = ()) -> dict[int, str]:
    """What changes at the stages of a run, by their place; those of `planned`, with their places, come after them."""
    found: dict[int, str] = {}
    begun = [stage for stage in state.stages if isinstance(stage.stage, Stage)]
    for before, stage in pairwise(begun):
        said = ", ".join(filter(None, [data_change(before.settings, stage.settings), added(before, stage)]))
        if said:
            found[stage.index] = said
    last = begun[-1].settings if begun else None
    for place, coming in planned:
        if place < len(state.stages):
            continue
        if last is not None and (said := data_change(last, coming)):
            found[place] = said
        last = coming
    return found


def both_figures(stage: StageState, before: StageState | None) -> str:
    """Where the validation images are other than before: the same weights on both, in a sentence; else ""."""
    now = stage.same_weights
    if now is None or stage.accuracy_before is None or before is None:
        return ""
    if stage.valid_before is not None:
        return _mended(stage, now.accuracy, stage.accuracy_before, before)
    sizes = [one.settings.size for one in (before, stage)]
    counts = [one.valid_images for one in (before, stage)]
    then = _seen(sizes[0], sizes, counts[0], counts)
    here = _seen(sizes[1], sizes, counts[1], counts)
    return (
        f"The same weights, before this stage trained: {stage.accuracy_before:.1%} {then}, {now.accuracy:.1%} {here}."
    )


def mended_stages(state: RunState) -> list[str]:
    """Where a stage began with other edits of the data than the one before it: the figures before and after, each."""
    said = []
    begun = [stage for stage in state.stages if isinstance(stage.stage, Stage)]
    for before, stage in pairwise(begun):
        if stage.valid_before is not None and (both := both_figures(stage, before)):
            said.append(f"Stage {stage.index + 1}. {both}")
        elif stage.mended != before.mended and stage.accuracy is not None and stage.accuracy_before is not None:
            said.append(
                f"Stage {stage.index + 1} trained with other edits ({stage.mended or 'none'}); the labels of the "
                f"validation images are the same: {stage.accuracy_before:.1%} before it, {stage.accuracy:.1%} after it."
            )
    return said


def _mended(stage: StageState, mended: float, accuracy_before: float, before: StageState) -> str:
    """The figures before and after a stage on the validation images as they were and as mended."""
    other = f" at {before.settings.size} px" if before.settings.size != stage.settings.size else ""
    edits = stage.valid_mended or "edits taken back"
    said = (
        f"Validation images were mended before this stage ({edits}). The same weights, before it trained: "
        f"{accuracy_before:.1%} as they were{other}, {mended:.1%} as mended."
    )
    if stage.as_before is None or stage.accuracy is None:
        return said
    return f"{said} After it: {stage.as_before.accuracy:.1%} as they were, {stage.accuracy:.1%} as mended."


def _seen(size: int, sizes: Sequence[int], count: int, counts: Sequence[int]) -> str:
    """Where a figure was measured, as far as that differs."""
    parts = [f"on {count:,} validation images" if counts[0] != counts[1] and all(counts) else ""]
    parts += [f"at {size} px" if sizes[0] != sizes[1] else ""]
    return " ".join(filter(None, parts)) or "on the validation images"
