import numpy as np
import pytest

from core.training.stage import Stage
from core.training.trial_results import TrialResult, Trials, measured, with_results
from core.training.trial_words import findings, headline, length_in_words, method, standing

IMAGES = 200


def trials_of(losses, *, length="epoch", batches=30, planned=90, noise=0.05, repeats=1, step=0, accuracy=None, **more):
    """Trials with these mean losses by rate (None: diverged at batch 7), and so much noise of each image's own."""
    draws = np.random.default_rng(0)
    images = draws.normal(0, 0.5, IMAGES)
    images -= images.mean()
    results = []
    for lr, loss in losses.items():
        for repeat in range(repeats):
            if loss is None:
                results.append(TrialResult(lr, repeat, np.zeros(0), np.zeros(0, dtype=bool), 7, 1.0))
                break
            own = draws.normal(0, noise, IMAGES)
            right = np.arange(IMAGES) < IMAGES * (accuracy or {}).get(lr, 0.8)
            results.append(TrialResult(lr, repeat, loss + images + own - own.mean(), right, None, 1.0))
    before = more.pop("before", 1.0)
    empty = Trials(
        stage=Stage(cycles=3),
        rates=tuple(more.pop("rates", sorted(losses))),
        length=length,
        repeats=repeats,
        batches=batches,
        planned=planned,
        trained_on=800,
        judged_on=IMAGES,
        epoch=0,
        step=step,
        seed=0,
        before=measured(np.full((1, IMAGES), before), np.ones((1, IMAGES), dtype=bool)),
        **more,
    )
    return with_results(empty, results)


CLEAR = {1e-4: 0.6, 1e-3: 0.4, 1e-2: 0.9}


def said(trials, *others):
    return " ".join(findings(trials, others))


def test_a_clear_best_is_named_and_nothing_else_is_as_good():
    trials = trials_of(CLEAR)
    assert headline(trials) == "1e-3 has the lowest loss on images kept out"
    assert "1e-3 has the lowest loss, 0.400, and differs from every other rate by more than chance." in said(trials)
    assert [standing(trials, outcome) for outcome in trials.outcomes] == [
        "worse than 1e-3 (p below 0.001)",
        "lowest loss",
        "worse than 1e-3 (p below 0.001)",
    ]


def test_rates_that_chance_cannot_part_are_named():
    trials = trials_of({1e-4: 0.6, 1e-3: 0.4, 3e-3: 0.4001}, noise=0.3)
    assert [outcome.lr for outcome in trials.as_good] == [3e-3]
    assert headline(trials) == "1e-3 has the lowest loss; 3e-3 cannot be told apart from it"
    assert "3e-3 cannot be told apart from it (p " in said(trials)
    assert standing(trials, trials.outcomes[2]) == "not told apart from 1e-3"


def test_where_none_can_be_told_apart_the_title_says_so():
    assert headline(trials_of({1e-4: 0.4, 1e-3: 0.4001}, noise=0.5)) == "These trials cannot tell the rates apart"


def test_a_file_without_the_comparisons_is_no_error():
    trials = trials_of({0.001: 0.5, 0.003: 0.501}).model_copy(update={"pairs": ()})
    assert "cannot be told apart" in said(trials)


def test_of_nothing_and_of_one_rate_little_is_said():
    assert headline(trials_of({}, rates=(1e-3, 1e-2))) == "No trial has ended yet"
    assert findings(trials_of({}, rates=(1e-3, 1e-2))) == []
    one = trials_of({1e-3: 0.4}, rates=(1e-3, 1e-2))
    assert headline(one) == "1e-3 has been tried, the other rates not yet"
    assert findings(one) == []


def test_a_rate_that_diverged_is_an_outcome():
    trials = trials_of({1e-3: 0.4, 1e-2: None})
    assert "0.01 diverged at batch 7." in said(trials)
    assert standing(trials, trials.outcomes[1]) == "diverged at batch 7"
    assert headline(trials_of({1e-3: None, 1e-2: None})) == "Every rate tried diverged"


