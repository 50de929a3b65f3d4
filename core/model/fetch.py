"""Downloads a network's weights before a run is created, in a separate process: the caller need not import torch.

`python -m core.model.fetch BACKBONE [--scratch]` is that process.
"""

import json
import subprocess
import sys
from pathlib import Path

from core.errors import ModelError, WeightsUnavailableError
from core.model.catalogue import BACKBONES

CODE = Path(__file__).parents[2]
LONGEST_S = 900.0
"""Seconds after which a download is given up."""


def is_at_hand(backbone: str, *, pretrained: bool) -> bool:
    """Whether the network certainly needs no download, so that `fetch` has nothing to do."""
    offer = BACKBONES.get(backbone)
    return offer is not None and (not pretrained or not offer.has_weights or offer.pretrained_offline)


def fetch(backbone: str, *, pretrained: bool = True) -> None:
    """Build the network once, which downloads its weights if they are not on this machine.

    Raises `WeightsUnavailableError` when they cannot be downloaded (training from scratch is still possible), and
    `ModelError` for an unknown name.
    """
    if is_at_hand(backbone, pretrained=pretrained):
        return
    command = [sys.executable, "-m", "core.model.fetch", *([] if pretrained else ["--scratch"]), "--", backbone]
    try:
        done = subprocess.run(command, cwd=CODE, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailableError(
            f"The weights of {backbone} took too long to download. Try again later, or train from scratch."
        ) from error
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or ["no reason was given"]
        raise ModelError(f"{backbone} could not be built: {said[-1]}")
    answer = json.loads(lines[-1])
    if answer["weights"]:
        raise WeightsUnavailableError(answer["error"])
    if answer["error"]:
        raise ModelError(answer["error"])


def main(arguments: list[str]) -> int:
    """Build the network named last, and print one line of JSON: the error, and whether weights are missing."""
    from core.model.backbones import build

    answer = {"error": "", "weights": False}
    try:
        build(arguments[-1], ("one", "other"), pretrained="--scratch" not in arguments[:-1])
    except ModelError as error:
        answer = {"error": str(error), "weights": isinstance(error, WeightsUnavailableError)}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
