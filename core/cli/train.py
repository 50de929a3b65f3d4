"""`train`: a new run, or going on with one."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.augment import left_out, warnings
from core.cli.branch import branched
from core.cli.conflicts import (
    STAGE_OPTIONS,
    first_given,
    is_given,
    refuse_conflicts,
    refuse_idle_add,
    refuse_idle_share,
    refuse_idle_weights_options,
)
from core.cli.inspect import opened
from core.cli.jobs import add_to, find_moved, run_named, work
from core.cli.network import Network, augmentation_of, network_of, trained_whole
from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.cli.prefetch import get_ready
from core.cli.trained import answer_of, said_of, say_steps
from core.data.index import DataSet
from core.errors import DivergedError, PlanError, RunError
from core.jobs.specs import TrainSpec
from core.numbers import rate_in_words
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.runs.rate_guard import groups_of, rate_warning, weights_of
from core.runs.setbacks import setbacks_of
from core.training.recipes import enough_batches, keeping, lesson2, quick, start_small
from core.training.stage import Plan, plan_from_json, plan_of, stage_of
from core.workspace import Workspace


def train(options: Options, reporter: Reporter) -> Answer:
    """Train a new run, or go on with one; the figures of what was done."""
    began = time.perf_counter()
    refuse_idle_add(options)
    if options.branch is not None:
        run, spec = branched(options)
        find_moved(run, options.moved_to, reporter)
        return _trained(run, spec, reporter, began)
    refuse_conflicts(options)
    if options.resume is None:
        run, spec = _begun(options, reporter)
    else:
        run, spec = _resumed(options, reporter)
        find_moved(run, options.moved_to, reporter)
        add_to(run, options.add, reporter)
        _warn_of_rates(run, spec, reporter)
    return _trained(run, spec, reporter, began)


def _trained(run: RunFolder, spec: TrainSpec, reporter: Reporter, began: float) -> Answer:
    """Do the job, and say what came of it; `began` is when the command did."""
    reporter.say(f"Run {run.id} in {run.path}")
    say_steps(run, spec, reporter)
    try:
        work(run, spec, reporter)
    except DivergedError:
        for setback in setbacks_of(run):
            reporter.say(said_of(run, setback))
        raise
    return answer_of(run, time.perf_counter() - began)


def _warn_of_rates(run: RunFolder, spec: TrainSpec, reporter: Reporter) -> None:
    """Say which rates of a new plan lie beyond the collapse of a range test of the run; it is trained all the same."""
    if spec.plan is None:
        return
    curves, groups = run.curves(), groups_of(run.info)
    now = replace(weights_of(run), loaded=spec.start) if spec.start != LATEST else weights_of(run)
    for place, stage in enumerate(spec.plan.stages):
        found = rate_warning(stage, curves, now, groups, later=place > 0)
        if found is not None:
            advice = "" if found.suggested is None else f" The range test suggests {rate_in_words(found.suggested)}."
            reporter.say(f"Warning: stage {place + 1}: {found.sentence}{advice}")


def _begun(options: Options, reporter: Reporter) -> tuple[RunFolder, TrainSpec]:
    """A new run and its job; everything that can be refused is refused before there is a folder."""
    network, plan = _network_and_plan(options)
    reporter("Looking at the data", 0, 0)
    get_ready(options, network, reporter)
    data = opened(options, reporter)
    refuse_idle_share(options, data)
    seed = options.seed or 0
    from core.cli.build import layer_groups_of

    _refuse_unfit(plan, layer_groups_of(network, data.classes, seed))
    plan = _keeping_labels(options, _fitted(options, plan, data), data.classes, reporter)
    if not network.pretrained:
        reporter.say(f"{network.backbone} begins from random weights.")
    run = create_run(
        Workspace.at(options.home),
        data,
        backbone=network.backbone,
        size=network.size,
        seed=seed,
        pretrained=network.pretrained,
        folded=network.folded,
        name=options.name or "",
    )
    return run, TrainSpec(plan=plan)


def _network_and_plan(options: Options) -> tuple[Network, Plan]:
    """What a new run trains, and how; raises `PlanError` for options that cannot act."""
    network = network_of(options, options.recipe)
    refuse_idle_weights_options(options, network)
    if options.plan:
        plan = _plan_in(options.plan)
        return replace(network, size=plan.stages[0].size), plan
    return network, _plan(options, network, str(options.data), fresh=True)


def _resumed(options: Options, reporter: Reporter) -> tuple[RunFolder, TrainSpec]:
    run = run_named(str(options.resume), Workspace.at(options.home))
    info, state, start = run.info, run.state, options.start or LATEST
    if options.plan:
        return run, TrainSpec(plan=_plan_in(options.plan), start=start)
    if options.recipe or first_given(options, STAGE_OPTIONS):
        size = options.size or (state.stages[-1].settings.size if state.stages else info.size)
        network = Network(info.backbone, info.pretrained, size)
        plan = _fitted(options, _plan(options, network, info.data_spec, fresh=False), run.data())
        return run, TrainSpec(plan=_keeping_labels(options, plan, info.classes, reporter), start=start)
    if not state.unfinished:
        raise RunError(
            "Nothing of this run's plan is left to do. Choose what to do next, such as --unfreeze --cycles 2, "
            "--recipe or --plan."
        )
    return run, TrainSpec()


def _plan_in(path: str) -> Plan:
    try:
        return plan_from_json(Path(path).expanduser().read_bytes())
    except OSError as error:
        raise PlanError(f"The plan {path} cannot be read: {error.strerror or error}.") from error


def _plan(options: Options, network: Network, spec: str, *, fresh: bool) -> Plan:
    """The plan that the options describe: a recipe, one stage, or, for a run without any, what suits the network."""
    own = bool(first_given(options, STAGE_OPTIONS)) or not (fresh or options.recipe)
    recipe = "" if own else options.recipe or ("lesson2" if network.pretrained else "quick")
    how = augmentation_of(options, spec=spec, recipe=recipe)
    if own:
        return Plan(stages=(stage_of(_stage_values(options, network) | {"augmentation": how}),))
    plan = {"lesson2": lesson2, "start-small": start_small, "quick": quick}[recipe](network.size, how)
    asked: dict[str, Any] = {} if options.batch_size is None else {"batch_size": options.batch_size}
    values = plan.model_dump(mode="json")
    values["stages"] = [stage | asked | _quicker(options, stage) | _measured(options) for stage in values["stages"]]
    return plan_of(values)


def _quicker(options: Options, stage: dict[str, Any]) -> dict[str, Any]:
    """What --grow-from and --freeze-early-after set in a recipe's stage that trains more than the head.

    With images that grow, early layers are frozen only where that is asked for: they would have seen small ones alone.
    """
    if stage["freeze_to"] == -1:
        return {}
    grown = {} if options.grow_from is None else {"grow_from": options.grow_from, "freeze_early_after": None}
    return grown | _frozen_early(options)


def _frozen_early(options: Options) -> dict[str, Any]:
    """What --freeze-early-after sets in a stage; 0 is never."""
    if options.freeze_early_after is None:
        return {}
    return {"freeze_early_after": options.freeze_early_after or None}


def _measured(options: Options) -> dict[str, Any]:
    """What --no-measure-after-cycle sets in a stage."""
    return {"measure_after_cycle": False} if options.no_measure_after_cycle else {}


def _fitted(options: Options, plan: Plan, data: DataSet) -> Plan:
    """A recipe with as many epochs as the data need; what a person wrote stays as it is."""
    own = options.plan or first_given(options, STAGE_OPTIONS)
    return plan if own else enough_batches(plan, len(data.indices("train")))


def _keeping_labels(options: Options, plan: Plan, classes: Sequence[str], reporter: Reporter) -> Plan:
    """`plan` without flips that would not keep the labels, unless they were asked for; says either."""
    if not (options.augment or options.plan):
        plan = keeping(plan, classes)
    for sentence in dict.fromkeys(said for stage in plan.stages for said in warnings(stage.augmentation, classes)):
        reporter.say(f"Warning: {sentence}")
    for number, stage in enumerate(plan.stages, start=1):
        spared = left_out(stage.augmentation, classes)
        if spared:
            reporter.say(f"Stage {number}: {spared}")
    return plan


def _stage_values(options: Options, network: Network) -> dict[str, Any]:
    """A stage as the options say; a network without pretrained weights is trained whole, at one rate, by default."""
    passed = set(STAGE_OPTIONS) - {"unfreeze", "freeze_to"} | {"batch_size", "grow_from"}
    values = {name: value for name in passed if is_given(value := getattr(options, name))}
    whole = options.unfreeze or trained_whole(network, options)
    values["freeze_to"] = (0 if whole else -1) if options.freeze_to is None else options.freeze_to
    if not network.pretrained:
        values["group_ratio"] = 1.0
    return values | {"size": network.size} | _frozen_early(options) | _measured(options)


def _refuse_unfit(plan: Plan, groups: int) -> None:
    """Raise `PlanError` when a stage's rates or freezing do not fit the network's layer groups."""
    for stage in plan.stages:
        stage.first_trained(groups)
        if stage.lr is not None:
            stage.group_rates(groups)
