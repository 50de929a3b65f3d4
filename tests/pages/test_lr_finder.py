import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.charts.lr_finder import RATE_PICKED
from core.jobs import queue
from core.jobs.specs import FindSpec
from core.numbers import rate_in_words
from core.runs.draft import Draft, Rate
from core.runs.state import Curve
from core.training.readings import readings
from core.training.spread import spread
from core.training.stage import Stage
from core.training.suggestions import MEANINGS
from core.training.vsgd import BATCHES
from core.training.vsgd_record import ASSUMES, VsgdEstimate
from core.workspace import write_json
from pages.ui.finder.curves import label, width_in_words
from tests.pages.conftest import open_page
from tests.pages.made import new_run, range_tested


def buttons(at):
    return {button.label: button for button in at.button}


def test_first_view_has_an_example_and_one_click_to_begin() -> None:
    at = open_page("lr_finder")
    assert not at.exception
    assert at.get("vega_lite_chart")
    assert any("example" in caption.value.lower() for caption in at.caption)
    assert "Start with digits" in buttons(at)


def test_one_click_makes_a_run_of_digits(quiet: None) -> None:
    at = open_page("lr_finder")
    buttons(at)["Start with digits"].click().run()
    assert not at.exception
    assert "Find the learning rate" in buttons(at)
    assert at.query_params["run"]


def test_a_range_test_is_asked_for_as_the_next_stage_has_it(home: Path, quiet: None) -> None:
    run = new_run(home)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.segmented_control(key="find-scope").value == "Everything"
    at.number_input(key="find-steps-everything-usual").set_value(50).run()
    buttons(at)["Find the learning rate"].click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, FindSpec)
    assert job.spec.steps == 50
    assert job.spec.stage.freeze_to == 0
    assert job.spec.lowest == pytest.approx(1e-5)
    assert not at.exception
    assert "Cancel" in buttons(at)


def test_precompute_with_everything_unfrozen_says_why_not(home: Path) -> None:
    at = open_page("lr_finder", run=new_run(home).id)
    at.toggle(key="find-precompute").set_value(True).run()
    assert any("frozen backbone" in error.value for error in at.error)
    assert buttons(at)["Find the learning rate"].disabled


def said(at) -> str:
    """All that the page says in markdown, captions, warnings and notes."""
    return "\n".join(text.value for kind in (at.markdown, at.caption, at.warning, at.info) for text in kind).replace(
        "\u2060", ""
    )


def chart(at, number: int = 0) -> dict[str, Any]:
    """A chart's specification."""
    spec: dict[str, Any] = json.loads(at.get("vega_lite_chart")[number].proto.spec)
    return spec


