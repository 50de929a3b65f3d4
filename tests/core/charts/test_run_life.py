"""Charts of branches and restarts: what they say, in which colours, on which axes."""

import json

import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.branch import branch_chart
from core.charts.restarts import FRAME, lines_chart, map_chart

NAMES = ("the original", "this branch")


def test_a_branch_and_its_original_share_a_chart_from_where_they_part():
    rows = [(name, epoch, 0.5 + 0.1 * epoch, 1.0 / epoch) for name in NAMES for epoch in (2, 3, 4)]
    frame = pd.DataFrame(rows, columns=["run", "epoch", "accuracy", "valid_loss"])
    spec = branch_chart(frame, "accuracy", NAMES, snapshot="cycle-2", change="rate 3e-3").to_dict()
    assert spec["title"]["text"] == "Validation accuracy"
    assert spec["title"]["subtitle"] == ["They part after cycle-2: rate 3e-3"]
    assert spec["encoding"]["color"]["scale"] == {"domain": list(NAMES), "range": [palette.GREY, palette.VALID]}
    assert spec["encoding"]["y"]["axis"]["format"] == "%"
    loss = branch_chart(frame, "valid_loss", NAMES, snapshot="cycle-2", change="seed 1").to_dict()
    assert loss["title"]["text"] == "Validation loss (cross-entropy)"


def test_snapshots_stand_at_whole_places_of_the_lines():
    rows = [(place, 1.0, 0.5, "cycle-1", "cycle-2", int(place)) for place in np.linspace(0, 2, 21)]
    frame = pd.DataFrame(rows, columns=list(FRAME))
    spec = lines_chart(frame, ["cycle-1", "cycle-2", "cycle-3"]).to_dict()
    *_, dots = spec["layer"]
    shown = spec["datasets"][dots["data"]["name"]]
    assert [row["place"] for row in shown] == [0, 1, 2]
    assert spec["layer"][0]["encoding"]["x"]["axis"]["labelExpr"] == '["cycle-1", "cycle-2", "cycle-3"][datum.value]'
    assert spec["layer"][0]["encoding"]["detail"]["field"] == "line", "one line does not run on into the next"


def test_a_name_from_a_foreign_file_is_a_text_in_the_chart():
    frame = pd.DataFrame([(0.0, 1.0, 0.5, "a", "b", 0)], columns=list(FRAME))
    axis = lines_chart(frame, ["'+alert(1)+'", 'two "words"']).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    names = axis["labelExpr"].removesuffix("[datum.value]")
    assert json.loads(names) == ["'+alert(1)+'", 'two "words"']


def test_the_map_is_bluer_where_the_loss_is_lower():
    grid = pd.DataFrame([(0, 1, 0, 1, 0.5), (1, 2, 0, 1, 2.0)], columns=["x", "x2", "y", "y2", "loss"])
    places = pd.DataFrame([("cycle-1", 0.5, 0.5, 0.0, 0)], columns=["name", "x", "y", "away", "number"])
    spec = map_chart(grid, places).to_dict()
    colour = spec["layer"][0]["encoding"]["color"]
    assert colour["scale"]["range"][0] == palette.BLUE
    assert colour["scale"]["type"] == "log"
