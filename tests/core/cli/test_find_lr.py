"""`find-lr`: its defaults and words are those of the range test."""

import re

import pytest

from core.cli.find_lr import _text
from core.training.curve import RangeMeta, RangePoint, RangeSettings, curve_of
from core.training.smoothing import Smoothed
from core.training.stage import Stage
from core.training.suggestions import MEANINGS, PREFERRED
from core.training.sweeps import HEAD, WHOLE


def test_the_help_names_the_defaults_of_the_range_test(anneal):
    said = " ".join(anneal("find-lr", "--help").out.split())
    for name in ("steps", "lowest", "highest"):
        ((head, whole),) = re.findall(rf"--{name} \w .*?\(default: ([^\s;)]+)(?:; (\S+) unfrozen)?\)", said)
        assert float(head) == getattr(HEAD, name)
        assert float(whole or head) == getattr(WHOLE, name)


@pytest.mark.parametrize(("freeze_to", "trained"), [(0, "everything"), (-1, "head")])
def test_the_text_says_what_was_trained_and_what_each_suggestion_means(freeze_to, trained):
    settings, smoothed = RangeSettings(), Smoothed()
    losses = [2 - min(step, 60) / 50 for step in range(80)]
    points = [RangePoint(step, settings.rate(step), loss, smoothed.add(loss)) for step, loss in enumerate(losses)]
    meta = RangeMeta(
        steps=100, lowest=1e-7, highest=10, seed=0, epoch=0, stage=Stage(freeze_to=freeze_to), batches=200, classes=3
    )
    curve = curve_of(points, meta, asked=True)
    text = _text(curve)
    assert text.startswith(f"80 batches, trained: {trained}, until it was stopped.")
    assert f"\nTake {curve.suggestion.lr:.1e}; rates from {curve.suggestion.low:.1e} to " in text
    assert f"\n{curve.suggestion.reason}\nOther rules" in text
    assert all(f"{name} " in text and MEANINGS[name] in text for name in PREFERRED)


def test_every_rule_has_a_meaning_and_a_place_in_the_order():
    assert set(MEANINGS) == set(PREFERRED)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
