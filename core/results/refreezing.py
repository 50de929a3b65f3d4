"""What the figures of the layer groups say, and what freezing groups again would change; see `training.group_watch`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


STILL = 0.05
"""A group whose distance changed by a smaller share of it within an epoch has come to rest."""


@dataclass(frozen=True)
class GroupMotion:
    """A trained layer group in the last epoch that was measured.

    `gradient` is the median of its norms, `moved` its last distance from the first weights (relative, see
    `GroupFigures`), and `before` that at the end of the epoch before, None in the first epoch.
    """

    group: int
    gradient: float
    moved: float
    before: float | None


def motions(groups: "pd.DataFrame") -> list[GroupMotion]:
    """The groups trained in the last stage of `groups` (a run history's table of that name), stem to head."""
    if groups.empty:
        return []
    epoch = groups["epoch"].max()
    last = groups[(groups["epoch"] == epoch) & (groups["grad"] > 0)]
    earlier = groups[groups["epoch"] < epoch]
    found = []
    for number, rows in last.groupby("group", sort=True):
        own = earlier.loc[earlier["group"] == number, "moved"]
        before = float(own.iloc[-1]) if len(own) else None
        gradient, moved = float(rows["grad"].median()), float(rows["moved"].iloc[-1])
        found.append(GroupMotion(int(str(number)), gradient, moved, before))
    return found


def refreezing(
    found: Sequence[GroupMotion], names: Sequence[str], seconds: tuple[float, float] | None = None
) -> list[str]:
    """What freezing each trained group but the head again would change, in sentences; none where the head alone trains.

    `names` are all groups', stem to head; `seconds` are those of an epoch now, and of one of the head alone, if known.
    """
    inner = [one for one in found if one.group < len(names) - 1]
    said = [f"{_capital(names[one.group])}: {_motion(one)}" for one in inner]
    if not inner:
        return []
    said.append(
        "Freezing a group again takes nothing back: its weights stay as they are now, and all groups before it freeze "
        "too."
    )
    if seconds is not None and seconds[1] < seconds[0]:
        said.append(
            f"With all but the head frozen, an epoch takes about {seconds[1] / seconds[0]:.0%} of the time. "
            "Activations could be precomputed again, once for the backbone as it is now."
        )
    return said


def _motion(one: GroupMotion) -> str:
    far = f"{_share(one.moved)} from its first weights"
    if one.before is None:
        return f"{far}, in its first epoch."
    change = abs(one.moved - one.before)
    if change < STILL * one.moved:
        return f"{far}, and the last epoch changed that by less than {STILL:.0%}: freezing it would change little."
    return f"{far}, {_share(one.before)} an epoch earlier: it is still moving, and freezing it would end that."


def _share(value: float) -> str:
    """A relative distance in percent; the smallest ones in words.

    >>> [_share(value) for value in (0.5, 0.0123, 0.00002)]
    ['50%', '1.23%', 'less than 0.01%']
    """
    if value < 1e-4:
        return "less than 0.01%"
    return f"{value:.2%}" if value < 0.1 else f"{value:.0%}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
