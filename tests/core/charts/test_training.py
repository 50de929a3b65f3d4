import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts import training
from core.charts.lines import POINTS


def history(epochs=3, batches=10, extra=0):
    total = epochs * batches + extra
    step = np.arange(1, total + 1)
    steps = pd.DataFrame(
        {
            "stage": 0,
            "epoch": (step - 1) // batches + 1,
            "step": step,
            "lr_0": 0.0,
            "lr_1": 0.01,
            "momentum": 0.9,
            "loss": 1 / step,
            "smoothed": 1 / step,
            "images_per_s": 100.0,
        }
    )
    done = np.arange(1, epochs + 1)
    ends = pd.DataFrame(
        {
            "stage": 0,
            "epoch": done,
            "step": done * batches,
            "train_loss": 1 / done,
            "valid_loss": 1.5 / done,
            "accuracy": 1 - 0.5 / done,
            "seconds": 1.0,
        }
    )
    return steps, ends


def data_of(spec, layer):
    return pd.DataFrame(spec["datasets"][layer["data"]["name"]])


def test_epochs_end_on_whole_numbers():
    steps, epochs = history()
    placed = training.on_epochs(steps, epochs)
    assert placed["position"].iloc[[9, 19, 29]].tolist() == [1.0, 2.0, 3.0]
    assert placed["position"].is_monotonic_increasing


@pytest.mark.parametrize(("per_epoch", "expected"), [(0, 3.5), (20, 3.25)])
def test_the_epoch_under_way_counts_its_own_batches_where_known(per_epoch, expected):
    steps, epochs = history(extra=5)
    assert training.on_epochs(steps, epochs, per_epoch)["position"].iloc[-1] == pytest.approx(expected)