def test_a_rate_that_undid_what_was_learned_is_named():
    assert "0.01 ended with a higher loss than the network had before (0.500)" in said(trials_of(CLEAR, before=0.5))
    assert "higher loss than the network had" not in said(trials_of(CLEAR, before=2.0))


@pytest.mark.parametrize(
    ("lowest", "sentence"),
    [
        (
            1e-2,
            "The lowest point of the curve, 0.01, is not the best rate: its loss ended at 0.900, that of 1e-3 at 0.400",
        ),
        (1.02e-3, "The lowest point of the curve, 1e-3, had the lowest loss here."),
        (3e-2, "The lowest point of the curve, 0.03, is not the best rate: training diverged there."),
    ],
)
def test_the_lowest_point_is_the_best_rate_only_where_it_is(lowest, sentence):
    assert sentence in said(trials_of({**CLEAR, 3e-2: None}, curve_lowest=lowest))


@pytest.mark.parametrize("lowest", [None, 0.5, 2e-5])
def test_nothing_is_said_of_a_lowest_point_that_was_not_tried(lowest):
    assert "lowest point" not in said(trials_of(CLEAR, curve_lowest=lowest))


def test_a_lowest_point_within_chance_is_not_called_worse():
    trials = trials_of({1e-3: 0.4, 1e-2: 0.4001}, noise=0.5, curve_lowest=1e-2)
    assert "The lowest point of the curve, 0.01, cannot be told apart from the best rate here." in said(trials)
    assert "not the best rate" not in said(trials)


LOW = {1e-4: 0.4, 1e-3: 0.6, 1e-2: 0.9}


def test_short_trials_that_prefer_the_lowest_rate_are_warned_of_with_their_length():
    warned = said(trials_of(LOW, length="short", batches=10))
    assert "The best is the lowest rate tried, 1e-4, in trials of a third of an epoch (10 batches)." in warned
    assert "arXiv:1803.02021" in warned
    assert "90 batches" in warned


def test_the_bias_is_not_blamed_on_whole_stages_nor_where_another_rate_is_best():
    whole = said(trials_of(LOW, length="stage", batches=90))
    assert "1803.02021" not in whole
    assert "a lower one may be better still" in whole
    assert "1803.02021" not in said(trials_of(CLEAR, length="short", batches=10))
    assert "1803.02021" not in said(trials_of(LOW, length="short", batches=10, rates=(1e-4, 1e-3, 1e-2, 1e-1)))


def test_two_lengths_are_compared():
    short, long = trials_of(LOW, length="short", batches=10), trials_of(CLEAR, length="stage", batches=90)
    sentence = "With a third of an epoch (10 batches) 1e-4 was best, with the whole stage (3 epochs, 90 batches) 1e-3"
    for one, other in ((short, long), (long, short)):
        assert sentence in said(one, other)
        assert "short trials prefer low rates (arXiv:1803.02021)." in said(one, other)
    same = trials_of(CLEAR, length="short", batches=10)
    assert "1e-3 was best with a third of an epoch (10 batches) and with the whole stage" in said(same, long)
    assert "best with" not in said(same, trials_of(CLEAR, length="short", batches=10))


def test_a_difference_between_lengths_within_chance_is_called_that():
    short = trials_of({1e-4: 0.4, 1e-3: 0.4001}, length="short", batches=10, noise=0.5)
    long = trials_of({1e-4: 0.6, 1e-3: 0.4}, batches=30)
    assert "but this difference may be chance." in said(short, long)
    falls = trials_of({1e-4: 0.4, 1e-3: 0.4001}, batches=30, noise=0.5)
    assert "with 1 epoch (30 batches) 1e-4, which may be chance." in said(
        falls, trials_of({1e-4: 0.6, 1e-3: 0.4}, length="short", batches=10)
    )


