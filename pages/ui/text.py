"""Text on pages: names that others chose, never read as markdown; figures and times as people say them."""

import re
from datetime import datetime

from core.hosting.confine import without_places
from core.numbers import JOINER
from core.runs.state import RunState

LONGEST = 60
"""Characters of a name that are shown where there is little room."""

PERCENT = "%.1f%%"
"""How table columns write a share 0..100, as `percent` does one of 0..1."""

_MARKS = re.compile(
    r"[\\`*_\[\]<>|~$&@^{}]"  # emphasis, code, links, tags, tables, formulas, entities, addresses
    r"|:(?=\S)"  # colours, icons, emoji, addresses
    r"|-(?=[->])"  # arrows and dashes
    r"|^[#+=-]"  # headings, lists, rules
    r"|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]"  # numbered lists
)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff]+")
_ADDRESS = re.compile(r"www(?=\.)", re.IGNORECASE)
_EXPONENT = re.compile(r"(?<=\de)-(?=\d)")


def plain(text: object, longest: int | None = LONGEST) -> str:
    """`text` on one line, without control characters, cut in the middle to `longest` characters.

    Where it names a place on a server for several people, only what a visitor knows of it is left.
    For widgets that show text literally: `st.text`, `selectbox`, `multiselect`, `dataframe`.
    """
    line = _INVISIBLE.sub(" ", without_places(str(text))).strip() or "(no name)"
    if longest is None or len(line) <= longest:
        return line
    head = (longest - 1) * 2 // 3
    return f"{line[:head]}…{line[len(line) - (longest - 1 - head) :]}"


def literal(text: object, longest: int | None = LONGEST) -> str:
    """`text` escaped so that markdown shows it as it is: no image, link, colour, icon or formula comes of it.

    For all that renders markdown: markdown, captions, buttons, radios, metrics, tabs, alerts, toasts. Not for
    the widgets of `plain`, which would show the backslashes.
    """
    escaped = _MARKS.sub(_escape, plain(text, longest))
    return unbroken(_ADDRESS.sub(rf"\g<0>{JOINER}", escaped))


def _escape(found: re.Match[str]) -> str:
    mark = found.group()
    return f"\\{mark}{JOINER}" if mark in ":@-<>" else f"\\{mark}"


def unbroken(text: str) -> str:
    """`text` in which no line ends within a rate: browsers would part "3e-4" after its hyphen.

    For text that flows; not for what is typed, compared or read as a number.
    """
    return _EXPONENT.sub(f"-{JOINER}", text)


def percent(share: float) -> str:
    """An accuracy 0..1 with one decimal, as charts and tables write it: "97.3%"."""
    return f"{share:.1%}"


def duration(seconds: float) -> str:
    """Seconds: "8 s", "3 min", "1 h 20 min"."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def size_of(count: float) -> str:
    """Bytes: "812 kB", "1.4 GB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def moment_of(when: str) -> datetime | None:
    """An ISO time as this machine's; None for what is no time, or none that a clock here can show."""
    try:
        return datetime.fromisoformat(when).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def time_of_day(when: str) -> str:
    """The time of day of an ISO time, "14:03:27"; what is no time stays as it is."""
    then = moment_of(when)
    return plain(when, 20) if then is None else f"{then:%H:%M:%S}"


def ago(when: str, now: datetime | None = None) -> str:
    """How long ago an ISO time was: "just now", "5 min ago", "yesterday", or its date."""
    then = moment_of(when)
    if then is None:
        return ""
    passed = ((now or datetime.now()).astimezone() - then).total_seconds()
    if passed < 60:
        return "just now"
    if passed < 5400:
        return f"{round(passed / 60)} min ago"
    if passed < 86400:
        return f"{round(passed / 3600)} h ago"
    return "yesterday" if passed < 2 * 86400 else f"{then:%-d %B %Y}"


def stages_in_words(state: RunState) -> str:
    """How far a run has come: "not trained yet", "1 stage", "3 stages, stopped"."""
    if not state.stages:
        return "not trained yet"
    count = len(state.stages)
    last = state.stages[-1]
    collapsed = last.collapsed_from is not None and state.loaded is None
    ended = "collapsed" if collapsed else "" if last.status == "done" else last.status
    return f"{count} stage{'s' if count > 1 else ''}" + (f", {ended}" if ended else "")
