import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts.lr_finder import EARLIER, PRESENT, RATE_PICKED, SEED, finder, loss_range
from core.charts.lr_marks import Marks


def curve(name="now", *, role=PRESENT, steps=80, scale=1.0, spread=0.1):
    lrs = np.geomspace(1e-6, 1, steps)
    centred = scale * (2 - 1.5 / (1 + np.exp(-3 * (np.log10(lrs) + 3))))
    return pd.DataFrame(
        {
            "curve": name,
            "lr": lrs,
            "loss": centred + spread / 2,
            "centred": centred,
            "low": centred - spread,
            "high": centred + spread,
            "fastai": centred + 0.3,
            "role": role,
        }
    )


def exploded():
    frame = curve()
    for column in ("loss", "centred", "low", "high"):
        frame.loc[frame.index[-5:], column] = [4.0, 9.0, 80.0, 800.0, 9000.0]
    return frame


def params(spec):
    return {param["name"] for param in spec.get("params", [])}


def layers(spec, mark):
    """Layers of a kind of mark."""
    return [layer for layer in spec["layer"] if layer.get("mark", {}).get("type") == mark]


def rows(spec, layer):
    return spec["datasets"][layer["data"]["name"]]


def scales(spec, channel):
    found = [layer["encoding"].get(channel, {}) for layer in spec["layer"] if "encoding" in layer]
    return [one["scale"] for one in found if (one.get("scale") or {}).get("domain")]


def texts(spec):
    return {row["mark"] for rows in spec["datasets"].values() for row in rows if "mark" in row}


def test_the_rate_is_on_a_log_axis_with_its_name():
    spec = finder(curve()).to_dict()
    x = next(layer["encoding"]["x"] for layer in spec["layer"])
    assert x["scale"]["type"] == "log"
    assert x["title"] == "Learning rate (log scale)"
    (title,) = {
        layer["encoding"]["x"]["title"]
        for layer in finder(curve(), of="the head").to_dict()["layer"]
        if "title" in layer["encoding"]["x"]
    }
    assert title == "Learning rate of the head (log scale)"


def test_the_centred_curve_has_its_batches_and_its_band():
    spec = finder(curve(), y_title="Training loss (centred, 1 decade wide)").to_dict()
    (line,), (band,) = layers(spec, "line"), layers(spec, "area")
    assert line["encoding"]["y"]["field"] == "centred"
    assert line["encoding"]["y"]["title"] == "Training loss (centred, 1 decade wide)"
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert any(layer["encoding"]["y"].get("field") == "shown" for layer in layers(spec, "point"))


def test_fastais_curve_comes_only_when_it_is_wanted_with_a_point_for_each_rule():
    marks = Marks(rules={"valley": 1e-3, "steep": None, "minimum": 1e-2})
    without, with_it = finder(curve(), marks=marks).to_dict(), finder(curve(), marks=marks, fastai=True).to_dict()

    def fields(spec, mark):
        return [layer["encoding"]["y"].get("field") for layer in layers(spec, mark)]

    assert "fastai" not in fields(without, "line")
    assert "fastai" in fields(with_it, "line")
    (points,) = [one for one in layers(with_it, "point") if one["encoding"]["y"].get("field") == "fastai"]
    assert [row["lr"] for row in rows(with_it, points)] == [1e-3, 1e-2]
    on_it = {row["lr"]: row["fastai"] for row in rows(with_it, points)}
    frame = curve()
    near = frame.iloc[(np.log(frame["lr"]) - np.log(1e-3)).abs().argmin()]
    assert on_it[1e-3] == pytest.approx(near["fastai"], abs=0.1)


def test_a_click_picks_the_nearest_rate():
    spec = finder(curve()).to_dict()
    pick = next(param for param in spec["params"] if param["name"] == RATE_PICKED)
    assert pick["select"]["nearest"]
    assert pick["select"]["on"] == "click"
    assert pick["select"]["fields"] == ["lr"]


def test_a_live_curve_cannot_be_clicked():
    assert RATE_PICKED not in params(finder(curve(), pickable=False).to_dict())


