import re
from datetime import datetime

import pytest

from core.runs.state import RunState, StageState
from core.training.stage import Stage
from pages.ui.text import ago, duration, literal, percent, plain, size_of, stages_in_words, unbroken

JOINER = "\u2060"


@pytest.mark.parametrize(
    "name",
    [
        "![x](http://example.test/a.png)",
        "[x](http://example.test)",
        "<img src=x>",
        "https://example.test/a.png",
        "www.example.test",
        "me@example.test",
        ":red[x]",
        ":material/home:",
        ":smile:",
        "$x^2$",
        "*a* _b_ ~~c~~ `d`",
        "a | b",
        "# heading",
        "1. list",
        "- list",
        "&amp;",
        "\\*",
    ],
)
def test_literal_leaves_no_markdown_unescaped_and_changes_no_visible_character(name: str) -> None:
    escaped = literal(name)
    assert re.sub(r"\\(?=[^a-zA-Z0-9\s])", "", escaped).replace(JOINER, "") == re.sub(r"\\(?=[^a-zA-Z0-9\s])", "", name)
    bare = re.sub(r"\\[^a-zA-Z0-9\s]", "", escaped)
    assert not re.search(r"[*_`\[\]<>$~|@&^]|^[#-]|^\d\.|www\.|:\S", bare.replace(JOINER, " "))


def test_sentences_are_left_readable() -> None:
    assert literal("Stage 1: the rate, 20 % lower (0.01), is half-way.") == (
        "Stage 1: the rate, 20 % lower (0.01), is half-way."
    )


def test_names_are_one_line_and_cut_in_the_middle() -> None:
    assert plain("a\nb\u202ec\x00d") == "a b c d"
    assert plain("") == "(no name)"
    short = plain("x" * 50 + "/last.jpg", 20)
    assert len(short) == 20
    assert short.endswith("st.jpg")
    assert "…" in short


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
    assert percent(0.9731) == "97.3%"
    assert stages_in_words(RunState()) == "not trained yet"
    done, failed = (
        StageState(index=0, stage=Stage(), status="done"),
        StageState(index=1, stage=Stage(), status="failed"),
    )
    assert stages_in_words(RunState(stages=[done])) == "1 stage"
    assert stages_in_words(RunState(stages=[done, failed])) == "2 stages, failed"


@pytest.mark.parametrize("text", ["3e-4", "from 1.2e-3 to 0.01.", "one-cycle, 10-20", "e-4"])
def test_a_rate_is_not_parted_by_the_end_of_a_line(text: str) -> None:
    assert unbroken(text).replace(JOINER, "") == text
    assert not re.search(r"\de-\d", unbroken(text))
    assert (JOINER in unbroken(text)) == bool(re.search(r"\de-\d", text))
