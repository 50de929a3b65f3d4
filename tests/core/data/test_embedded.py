"""The data that comes with Anneal."""

import math

import numpy as np
import pytest
from PIL import Image, ImageOps

from core.data.catalogue import DOWNLOADS, EMBEDDED, offers
from core.data.index import load_data
from core.data.shapes import DIFFICULTIES, OUTLINES, SIZE, draw
from core.workspace import Workspace, no_progress


def test_digits_are_the_real_ones(lasting: Workspace) -> None:
    from sklearn.datasets import load_digits

    real = load_digits()
    data = load_data("digits", lasting)
    assert (data.spec, data.title) == ("digits", "Digits")
    assert data.classes == tuple("0123456789")
    assert len(data.items) == 1797
    assert data.broken == ()
    assert data.labels.tolist() == sorted(real.target)
    for item in data.items[::300]:
        number = int(item.path.stem)
        assert item.label == real.target[number]
        small = np.asarray(Image.open(item.path).resize((8, 8), Image.Resampling.BOX), dtype=float)
        assert np.corrcoef(small.ravel(), real.images[number].ravel())[0, 1] > 0.95


def test_shapes_are_there_and_made_once(lasting: Workspace) -> None:
    data = load_data("shapes", lasting)
    assert (data.spec, data.title) == ("shapes:medium", "Shapes, medium")
    assert {"arrow left", "arrow right", "circle", "square", "triangle", "star", "cross", "ring"} == set(data.classes)
    assert np.bincount(data.labels).tolist() == [100] * 8
    assert {(item.width, item.height) for item in data.items} == {(SIZE, SIZE)}
    assert data.duplicates == ()
    told: list[object] = []
    assert load_data("shapes:medium", lasting, progress=lambda *step: told.append(step)) == data
    assert not told


def test_nothing_half_made_is_ever_opened(workspace: Workspace) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_data("shapes:easy", workspace, progress=stop)
    assert list(workspace.data.iterdir()) == []


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
@pytest.mark.parametrize("label", OUTLINES)
def test_a_picture_is_fixed_by_its_arguments(label: str, difficulty: str) -> None:
    one = np.asarray(draw(label, difficulty, 0, 5))
    assert one.shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(one, np.asarray(draw(label, difficulty, 0, 5)))
    assert (one != np.asarray(draw(label, difficulty, 1, 5))).any()
    assert (one != np.asarray(draw(label, difficulty, 0, 6))).any()


def test_the_arrows_are_each_others_mirror_image_and_the_rest_are_their_own() -> None:
    def flipped(name: str) -> set[tuple[float, float]]:
        return {(round(-x, 6) + 0.0, round(y, 6) + 0.0) for x, y in OUTLINES[name]}

    def corners(name: str) -> set[tuple[float, float]]:
        return {(round(x, 6) + 0.0, round(y, 6) + 0.0) for x, y in OUTLINES[name]}

    assert flipped("arrow left") == corners("arrow right")
    for name in set(OUTLINES) - {"arrow left", "arrow right"}:
        assert flipped(name) == corners(name)


def test_a_flip_moves_the_head_of_an_arrow_to_the_other_side() -> None:
    """The head is the wide part: the shape's columns are widest on the side that it points to."""
    for number in range(10):
        for label, side in (("arrow left", -1), ("arrow right", 1)):
            picture = draw(label, "easy", 0, number)
            for image, wanted in ((picture, side), (ImageOps.mirror(picture), -side)):
                assert wanted * lean(np.asarray(image, dtype=float)) > 0


def lean(values: np.ndarray) -> float:
    """Where the tallest columns of the shape lie: left of its middle (-) or right of it (+)."""
    edge = np.concatenate([values[:2].reshape(-1, 3), values[-2:].reshape(-1, 3)])
    inside = np.linalg.norm(values - np.median(edge, axis=0), axis=2) > 80
    heights = inside.sum(axis=0)
    used = np.flatnonzero(heights)
    return float(np.average(np.arange(SIZE), weights=heights.astype(float) ** 4) - (used[0] + used[-1]) / 2)


def test_outlines_fit_a_circle_of_one() -> None:
    assert all(math.hypot(x, y) <= 1.14 for points in OUTLINES.values() for x, y in points)


def test_every_offer_has_a_name_of_its_own(lasting: Workspace) -> None:
    assert offers() == [*EMBEDDED, *DOWNLOADS]
    assert len({offer.spec for offer in offers()}) == len(offers())
    assert not any(offer.downloads for offer in EMBEDDED)
    assert all(offer.downloads for offer in DOWNLOADS)
    assert all(offer.description.endswith(".") for offer in offers())
    for offer in EMBEDDED[:1]:
        assert load_data(offer.spec, lasting, progress=no_progress).title == offer.title