def test_another_rate_with_the_highest_accuracy_is_named_with_mcnemars_verdict():
    close = trials_of({1e-4: 0.6, 1e-3: 0.4}, accuracy={1e-4: 0.81, 1e-3: 0.80})
    assert "1e-4 has the highest accuracy, 81.0% beside 80.0% at 1e-3: no more than chance" in said(close)
    far = trials_of({1e-4: 0.6, 1e-3: 0.4}, accuracy={1e-4: 0.9, 1e-3: 0.7})
    assert "more than chance (McNemar's test, p below 0.001)" in said(far)
    assert "highest accuracy" not in said(trials_of(CLEAR))


def test_the_method_names_what_was_measured_and_its_limits():
    text = method(trials_of(CLEAR, step=30, replayed=True, not_judged=("rare",)))
    for part in (
        "1 epoch (30 batches)",
        "200 training images that no trial was trained on",
        "over the images",
        "With one repeat",
        "it was first trained anew without them",
        "1 class has too few different images",
    ):
        assert part in text
    other = method(trials_of(CLEAR, repeats=3, length="stage", batches=1))
    assert "the whole stage (3 epochs, 1 batch)" in other
    assert "over the images and over the 3 repeats" in other
    assert "With one repeat" not in other
    assert "anew" not in other


def test_of_images_that_the_network_knows_little_is_said():
    """The lowest loss is then that of the rate that changes the network least."""
    seen = trials_of({**LOW, 3e-2: None}, step=30, valid_loss=1.5, curve_lowest=1e-2, before=0.3, length="short")
    assert headline(seen) == "The network knows these images; low rates look better than they are"
    text = said(seen)
    assert text.startswith("The network was trained before on the images that judge here (loss 0.300 on them, 1.500 on")
    assert "0.03 diverged at batch 7." in text
    for claim in ("1803.02021", "lowest point", "higher loss", "highest accuracy"):
        assert claim not in text
    assert "1803.02021" not in said(trials_of(CLEAR, length="stage", batches=90, step=30, replayed=True), seen)
    again = trials_of({**LOW, 3e-2: None}, step=30, replayed=True, curve_lowest=1e-2, length="short", batches=10)
    assert "1803.02021" in said(again)


def test_lengths_are_named():
    assert length_in_words("stage", 1) == "the whole stage (1 epoch)"


def test_a_stricter_level_for_more_rates_and_pairs_on_common_repeats():
    assert trials_of({1e-3: 0.4, 1e-2: 0.5}).level == pytest.approx(0.05)
    assert trials_of({1e-3: 0.4, 1e-2: 0.5, 3e-2: None, 1e-1: 0.9}).level == pytest.approx(0.025)
    again = trials_of(CLEAR, repeats=2)
    assert all(outcome.measured.error_repeats is not None for outcome in again.outcomes)
    assert len(again.pairs) == 3


def test_wilsons_interval_is_not_narrower_with_repeats():
    one, three = trials_of(CLEAR), trials_of(CLEAR, repeats=3)
    for a, b in zip(one.outcomes, three.outcomes, strict=True):
        assert (a.measured.accuracy_low, a.measured.accuracy_high) == (
            b.measured.accuracy_low,
            b.measured.accuracy_high,
        )


def test_loss_intervals_are_1_96_standard_errors():
    outcome = trials_of(CLEAR).outcomes[0].measured
    assert outcome.high - outcome.loss == pytest.approx(1.96 * outcome.error_images, rel=1e-3)
    assert outcome.loss - outcome.low == pytest.approx(outcome.high - outcome.loss)


def test_the_frame_has_a_row_a_rate():
    frame = trials_of({1e-3: 0.4, 1e-2: None}).frame()
    assert list(frame["lr"]) == [1e-3, 1e-2]
    assert frame["loss"].isna().tolist() == [False, True]
    assert frame["diverged_at"].isna().tolist() == [True, False]
    assert frame["diverged_at"][1] == 7
