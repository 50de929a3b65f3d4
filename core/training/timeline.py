"""A whole plan, stage beside stage, before it starts: cycles, frozen groups, rates, data and time, lane by lane."""

from collections.abc import Sequence

import pandas as pd

from core.augment import NONE
from core.numbers import rate_in_words
from core.training.refreezing import trained_until
from core.training.stage import Plan, Stage

COLUMNS = ("lane", "start", "end", "kind", "text", "more")

STEPS, CYCLES, DATA, TIME = "Steps", "Cycles", "Images", "Time"
"""Lanes beside those of the layer groups."""


def timeline(plan: Plan, groups: Sequence[str], times: Sequence[str], titles: Sequence[str]) -> pd.DataFrame:
    """One row for each bar; `groups` are stem to head, `times` the stages' times in words, `titles` their steps.

    Columns: `lane`; `start` and `end` in stages, each of which has the same room; `kind` ("step", "cycle", "trained",
    "frozen", "data", "time"); `text` on the bar, and `more` for a tooltip. Raises `PlanError` when a stage does not
    fit the number of layer groups.
    """
    rows: list[tuple[str, float, float, str, str, str]] = []
    for place, stage in enumerate(plan.stages):
        whole = (float(place), float(place + 1))
        rows.append((STEPS, *whole, "step", titles[place], f"{stage.name or f'Stage {place + 1}'}: {titles[place]}"))
        rows += _cycles(stage, place)
        for group, (name, rate) in enumerate(zip(groups, _rates(plan, place, len(groups)), strict=True)):
            rows += _group(stage, place, name, rate, frozen_early=group == stage.first_trained(len(groups)))
        rows.append((DATA, *whole, "data", *_data(stage)))
        rows.append((TIME, *whole, "time", times[place], times[place]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def lanes(groups: Sequence[str]) -> list[str]:
    """The lanes from top to bottom; the head above the stem, as in other charts of layer groups."""
    return [STEPS, CYCLES, *reversed(groups), DATA, TIME]


def _cycles(stage: Stage, place: int) -> list[tuple[str, float, float, str, str, str]]:
    """A bar for each cycle, as long as its share of the stage's epochs."""
    rows, done = [], 0
    for number, length in enumerate(stage.cycle_lengths, start=1):
        ends = (place + done / stage.epochs, place + (done + length) / stage.epochs)
        epochs = f"{length} epoch{'s' if length > 1 else ''}"
        rows.append((CYCLES, *ends, "cycle", epochs, f"Cycle {number} of {stage.cycles}: {epochs}"))
        done += length
    return rows


def _group(
    stage: Stage, place: int, name: str, rate: str, *, frozen_early: bool
) -> list[tuple[str, float, float, str, str, str]]:
    """The bar of a layer group; two where it is frozen again (`core.training.refreezing`)."""
    start, end = float(place), float(place + 1)
    if not rate:
        return [(name, start, end, "frozen", "frozen", "Frozen")]
    turn = place + trained_until(stage) if frozen_early else end
    trained = (name, start, turn, "trained", rate, f"Rate: {rate}")
    if turn == end:
        return [trained]
    return [trained, (name, turn, end, "frozen", "frozen", f"Frozen after cycle {stage.freeze_early_after}")]


def _rates(plan: Plan, place: int, groups: int) -> list[str]:
    """The rate of each group in words, "" where it is frozen; where it is to be found, as a part of the head's."""
    stage = plan.stages[place]
    first = stage.first_trained(groups)
    if stage.lr is not None:
        return [rate_in_words(rate) if rate else "" for rate in stage.group_rates(groups)]
    source = "customary rate" if plan.goes_on(place) else "found first"
    said = []
    for group in range(groups):
        part = stage.group_ratio ** (groups - 1 - group)
        said.append("" if group < first else source if part == 1 else f"1/{part:g} of the head's")
    return said


def _data(stage: Stage) -> tuple[str, str]:
    parts = [stage.sizes_in_words, "all" if stage.share == 1 else f"{stage.share:.0%}"]
    parts += ["precomputed"] if stage.precompute else []
    parts += [stage.augmentation.name] if stage.augmentation != NONE else []
    share = "all training images" if stage.share == 1 else f"{stage.share:.0%} of the training images"
    how = "activations precomputed" if stage.precompute else f"augmentation: {stage.augmentation.name}"
    return ", ".join(parts), f"{stage.sizes_in_words}, {share}, {how}"
