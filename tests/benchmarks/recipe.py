"""Lesson 2's whole recipe from a cold start, Anneal beside fastai: seconds, accuracy, memory.

Both begin from photos on disk and ImageNet weights, in processes of their own, run in turn; everything counts from
the start of the process, imports included. Anneal's workspace is empty each time. Both train for the same number of
epochs with augmentation, on the head and on the whole network; before those Anneal's head trains for 20 epochs from
activations, and fastai's for 2 through the network.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Timed, arguments, median, python, show, timed

PARTS = (
    "Reading images",
    "Run ",
    "Computing activations",
    *(f"{what} {stage}" for stage in (1, 2, 3) for what in ("Finding the rate of stage", "Stage")),
    "Looking at the validation images",
)
"""How the progress of Anneal's parts begins; images are read and decoded while torch is imported."""

WHOLE = (("whole recipe (s)", "seconds"), ("peak memory (MB)", "peak_mb"))
"""Figures of a whole run, and their keys."""


def anneal(photos: Path, seed: int) -> dict[str, Any]:
    """One run of `python -m core train --recipe lesson2` in an empty workspace."""
    with tempfile.TemporaryDirectory() as home:
        command = [python(), "-m", "core", "train", str(photos), "--recipe", "lesson2", "--backbone"]
        command += ["efficientnet_lite0", "--size", "128", "--seed", str(seed), "--home", home, "--json"]
        run = timed(command)
        return {**_result(run, json.loads(run.output)["accuracy"]), "parts": parts(run)}


def parts(run: Timed) -> dict[str, float]:
    """Seconds from each first mention of a part in Anneal's progress to that of the next."""
    found = ((moment, next((part for part in PARTS if line.startswith(part)), "")) for moment, line in run.lines)
    starts = {"Start": 0.0}
    for moment, part in found:
        if part:
            starts.setdefault(part, moment)
    ends = [*list(starts.values())[1:], run.seconds]
    return {part: end - start for (part, start), end in zip(starts.items(), ends, strict=True)}


def fastai(photos: Path, seed: int) -> dict[str, Any]:
    """One run of the same steps in fastai."""
    peer = [python(), "-m", "tests.benchmarks.fastai_peer", str(photos), "--seed", str(seed)]
    run = timed(peer)
    said = json.loads(run.output)
    return {**_result(run, said["accuracy"]), "parts": said["parts"]}


def _result(run: Timed, accuracy: float) -> dict[str, Any]:
    found = [(moment, re.search(r"accuracy ([\d.]+)%", line)) for moment, line in run.lines]
    trace = [(moment, float(match.group(1)) / 100) for moment, match in found if match]
    return {"seconds": run.seconds, "accuracy": accuracy, "peak_mb": run.peak_mb, "trace": trace}


def reached(result: dict[str, Any], accuracy: float) -> float:
    """Seconds until the validation accuracy first was `accuracy`, as it is printed; NaN if it never was."""
    return next((moment for moment, at in result["trace"] if at >= round(accuracy, 3)), float("nan"))


def main() -> None:
    parser = arguments(__doc__ or "", photos=True)
    parser.add_argument("--alone", action="store_true", help="without fastai")
    chosen = parser.parse_args()
    photos = chosen.photos.resolve()
    ours, theirs = [], []
    for seed in range(chosen.runs):
        ours.append(anneal(photos, seed))
        if not chosen.alone:
            theirs.append(fastai(photos, seed))
    rows = _beside(ours, theirs) if theirs else _alone(ours)
    title = f"Lesson 2's recipe, cold start, {chosen.runs} {'interleaved ' if theirs else ''}runs, medians"
    rows += [
        [f"  {part.strip()} (s)", f"{median([one['parts'].get(part, 0.0) for one in ours]):.1f}", "", ""]
        for part in ours[0]["parts"]
    ]
    show(title, ["", "Anneal", "fastai", "ratio"], rows, {"anneal": ours, "fastai": theirs}, chosen.out)


def _beside(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[list[str]]:
    """The rows of a comparison."""
    finals = [result["accuracy"] for result in theirs]
    rows = []
    for name, key in WHOLE:
        mine, other = (median([result[key] for result in results]) for results in (ours, theirs))
        rows.append([name, f"{mine:.0f}", f"{other:.0f}", f"{other / mine:.1f}x"])
    mine, other = (
        median([reached(result, final) for result, final in zip(results, finals, strict=True)])
        for results in (ours, theirs)
    )
    rows.append(["until fastai's final accuracy (s)", f"{mine:.1f}", f"{other:.0f}", f"{other / mine:.0f}x"])
    return [*rows, ["accuracy, mean", _accuracy(ours), _accuracy(theirs), ""]]


def _alone(ours: list[dict[str, Any]]) -> list[list[str]]:
    """The rows without a peer."""
    rows = [[name, f"{median([result[key] for result in ours]):.0f}", "", ""] for name, key in WHOLE]
    return [*rows, ["accuracy, mean", _accuracy(ours), "", ""]]


def _accuracy(runs: list[dict[str, Any]]) -> str:
    return f"{sum(run['accuracy'] for run in runs) / len(runs):.1%}"


if __name__ == "__main__":
    main()
