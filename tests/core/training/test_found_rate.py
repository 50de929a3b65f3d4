import json

import altair
import pytest

from core.errors import PlanError, TrainingError
from core.training import found_rate
from core.training.curve import RangeSettings
from core.training.found_rate import FoundRate, lr_find
from core.training.lr_finder import range_test
from core.training.notebook import range_chart
from core.training.readings import readings
from core.training.spread import combined

from .test_lr_finder import WHOLE, trace

SWEEP = RangeSettings(1e-5, 0.1, 24)
VEGA = "vegalite"


@pytest.fixture
def found(learner):
    return lr_find(learner, WHOLE, settings=SWEEP)


def test_it_is_the_range_test_with_what_it_says(found, new_learner):
    curve = range_test(new_learner(), WHOLE, SWEEP)
    assert found.curves == (curve,)
    assert found.suggestion == curve.suggestion
    assert found.suggestions == curve.suggestions
    assert found.readings == readings(curve.lrs, curve.losses, {"anneal": curve.suggestion.lr, **curve.suggestions})
    assert (found.spread, found.vsgd) == (None, None)
    assert repr(found).endswith(curve.suggestion.reason)
    assert not {"seeds", "spread", "vsgd"} & found.to_json().keys()


def test_several_seeds_differ_in_their_batches_and_leave_no_trace(learner):
    before, said = trace(learner), []
    found = lr_find(learner, WHOLE, seeds=3, settings=SWEEP, vsgd=True, progress=lambda *args: said.append(args))
    assert trace(learner) == before
    assert [curve.meta.repeat for curve in found.curves] == [0, 1, 2]
    assert len({tuple(curve.losses) for curve in found.curves}) == 3
    assert len({curve.meta.seed for curve in found.curves}) == 1
    assert found.suggestion == combined(found.curves)
    values = json.loads(json.dumps(found.to_json()))
    assert [one["losses"] for one in values["seeds"]] == [curve.losses for curve in found.curves]
    assert values["seeds"][1]["readings"].keys() == values["readings"].keys()
    assert values["suggestion"]["lr"] == found.suggestion.lr
    assert values["spread"]["rules"]["anneal"]["factor"] == found.spread.rules["anneal"].factor
    assert values["vsgd"]["rate"] == found.vsgd.rate
    assert values["vsgd"]["experimental"] is True
    assert "plain SGD" in values["vsgd"]["assumes"]
    assert said[-1] == ("Estimating the rate by vSGD", 16, 16)
    assert ("Finding the learning rate, seed 2 of 3", 25, 72) in said


def test_a_progress_that_stops_it_leaves_no_trace(learner):
    before = trace(learner)

    def stop(what, done, total):
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lr_find(learner, WHOLE, seeds=2, settings=SWEEP, progress=stop)
    assert trace(learner) == before


def test_without_an_estimate_the_curves_stay(learner, monkeypatch):
    def fails(*args, **more):
        raise TrainingError("The gradient is zero.")

    monkeypatch.setattr(found_rate, "estimate", fails)
    found = lr_find(learner, WHOLE, settings=SWEEP, vsgd=True)
    assert (found.vsgd, found.no_vsgd) == (None, "The gradient is zero.")
    assert found.to_json()["vsgd"] == {"error": "The gradient is zero.", "experimental": True}


def test_a_number_of_seeds_out_of_range_is_refused(learner):
    with pytest.raises(PlanError, match="1 to 10 seeds; 11 were asked for"):
        lr_find(learner, WHOLE, seeds=11)


def test_a_notebook_draws_it(found):
    with altair.renderers.enable("mimetype"):
        bundle, _ = found._repr_mimebundle_()
    (drawn,) = [value for kind, value in bundle.items() if VEGA in kind]
    assert len(drawn["layer"]) == 4  # band, batches, curve, rates
    assert bundle["text/plain"] == repr(found)
    bundle, _ = found._repr_mimebundle_()  # as Altair shows charts where nothing else is chosen
    assert "anneal" in bundle["text/html"]


def test_its_chart_has_the_numbers_of_the_curves(found):
    drawn = range_chart([(found.curve.lrs, found.curve.losses)] * 2, {"anneal": 3e-4, "slide": None}).to_dict()
    rows = list(drawn["datasets"].values())
    assert sorted(len(each) for each in rows) == [1, 24, 24]
    (rates,) = [each for each in rows if len(each) == 1]
    assert rates == [{"lr": 3e-4, "rule": "anneal"}]
    first = next(each for each in rows if "batch" in each[0])
    assert [row["batch"] for row in first] == found.curve.losses
    assert all(row["low"] <= row["loss"] <= row["high"] for row in first)


def test_without_a_loss_there_is_nothing_to_draw(found):
    nothing = FoundRate((found.curve.model_copy(update={"lrs": [], "losses": [], "suggestion": None}),))
    assert nothing._repr_mimebundle_() == {"text/plain": "The first loss is not a number: there is no curve."}
