"""What each rule for the learning rate costs: the regret of Anneal's, fastai's, Lightning's and of constant rates.

From one and the same state of the network, a stage of the recipe is trained as a whole at every rate of a grid, 1e-5 to
1e-1 by the square root of 10. A rule's regret is the accuracy at its rate, between two rates of the grid by
interpolation over the logarithm, below the best of the grid: both means over the seeds, so that the luck of one run
does not count as the best rate. The same for the validation loss. A case in which no rate learns anything (the best
accuracy is within two standard errors of guessing) is printed and left out of the summary.

fastai's rules and Lightning's read the sweep that fastai makes (1e-7 to 10 in 100 batches), Anneal's the one that it
would make itself. Every rule is asked once a seed.
"""

import argparse
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.augment import SIDE_ON, WITHOUT_FLIPS
from core.data.index import DataSet, load_data
from core.errors import DivergedError
from core.model.backbones import build
from core.training.curve import RangeSettings
from core.training.learner import Learner
from core.training.lr_finder import FASTAI, range_test
from core.training.recipes import lesson2, quick
from core.training.records import EpochRecord
from core.training.stage import Stage
from core.training.suggest import suggest
from core.training.sweeps import sweep_for
from core.workspace import Workspace
from tests.benchmarks.report import show

GRID = [10 ** (-5 + half / 2) for half in range(9)]
STATES = ("head", "head, augmented", "whole", "scratch")
SETS = ("digits", "shapes:easy", "shapes:hard")
SHARES = (1.0, 0.5, 0.1)
CONSTANTS = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3)
CLASSIC = ("valley", "slide", "steep", "minimum", "lightning")
OURS = "Anneal"

HEAD_RATE, AUGMENTED_RATE = 3e-3, 1e-3
"""Rates of the stages before the one that is measured; they only make the state."""

SIDES = {"digits": (64, 32)}
SIDE = (96, 64)
"""Pixels for the pretrained network and for the small one."""

WHOLE_EPOCHS = 3
LOST = 10.0
"""Validation loss that a diverged stage counts as, in nats."""


@dataclass
class Case:
    """One set at one size from one state: the accuracy (0..1) and the loss at each rate, and each rule's rates."""

    name: str
    share: float
    state: str
    classes: int = 0
    valid: int = 0
    steps: int = 0
    accuracies: list[list[float]] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)
    unsure: int = 0

    @property
    def learns(self) -> bool:
        """Whether some rate of the grid does clearly better than guessing."""
        guess = 1 / self.classes
        error = math.sqrt(guess * (1 - guess) / (self.valid * len(self.accuracies)))
        return bool(np.mean(self.accuracies, axis=0).max() > guess + 2 * error)

    def regret(self, rule: str) -> tuple[list[float], list[float]]:
        """What the rule's rates lose, in points of accuracy and in nats; NaN for a rate that it did not give."""
        accuracy, loss = np.mean(self.accuracies, axis=0), np.mean(self.losses, axis=0)
        at = np.log10(np.array(self.rates[rule]))
        points = 100 * (accuracy.max() - np.interp(at, np.log10(GRID), accuracy))
        return points.tolist(), (np.interp(at, np.log10(GRID), loss) - loss.min()).tolist()


def stages(name: str, share: float) -> dict[str, Stage]:
    """The measured stage of each state."""
    large, small = SIDES.get(name, SIDE)
    drawn = name == "digits" or name.startswith("shapes")
    augmentation = WITHOUT_FLIPS if drawn else SIDE_ON
    head, augmented, whole = lesson2(large, augmentation).stages
    whole = whole.model_copy(
        update={"cycles": 1, "cycle_len": WHOLE_EPOCHS, "cycle_mult": 1, "freeze_early_after": None}
    )
    scratch = quick(small).stages[0]
    found = dict(zip(STATES, (head, augmented, whole, scratch), strict=True))
    return {state: stage.model_copy(update={"share": share, "lr": None}) for state, stage in found.items()}


def at_states(
    data: DataSet, workspace: Workspace, share: float, seed: int, states: Sequence[str] = STATES
) -> Iterator[tuple[str, Learner, Stage]]:
    """A learner at each of `states` in turn, and the stage that is measured from there."""
    planned = stages(data.spec, share)
    if "scratch" in states:
        small = build("small_cnn", data.classes, seed=seed, pretrained=False)
        yield "scratch", Learner(small, data, workspace, seed=seed), planned["scratch"]
    if set(states) - {"scratch"}:
        yield from _pretrained(data, workspace, planned, seed)


def _pretrained(
    data: DataSet, workspace: Workspace, planned: dict[str, Stage], seed: int
) -> Iterator[tuple[str, Learner, Stage]]:
    """The states of a pretrained network, each of which begins where the one before it ends."""
    model = build("efficientnet_lite0", data.classes, seed=seed, pretrained=True, folded=True)
    learner = Learner(model, data, workspace, seed=seed)
    head, augmented = planned["head"], planned["head, augmented"]
    yield "head", learner, head
    _train(learner, head, HEAD_RATE)
    yield "head, augmented", learner, augmented
    _train(learner, augmented.model_copy(update={"cycles": 1}), AUGMENTED_RATE)
    yield "whole", learner, planned["whole"]


