"""The parts of a training one by one, Anneal beside fastai and beside the bare network: epochs, range tests, features.

Processes of their own in turn; seconds are medians. "Bare" is forward, backward and step (or the folded forward) on a
batch in memory, taken in turn with the loop that it stands beside.
"""

import json
from typing import Any

from core.process.launch import environment
from tests.benchmarks.report import arguments, median, python, show, timed


def main() -> None:
    parser = arguments(__doc__ or "", photos=True)
    parser.add_argument("--alone", action="store_true", help="without fastai")
    chosen = parser.parse_args()
    photos = str(chosen.photos.resolve())
    jobs = {"anneal": ["tests.benchmarks.anneal_parts"], "unfolded": ["tests.benchmarks.anneal_parts", "--unfolded"]}
    if not chosen.alone:
        jobs["fastai"] = ["tests.benchmarks.fastai_peer", "--job", "parts"]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in jobs}
    for _ in range(chosen.runs):
        for name, module in jobs.items():
            own = environment() if name != "fastai" else None
            found[name].append(json.loads(timed([python(), "-m", *module, photos], own).output))

    def of(name: str, part: str) -> float:
        return median([run[part] for run in found.get(name, [])])

    def ratio(part: str, peer: str, mine: str = "anneal") -> list[str]:
        ours, theirs = of(mine, part), of("fastai", peer)
        return [f"{ours:.2f}", f"{theirs:.1f}", f"{theirs / ours:.1f}x"]

    epoch = "unfrozen epoch"
    loops = [run["bare steps"] / run["loop"] for run in found["anneal"]]
    passes = [run["bare pass"] / run["feature pass"] for run in found["anneal"]]
    share = of("anneal", "head epoch, activations") / of("anneal", "frozen epoch")
    rows = [
        [f"{epoch} with augmentation (s)", *ratio(epoch, epoch), "2.5x"],
        [f"{epoch}, batch norm not folded (s)", *ratio(epoch, epoch, "unfolded"), ""],
        ["range test from activations (s)", *ratio("range test, precomputed", "range test, frozen"), "10x"],
        ["range test, unfrozen (s)", *ratio("range test, unfrozen", "range test, unfrozen"), "2x"],
        ["training loop beside bare steps", f"{of('anneal', 'loop'):.1f}", "", f"{median(loops):.2f}", "0.95"],
        ["feature pass beside bare forward", f"{of('anneal', 'feature pass'):.1f}", "", f"{median(passes):.2f}", "0.9"],
        ["head epoch from activations, of a frozen one", f"{of('anneal', 'head epoch, activations'):.3f}", "",
         f"{share:.2%}", "1%"],
    ]  # fmt: skip
    title = f"Parts of a training, {chosen.runs} interleaved runs, medians"
    show(title, ["", "Anneal", "fastai", "ratio", "wanted"], rows, found, chosen.out)


if __name__ == "__main__":
    main()
