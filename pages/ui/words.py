"""Figures and times as people say them."""

from datetime import datetime

from core.runs.state import RunState


def percent(share: float) -> str:
    """An accuracy 0..1 with one decimal: "97.3 %"."""
    return f"{share * 100:.1f} %"


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


def ago(when: str, now: datetime | None = None) -> str:
    """How long ago an ISO time was: "just now", "5 min ago", "yesterday", or its date."""
    try:
        then = datetime.fromisoformat(when)
    except ValueError:
        return ""
    passed = ((now or datetime.now(then.tzinfo)) - then).total_seconds()
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
    last = state.stages[-1].status
    return f"{count} stage{'s' if count > 1 else ''}" + ("" if last == "done" else f", {last}")
