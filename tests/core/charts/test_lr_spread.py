import pandas as pd
import pytest

from core.charts.lr_marks import RULE_COLOUR, SUGGESTED_COLOUR
from core.charts.lr_spread import OURS, spread_chart

RULES = pd.DataFrame(
    {
        "rule": [OURS, "valley", "slide"],
        "lowest": [1e-3, 2e-4, 5e-2],
        "median": [2e-3, 5e-4, 5e-2],
        "highest": [3e-3, 9e-4, 5e-2],
        "seeds": [3, 3, 1],
    }
)


def spec():
    return spread_chart(RULES, lowest=1e-5, highest=1.0, title="Spread").to_dict()


def test_each_rule_is_a_line_from_its_lowest_to_its_highest_rate_with_a_point_at_the_median():
    line, point = spec()["layer"]
    assert (line["encoding"]["x"]["field"], line["encoding"]["x2"]["field"]) == ("lr", "highest")
    assert point["encoding"]["x"]["field"] == "median"
    (rows,) = spec()["datasets"].values()
    assert [(row["lr"], row["highest"]) for row in rows] == [(1e-3, 3e-3), (2e-4, 9e-4), (5e-2, 5e-2)]
    assert [row["rates"] for row in rows] == ["1e-3 to 3e-3", "2e-4 to 9e-4", "0.05"]


def test_rules_keep_their_order_on_a_log_axis():
    line, _ = spec()["layer"]
    assert line["encoding"]["y"]["sort"] == [OURS, "valley", "slide"]
    assert line["encoding"]["x"]["scale"]["type"] == "log"


def test_the_axis_holds_rates_beyond_the_sweep():
    line, _ = spread_chart(RULES, lowest=1e-3, highest=1e-2, title="").to_dict()["layer"]
    low, high = line["encoding"]["x"]["scale"]["domain"]
    assert low < 2e-4
    assert high > 5e-2


def test_anneals_rule_has_its_own_colour():
    colour = spec()["layer"][0]["encoding"]["color"]
    assert colour["condition"]["value"] == SUGGESTED_COLOUR
    assert colour["value"] == RULE_COLOUR


@pytest.mark.parametrize("count", [1, 3])
def test_it_grows_with_the_rules(count):
    few = spread_chart(RULES.iloc[:count], lowest=1e-5, highest=1.0, title="").to_dict()["height"]
    assert few <= spec()["height"]
