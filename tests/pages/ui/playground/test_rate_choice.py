from core.playground.comparison import compare, describe
from core.playground.surfaces import SURFACES
from pages.ui.playground.rate_choice import cosine
from tests.pages.conftest import open_page


def sentence(at):
    return next(text.value for text in at.markdown if text.value.startswith("Fixed rate:"))


def expected(at, noise, seed):
    surface = SURFACES[at.session_state["descent_surface"]]
    rate = float(at.session_state["descent_rate"])
    return describe(compare(surface, surface.start, rate, cosine(60), noise=noise, seed=seed))


def test_the_sentence_is_of_the_surface_the_rate_the_noise_and_the_seed_that_are_chosen():
    at = open_page("learning_rate")
    assert sentence(at) == expected(at, 1.0, 0)
    for surface in ("saddle", "bumpy"):
        at.selectbox(key="descent_surface").set_value(surface).run()
        assert sentence(at) == expected(at, 1.0, 0)
    at.slider(key="choice_noise").set_value(0.5).run()
    assert sentence(at) == expected(at, 0.5, 0)
    at.button(key="choice_again").click().run()
    assert sentence(at) == expected(at, 0.5, 1)
    assert not at.exception


def test_a_rate_that_cannot_be_compared_gets_a_sentence():
    at = open_page("learning_rate")
    at.number_input(key="descent_rate").set_value(0.0).run()
    assert not at.exception
    assert any("above 0" in text.value and "vSGD" in text.value for text in at.caption)
