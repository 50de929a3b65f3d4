import xml.etree.ElementTree as ElementTree

import pytest

from core.charts.fitting import ALTS, HEIGHT, LOSSES, WIDTH, sketch

TIMES = [place / 20 for place in range(21)]


@pytest.mark.parametrize("kind", LOSSES)
def test_each_picture_is_an_image_with_two_lines_inside_of_it(kind):
    lines = [child for child in ElementTree.fromstring(sketch(kind)) if child.tag.endswith("polyline")]
    assert len({line.get("stroke") for line in lines}) == 2
    for line in lines:
        places = [point.split(",") for point in str(line.get("points")).split()]
        assert all(0 < float(x) < WIDTH and 0 < float(y) < HEIGHT for x, y in places)
    assert ALTS[kind]


def test_the_pictures_show_what_they_are_called():
    gap = {kind: valid(1.0) - train(1.0) for kind, (train, valid) in LOSSES.items()}
    low = {kind: min(map(valid, TIMES)) for kind, (_, valid) in LOSSES.items()}
    assert abs(gap["underfitting"]) < 0.1
    assert min(gap["overfitting"], gap["costly"]) > 0.3
    assert LOSSES["overfitting"][1](1.0) == low["overfitting"]
    assert LOSSES["costly"][1](1.0) > 1.3 * low["costly"]
    for train, _ in LOSSES.values():
        values = list(map(train, TIMES))
        assert values == sorted(values, reverse=True)
