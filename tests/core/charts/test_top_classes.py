"""The bars of one image's classes."""

import pandas as pd

from core.charts.top_classes import top_classes

TABLE = pd.DataFrame({"class": ["b", "a", "c"], "probability": [0.9, 0.08, 0.02]})


def test_the_bars_keep_their_order_and_share_one_scale():
    drawn = top_classes(TABLE, 0.0).to_dict()
    encoding = drawn["layer"][0]["encoding"]
    assert encoding["y"]["sort"] == ["b", "a", "c"]
    assert encoding["x"]["scale"]["domain"] == [0, 1]
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["bar", "text", "text"]


def test_a_threshold_is_a_line_where_it_lies():
    drawn = top_classes(TABLE, 0.6).to_dict()
    rule = drawn["layer"][-1]
    assert rule["mark"]["type"] == "rule"
    assert drawn["datasets"][rule["data"]["name"]] == [{"threshold": 0.6}]


def test_more_classes_need_more_room():
    assert top_classes(TABLE, 0).to_dict()["height"] > top_classes(TABLE[:2], 0).to_dict()["height"]