def test_positions_before_the_first_epoch_has_ended():
    steps, epochs = history(epochs=0, extra=5)
    assert training.on_epochs(steps, epochs, 10)["position"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert training.on_epochs(steps.iloc[:0], epochs).empty


def test_epochs_of_different_lengths_are_placed_exactly():
    steps, epochs = history(epochs=2, batches=10)
    epochs["step"] = [4, 20]
    assert training.on_epochs(steps, epochs)["position"].iloc[[3, 11, 19]].tolist() == [1.0, 1.5, 2.0]


def spans_of(steps, epochs, lengths=None):
    return training.stage_spans(training.on_epochs(steps, epochs, 10), ["Head"], lengths or {})


def drawn(steps, epochs, lengths=None, **options):
    placed = training.on_epochs(steps, epochs, 10)
    return training.loss(placed, epochs, training.stage_spans(placed, ["Head"], lengths or {}), **options).to_dict()


def domains(spec, channel):
    found = []
    for layer in spec.get("layer", [spec]):
        scale = layer.get("encoding", {}).get(channel, {}).get("scale", {})
        found += [tuple(scale["domain"])] if "domain" in scale else []
    return found


def test_stages_take_the_room_that_their_plan_says():
    steps, epochs = history(extra=5)
    spans = spans_of(steps, epochs, {0: 5, 1: 7})
    assert spans["stage_label"].tolist() == ["Head", "Stage 2"]
    assert spans["start"].tolist() == [0, 5]
    assert spans["end"].tolist() == [5, 12]


def test_without_a_plan_the_axis_ends_with_the_last_batch():
    steps, epochs = history(extra=5)
    assert spans_of(steps, epochs)["end"].tolist() == [3.5]


def test_a_stage_that_has_ended_is_followed_by_the_planned_one():
    steps, epochs = history()
    assert spans_of(steps, epochs, {0: 3, 1: 4})["end"].tolist() == [3, 7]


def test_every_chart_spans_the_plan_from_its_first_batch():
    for done, extra in ((0, 1), (1, 0), (4, 9)):
        steps, epochs = history(epochs=done, extra=extra)
        placed = training.on_epochs(steps, epochs, 10)
        spans = training.stage_spans(placed, [], {0: 5})
        charts = [training.loss(placed, epochs, spans, live=True), training.rate(placed, spans, planned=0.01)]
        charts += [training.accuracy(epochs, spans)] if done else []
        for chart in charts:
            assert set(domains(chart.to_dict(), "x")) == {(0, 5 * (1 + training.ROOM))}


losses = st.lists(st.floats(1e-4, 50), min_size=2, max_size=30)


@given(losses, st.booleans())
def test_the_axis_of_losses_only_widens_while_a_run_grows(values, log):
    count = len(values)
    steps = pd.DataFrame({"smoothed": np.linspace(2.3, 0.5, count)})
    epochs = pd.DataFrame({"train_loss": np.linspace(2, 0.01, count), "valid_loss": values})
    before = None
    for known in range(1, count + 1):
        bottom, top = training.loss_range(steps.iloc[:known], epochs.iloc[:known], log=log)
        assert 0 <= bottom < top
        assert before is None or (bottom <= before[0] and top >= before[1])
        before = bottom, top


def test_the_axis_of_losses_stays_while_the_loss_falls():
    steps, epochs = history(epochs=5)
    ranges = {training.loss_range(steps.iloc[: 10 * n], epochs.iloc[:n]) for n in range(1, 6)}
    assert len(ranges) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_axis_of_accuracies_begins_below_all_of_them_and_only_widens(values):
    epochs = pd.DataFrame({"accuracy": values})
    lows = [training.lowest_accuracy(epochs.iloc[:known]) for known in range(1, len(values) + 1)]
    assert all(low <= min(values[: n + 1]) for n, low in enumerate(lows))
    assert lows == sorted(lows, reverse=True)


def test_the_latest_points_are_whole_whatever_they_are():
    steps, epochs = history(extra=1)
    steps.loc[len(steps) - 1, "loss"] = 1e9
    epochs.loc[2, "valid_loss"] = 1e9
    for log in (False, True):
        spec = drawn(steps, epochs, {0: 4}, live=True, log=log)
        top = domains(spec, "y")[0][1]
        points = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point"]
        assert len(points) == 2
        for layer in points:
            assert not layer["mark"].get("clip")
            assert data_of(spec, layer)["shown"].max() <= top
        assert data_of(spec, points[0]).query("place == 'above'")["value"].tolist() == [1e9]
        assert data_of(spec, points[1])["position"].tolist() == [pytest.approx(3.1)]


def test_the_last_batch_is_marked_only_while_it_is_trained():
    steps, epochs = history()
    assert len(drawn(steps, epochs, live=True)["layer"]) == len(drawn(steps, epochs)["layer"]) + 1


def test_the_training_line_is_the_mean_of_each_epoch():
    steps, epochs = history()
    spec = drawn(steps, epochs)
    line = next(layer for layer in spec["layer"] if layer["mark"].get("strokeWidth") == 2.2)
    rows = data_of(spec, line)
    assert rows[rows["series"] == training.TRAINING]["value"].tolist() == epochs["train_loss"].tolist()
    assert rows[rows["series"] == training.VALIDATION]["value"].tolist() == epochs["valid_loss"].tolist()


def test_long_histories_are_thinned_for_the_browser():
    steps, epochs = history(epochs=50, batches=100)
    placed = training.on_epochs(steps, epochs)
    spans = training.stage_spans(placed, [], {})
    for chart in (training.loss(placed, epochs, spans), training.rate(placed, spans)):
        spec = chart.to_dict()
        assert max(len(rows) for rows in spec["datasets"].values()) <= POINTS


def test_many_epochs_are_thinned_for_the_browser():
    steps, epochs = history(epochs=2000, batches=1)
    placed = training.on_epochs(steps, epochs)
    spans = training.stage_spans(placed, [], {})
    for chart, series in ((training.loss(placed, epochs, spans), 2), (training.accuracy(epochs, spans), 1)):
        spec = chart.to_dict()
        assert max(len(rows) for rows in spec["datasets"].values()) <= series * POINTS


def test_one_wild_batch_does_not_flatten_the_losses():
    steps, epochs = history()
    steps.loc[5, "loss"] = 1e9
    assert max(top for _, top in domains(drawn(steps, epochs), "y")) < 10


def test_one_wild_validation_does_not_flatten_the_losses_but_a_lasting_rise_is_seen():
    steps, epochs = history(epochs=6)
    epochs.loc[2, "valid_loss"] = 500.0
    assert training.loss_range(steps, epochs)[1] < 10
    epochs.loc[[4, 5], "valid_loss"] = 500.0
    assert training.loss_range(steps, epochs)[1] > 500


def test_a_log_scale_never_begins_at_zero():
    steps, epochs = history()
    epochs.loc[2, "train_loss"] = 0.0
    spec = drawn(steps, epochs, log=True)
    assert all(0 < bottom < top for bottom, top in domains(spec, "y"))
    assert {layer["encoding"]["y"]["scale"]["type"] for layer in spec["layer"] if "scale" in layer["encoding"].get("y", {})} == {"log"}  # fmt: skip  # noqa: E501


def test_training_and_validation_have_one_colour_each_and_a_legend():
    spec = drawn(*history())
    scales = [layer["encoding"]["color"]["scale"] for layer in spec["layer"] if "color" in layer.get("encoding", {})]
    assert {tuple(scale["domain"]) for scale in scales} == {(training.TRAINING, training.VALIDATION)}
    assert len({tuple(scale["range"]) for scale in scales}) == 1


def test_the_best_epoch_is_marked():
    steps, epochs = history()
    epochs.loc[1, "accuracy"] = 0.99
    spec = training.accuracy(epochs, spans_of(steps, epochs)).to_dict()
    assert data_of(spec, spec["layer"][1])["epoch"].tolist() == [2]


def test_only_trained_groups_have_a_rate():
    steps, epochs = history()
    placed = training.on_epochs(steps, epochs)
    spec = training.rate(placed, spans_of(steps, epochs), groups=["body", "head"]).to_dict()
    rows = data_of(spec, spec)
    assert set(rows["group"]) == {"head"}
    assert rows["lr"].unique().tolist() == [0.01]
    assert set(rows["rate"]) == {"0.01"}


def test_the_axis_of_rates_has_room_for_what_is_planned():
    steps, epochs = history()
    placed, spans = training.on_epochs(steps, epochs), spans_of(steps, epochs)
    assert domains(training.rate(placed, spans).to_dict(), "y") == [(0, pytest.approx(0.015))]
    assert domains(training.rate(placed, spans, planned=0.1).to_dict(), "y") == [(0, pytest.approx(0.15))]


def test_charts_of_a_run_before_its_first_epoch():
    steps, epochs = history(epochs=0, extra=3)
    placed = training.on_epochs(steps, epochs, 10)
    spans = training.stage_spans(placed, [], {0: 2})
    assert training.loss(placed, epochs, spans, live=True).to_dict()
    assert training.rate(placed, spans).to_dict()


def test_a_band_shows_how_sure_the_validation_loss_is_where_that_is_known():
    steps, epochs = history(epochs=4)
    assert not [layer for layer in drawn(steps, epochs)["layer"] if layer["mark"]["type"] == "area"]
    spec = drawn(steps, epochs.assign(valid_error=[math.nan, 0.1, 0.2, 0.05]))
    (band,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "area"]
    rows = spec["datasets"][band["data"]["name"]]
    valid = epochs["valid_loss"].tolist()
    assert [row["epoch"] for row in rows] == [2, 3, 4]
    top, bottom = spec["layer"][-1]["encoding"]["y"]["scale"]["domain"][::-1]
    for row, loss, error in zip(rows, valid[1:], (0.1, 0.2, 0.05), strict=True):
        assert row["shown"] == pytest.approx(max(loss - error, bottom))
        assert row["high"] == pytest.approx(min(loss + error, top))
    assert "one standard error of the validation loss" in spec["title"]["subtitle"][0]