def test_every_rule_says_what_its_rate_is_on_this_curve_and_can_be_taken(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    captions = [caption.value for caption in at.caption]
    helps = [text.proto.help for text in at.markdown]
    for name, placed in readings(curve.lrs, curve.losses, curve.suggestions).items():
        assert placed.sentence in captions
        assert MEANINGS[name] in helps
    at.button(key="use-steep").click().run()
    rate = Draft.load(run.path).rate
    assert rate is not None
    assert rate.lr == curve.suggestions["steep"]
    assert rate.chosen_by == "steep"
    assert any("Chosen rate" in text.value for text in at.markdown)
    assert at.button(key="use-steep").disabled


def test_anneals_suggestion_comes_first_with_its_reason(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run, suggested=True)
    found = curve.suggestion
    assert found is not None
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert f"Take {rate_in_words(found.lr)}" in said(at)
    assert found.reason in said(at)
    keys = [button.key for button in at.button]
    assert keys.index("use-anneal") < keys.index("use-valley")


def test_a_curve_of_an_earlier_version_has_anneals_suggestion_too(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run)
    assert curve.suggestion is None
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.get("vega_lite_chart")
    assert "use-anneal" in [button.key for button in at.button]


def test_a_curve_that_no_rate_can_be_read_off_is_shown_and_says_so(home: Path) -> None:
    run = new_run(home)
    range_tested(run, stage={"freeze_to": "?"})
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.get("vega_lite_chart")
    assert "Anneal cannot read a rate off this curve" in said(at)
    assert "use-anneal" not in [button.key for button in at.button]


@pytest.mark.parametrize(("lrs", "losses"), [([], []), ([1e-3], [0.5]), ([1e-3, 1e-3], [0.5, 0.4])])
def test_a_curve_that_holds_next_to_nothing_is_no_error(home: Path, lrs: list[float], losses: list[float]) -> None:
    run = new_run(home)
    points = {"lrs": lrs, "losses": losses, "smoothed": losses}
    curve = Curve(name="0001", created="?", stage=Stage(freeze_to=0), complete=True, **points)
    (run.path / "finder").mkdir(exist_ok=True)
    write_json(run.path / "finder" / "0001.json", curve.model_dump(mode="json"))
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Take more steps" in said(at)


def test_fastais_curve_and_the_marks_of_its_rules_are_shown_on_demand(home: Path) -> None:
    run = new_run(home)
    range_tested(run)
    at = open_page("lr_finder", run=run.id)

    def fields() -> set[str]:
        layers = chart(at)["layer"]
        return {layer["encoding"]["y"].get("field") for layer in layers if "y" in layer.get("encoding", {})}

    assert "fastai" not in fields()
    at.toggle(key="finder-fastai").set_value(True).run()
    assert not at.exception
    assert "fastai" in fields()


def test_the_curve_says_how_wide_its_smoother_is(home: Path) -> None:
    run = new_run(home)
    range_tested(run)
    at = open_page("lr_finder", run=run.id)
    titles = [layer["encoding"]["y"].get("title") for layer in chart(at)["layer"] if "y" in layer.get("encoding", {})]
    assert "Training loss (centred, 1 decade wide)" in titles
    assert "95%" in said(at)


def test_few_steps_make_the_smoother_wider() -> None:
    assert width_in_words(np.geomspace(1e-5, 1e-1, 45).tolist()) == "1 decade"
    assert width_in_words(np.geomspace(1e-5, 1e-1, 10).tolist()) == "4 decades"
    assert width_in_words([1e-3]) == "1 decade"


@pytest.mark.parametrize(("share", "word"), [(0.02, "slower"), (0.9, "Take a lower rate")])
def test_a_chosen_rate_is_judged_by_this_curve(home: Path, share: float, word: str) -> None:
    run = new_run(home)
    curve = range_tested(run, suggested=True)
    lr = curve.lrs[int(share * len(curve.lrs))]
    Draft.load(run.path).choose(Rate(lr=lr, freeze_to=0))
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert f"{rate_in_words(lr)} on this curve" in said(at)
    assert word in said(at)
    assert bool(at.warning) == (share > 0.5)


def test_a_rate_chosen_for_something_else_is_not_judged_by_this_curve(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run, suggested=True)
    Draft.load(run.path).choose(Rate(lr=curve.lrs[-2], freeze_to=-1))
    at = open_page("lr_finder", run=run.id)
    assert "on this curve" not in said(at).replace("lies on the centred curve", "")
    assert not at.warning


@pytest.mark.parametrize(
    ("kind", "lowest", "highest", "steps"), [("usual", 1e-5, 0.1, 45), ("fastai", 1e-7, 10.0, 100)]
)
def test_the_range_is_chosen_in_words(
    home: Path, quiet: None, kind: str, lowest: float, highest: float, steps: int
) -> None:
    run = new_run(home)
    at = open_page("lr_finder", run=run.id)
    at.selectbox(key="find-rates-everything").set_value(kind).run()
    buttons(at)["Find the learning rate"].click().run()
    assert not at.exception
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, FindSpec)
    assert (job.spec.lowest, job.spec.highest, job.spec.steps) == (lowest, highest, steps)


def test_a_range_of_ones_own_is_never_empty(home: Path, quiet: None) -> None:
    run = new_run(home)
    at = open_page("lr_finder", run=run.id)
    at.selectbox(key="find-rates-everything").set_value("own").run()
    at.select_slider(key="find-range-everything").set_value((2, 2)).run()
    buttons(at)["Find the learning rate"].click().run()
    assert not at.exception
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, FindSpec)
    assert (job.spec.lowest, job.spec.highest) == (10.0, 100.0)


def test_a_head_has_rates_of_its_own(home: Path) -> None:
    at = open_page("lr_finder", run=new_run(home).id)
    assert "a whole network: 1e-5 to 0.1" in at.selectbox(key="find-rates-everything").options[0]
    at.segmented_control(key="find-scope").set_value("Head only").run()
    assert "a head: 1e-5 to 1" in at.selectbox(key="find-rates-head").options[0]
    assert at.number_input(key="find-steps-head-usual").value == 100


ESTIMATE = VsgdEstimate(
    rate=0.05, low=0.02, high=0.1, group_rates=(None, None, 0.05), signal=0.4, curvature=8.0, batches=16, batch_size=32
)


