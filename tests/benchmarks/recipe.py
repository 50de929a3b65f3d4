"""Lesson 2's whole recipe from a cold start, Anneal beside fastai: seconds, accuracy, memory.

Both begin from photos on disk and ImageNet weights, in processes of their own, run in turn; everything counts from
the start of the process, imports included. Anneal's workspace is empty each time. Both train for the same number of
epochs with augmentation, on the head and on the whole network; before those Anneal's head trains for 20 epochs from
activations, and fastai's for 2 through the network. With `--own-recipe` fastai's own `fine_tune(10)` at its default
rate runs too, once; with `--frozen-norm` fastai runs a second time, its pretrained batch norm in evaluation mode. With
`--grow-from` Anneal runs again with images that grow; with `--early-to-the-end` once more, with the early layers
trained to the end, as fastai trains them, and with `--bare` without the measuring after each cycle, which fastai
has not.

Where other work shares the machine, compare processor seconds, with `OMP_NUM_THREADS=1`: threads that wait for each
other spend them too.
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

WHOLE = (("whole recipe (s)", "seconds"), ("processor seconds", "processor"), ("peak memory (MB)", "peak_mb"))
"""Figures of a whole run, and their keys."""


def anneal(photos: Path, seed: int, *more: str) -> dict[str, Any]:
    """One run of `python -m core train --recipe lesson2` in an empty workspace, with `more` options."""
    with tempfile.TemporaryDirectory() as home:
        command = [python(), "-m", "core", "train", str(photos), "--recipe", "lesson2", "--backbone"]
        command += ["efficientnet_lite0", "--size", "128", "--seed", str(seed), "--home", home, "--json", *more]
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


def fastai(photos: Path, seed: int, *more: str) -> dict[str, Any]:
    """One run of the same steps in fastai, or of what the options `more` of the peer say."""
    peer = [python(), "-m", "tests.benchmarks.fastai_peer", str(photos), "--seed", str(seed), *more]
    run = timed(peer)
    said = json.loads(run.output)
    return {**_result(run, said["accuracy"]), "parts": said["parts"]}


def _result(run: Timed, accuracy: float) -> dict[str, Any]:
    found = [(moment, re.search(r"accuracy ([\d.]+)%", line)) for moment, line in run.lines]
    shown = zip(found, run.spent, strict=True)
    trace = [(moment, spent, float(match.group(1)) / 100) for (moment, match), spent in shown if match]
    figures = {"seconds": run.seconds, "processor": run.processor, "accuracy": accuracy, "peak_mb": run.peak_mb}
    return {**figures, "trace": trace}


def reached(result: dict[str, Any], accuracy: float) -> tuple[float, float]:
    """Wall and processor seconds until the validation accuracy first was `accuracy`, as it is printed, or NaN."""
    never = float("nan"), float("nan")
    return next(((moment, spent) for moment, spent, at in result["trace"] if at >= round(accuracy, 3)), never)


def main() -> None:
    parser = arguments(__doc__ or "", photos=True)
    parser.add_argument("--alone", action="store_true", help="without fastai")
    parser.add_argument("--own-recipe", action="store_true", help="fastai's fine_tune(10) too, one run of each kind")
    parser.add_argument("--frozen-norm", action="store_true", help="fastai with batch norm in evaluation mode too")
    parser.add_argument("--grow-from", metavar="PX", help="Anneal again with images that grow, in as many runs")
    parser.add_argument("--early-to-the-end", action="store_true", help="Anneal again, its early layers never frozen")
    parser.add_argument("--bare", action="store_true", help="Anneal again, without measuring after each cycle")
    chosen = parser.parse_args()
    photos = chosen.photos.resolve()
    other_ways: dict[str, list[str]] = {}
    if chosen.grow_from is not None:
        other_ways["images that grow"] = ["--grow-from", chosen.grow_from]
    if chosen.early_to_the_end:
        other_ways["early layers to the end"] = ["--freeze-early-after", "0"]
    if chosen.bare:
        other_ways["nothing measured after cycles"] = ["--no-measure-after-cycle"]
    ours, theirs = [], []
    otherwise: dict[str, list[dict[str, Any]]] = {name: [] for name in other_ways}
    for seed in range(chosen.runs):
        ours.append(anneal(photos, seed))
        if not chosen.alone:
            theirs.append(fastai(photos, seed))
        for name, options in other_ways.items():
            otherwise[name].append(anneal(photos, seed, *options))
    rows = _beside(ours, theirs) if theirs else _alone(ours)
    for name, runs in otherwise.items():
        rows += _another_way(name, ours, runs)
    others = _others(photos, own_recipe=chosen.own_recipe, frozen_norm=chosen.frozen_norm)
    for name, other in others.items():
        rows += _against(name, ours, other)
    title = f"Lesson 2's recipe, cold start, {chosen.runs} {'interleaved ' if theirs else ''}runs, medians"
    rows += [
        [f"  {part.strip()} (s)", f"{median([one['parts'].get(part, 0.0) for one in ours]):.1f}", "", ""]
        for part in ours[0]["parts"]
    ]
    show(
        title,
        ["", "Anneal", "fastai", "ratio"],
        rows,
        {"anneal": ours, **otherwise, "fastai": theirs, **others},
        chosen.out,
    )


def _beside(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[list[str]]:
    """The rows of a comparison."""
    finals = [result["accuracy"] for result in theirs]
    rows = []
    for name, key in WHOLE:
        mine, other = (median([result[key] for result in results]) for results in (ours, theirs))
        rows.append([name, f"{mine:.0f}", f"{other:.0f}", f"{other / mine:.1f}x"])
    mine, other = (
        median([reached(result, final)[0] for result, final in zip(results, finals, strict=True)])
        for results in (ours, theirs)
    )
    rows.append(["until fastai's final accuracy (s)", f"{mine:.1f}", f"{other:.0f}", f"{other / mine:.0f}x"])
    return [*rows, ["accuracy, mean", _accuracy(ours), _accuracy(theirs), ""]]


def _another_way(what: str, ours: list[dict[str, Any]], runs: list[dict[str, Any]]) -> list[list[str]]:
    """The rows of Anneal with other options."""
    rows = []
    for name, key in WHOLE:
        mine, other = (median([run[key] for run in each]) for each in (ours, runs))
        rows.append([f"{what}: {name}", f"{other:.0f}", "", f"{mine / other:.2f}x of Anneal without"])
    singles = ", ".join(f"{run['accuracy']:.1%}" for run in runs)
    return [*rows, [f"{what}: accuracy, mean", f"{_accuracy(runs)} ({singles})", "", ""]]


def _others(photos: Path, *, own_recipe: bool, frozen_norm: bool) -> dict[str, dict[str, Any]]:
    """One run each of what fastai does otherwise, by what it is called."""
    asked = {}
    if own_recipe:
        asked["fine_tune(10)"] = ["--job", "fine-tune"]
    if frozen_norm:
        asked["fastai, frozen norm"] = ["--frozen-norm"]
    if own_recipe and frozen_norm:
        asked["fine_tune(10), frozen norm"] = ["--job", "fine-tune", "--frozen-norm"]
    return {name: fastai(photos, 0, *more) for name, more in asked.items()}


def _against(name: str, ours: list[dict[str, Any]], other: dict[str, Any]) -> list[list[str]]:
    """What it took and reached, and the processor seconds after which Anneal had reached that: medians."""
    whole, mine = other["processor"], median([run["processor"] for run in ours])
    until = median([reached(run, other["accuracy"])[1] for run in ours])
    return [
        [f"{name}: processor seconds", f"{mine:.0f}", f"{whole:.0f}", f"{whole / mine:.1f}x"],
        [f"{name}: until its accuracy", f"{until:.1f}", f"{whole:.0f}", f"{whole / until:.0f}x"],
        [f"{name}: accuracy", _accuracy(ours), f"{other['accuracy']:.1%}", ""],
    ]


def _alone(ours: list[dict[str, Any]]) -> list[list[str]]:
    """The rows without a peer."""
    rows = [[name, f"{median([result[key] for result in ours]):.0f}", "", ""] for name, key in WHOLE]
    return [*rows, ["accuracy, mean", _accuracy(ours), "", ""]]


def _accuracy(runs: list[dict[str, Any]]) -> str:
    return f"{sum(run['accuracy'] for run in runs) / len(runs):.1%}"


if __name__ == "__main__":
    main()
