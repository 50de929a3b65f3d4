"""`find-lr`: a range test on a new network, which is not kept."""

from core.augment import NAMED
from core.cli.build import built
from core.cli.conflicts import refuse_idle_share, refuse_idle_weights_options
from core.cli.inspect import opened
from core.cli.network import augmentation_of, network_of, trained_whole
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.training.curve import RangeCurve, RangeSettings
from core.training.learner import Learner
from core.training.lr_finder import range_test
from core.training.stage import stage_of
from core.training.suggest import Suggestion
from core.training.suggestions import MEANINGS
from core.training.sweeps import sweep_for
from core.workspace import Workspace


def find_lr(options: Options, reporter: Reporter) -> Answer:
    """The curve of a range test and every suggestion."""
    network = network_of(options)
    refuse_idle_weights_options(options, network)
    stage = stage_of(
        {
            "freeze_to": 0 if options.unfrozen or trained_whole(network, options) else -1,
            "precompute": options.precompute,
            "size": network.size,
            "augmentation": NAMED[augmentation_of(options, spec=str(options.data), recipe=False)],
            **({} if options.batch_size is None else {"batch_size": options.batch_size}),
        }
    )
    usual = sweep_for(stage.freeze_to == -1)
    settings = RangeSettings(
        lowest=usual.lowest if options.lowest is None else options.lowest,
        highest=usual.highest if options.highest is None else options.highest,
        steps=usual.steps if options.steps is None else options.steps,
    )
    data = opened(options, reporter)
    refuse_idle_share(options, data)
    seed = options.seed or 0
    learner = Learner(
        built(network, data.classes, seed), data, Workspace.at(options.home), seed=seed, progress=reporter
    )
    curve = range_test(learner, stage, settings, progress=reporter)
    return Answer(curve.to_json(), _text(curve))


def _text(curve: RangeCurve) -> str:
    rows = [
        [name, "none" if rate is None else f"{rate:.2e}", MEANINGS[name]] for name, rate in curve.suggestions.items()
    ]
    ends = {
        "end": "to the last rate",
        "diverged": "until the loss was 4 times its best",
        "not a number": "until the loss was not a number",
        "asked": "until it was stopped",
    }
    summary = f"{len(curve.lrs)} batches, trained: {curve.meta.stage.scope()}, {ends[curve.stopped]}."
    said = [summary] if curve.suggestion is None else [summary, *_advice(curve.suggestion)]
    if all(rate is None for rate in curve.suggestions.values()):
        return "\n".join([*said, "The other rules need a longer curve: give more --steps."])
    lowest = min(range(len(curve.smoothed)), key=curve.smoothed.__getitem__)
    bottom = f"Lowest smoothed loss {curve.smoothed[lowest]:.3f} at {curve.lrs[lowest]:.2e}: past the rate to take."
    return "\n".join([*said, "Other rules, on fastai's smoothed loss:", table(rows, right=False), bottom])


def _advice(found: Suggestion) -> list[str]:
    """Anneal's rate, its range, where training collapses, and why."""
    collapse = "" if found.collapse is None else f" From {found.collapse:.1e} on training collapses."
    if not found.certain:
        return [found.reason]
    return [
        f"Take {found.lr:.1e}; rates from {found.low:.1e} to {found.high:.1e} train about as well.{collapse}",
        found.reason,
    ]
