"""`find-lr`: its defaults and words are those of the range test."""

import json
import re

import numpy as np
import pytest

from core.cli.find_lr import text
from core.numbers import rate_in_words
from core.training.curve import RangeMeta, RangePoint, RangeSettings, curve_of
from core.training.found_rate import FoundRate
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


def curve(freeze_to=0, seed=0, drop=60, repeat=0):
    settings, smoothed, noise = RangeSettings(), Smoothed(), np.random.default_rng(seed).normal(scale=0.03, size=80)
    losses = [2 - min(step, drop) / 50 + noise[step] for step in range(80)]
    points = [RangePoint(step, settings.rate(step), loss, smoothed.add(loss)) for step, loss in enumerate(losses)]
    stage = Stage(freeze_to=freeze_to)
    meta = RangeMeta(
        steps=100, lowest=1e-7, highest=10, seed=0, repeat=repeat, epoch=0, stage=stage, batches=200, classes=3
    )
    return curve_of(points, meta, asked=True)


@pytest.mark.parametrize(("freeze_to", "trained"), [(0, "everything"), (-1, "head")])
def test_the_text_says_what_was_trained_and_where_each_rate_lies(freeze_to, trained):
    found = FoundRate((curve(freeze_to),))
    said = text(found)
    assert said.startswith(f"80 batches, trained: {trained}, until it was stopped.")
    low = rate_in_words(found.suggestion.low)
    assert f"\nTake {rate_in_words(found.suggestion.lr)}; rates from {low} to " in said
    assert f"\n{found.suggestion.reason}\nOther rules" in said
    flat = " ".join(said.split())
    for name in PREFERRED:
        assert f"{name} {rate_in_words(found.suggestions[name])} {found.readings[name].sentence}" in flat


def test_its_tables_fit_120_columns():
    found = FoundRate((curve(), curve(seed=1, drop=50, repeat=1)))
    table = text(found).split("\nOther rules")[1].split("\n")
    assert all(len(line) <= 120 for line in table if "seeds:" not in line)


def test_several_seeds_have_a_table_of_their_rates():
    found = FoundRate((curve(), curve(seed=1, drop=50, repeat=1)))
    said = text(found)
    assert "lie on the first curve:" in said
    assert f"\n{found.spread.sentence}\nrule " in said
    for name, rule in found.spread.rules.items():
        rates = r"\s+".join(re.escape(rate_in_words(rate)) for rate in (rule.lowest, rule.median, rule.highest))
        assert re.search(rf"^{name}\s+{rates}\s+[\d.,]+\s+2$", said, flags=re.MULTILINE)


def test_why_there_is_no_estimate_is_said():
    assert text(FoundRate((curve(),), no_vsgd="The gradient is zero.")).endswith(
        "\nvSGD has no estimate: The gradient is zero."
    )


def test_seeds_and_vsgd_are_asked_for(anneal, pictures):
    small = ("--backbone", "small_cnn", "--size", "16", "--steps", "12")
    done = anneal("find-lr", pictures, *small, "--seeds", "2", "--vsgd", "--json")
    found = json.loads(done.out)
    assert [len(one["lrs"]) for one in found["seeds"]] == [12, 12]
    assert found["spread"]["seeds"] == 2
    assert found["readings"]["anneal"].keys() == {"place", "sentence"}
    assert found["vsgd"]["experimental"] is True
    assert found["vsgd"]["low"] <= found["vsgd"]["rate"] <= found["vsgd"]["high"]
    refused = anneal("find-lr", pictures, *small, "--seeds", "11")
    assert refused.status == 2
    assert "1 to 10 seeds; 11 were asked for" in refused.err


def test_the_help_says_what_each_rule_does(anneal):
    said = " ".join(anneal("find-lr", "--help").out.split())
    for meaning in MEANINGS.values():
        assert " ".join(meaning.split())[1:] in said


def test_every_rule_has_a_meaning_and_a_place_in_the_order():
    assert set(MEANINGS) == set(PREFERRED)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