def test_seeds_and_vsgd_are_asked_for_with_what_they_cost(home: Path, quiet: None) -> None:
    run = new_run(home)
    at = open_page("lr_finder", run=run.id)
    assert "Up to 45 batches" in said(at)
    at.segmented_control(key="find-seeds").set_value(3).run()
    at.toggle(key="find-vsgd").set_value(True).run()
    assert "3 tests of up to 45 batches" in said(at)
    assert f"{2 * BATCHES} more for vSGD" in said(at)
    buttons(at)["Find the learning rate"].click().run()
    assert not at.exception
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, FindSpec)
    assert job.spec.seeds == 3
    assert job.spec.vsgd


def test_several_seeds_are_one_test_with_thin_lines_and_their_spread(home: Path) -> None:
    run = new_run(home)
    curves = [
        range_tested(run, f"000{at + 1}", suggested=True, shift=shift, set="0001", repeat=at)
        for at, shift in enumerate((0.4, 0.0, -0.6))
    ]
    found = spread(curves)
    assert found.suggestion is not None
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert not at.selectbox(key="find-rates-everything").disabled
    assert [box.label for box in at.selectbox if box.label == "Curve"] == []
    assert found.sentence in said(at)
    assert f"Take {rate_in_words(found.suggestion.lr)}" in said(at)
    thin = [layer for layer in chart(at)["layer"] if "detail" in layer.get("encoding", {})]
    assert len(thin) == 1
    assert "2 thin lines" in said(at)
    assert len(at.get("vega_lite_chart")) == 2


def test_a_test_of_several_seeds_stands_beside_others(home: Path) -> None:
    run = new_run(home)
    for at, name in enumerate(("0001", "0002")):
        range_tested(run, name, suggested=True, set="0001", repeat=at)
    range_tested(run, "0003", suggested=True)
    page = open_page("lr_finder", run=run.id)
    assert not page.exception
    box = next(box for box in page.selectbox if box.label == "Curve")
    assert box.value == "0003"
    assert any("2 seeds" in option for option in box.options)
    box.set_value("0001").run()
    assert not page.exception
    assert "2 seeds from the same state" in [head.value for head in page.subheader]


def test_vsgds_estimate_is_shown_as_experimental_with_what_it_assumes(home: Path) -> None:
    run = new_run(home)
    range_tested(run, suggested=True, vsgd=ESTIMATE)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    captions = [caption.value for caption in at.caption]
    assert ESTIMATE.sentence in captions
    assert ASSUMES in captions
    assert any("vSGD 0.05" in text.value and "experimental" in text.value for text in at.markdown)


def test_a_click_on_the_curve_chooses_that_rate_for_training(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run)
    at = open_page("lr_finder", run=run.id)
    at.session_state[f"finder-{run.id}-{curve.name}"] = {"selection": {RATE_PICKED: [{"lr": curve.lrs[40]}]}}
    at.run()
    assert not at.exception
    rate = Draft.load(run.path).rate
    assert rate is not None
    assert rate.lr == pytest.approx(curve.lrs[40])
    at.switch_page("pages/training.py").run()
    assert not at.exception
    assert Draft.load(run.path).cards[0].settings.lr == (rate.lr,)


def test_earlier_curves_are_kept_beside_the_newest(home: Path) -> None:
    run = new_run(home)
    curves = [range_tested(run, name) for name in ("0001", "0002", "0003")]
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.selectbox[0].value == "0003"
    assert set(at.multiselect[0].value) == {"0001", "0002"}
    assert len({label(curve) for curve in curves}) == 3


def test_an_earlier_curve_outside_the_frame_is_not_drawn_unasked(home: Path) -> None:
    run = new_run(home)
    range_tested(run, "0001", losses=[loss + 40 for loss in range_tested(run, "0001").losses])
    shown = range_tested(run, "0002")
    range_tested(run, "0003")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.multiselect[0].value == [shown.name]
    assert len(at.multiselect[0].options) == 2


def test_a_rate_of_the_same_height_for_other_layers_is_not_the_chosen_one(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run, suggested=True)
    assert curve.suggestion is not None
    assert isinstance(curve.stage, Stage)
    assert curve.stage.freeze_to == 0
    Draft.load(run.path).choose(Rate(lr=curve.suggestion.lr, freeze_to=-1, chosen_by="anneal"))
    at = open_page("lr_finder", run=run.id)
    assert not at.button(key="use-anneal").disabled
    at.button(key="use-anneal").click().run()
    assert at.button(key="use-anneal").disabled
