import math
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from pages.ui import term_pictures
from pages.ui.frame import PAGES
from pages.ui.terms import TERMS, used_in
from tests.pages import made
from tests.pages.conftest import open_page
from tests.pages.looking import drawn

WORDS = "loss, batch, epoch, learning rate, head, backbone, activations, freeze, augmentation, overfitting"
ROOT = Path(__file__).parents[3]
NAMES = [Path(path).stem for path, _, _ in PAGES if path != "app.py" and (ROOT / path).exists()]
SVG = "{http://www.w3.org/2000/svg}"


def texts(at: AppTest) -> str:
    """The words that can be read on a page as it stands."""
    said = [getattr(element, name, None) for element in drawn(at.main) for name in ("value", "label")]
    return " | ".join(text for text in said if isinstance(text, str))


def offered(at: AppTest) -> set[str]:
    """The words whose meanings a page offers."""

    def popovers(block: Block) -> list[str]:
        inner = [child for child in block.children.values() if isinstance(child, Block)]
        own = [block.proto.popover.label] if block.type == "popover" else []
        return own + [label for child in inner for label in popovers(child)]

    return {label for label in popovers(at.main) if label in TERMS}


def test_the_ten_words_each_have_one_or_two_sentences() -> None:
    assert sorted(TERMS) == sorted(WORDS.split(", "))
    for term in TERMS.values():
        assert 1 <= len(re.findall(r"\.(?:\s|$)", term.meaning)) <= 2, term.meaning
        assert term.meaning.endswith(".")


@pytest.mark.parametrize("word", TERMS)
def test_a_picture_is_whole_and_stays_inside_its_frame(word: str) -> None:
    picture = ET.fromstring(TERMS[word].picture)
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    assert "light-dark(" in TERMS[word].picture
    for line in picture.iter(f"{SVG}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    for text in picture.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) <= height
        x, room = float(text.attrib["x"]), 6.2 * len(text.text or "")
        start = x - room * {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]]
        assert start >= 0
        assert start + room <= width


def test_the_picture_of_loss_has_the_figures_of_the_logarithm() -> None:
    texts = [text.text for text in ET.fromstring(term_pictures.loss()).iter(f"{SVG}text")]
    for probability in (0.1, 0.5, 0.9):
        assert f"{math.log(1 / probability):.2f}" in texts


def test_the_picture_of_the_rate_descends_as_its_words_say() -> None:
    dots: dict[int, list[float]] = {}
    for dot in ET.fromstring(term_pictures.learning_rate()).iter(f"{SVG}circle"):
        place = int(float(dot.attrib["cx"]) // 100)
        dots.setdefault(place, []).append(float(dot.attrib["cx"]) - 50 - 100 * place)
    low, good, high = dots[0], dots[1], dots[2]
    assert all(0 < after < before for before, after in pairwise(low))
    assert low[-1] > 0.5 * low[0]
    assert abs(good[-1]) < 0.05 * good[0]
    assert all(before * after < 0 for before, after in pairwise(high))
    assert abs(high[-1]) > 0.3 * high[0]


def test_words_are_found_in_every_form_and_not_inside_others() -> None:
    assert used_in("Unfreeze, then a range test of the mini-batches: lower rates") == [
        "batch",
        "learning rate",
        "freeze",
    ]
    assert used_in("ahead, separate, lossless, accurate") == []
    assert used_in("Batch norm is folded") == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_that_uses_a_word_offers_its_meaning(name: str, home: Path) -> None:
    run = made.new_run(home)
    pages = [open_page(name), open_page(name, data="digits"), open_page(name, run=run.id)]
    made.train(run)
    made.range_tested(run, suggested=True)
    made.evaluate(run)
    pages.append(open_page(name, run=run.id))
    for at in pages:
        assert not at.exception
        missing = set(used_in(texts(at))) - offered(at)
        assert not missing, (missing, texts(at))


def test_home_offers_the_words_of_the_path_that_it_shows(home: Path) -> None:
    lesson = open_page()
    assert {"head", "freeze", "activations"} <= offered(lesson)
    scratch = open_page(run=made.new_run(home).id)
    assert "activations" not in offered(scratch)
    for at in (lesson, scratch):
        assert set(used_in(texts(at))) <= offered(at), texts(at)
