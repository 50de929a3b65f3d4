"""From arguments to an exit status: 0 done, 1 training or some images failed, 2 bad input, 130 interrupted."""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import cast

from core.cli.options import Options, command_line
from core.cli.output import Answer, Reporter, write
from core.errors import AnnealError, TrainingError

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

Command = Callable[[Options, Reporter], Answer]

_COMMANDS = {
    "inspect": ("core.cli.inspect", "inspect"),
    "find-lr": ("core.cli.find_lr", "find_lr"),
    "try-rates": ("core.cli.try_rates", "rates_tried"),
    "train": ("core.cli.train", "train"),
    "evaluate": ("core.cli.evaluate", "evaluate"),
    "errors": ("core.cli.errors", "errors"),
    "curve": ("core.cli.curve", "curve"),
    "restarts": ("core.cli.restarts", "restarts"),
    "compare": ("core.cli.compare", "compared"),
    "suspects": ("core.cli.suspects", "suspects"),
    "version": ("core.cli.version", "version"),
    "predict": ("core.cli.predict", "predict"),
    "export": ("core.cli.export", "export"),
    "import": ("core.cli.record", "imported"),
    "benchmark": ("core.cli.benchmark", "benchmark"),
    "health": ("core.cli.health", "health"),
}
"""Where each command is; imported when asked for, so that --help need not wait for torch."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; argparse itself exits for --help and bad options."""
    options = command_line().parse_args(arguments, namespace=Options())
    module, function = _COMMANDS[options.command]
    reporter = Reporter(sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a library's chatter must not get between the JSON
            command = cast("Command", getattr(importlib.import_module(module), function))
            answer = command(options, reporter)
        reporter.close()
        write(sys.stdout, answer, as_json=options.json)
        return answer.status
    except AnnealError as error:
        reporter.say(" ".join(str(error).split()))
        return FAILED if isinstance(error, TrainingError) else BAD_INPUT
    except KeyboardInterrupt as interrupt:
        reporter.say(str(interrupt) or "Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
