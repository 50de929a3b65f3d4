"""A new network on a data set, and the stage that the options describe: for commands that keep no run."""

from typing import Any

from core.cli.build import built
from core.cli.conflicts import refuse_idle_share, refuse_idle_weights_options
from core.cli.inspect import opened
from core.cli.network import Network, augmentation_of, network_of, trained_whole
from core.cli.options import Options
from core.cli.output import Reporter
from core.training.learner import Learner
from core.training.stage import Stage, stage_of
from core.workspace import Workspace


def network_and_stage(options: Options, **more: Any) -> tuple[Network, Stage]:
    """The network, and the stage with `more` settings; raises `PlanError` for options that cannot act."""
    network = network_of(options)
    refuse_idle_weights_options(options, network)
    batch_size = {} if options.batch_size is None else {"batch_size": options.batch_size}
    return network, stage_of(
        {
            "freeze_to": 0 if options.unfrozen or trained_whole(network, options) else -1,
            "precompute": options.precompute,
            "size": network.size,
            "augmentation": augmentation_of(options, spec=str(options.data), recipe=""),
            **batch_size,
            **more,
        }
    )


def new_learner(options: Options, network: Network, reporter: Reporter) -> Learner:
    """A learner of the new network on the data set, which is read; raises what reading and building raise."""
    data = opened(options, reporter)
    refuse_idle_share(options, data)
    seed = options.seed or 0
    model = built(network, data.classes, seed)
    return Learner(model, data, Workspace.at(options.home), seed=seed, progress=reporter)
