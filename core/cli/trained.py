"""What `train` answers: the figures of what was done, as JSON and as text."""

import shlex
from typing import Any

from core.cli.output import Answer, Reporter, table
from core.jobs.specs import TrainSpec
from core.model.catalogue import BACKBONES, GROUPS
from core.numbers import rate_in_words
from core.runs.beside import beside
from core.runs.folder import RunFolder
from core.runs.rate_guard import groups_of
from core.runs.setbacks import Setback, setbacks_of
from core.runs.state import RunState
from core.runs.story import Told, story
from core.training.proportions import interval
from core.training.recipe_steps import WHY, steps_of
from core.training.stage import Stage


def answer_of(run: RunFolder, seconds: float) -> Answer:
    """The figures of the plan that was trained last, in `seconds`."""
    state = run.state
    stages = [
        {
            "name": stage.settings.name,
            "lr": stage.settings.lr,
            "rate_reason": stage.rate_reason,
            "epochs": stage.epochs,
            "accuracy": stage.accuracy,
            "train_loss": stage.train_loss,
            "valid_loss": stage.valid_loss,
            "seconds": round(stage.seconds, 2),
            "status": stage.status,
            "message": stage.message,
        }
        for stage in state.stages[state.plan_start :]
    ]
    fallen = [one for one in setbacks_of(run) if one.stage >= state.plan_start]
    value: dict[str, Any] = {
        "run": str(run.path),
        "id": run.id,
        "accuracy": state.figures.get("accuracy"),
        "accuracy_interval": _interval(state),
        "valid_loss": state.figures.get("valid_loss"),
        "seconds": round(seconds, 2),
        "stages": stages,
        "steps": [{"title": one.step.title, "status": one.status, "said": one.sentence} for one in _told(run)],
        "best": None if state.best is None else state.best.model_dump(),
        "collapsed": _collapsed(fallen, state.plan_start),
    }
    return Answer(value, _text(run, value, stages, fallen), status=1 if state.unfinished else 0)


def _collapsed(fallen: list[Setback], plan_start: int) -> list[dict[str, Any]]:
    """The stages of the plan that collapsed."""
    return [
        {
            "stage": one.stage - plan_start + 1,
            "before": one.before,
            "after": one.after,
            "snapshot": None if one.snapshot is None else one.snapshot.name,
            "try_lr": one.try_rate,
            "why": one.why,
        }
        for one in fallen
    ]


def _text(run: RunFolder, value: dict[str, Any], stages: list[dict[str, Any]], fallen: list[Setback]) -> str:
    rows = [["stage", "rate", "epochs", "accuracy", "valid loss", "seconds"]]
    for number, stage in enumerate(stages, start=1):
        lr = ", ".join(rate_in_words(rate) for rate in stage["lr"] or ())
        figures = [_figure(stage["accuracy"], ".1%"), _figure(stage["valid_loss"], ".3f")]
        rows.append([stage["name"] or f"Stage {number}", lr, str(stage["epochs"]), *figures, f"{stage['seconds']:.1f}"])
    accuracy, loss = _figure(value["accuracy"], ".1%"), _figure(value["valid_loss"], ".3f")
    told = _told(run)
    found = {one.step.stage for one in told if one.step.kind in ("find", "again")}  # their sentences have the reason
    reasons = [
        f"Rate of stage {number}: {stage['rate_reason']}"
        for number, stage in enumerate(stages, start=1)
        if stage["rate_reason"] and number - 1 not in found
    ]
    reasons += [
        f"Stage {number}: {stage['message']}" for number, stage in enumerate(stages, start=1) if stage["message"]
    ]
    return "\n".join(
        [
            table(rows),
            *(f"Step {number}, {one.step.title}: {one.sentence}" for number, one in enumerate(told, start=1)),
            *reasons,
            f"Accuracy {accuracy}{_range(value['accuracy_interval'])}, validation loss {loss}, after "
            f"{value['seconds']:.1f} s.",
            *_better_before(value, fallen),
            *_beside_original(run),
            *(f"Warning: {said_of(run, one)}" for one in fallen),
            f"Run {run.id} in {run.path}",
        ]
    )


def said_of(run: RunFolder, setback: Setback) -> str:
    """What happened in a stage, what to do, and how to do it here."""
    if setback.snapshot is None:
        return f"{setback.sentence} {setback.advice}"
    name = shlex.quote(setback.snapshot.name)
    rate = rate_in_words(setback.try_rate)
    command = f"python -m core train --continue {shlex.quote(str(run.path))} --from {name} --lr {rate}"
    return f"{setback.sentence} {setback.advice} To do so: {command}, with the stage's other options."


def _better_before(value: dict[str, Any], fallen: list[Setback]) -> list[str]:
    """Where the best weights are kept when they are not those of the end."""
    best = value["best"]
    if fallen or best is None or value["accuracy"] is None or value["accuracy"] >= best["accuracy"]:
        return []
    return [
        f"The best, {best['accuracy']:.1%} after epoch {best['epoch']}, is kept as the snapshot {best['snapshot']}."
    ]


def _interval(state: RunState) -> list[float] | None:
    """The 95 % interval (0..1) of the accuracy; None where it is not known on how many images it was measured."""
    accuracy, images = state.figures.get("accuracy"), state.stages[-1].valid_images if state.stages else 0
    return None if accuracy is None or not images else list(interval(accuracy, images))


def _range(ends: list[float] | None) -> str:
    return "" if ends is None else f" (95% interval {ends[0]:.1%} to {ends[1]:.1%})"


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _beside_original(run: RunFolder) -> list[str]:
    """What a branch did to the validation images beside its original, where both were evaluated."""
    pair = beside(run)
    found = pair.comparison() if pair else None
    if pair is None or found is None:
        return []
    return [
        f"Beside run {pair.origin.run}: {found.first_accuracy:.1%} there, {found.second_accuracy:.1%} here. "
        f"{found.sentence()}."
    ]


def say_steps(run: RunFolder, spec: TrainSpec, reporter: Reporter) -> None:
    """Say the steps of the plan that is about to be trained, by the names that the app has for them."""
    state = run.state
    last = state.stages[-1].stage if state.stages else None
    if spec.plan is None:
        return
    steps = steps_of(spec.plan, groups_of(run.info), last if isinstance(last, Stage) else None)
    for number, step in enumerate(steps, start=1):
        reporter.say(f"Step {number} of {len(steps)}, {step.title}: {WHY[step.kind]}")


def _told(run: RunFolder) -> list[Told]:
    """The steps of the plan trained last, with what came of them."""
    offer = BACKBONES.get(run.info.backbone)
    return story(run.state, offer.groups if offer else GROUPS)
