import numpy as np
import pandas as pd

from core.charts.lr_finder import RATE_PICKED, finder


def curve(name="now", *, current=True, steps=80):
    lrs = np.geomspace(1e-7, 10, steps)
    smoothed = 2 - 1.5 / (1 + np.exp(-2 * (np.log10(lrs) + 3)))
    return pd.DataFrame({"curve": name, "lr": lrs, "loss": smoothed + 0.1, "smoothed": smoothed, "current": current})


def params(spec):
    return {param["name"] for param in spec.get("params", [])}


def texts(spec):
    return [row for rows in spec["datasets"].values() for row in rows if "suggestion" in row]


def test_the_rate_is_on_a_log_axis_with_its_name():
    spec = finder(curve()).to_dict()
    x = next(layer["encoding"]["x"] for layer in spec["layer"] if "encoding" in layer)
    assert x["scale"]["type"] == "log"
    assert "rate" in x["title"].lower()


def test_a_click_picks_the_nearest_rate():
    spec = finder(curve()).to_dict()
    pick = next(param for param in spec["params"] if param["name"] == RATE_PICKED)
    assert pick["select"]["nearest"]
    assert pick["select"]["on"] == "click"
    assert pick["select"]["fields"] == ["lr"]


def test_a_live_curve_cannot_be_clicked():
    assert RATE_PICKED not in params(finder(curve(), pickable=False).to_dict())


def test_each_suggestion_there_is_has_a_mark_and_the_others_none():
    spec = finder(curve(), suggestions={"valley": 1e-3, "steep": None, "minimum": 1e-2}).to_dict()
    assert {row["suggestion"] for row in texts(spec)} == {"valley", "minimum"}


def test_neighbouring_suggestions_are_written_on_different_lines():
    close = {"valley": 1e-3, "steep": 1.1e-3, "lightning": 1.2e-3, "minimum": 1.3e-3}
    assert len({row["line"] for row in texts(finder(curve(), suggestions=close).to_dict())}) == 4


def test_earlier_curves_are_told_apart_by_their_names():
    both = pd.concat([curve(), curve("yesterday", current=False), curve("today", current=False)])
    spec = finder(both).to_dict()
    domains = [
        layer["encoding"]["color"]["scale"]["domain"] for layer in spec["layer"] if "color" in layer.get("encoding", {})
    ]
    assert ["yesterday", "today"] in domains


def test_a_curve_that_explodes_does_not_hide_its_fall():
    exploded = curve()
    exploded.loc[exploded.index[-3:], "smoothed"] = [8.0, 80.0, 800.0]
    spec = finder(exploded).to_dict()
    tops = [
        layer["encoding"]["y"]["scale"]["domain"][1]
        for layer in spec["layer"]
        if "domain" in (layer.get("encoding", {}).get("y", {}).get("scale") or {})
    ]
    assert tops
    assert max(tops) < 5


def test_the_rate_in_hand_is_marked():
    spec = finder(curve(), chosen=0.002).to_dict()
    assert any(row.get("lr") == 0.002 for rows in spec["datasets"].values() for row in rows)


def test_a_test_that_has_just_begun_can_be_drawn():
    assert finder(curve().iloc[:1], pickable=False).to_dict()
    assert finder(curve().iloc[:0]).to_dict()