def _train(learner: Learner, stage: Stage, lr: float) -> tuple[float, float]:
    """Validation accuracy and loss after the whole stage at `lr`; that of guessing when it diverges."""
    accuracy, loss = 1 / len(learner.data.classes), LOST
    try:
        for record in learner.fit(stage.model_copy(update={"lr": (lr,)})):
            if isinstance(record, EpochRecord):
                accuracy, loss = record.accuracy, min(record.valid_loss, LOST)
    except DivergedError:
        return 1 / len(learner.data.classes), LOST
    return accuracy, loss


def measure(case: Case, learner: Learner, stage: Stage) -> None:
    """Ask every rule at the learner's state, train at every rate of the grid, and stand where it stood."""
    only_the_head = stage.first_trained(len(learner.model.groups)) == len(learner.model.groups) - 1
    state, sweep = learner.state(), sweep_for(only_the_head)
    steps = -(-len(learner.data.train_indices(stage.share)) // stage.batch_size)
    case.classes, case.valid = len(learner.data.classes), len(learner.data.indices("valid"))
    case.steps = steps * stage.epochs
    classic = range_test(learner, stage, FASTAI).suggestions
    for rule in CLASSIC:
        case.rates.setdefault(rule, []).append(classic[rule] or math.nan)
    curve = _sweep(learner, stage, sweep)
    found = suggest(*curve, steps=case.steps, classes=case.classes, only_the_head=only_the_head)
    case.rates.setdefault(OURS, []).append(found.lr)
    case.unsure += not found.certain
    for rate in CONSTANTS:
        case.rates.setdefault(f"constant {rate:g}", []).append(rate)
    outcomes = []
    for lr in GRID:
        outcomes.append(_train(learner, stage, lr))
        learner.load_state(state)
    case.accuracies.append([accuracy for accuracy, _ in outcomes])
    case.losses.append([loss for _, loss in outcomes])


def _sweep(learner: Learner, stage: Stage, sweep: RangeSettings) -> tuple[list[float], list[float]]:
    curve = range_test(learner, stage, sweep)
    return curve.lrs, curve.losses


def summary(cases: Sequence[Case]) -> list[list[str]]:
    """A row a rule: mean and worst regret over the cases, and the mean by state."""
    kept = [case for case in cases if case.learns]
    rows = []
    for rule in (OURS, *CLASSIC, *(f"constant {rate:g}" for rate in CONSTANTS)):
        by_case = {id(case): np.array(case.regret(rule)) for case in kept}
        points = np.array([np.nanmean(by_case[id(case)][0]) for case in kept])
        nats = np.array([np.nanmean(by_case[id(case)][1]) for case in kept])
        worst = np.nanmax([np.nanmax(by_case[id(case)][0]) for case in kept])
        states = [
            f"{np.nanmean(mine):.1f}"
            if (mine := [p for p, c in zip(points, kept, strict=True) if c.state == s])
            else ""
            for s in STATES
        ]
        rows.append([rule, f"{np.nanmean(points):.2f}", f"{worst:.1f}", f"{np.nanmean(nats):.3f}", *states])
    return rows


def describe(case: Case) -> str:
    """One line on a case: the accuracy at each rate of the grid, and what Anneal said."""
    accuracies = " ".join(f"{100 * value:.1f}" for value in np.mean(case.accuracies, axis=0))
    said = ", ".join(f"{rate:.1e}" for rate in case.rates[OURS])
    lost = np.mean(case.regret(OURS)[0])
    note = "" if case.learns else "; learns nothing at any rate, left out"
    return f"{case.name} x{case.share:g} {case.state} ({case.steps} steps): {accuracies}; {said} loses {lost:.1f}{note}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder of photos, measured as well")
    parser.add_argument("--sets", nargs="*", default=SETS, help=f"data sets (default: {' '.join(SETS)})")
    parser.add_argument("--shares", nargs="*", type=float, default=SHARES, help="shares of the training images")
    parser.add_argument("--states", nargs="*", choices=STATES, default=STATES, help="states to measure from")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each (default: 3)")
    parser.add_argument("--out", default="", help="write the result to this file as JSON")
    chosen = parser.parse_args()
    specs = [*chosen.sets, *([str(chosen.photos.resolve())] if chosen.photos else [])]
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.at(home)
        for share in chosen.shares:
            for spec in specs:
                data = load_data(spec, workspace)
                begun = {state: Case(data.title, share, state) for state in chosen.states}
                for seed in range(chosen.seeds):
                    for state, learner, stage in at_states(data, workspace, share, seed, chosen.states):
                        if state in begun:
                            measure(begun[state], learner, stage)
                for case in begun.values():
                    print(describe(case), flush=True)
                cases += begun.values()
    header = ["rule", "mean regret (points)", "worst", "loss (nats)", *STATES]
    result: dict[str, Any] = {"grid": GRID, "cases": [asdict(case) for case in cases]}
    show(f"Regret of learning rates, {chosen.seeds} seeds", header, summary(cases), result, chosen.out)


if __name__ == "__main__":
    main()
