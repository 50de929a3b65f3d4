import re

import pytest

from pages.ui.names import literal, plain

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
