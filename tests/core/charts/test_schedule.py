import numpy as np
import pandas as pd
import pytest

from core.charts.schedule import schedule
from core.training.preview import preview
from core.training.recipes import lesson2
from core.training.stage import Plan, Stage

GROUPS = ["stem", "middle", "head"]


def drawn(plan, **options):
    chart = schedule(preview(plan, lambda stage: 20, GROUPS), **options)
    spec = chart.to_dict()
    lines = spec["layer"][-1]
    return spec, lines, pd.DataFrame(spec["datasets"][lines["data"]["name"]])


def test_a_known_plan_shows_its_rates_in_numbers():
    plan = Plan(stages=(Stage(lr=(0.01,), cycles=2), Stage(lr=(0.01,), freeze_to=0, group_ratio=10)))
    spec, lines, frame = drawn(plan, stages=["Head", "All"])
    assert lines["encoding"]["y"]["title"] == "Learning rate"
    tops = frame.groupby(["stage", "group"])["lr"].max()
    assert tops[0, "head"] == pytest.approx(0.01)
    assert tops[1, "stem"] == pytest.approx(0.0001)
    assert spec["title"]["text"]


def test_the_axis_ends_with_the_last_epoch():
    for plan in (Plan(stages=(Stage(lr=(0.01,)),)), lesson2()):
        assert drawn(plan)[1]["encoding"]["x"]["scale"]["domain"] == [0, plan.epochs]


def test_frozen_groups_are_not_drawn():
    _, lines, frame = drawn(Plan(stages=(Stage(lr=(0.01,)),)))
    assert set(frame["group"]) == {"head"}
    assert lines["encoding"]["color"]["scale"]["domain"] == ["head"]
    assert lines["encoding"]["color"].get("legend") is None


def test_the_head_has_the_same_colour_in_every_plan():
    first = [
        drawn(plan)[1]["encoding"]["color"]["scale"]
        for plan in (Plan(stages=(Stage(lr=(0.01,)),)), Plan(stages=(Stage(lr=(0.01,), freeze_to=0),)))
    ]
    assert {scale["domain"][0] for scale in first} == {"head"}
    assert len({scale["range"][0] for scale in first}) == 1


def test_a_rate_still_to_be_found_makes_all_heights_shares_and_says_so():
    spec, lines, frame = drawn(lesson2())
    assert "share" in lines["encoding"]["y"]["title"].lower()
    assert "found" in spec["title"]["subtitle"][0]
    assert frame.groupby("stage")["lr"].max().to_numpy() == pytest.approx(1.0)


def test_a_line_is_broken_where_the_rate_restarts():
    _, _, frame = drawn(Plan(stages=(Stage(lr=(0.01,), cycles=3),)))
    pieces = frame.groupby("piece", sort=False)["lr"]
    assert pieces.ngroups == 3
    assert all(np.all(np.diff(rates) <= 0) for _, rates in pieces)


def test_one_cycle_and_constant_rates_are_one_line():
    for kind in ("one-cycle", "constant"):
        _, _, frame = drawn(Plan(stages=(Stage(lr=(0.01,), schedule=kind, cycle_len=4),)))
        assert frame["piece"].nunique() == 1
