"""One process beside several under torchrun, on the same run: losses, activations, evaluation and speed.

`python -m tests.benchmarks.ranks photos/ --processes 2 4`; `--hosts` adds two processes in two network namespaces that
stand for two machines (Linux, as root).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SIZE, BATCH, STEPS = 64, 16, 50

Found = dict[str, Any]

PLAN = {
    "stages": [
        {"precompute": True, "lr": [0.003], "size": SIZE, "batch_size": BATCH},
        {"freeze_to": 0, "lr": [0.00001], "size": SIZE, "batch_size": BATCH},
    ]
}
"""At the rates that one would train with, two sums in another order grow apart within some ten batches, whatever the
number of processes; at a low one it can be seen that nothing else differs."""

ADDRESSES = ("10.113.0.1", "10.113.0.2")


def main() -> None:
    """Run them one after the other, and print what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ranks", description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 4], metavar="N")
    parser.add_argument("--unfolded", action="store_true", help="with batch norm that is trained")
    parser.add_argument("--hosts", action="store_true", help="also two processes in two network namespaces")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "plan.json").write_text(json.dumps(PLAN))
        arguments = ["train", str(options.photos.resolve()), "--plan", str(root / "plan.json"), "--json"]
        arguments += ["--unfolded"] if options.unfolded else []
        expected = _measured(root / "1", [[sys.executable, "-m", "core", *arguments]])
        _say("1 process", expected, expected)
        for count in options.processes:
            launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count), "-m", "core"]
            _say(f"{count} processes", _measured(root / str(count), [[*launcher, *arguments]]), expected)
        if options.hosts:
            _say("2 namespaces", _on_two_hosts(root / "hosts", arguments), expected)


def _measured(home: Path, commands: list[list[str]]) -> Found:
    """What commands that run at the same time leave in a workspace, the first of them being rank 0's."""
    env = {**os.environ, "ANNEAL_HOME": str(home), "OMP_NUM_THREADS": "1", "ANNEAL_WARM": "0"}
    began = time.perf_counter()
    processes = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for command in commands
    ]
    said = [process.communicate() for process in processes]
    seconds = time.perf_counter() - began
    if any(process.returncode for process in processes):
        sys.exit("\n".join(error.decode()[-2000:] for _, error in said))
    (run,) = (home / "runs").iterdir()
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    (activations,) = (home / "activations").glob("*.npy")
    with np.load(run / "predictions" / "latest-valid.npz", allow_pickle=False) as file:
        labels = file["labels"]
    steps = [row for row in rows if row["kind"] == "step" and row["stage"] > 0]
    return {
        "losses": np.array([row["loss"] for row in steps]),
        "speed": float(np.median([row["images_per_s"] for row in steps])),
        "activations": np.load(activations),
        "evaluated": len(labels),
        "accuracy": [row["accuracy"] for row in rows if row["kind"] == "epoch"],
        "seconds": seconds,
    }


def _say(name: str, found: Found, expected: Found) -> None:
    losses, others = found["losses"][:STEPS], expected["losses"][:STEPS]
    apart = float(np.max(np.abs(losses - others) / others))
    same = np.array_equal(found["activations"], expected["activations"])
    print(
        f"{name:14} losses of {len(losses)} steps apart by {apart:.1e} (relative), activations "
        f"{'identical' if same else 'DIFFER'}, {found['evaluated']} images evaluated, "
        f"accuracy {found['accuracy'][-1]:.4f}, {found['speed']:.0f} images/s, {found['seconds']:.0f} s",
        flush=True,
    )


def _on_two_hosts(home: Path, arguments: list[str]) -> Found:
    """The same in two network namespaces, joined by a virtual cable, which have nothing else in common but the disk."""
    names = [f"anneal-{os.getpid()}-{end}" for end in "ab"]
    cables = [f"an{os.getpid() % 100000}{end}" for end in "ab"]

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", cables[0], "type", "veth", "peer", "name", cables[1])
        for name, cable, address in zip(names, cables, ADDRESSES, strict=True):
            ip("link", "set", cable, "netns", name)
            ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            ip("-n", name, "link", "set", cable, "up")
            ip("-n", name, "link", "set", "lo", "up")
        commands = []
        for place, (name, cable) in enumerate(zip(names, cables, strict=True)):
            entering = ["ip", "netns", "exec", name, "env", f"GLOO_SOCKET_IFNAME={cable}"]
            launcher = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
            meeting = ["--node-rank", str(place), "--master-addr", ADDRESSES[0], "--master-port", "29511"]
            commands.append([*entering, *launcher, *meeting, "-m", "core", *arguments])
        return _measured(home, commands)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


if __name__ == "__main__":
    main()
