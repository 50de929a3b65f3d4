"""Charts of calibration: shares on both axes, and a line where the threshold was chosen."""

import pandas as pd

from core.charts.calibration import answered_chart, reliability_chart


def test_the_diagonal_is_where_a_probability_means_what_it_says():
    table = pd.DataFrame(
        {"confidence": [0.55], "accuracy": [0.5], "accuracy_low": [0.4], "accuracy_high": [0.6], "images": [40]}
    )
    spec = reliability_chart(table).to_dict()
    diagonal = spec["datasets"][spec["layer"][0]["data"]["name"]]
    assert all(point["x"] == point["y"] for point in diagonal)
    assert spec["layer"][2]["encoding"]["x"]["scale"]["domain"] == [0, 1]


def test_the_chosen_threshold_is_marked():
    table = pd.DataFrame(
        {
            "threshold": [0.0, 0.5],
            "share": [1.0, 0.5],
            "images": [10, 5],
            "accuracy": [0.8, 1.0],
            "accuracy_low": [0.5, 0.6],
            "accuracy_high": [0.9, 1.0],
        }
    )
    spec = answered_chart(table, 0.5).to_dict()
    assert spec["datasets"][spec["layer"][2]["data"]["name"]] == [{"threshold": 0.5}]
