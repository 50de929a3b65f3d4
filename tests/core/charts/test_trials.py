import math

import pandas as pd
import pytest

from core.charts.lr_finder import PRESENT, finder
from core.charts.lr_marks import NARROWEST
from core.charts.trials import COLUMNS, LABELS, trials_chart

NAN = math.nan


def frame(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"diverged_at": "Int64"})


GOOD = (1e-4, 0.6, 0.5, 0.7, 0.8, 0.75, 0.85, None, "worse")
BEST = (1e-3, 0.4, 0.3, 0.5, 0.9, 0.85, 0.95, None, "best")
ALIKE = (3e-3, 0.42, 0.3, 0.54, 0.91, 0.86, 0.96, None, "alike")
COLLAPSED = (1e-2, 40.0, 35.0, 45.0, 0.1, 0.05, 0.2, None, "worse")
DIVERGED = (1e-1, NAN, NAN, NAN, NAN, NAN, NAN, 7, "diverged")
ALL = frame(GOOD, BEST, ALIKE, COLLAPSED, DIVERGED)


CURVE = pd.DataFrame({"lr": [1e-5, 1e-3, 1e-1]}).assign(
    loss=1.0, centred=1.0, low=0.9, high=1.1, fastai=1.0, curve="this", role=PRESENT
)


def drawn(chart):
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def rows_of(chart):
    return {row["lr"]: row for row in drawn(chart) if "label" in row}


def encodings(spec):
    for layer in spec["layer"]:
        yield layer.get("encoding", {})
        if "layer" in layer:
            yield from encodings(layer)


def chart(table=ALL, **more):
    return trials_chart(table, title="A title", **{"span": (1e-5, 1e-1), **more})


def test_the_rate_axis_is_the_curves():
    x = next(e["x"] for e in encodings(chart().to_dict()) if e.get("x", {}).get("scale"))
    assert x["scale"]["type"] == "log"
    curves = finder(CURVE).to_dict()["layer"][-1]["encoding"]["x"]
    assert x["scale"]["domain"] == curves["scale"]["domain"]
    assert x["axis"] == curves["axis"]
    assert x["title"] == "Learning rate (log scale)"


def test_every_layer_has_the_same_scale_of_losses():
    domains = [
        e["y"]["scale"]["domain"]
        for e in encodings(chart(before=0.5, lowest=1e-2).to_dict())
        if "y" in e and "value" not in e["y"] and e["y"]["scale"]
    ]
    assert len(domains) >= 4
    assert all(domain == domains[0] for domain in domains)


def test_a_long_title_has_a_line_below_it():
    spec = trials_chart(ALL, title="A has the lowest loss; B is as good; C too", span=(1e-5, 1e-1)).to_dict()
    assert spec["title"]["text"] == "A has the lowest loss"
    assert spec["title"]["subtitle"] == ["B is as good; C too"]


def test_a_rate_beside_the_curve_widens_the_axis():
    x = next(e["x"] for e in encodings(chart(span=(1e-3, 1e-2)).to_dict()) if e.get("x", {}).get("scale"))
    low, high = x["scale"]["domain"]
    assert 0.5e-4 < low <= 0.8e-4
    assert 1.25e-1 <= high < 2e-1


def test_a_collapsed_rate_does_not_hide_the_differences_and_says_its_loss():
    (low, high), *_ = {
        tuple(e["y"]["scale"]["domain"]) for e in encodings(chart(before=0.7).to_dict()) if e.get("y", {}).get("scale")
    }
    assert 0 <= low < 0.3
    assert high < 2
    rows = rows_of(chart(before=0.7))
    assert not rows[1e-2]["inside"]
    assert rows[1e-2]["note"] == "loss 40.00"
    assert rows[1e-1]["note"] == "diverged, batch 7"
    assert low < rows[1e-2]["y"] < high
    assert all(rows[lr]["inside"] and rows[lr]["y"] == rows[lr]["loss"] for lr in (1e-4, 1e-3, 3e-3))


def test_intervals_and_accuracy_are_in_the_tooltip():
    row = rows_of(chart())[1e-3]
    assert row["loss_interval"] == "0.300 to 0.500"
    assert row["accuracy_interval"] == "85.0% to 95.0%"
    assert rows_of(chart())[1e-1]["loss_interval"] == ""
    tooltips = next(e["tooltip"] for e in encodings(chart().to_dict()) if "tooltip" in e)
    assert {"loss_interval", "accuracy", "accuracy_interval"} <= {tip["field"] for tip in tooltips}


def test_the_legend_has_what_is_there():
    domains = [e["color"]["scale"]["domain"] for e in encodings(chart(frame(BEST, DIVERGED)).to_dict()) if "color" in e]
    assert domains[0] == [LABELS["best"], LABELS["diverged"]]


def test_the_loss_before_and_the_curves_lowest_point_are_marked():
    texts = {row.get("text") for row in drawn(chart(before=0.5, lowest=1e-2))}
    assert "before the trials: 0.500" in texts
    assert "curve's lowest point" in texts
    assert not {row.get("text") for row in drawn(chart())} - {None}


@pytest.mark.parametrize("table", [frame(), frame(DIVERGED), frame(BEST), frame(COLLAPSED, DIVERGED)])
def test_whatever_came_of_them_can_be_drawn(table):
    assert chart(table).to_dict()
    assert chart(table, before=0.5, lowest=1e-2).to_dict()


def test_notes_of_rates_that_diverged_side_by_side_do_not_meet():
    rates = (3e-2, 4e-2, 5e-2, 1e-1)
    spec = chart(frame(GOOD, BEST, *((lr, *DIVERGED[1:]) for lr in rates))).to_dict()
    (layer,) = [one for one in spec["layer"] if one["encoding"].get("text", {}).get("field") == "note"]
    rows = spec["datasets"][layer["data"]["name"]]
    low, high = layer["encoding"]["x"]["scale"]["domain"]
    boxes = []
    for row in rows:
        middle = math.log(row["lr"] / low) / math.log(high / low) * NARROWEST
        half = 5.5 * len(row["note"]) / 2
        boxes.append((row["above"], middle - half, middle + half))
    assert len(boxes) == 4
    for place, (above, left, right) in enumerate(boxes):
        assert above < 0
        assert all(above != other or right < begin or end < left for other, begin, end in boxes[place + 1 :])
