"""`try-rates`: what it prints and what it refuses; the trials themselves are the library's."""

import pytest

from core.training.trial_settings import rates_to_try
from tests.core.cli.conftest import SIDE

OWN = ("--backbone", "small_cnn", "--size", SIDE, "--batch-size", 8)


@pytest.fixture
def tried(anneal, pictures):
    return lambda *options: anneal("try-rates", pictures, *OWN, *options)


def test_the_json_has_the_outcomes_and_what_they_show(tried):
    said = tried("--rates", "1e-2,1e-3", "--json").json
    assert said["rates"] == [1e-3, 1e-2]
    assert [outcome["lr"] for outcome in said["outcomes"]] == [1e-3, 1e-2]
    for outcome in said["outcomes"]:
        assert outcome["measured"]["accuracy_low"] <= outcome["measured"]["accuracy"]
    losses = {outcome["measured"]["loss"]: outcome["lr"] for outcome in said["outcomes"]}
    assert said["best"] == losses[min(losses)]
    assert said["length"] == "epoch"
    assert said["judged_on"] + said["trained_on"] == 36
    assert said["findings"]
    assert said["curve_lowest"] is None


def test_the_text_has_a_row_a_rate_and_says_how_it_was_judged(tried):
    said = tried("--rates", "1e-3,1e-2", "--length", "short", "--repeats", 2)
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["rate", "1e-3", "0.01", "before"]
    assert "over the images and over the 2 repeats" in said.out
    assert "a third of an epoch" in said.out
    assert "Trying 1e-3" in said.err


def test_without_rates_a_range_test_suggests_them(tried):
    said = tried("--json").json
    assert said["curve_lowest"] > 0
    suggested = {rates_to_try(rate, said["curve_lowest"]) for rate in said["rates"]}
    assert tuple(said["rates"]) in suggested


def test_a_whole_stage_has_a_number_of_epochs(tried):
    said = tried("--rates", "1e-3,1e-2", "--length", "stage", "--epochs", 2, "--json").json
    assert said["batches"] == said["planned"] == 2 * -(-said["trained_on"] // 8)


def test_a_rate_that_diverged_is_said_and_the_command_is_done(tried):
    said = tried("--rates", "1e-3,100")
    assert said.status == 0
    assert "diverged at batch" in said.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--rates", "1e-3"), "Trials compare 2 to 6 different rates"),
        (("--rates", "1e-3,1e-2", "--repeats", 9), "1 to 5 times at each rate; 9 was given"),
        (("--epochs", 3), "Only trials of a whole stage have a number of epochs."),
        (("--length", "stage"), "How long is the stage? Add --epochs N."),
        (("--rates", "fast"), "'fast' is not a learning rate"),
        (("--length", "long"), "invalid choice: 'long'"),
        (("--scratch", "--rates", "1e-3,1e-2"), "always begins with random weights"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(tried, options, sentence):
    said = tried(*options)
    assert said.status == 2
    assert sentence in said.err


def test_too_few_images_are_a_sentence(anneal, pictures, tmp_path):
    for path in pictures.glob("*/0[0-3].png"):
        copy = tmp_path / "few" / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    said = anneal("try-rates", tmp_path / "few", *OWN, "--rates", "1e-3,1e-2")
    assert said.status == 2
    assert "Take the range test's suggestion, or add images." in said.err
