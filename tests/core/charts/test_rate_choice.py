import pytest

from core.charts import rate_choice as charts
from core.playground.comparison import VSGD, compare
from core.playground.surfaces import SURFACES
from core.training.schedules import schedule_of
from core.training.stage import Stage


@pytest.fixture(scope="module")
def paths():
    surface = SURFACES["valley"]
    return compare(
        surface,
        surface.start,
        0.3,
        [schedule_of(Stage(cycle_len=1), 30).factor(k) for k in range(30)],
        noise=1.0,
        seed=0,
    )


def test_frames_hold_every_path_and_a_second_rate_only_of_vsgd(paths):
    assert charts.choice_frame(paths).groupby("method").size().to_dict() == dict.fromkeys(paths, 31)
    rates = charts.rate_frame(paths)
    assert set(rates[rates.weight == 2].method) == {VSGD}
    assert (rates.rate >= charts.LOWEST_RATE).all()


def test_charts_have_log_axes_and_one_colour_for_each_method(paths):
    frame = charts.choice_frame(paths)
    for chart in (charts.chosen_rates(charts.rate_frame(paths), 30), charts.chosen_losses(frame, 30)):
        encoding = chart.to_dict()["encoding"]
        assert encoding["y"]["scale"]["type"] == "log"
        assert encoding["color"]["scale"]["domain"] == list(paths)
    assert len(set(charts.COLOURS.values())) == 3
    assert charts.chosen_paths(frame, SURFACES["valley"]).to_dict()["title"].endswith("?")
