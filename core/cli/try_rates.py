"""`try-rates`: short trainings of a new network at several rates, compared and not kept."""

from core.cli.new_learner import network_and_stage, new_learner
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.errors import PlanError, TrainingError
from core.numbers import rate_in_words
from core.training.learner import Learner
from core.training.lr_finder import range_test
from core.training.stage import Stage
from core.training.sweeps import sweep_for
from core.training.trial_results import Outcome, Trials
from core.training.trial_settings import LENGTHS, Length, TrialSettings, lowest_point, rates_to_try
from core.training.trial_words import findings, headline, method, standing
from core.training.trials import try_rates


def rates_tried(options: Options, reporter: Reporter) -> Answer:
    """What came of each rate, and which of them can be told apart."""
    length = _length(options)
    repeats = 1 if options.repeats is None else options.repeats
    if options.rates is not None:
        TrialSettings(tuple(options.rates), length, repeats)  # refused before anything is read
    network, stage = network_and_stage(options, cycle_len=1 if options.epochs is None else options.epochs)
    learner = new_learner(options, network, reporter)
    rates, lowest = _rates(options, learner, stage, reporter)
    trials = try_rates(learner, stage, rates, length=length, repeats=repeats, curve_lowest=lowest, progress=reporter)
    best = trials.best.lr if trials.best else None
    return Answer({**trials.model_dump(mode="json"), "best": best, "findings": findings(trials)}, _text(trials))


def _length(options: Options) -> Length:
    if options.epochs is not None and options.length != "stage":
        raise PlanError(
            "Only trials of a whole stage have a number of epochs. Add --length stage, or leave out --epochs."
        )
    if options.length == "stage" and options.epochs is None:
        raise PlanError("How long is the stage? Add --epochs N.")
    return next((length for length in LENGTHS if length == options.length), "epoch")


def _rates(
    options: Options, learner: Learner, stage: Stage, reporter: Reporter
) -> tuple[tuple[float, ...], float | None]:
    """The rates to try, and that of the lowest point of the range test that suggests them, where there is one."""
    if options.rates is not None:
        return tuple(options.rates), None
    curve = range_test(learner, stage, sweep_for(stage.freeze_to == -1), progress=reporter)
    if curve.suggestion is None:
        raise TrainingError("The range test gave no curve to take rates from. Give --rates.")
    lowest = lowest_point(curve.lrs, curve.losses)
    return rates_to_try(curve.suggestion.lr, lowest), lowest


def _text(trials: Trials) -> str:
    rows = [["rate", "loss", "95%", "accuracy", "95%", ""], *(_row(trials, outcome) for outcome in trials.outcomes)]
    if trials.before is not None:
        before = trials.before
        rows.append(["before", f"{before.loss:.3f}", "", f"{before.accuracy:.1%}", "", ""])
    return "\n".join([f"{headline(trials)}.", table(rows), *findings(trials), method(trials)])


def _row(trials: Trials, outcome: Outcome) -> list[str]:
    name, said = rate_in_words(outcome.lr), standing(trials, outcome)
    found = outcome.measured
    if found is None:
        return [name, "", "", "", "", said]
    return [
        name,
        f"{found.loss:.3f}",
        f"{found.low:.3f}-{found.high:.3f}",
        f"{found.accuracy:.1%}",
        f"{found.accuracy_low:.1%}-{found.accuracy_high:.1%}",
        said,
    ]
