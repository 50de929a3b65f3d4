import numpy as np
import pandas as pd
import pytest

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


def test_long_histories_are_thinned_for_the_browser():
    steps, epochs = history(epochs=50, batches=100)
    placed = training.on_epochs(steps, epochs)
    for chart in (training.loss(placed, epochs), training.rate(placed)):
        spec = chart.to_dict()
        assert max(len(rows) for rows in spec["datasets"].values()) <= POINTS


def test_one_wild_batch_does_not_flatten_the_losses():
    steps, epochs = history()
    steps.loc[5, "loss"] = 1e9
    spec = training.loss(training.on_epochs(steps, epochs), epochs).to_dict()
    tops = [
        layer["encoding"]["y"]["scale"]["domain"][1]
        for layer in spec["layer"]
        if "scale" in layer.get("encoding", {}).get("y", {})
    ]
    assert tops
    assert max(tops) < 10


def test_one_wild_validation_does_not_flatten_the_losses_but_a_lasting_rise_is_seen():
    steps, epochs = history(epochs=6)
    epochs.loc[2, "valid_loss"] = 500.0
    placed = training.on_epochs(steps, epochs)
    assert top(training.loss(placed, epochs).to_dict()) < 10
    epochs.loc[5, "valid_loss"] = 500.0
    assert top(training.loss(placed, epochs).to_dict()) > 500


def top(spec):
    scales = [
        layer["encoding"]["y"]["scale"] for layer in spec["layer"] if "scale" in layer.get("encoding", {}).get("y", {})
    ]
    return max(scale["domain"][1] for scale in scales)


def test_a_log_scale_never_begins_at_zero():
    steps, epochs = history()
    scale = training._losses_scale(steps, epochs, log=True).to_dict()
    assert scale["type"] == "log"
    assert 0 < scale["domain"][0] < scale["domain"][1]


def test_training_and_validation_have_one_colour_each_and_a_legend():
    steps, epochs = history()
    spec = training.loss(training.on_epochs(steps, epochs), epochs).to_dict()
    domains = [layer["encoding"]["color"]["scale"] for layer in spec["layer"] if "color" in layer.get("encoding", {})]
    assert {tuple(scale["domain"]) for scale in domains} == {("training", "validation")}
    assert len({tuple(scale["range"]) for scale in domains}) == 1


def test_the_best_epoch_is_marked():
    _, epochs = history()
    epochs.loc[1, "accuracy"] = 0.99
    spec = training.accuracy(epochs).to_dict()
    assert data_of(spec, spec["layer"][1])["epoch"].tolist() == [2]


def test_only_trained_groups_have_a_rate():
    steps, epochs = history()
    chart = training.rate(training.on_epochs(steps, epochs), groups=["body", "head"])
    spec = chart.to_dict()
    assert set(data_of(spec, spec)["group"]) == {"head"}
    assert data_of(spec, spec)["lr"].unique().tolist() == [0.01]


def test_charts_of_a_run_before_its_first_epoch():
    steps, epochs = history(epochs=0, extra=3)
    placed = training.on_epochs(steps, epochs, 10)
    assert training.loss(placed, epochs).to_dict()
    assert training.rate(placed).to_dict()