def test_each_mark_there_is_has_a_label_and_the_others_none():
    marks = Marks(rate=2e-3, low=1e-3, high=4e-3, collapse=0.1, rules={"valley": 1e-5, "steep": None})
    spec = finder(curve(), marks=marks).to_dict()
    assert texts(spec) == {"Anneal 2e-3", "collapses from 0.1", "valley"}
    areas = [row for layer in layers(spec, "rect") for row in rows(spec, layer)]
    assert areas[0] == {"lr": 1e-3, "to": 4e-3}
    assert areas[1]["lr"] == 0.1
    assert texts(finder(curve()).to_dict()) == set()


def test_more_rows_of_labels_make_the_chart_taller_not_the_plot_smaller():
    few, many = Marks(rate=2e-3), Marks(rate=2e-3, rules={"valley": 1.5e-3, "slide": 2.5e-3, "steep": 3.2e-3})
    assert finder(curve(), marks=many).to_dict()["height"] > finder(curve(), marks=few).to_dict()["height"]


def test_earlier_curves_are_told_apart_by_their_names():
    both = pd.concat([curve(), curve("yesterday", role=EARLIER), curve("today", role=EARLIER)])
    assert ["yesterday", "today"] in [scale["domain"] for scale in scales(finder(both).to_dict(), "color")]


def test_other_seeds_are_thin_lines_each_of_its_own():
    spec = finder(pd.concat([curve(), curve("2", role=SEED), curve("3", role=SEED)])).to_dict()
    (thin,) = [one for one in layers(spec, "line") if "detail" in one["encoding"]]
    assert thin["encoding"]["detail"]["field"] == "curve"
    assert thin["mark"]["strokeWidth"] < 2
    assert {row["curve"] for row in rows(spec, thin)} == {"2", "3"}


def test_a_curve_that_explodes_does_not_hide_its_fall():
    low, high = loss_range(exploded())
    assert high < 4
    assert low < 0.5
    spec = finder(exploded()).to_dict()
    assert scales(spec, "y")[0]["domain"] == [low, high]


def test_batches_above_the_picture_are_marked_at_its_edge():
    spec = finder(exploded()).to_dict()
    _, top = loss_range(exploded())
    (points,) = [one for one in layers(spec, "point") if "shape" in one["encoding"]]
    above = [row["shown"] for row in rows(spec, points) if row["place"] == "above"]
    assert above
    assert set(above) == {top}


@settings(deadline=None)
@given(st.floats(0.01, 50), st.floats(0, 2), st.integers(1, 80))
def test_the_whole_fall_and_half_the_noise_are_in_the_picture(scale, spread, steps):
    frame = curve(steps=steps, scale=scale, spread=spread)
    low, high = loss_range(frame)
    assert 0 <= low < high
    assert low <= frame["centred"].min()
    assert high >= frame["centred"].max()


@settings(deadline=None)
@given(st.floats(0.05, 5), st.lists(st.floats(0.01, 1e6), max_size=6), st.integers(1, 80))
def test_the_losses_of_a_live_curve_do_not_move_with_what_comes_later(start, more, until):
    """A fall and an explosion leave the axis as it was with the first batch."""
    whole = curve(scale=start)
    end = pd.DataFrame({"curve": "now", "centred": more, "low": more, "high": more, "role": PRESENT})
    grown = pd.concat([whole, end[end["centred"] > whole["centred"].min()]])
    first = loss_range(whole.iloc[:1], whole=True)
    assert first[0] == 0
    assert first[1] >= start * 1.3
    assert loss_range(whole.iloc[:until], whole=True) == first
    assert loss_range(grown, whole=True) == first


def test_a_live_curve_has_the_whole_sweep_on_its_axis_and_its_latest_point_inside():
    span = (1e-6, 10.0)
    spec = finder(exploded(), span=span, pickable=False).to_dict()
    begin, end = scales(spec, "x")[0]["domain"]
    assert begin < span[0]
    assert end > span[1]
    _, top = loss_range(exploded(), whole=True)
    latest = [row for layer in layers(spec, "point") for row in rows(spec, layer) if len(rows(spec, layer)) == 1]
    assert [row["shown"] for row in latest] == [top]


def test_the_chosen_rate_is_marked():
    spec = finder(curve(), marks=Marks(chosen=0.002)).to_dict()
    assert any(row.get("mark") == "chosen 2e-3" for rows in spec["datasets"].values() for row in rows)


def test_a_test_that_has_just_begun_can_be_drawn():
    assert finder(curve().iloc[:1], pickable=False, span=(1e-6, 1.0)).to_dict()
    assert finder(curve().iloc[:0]).to_dict()
