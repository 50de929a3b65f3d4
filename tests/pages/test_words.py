from datetime import datetime

import pytest

from core.runs.state import RunState, StageState
from pages.ui.words import ago, duration, percent, size_of, stages_in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (8, "8 s"), (89, "89 s"), (180, "3 min"), (4800, "80 min"), (5460, "1 h 31 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (812_000, "812 kB"), (1.44e9, "1.4 GB"), (3e12, "3000.0 GB")]
)
def test_sizes(count: float, words: str) -> None:
    assert size_of(count) == words


def test_times_ago() -> None:
    now = datetime(2026, 3, 5, 12, 0)
    said = {"2026-03-05T11:59:30": "just now", "2026-03-05T11:30:00": "30 min ago", "2026-03-05T02:00:00": "10 h ago"}
    said |= {"2026-03-04T02:00:00": "yesterday", "2026-02-01T00:00:00": "1 February 2026", "what": ""}
    assert {when: ago(when, now) for when in said} == said


def test_percent_and_stages() -> None:
    assert percent(0.9731) == "97.3 %"
    assert stages_in_words(RunState()) == "not trained yet"
    done, failed = StageState(index=0, stage={}, status="done"), StageState(index=1, stage={}, status="failed")
    assert stages_in_words(RunState(stages=[done])) == "1 stage"
    assert stages_in_words(RunState(stages=[done, failed])) == "2 stages, failed"
