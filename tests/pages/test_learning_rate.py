import subprocess
import sys

from tests.pages.conftest import open_page

BAD = {0.0: "takes no steps", -1.0: "uphill", 1e9: "diverges", 1e300: "too large", 1e-9: "crawls"}


def said(at):
    """The sentences of the two panels, the surface's first."""
    return [box.value for kind in (at.success, at.warning, at.error, at.info) for box in kind]


def choose(at, **settings):
    for key, value in settings.items():
        widgets = {w.key: w for w in (*at.selectbox, *at.number_input, *at.slider, *at.select_slider, *at.button_group)}
        widgets[key].set_value(value)
        at.run()
    assert not at.exception
    return at


def test_the_first_view_shows_a_zigzag_and_a_descent_into_the_wide_minimum():
    at = open_page("learning_rate")
    assert not at.exception
    assert at.title[0].value.endswith("Learning rate")
    assert "zigzags" in said(at)[0]
    assert "wide minimum in cycle 4" in said(at)[1]


def test_each_kind_of_rate_shows_what_it_says():
    at = open_page("learning_rate")
    for surface in ("valley", "bumpy"):
        choose(at, descent_surface=surface)
        for kind in ("crawls", "arrives", "zigzags", "diverges"):
            choose(at, descent_preset=kind)
            wanted = "poor minimum" if (surface, kind) == ("bumpy", "arrives") else kind
            assert any(wanted in sentence for sentence in said(at)), (surface, kind, said(at))


def test_slider_and_number_say_the_same_at_first_and_follow_each_other():
    first = open_page("learning_rate")
    assert first.select_slider(key="descent_rate_slider").value == first.number_input(key="descent_rate").value
    at = choose(open_page("learning_rate"), descent_rate_slider=0.1)
    assert at.number_input(key="descent_rate").value == 0.1
    choose(at, descent_rate=0.31)
    assert at.select_slider(key="descent_rate_slider").value == 0.31
    assert at.session_state["descent_preset"] is None


def test_bad_rates_get_a_sentence():
    at = open_page("learning_rate")
    for rate, word in BAD.items():
        choose(at, descent_rate=rate)
        assert any(word in sentence for sentence in said(at)), (rate, said(at))
        choose(at, annealing_highest=rate)
        assert len(said(at)) == 2


def test_the_counts_follow_the_settings():
    def counts(at):
        return next(text.value for text in at.markdown if "starts rested in a narrow minimum" in text.value)

    at = open_page("learning_rate")
    assert "**more than** a constant rate" in counts(at)
    assert "**fewer than** a constant rate" in counts(choose(at, annealing_noise=0.0))
    assert "Over the same 40 steps" in counts(choose(at, annealing_length=10))


def test_too_high_costs_something_in_the_presets_of_the_valley():
    at = choose(open_page("learning_rate"), descent_preset="arrives")
    assert "arrives after 40 steps" in said(at)[0]
    choose(at, descent_preset="zigzags")
    assert "after 60 steps it has not arrived, while a rate of 0.25 needs 38" in said(at)[0]


def test_the_other_schedules_are_one_cycle_of_the_same_length():
    at = choose(open_page("learning_rate"), annealing_mult=2, annealing_cycles=2)
    for kind in ("Anneal once", "Constant"):
        choose(at, annealing_schedule=kind)
        assert len(said(at)) == 2


def test_other_mini_batches_give_another_descent():
    at = open_page("learning_rate")
    next(button for button in at.button if button.label == "Other mini-batches").click().run()
    assert not at.exception
    assert at.session_state["annealing_seed"] == 11


def test_settings_are_kept_while_another_page_is_visited():
    at = choose(open_page("learning_rate"), descent_surface="saddle", descent_rate=0.123)
    at.switch_page("app.py").run()
    at.switch_page("pages/learning_rate.py").run()
    assert at.selectbox(key="descent_surface").value == "saddle"
    assert at.number_input(key="descent_rate").value == 0.123


def test_what_it_imports_does_not_import_torch():
    code = (
        "import sys; import core.charts.playground, core.playground.verdicts, core.playground.landscape, "
        "core.training.schedules, pages.ui.frame, pages.ui.playground.player; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
