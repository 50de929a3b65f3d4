"""All words of the lesson: reachable from every page with words, found by a piece, and true of the code."""

import pytest

from core.training.stage import Stage
from pages.ui.glossary import MORE, matching, ordered
from pages.ui.terms import TERMS
from tests.pages.conftest import open_page

PAGES = ["", "learning_rate", "augmentation", "lr_finder", "training", "confusion_matrix", "runs"]


@pytest.mark.parametrize("name", PAGES)
def test_every_row_of_words_leads_to_all_of_them(name):
    at = open_page(name)
    at.button(key="all-words").click().run()
    assert not at.exception
    said = " ".join(text.value for text in at.markdown)
    for word in (*TERMS, *MORE):
        assert f"**{word[:1].upper()}{word[1:]}.**" in said, word


def test_a_piece_of_a_word_finds_it_in_the_word_first():
    entries = ordered({})
    found = [word for word, _ in matching(entries, "CYCLE")]
    assert found[0] == "cycle"
    assert "annealing" in found
    assert "accuracy" not in found
    assert matching(entries, "xyzzy") == []
    assert matching(entries, "") == entries


def test_the_words_are_in_order_and_each_is_a_sentence():
    entries = ordered({name: term.meaning for name, term in TERMS.items()})
    names = [name.lower() for name, _ in entries]
    assert names == sorted(names)
    assert len(set(names)) == len(TERMS) + len(MORE)
    assert all(meaning.endswith(".") for _, meaning in entries)


def test_the_arithmetic_of_cycles_is_the_codes():
    lengths = Stage(cycles=3, cycle_len=1, cycle_mult=2).cycle_lengths
    assert f"{' + '.join(map(str, lengths))} = {sum(lengths)} epochs" in MORE["cycle"]
