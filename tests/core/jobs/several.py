"""Processes that do one job together, started as torchrun does; run as a module it trains, computes and evaluates."""

import socket
import subprocess
import sys

import numpy as np

from core.process import launch

TRAINED, AUGMENTED = 50, 12
"""Batches without and with augmentation and dropout."""

SIZES = (1, 2, 63, 64, 65, 128, 129, 197)
"""Numbers of images that are evaluated: less than a batch, just one, just over, several."""


def start(count, arguments, **environment):
    """`count` processes of `python ARGUMENTS`, rank 0 first; they meet at a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    known = {**launch.environment(), "OMP_NUM_THREADS": "1", **environment}
    together = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    return [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=launch.CODE,
            env={**known, **together, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]


def finish(processes, seconds=120):
    """What each of them printed; fails unless all of them end with status 0."""
    said = [process.communicate(timeout=seconds)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(said)
    return said


def main(home, folder, out):
    """Train, compute and evaluate in every way, and keep what came of it in the file `out`."""
    import torch

    from core.augment import SIDE_ON
    from core.data.index import load_data
    from core.data.pixels import load_pixels
    from core.model.activations import load_activations
    from core.model.backbones import build
    from core.results.tta import tta
    from core.training import late
    from core.training.curve import RangeSettings
    from core.training.learner import Learner
    from core.training.lr_finder import range_test
    from core.training.stage import Stage
    from core.workspace import Workspace

    workspace = Workspace.at(home)
    data = load_data(folder, workspace, seed=0)
    found = {}

    def learner_of(backbone="small_cnn"):
        return Learner(build(backbone, data.classes, seed=1, pretrained=False, folded=False), data, workspace)

    def losses(learner, stage, steps):
        kept = []
        for record in learner.fit(stage):
            if hasattr(record, "loss"):
                kept.append(record.loss)
            if len(kept) == steps:
                break
        return np.array(kept)

    every = {"freeze_to": 0, "size": 16, "cycles": 20}
    whole = learner_of()
    found["whole"] = losses(whole, Stage(lr=0.01, batch_size=7, **every), TRAINED)
    found["whole weights"] = torch.cat([value.flatten().float() for value in whole.model.state_dict().values()]).numpy()
    weighted = Stage(lr=0.01, batch_size=7, class_weights=True, label_smoothing=0.1, optimiser="sgd", **every)
    late.LAG["cpu"] = 8  # as on a GPU
    found["weighted"] = losses(learner_of(), weighted, TRAINED)
    late.LAG["cpu"] = 0
    found["one image"] = losses(learner_of(), Stage(lr=0.01, batch_size=1, **every), 6)
    dropout = learner_of()
    dropout.model.head[0].share = 0.5
    found["augmented"] = losses(dropout, Stage(lr=0.01, batch_size=7, augmentation=SIDE_ON, **every), AUGMENTED)
    grows = Stage(lr=0.001, batch_size=7, augmentation=SIDE_ON, freeze_to=0, size=16, grow_from=8, cycles=2)
    found["growing"] = losses(learner_of(), grows, 2 * AUGMENTED)
    again = Stage(lr=0.01, batch_size=7, freeze_to=0, size=16, cycles=3, freeze_early_after=1)
    found["refrozen"] = losses(learner_of(), again, 2 * AUGMENTED)
    for name, more in (("frozen", {}), ("precomputed", {"precompute": True})):
        head = learner_of()
        list(head.fit(Stage(lr=0.01, size=16, batch_size=7, cycles=2, **more)))
        found[name] = np.concatenate([p.detach().numpy().ravel() for p in head.model.head.parameters()])
    curve = range_test(whole, Stage(freeze_to=0, size=16, batch_size=7), RangeSettings(1e-5, 1e-2, 12))
    found["range test"] = np.array(curve.losses)
    after = losses(whole, Stage(lr=0.01, batch_size=7, **every), 5)
    found["after the range test"] = after
    fixed = learner_of()
    torch.nn.init.normal_(fixed.model.head[1].weight, generator=torch.Generator().manual_seed(0))
    found["activations"] = np.array(load_activations(fixed.model, data, 16, workspace))
    again = np.arange(max(SIZES)) % len(data.items)
    for size in SIZES:
        found[f"evaluated {size}"] = fixed.evaluate(again[:size], 16)[0]
    told = []
    fixed.progress = lambda what, done, total: told.append(done)
    fixed.evaluate(again, 16, stopped=lambda: len(told) >= 2)
    pixels = load_pixels(data, 16, workspace)
    found["augmented predictions"] = tta(fixed.model, pixels, again[:150], SIDE_ON)
    np.savez(out, **found)
    return 0


if __name__ == "__main__":
    from core.jobs.together import together

    sys.exit(together(lambda: main(*sys.argv[1:])))
