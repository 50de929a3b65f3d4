"""What stands on the chart of a range test: the suggested rate with its range, the collapse, other rules, the choice.

Labels are written above the plot, in rows, so that no two overlap on the narrowest screen: their places grow apart
with the width of the chart, while their text stays as wide as it is.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import RATE_LABEL
from core.numbers import rate_in_words

SUGGESTED_COLOUR, COLLAPSE_COLOUR, RULE_COLOUR, CHOSEN_COLOUR = (
    palette.GREEN,
    palette.ORANGE,
    palette.PURPLE,
    palette.VERMILLION,
)

NARROWEST = 330
"""Pixels that the plot is wide on a screen of 480 pixels."""

LETTER, GAP = 5.7, 4
"""Pixels of a letter of a label (11 px, bold), and between a line and its label."""

BESIDE_PLOT, TITLE_BESIDE = 40, 29
"""Pixels left of the plot for the labels of its axis, and for the title beside them: charts of rates are drawn under
each other, and their plots line up."""

ROW = 14
"""Pixels from one row of labels to the next."""

SAME = 0.025
"""Rules whose rates lie closer than this share of the axis share a label."""


@dataclass(frozen=True)
class Marks:
    """The rates to mark: `rate` is Anneal's, `low` to `high` train about as well, from `collapse` on nothing does.

    `collapsed` is whether the loss is above where it began there; else it only rises. `rules` has the rates of other
    rules by name, None for one that has none. `chosen` is the chosen rate.
    """

    rate: float | None = None
    low: float | None = None
    high: float | None = None
    collapse: float | None = None
    collapsed: bool = True
    rules: Mapping[str, float | None] = field(default_factory=dict)
    chosen: float | None = None


@dataclass(frozen=True)
class Label:
    """A text beside the line at share `at` (0..1) of the axis: in which row above the plot, and on which side."""

    at: float
    text: str
    row: int = 0
    left: bool = False

    @property
    def line(self) -> float:
        """Where its line is, in pixels of the narrowest plot."""
        return self.at * NARROWEST

    @property
    def extent(self) -> tuple[float, float]:
        """Where its text begins and ends, in pixels of the narrowest plot."""
        width = LETTER * len(self.text)
        return (self.line - GAP - width, self.line - GAP) if self.left else (self.line + GAP, self.line + GAP + width)

    @property
    def fits(self) -> bool:
        """Whether the text lies over the plot."""
        return self.extent[0] >= 0 and self.extent[1] <= NARROWEST

    def on_its_side(self) -> "Label":
        """Right of its line, or left where there is no room on the right."""
        return self if self.fits else replace(self, left=True)


def in_rows(labels: Sequence[Label]) -> list[Label]:
    """The labels in as few rows as will do, 0 the lowest: no two overlap, and no line goes through another's text.

    A line goes up from the plot to its label, through the rows below it. So labels that stand right of their lines
    rise to the left, those that stand left of them rise to the right; which do which is tried. Where no way keeps lines
    off texts, each label has a row of its own.
    """
    ordered = sorted(labels, key=lambda label: label.at)
    ways = [_placed(ordered, split) for split in range(len(ordered), -1, -1)]
    found = [way for way in ways if way is not None]
    if found:
        return min(found, key=lambda way: max((label.row for label in way), default=0))
    return [replace(label.on_its_side(), row=row) for row, label in enumerate(reversed(ordered))]


def _placed(ordered: Sequence[Label], split: int) -> list[Label] | None:
    """The first `split` labels right of their lines, the others left, in the lowest rows; None if that fails."""
    placed: list[Label] = []
    for one in [*reversed(ordered[:split]), *(replace(label, left=True) for label in ordered[split:])]:
        rows = [replace(one, row=row) for row in range(len(ordered))]
        free = [label for label in rows if label.fits and not any(_in_the_way(label, other) for other in placed)]
        if not free:
            return None
        placed.append(free[0])
    return placed


def _in_the_way(one: Label, other: Label) -> bool:
    return _overlap(one, other) or _crosses(one, other) or _crosses(other, one)


def _overlap(one: Label, other: Label) -> bool:
    """Whether two texts of a row meet: the one whose line is further left has to end first, at any width."""
    first, second = sorted((one, other), key=lambda label: (label.line, not label.left))
    return one.row == other.row and first.extent[1] + GAP > second.extent[0]


def _crosses(line: Label, label: Label) -> bool:
    """Whether the line of one label goes through the text of another."""
    begin, end = label.extent
    return line.row >= label.row and begin - 1 < line.line < end + 1


def grouped(rules: Mapping[str, float | None], share: "Axis") -> list[tuple[float, str]]:
    """The rules' rates, ascending, with their names; those too close to be told apart have one text."""
    groups: list[tuple[float, str]] = []
    for rate, name in sorted((rate, name) for name, rate in rules.items() if rate and rate in share):
        if groups and share(rate) - share(groups[-1][0]) < SAME:
            groups[-1] = (groups[-1][0], f"{groups[-1][1]}, {name}")
        else:
            groups.append((rate, name))
    return groups


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis of rates from `lowest` to `highest`; `of` says whose rates, where there are several."""

    lowest: float
    highest: float
    of: str = ""

    @classmethod
    def around(cls, rates: Iterable[float], of: str = "") -> "Axis":
        """The axis that shows `rates` with a little room at both ends; what is no rate above 0 is passed over."""
        known = [rate for rate in rates if 0 < rate < math.inf] or [1e-5, 1.0]
        low, high = min(known), max(known)
        room = max(high / low, 1.2) ** 0.02
        return cls(low / room, high * room, of)

    def __call__(self, rate: float) -> float:
        """Where a rate lies, as a share 0..1 of the axis; rates beyond its ends lie at them."""
        span = math.log(self.highest / self.lowest) or 1.0
        return min(max(math.log(rate / self.lowest) / span, 0.0), 1.0)

    def __contains__(self, rate: float) -> bool:
        return self.lowest <= rate <= self.highest

    @property
    def encoding(self) -> alt.X:
        """The axis for every layer of the chart: decades are written, and over less than two of them 2 and 5 too."""
        decades = range(math.floor(math.log10(self.lowest)), math.ceil(math.log10(self.highest)) + 1)
        steps = (1,) if self.highest / self.lowest > 100 else (1, 2, 5)
        values = [digit * 10.0**decade for decade in decades for digit in steps]
        return alt.X(
            "lr:Q",
            title=f"Learning rate{f' of {self.of}' if self.of else ''} (log scale)",
            scale=alt.Scale(type="log", nice=False, domain=[self.lowest, self.highest]),
            axis=alt.Axis(
                values=[value for value in values if value in self], labelExpr=RATE_LABEL, labelOverlap=True, grid=False
            ),
        )


def areas(marks: Marks, axis: Axis) -> list[alt.Chart]:
    """What lies behind the curve: the range that trains about as well, and the rates from the collapse on."""
    found = []
    if marks.low is not None and marks.high is not None and marks.high > axis.lowest and marks.low < axis.highest:
        found.append(_area(marks.low, marks.high, axis, SUGGESTED_COLOUR, 0.16))
    if marks.collapse is not None and marks.collapse in axis:
        found.append(_area(marks.collapse, axis.highest, axis, COLLAPSE_COLOUR, 0.1))
    return found


def _area(low: float, high: float, axis: Axis, colour: str, opacity: float) -> alt.Chart:
    frame = pd.DataFrame({"lr": [max(low, axis.lowest)], "to": [min(high, axis.highest)]})
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(color=colour, opacity=opacity)
        .encode(x=axis.encoding, x2="to:Q", tooltip=alt.value(None))
    )
    return chart


def lines(marks: Marks, axis: Axis) -> tuple[list[alt.Chart], int]:
    """A line with its label for each mark, and how many pixels the labels need above the plot."""
    kinds: dict[str, tuple[float, str, str]] = {}
    if marks.rate is not None and marks.rate in axis:
        kinds["anneal"] = (marks.rate, f"Anneal {rate_in_words(marks.rate)}", "anneal")
    if marks.collapse is not None and marks.collapse in axis:
        word = "collapses" if marks.collapsed else "rises"
        kinds["collapse"] = (marks.collapse, f"{word} from {rate_in_words(marks.collapse)}", "collapse")
    if marks.chosen is not None and marks.chosen in axis:
        kinds["chosen"] = (marks.chosen, f"chosen {rate_in_words(marks.chosen)}", "chosen")
    for rate, name in grouped(marks.rules, axis):
        kinds[name] = (rate, name, "rule")
    wanted = [Label(axis(rate), text) for rate, text, _ in kinds.values()]
    rows = {label.text: label for label in in_rows(wanted)}
    charts = [layer for rate, text, kind in kinds.values() for layer in _line(rate, rows[text], axis, kind)]
    room = ROW * (1 + max((label.row for label in rows.values()), default=-1))
    return charts, room


_STYLES: dict[str, alt.MarkDef] = {
    "anneal": alt.MarkDef("rule", color=SUGGESTED_COLOUR, strokeWidth=2.5),
    "collapse": alt.MarkDef("rule", color=COLLAPSE_COLOUR, strokeWidth=2, strokeDash=[2, 2]),
    "chosen": alt.MarkDef("rule", color=CHOSEN_COLOUR, strokeWidth=2.5, strokeDash=[8, 3]),
    "rule": alt.MarkDef("rule", color=RULE_COLOUR, strokeWidth=1.4, strokeDash=[5, 3]),
}
_TEXTS = {"anneal": SUGGESTED_COLOUR, "collapse": palette.GREY, "chosen": CHOSEN_COLOUR, "rule": RULE_COLOUR}


def _line(rate: float, label: Label, axis: Axis, kind: str) -> list[alt.Chart]:
    frame = pd.DataFrame({"lr": [rate], "mark": [label.text], "rate": [rate_in_words(rate)]})
    frame["above"] = -float(ROW * label.row + 2)
    base = alt.Chart(frame).encode(
        x=axis.encoding,
        tooltip=[alt.Tooltip("mark:N", title="Mark"), alt.Tooltip("rate:N", title="Learning rate")],
    )
    up = alt.Y("above:Q", scale=None, axis=None)
    rule = base.properties(mark=_STYLES[kind]).encode(y=up, y2=alt.value("height"))
    text = base.mark_text(
        align="right" if label.left else "left",
        baseline="bottom",
        dx=-GAP if label.left else GAP,
        fontSize=11,
        fontWeight="bold",
        color=_TEXTS[kind],
    ).encode(y=up, text="mark:N")
    return [rule, text]
