"""Does folding batch norm cost accuracy? Lesson 2's recipe with and without, the same seeds, in turn."""

import json
import tempfile
from typing import Any

from tests.benchmarks.report import arguments, median, python, show, timed

FORMS = {"folded": [], "not folded": ["--unfolded"]}


def main() -> None:
    parser = arguments(__doc__ or "", photos=True)
    chosen = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in FORMS}
    for seed in range(chosen.runs):
        for name, options in FORMS.items():
            with tempfile.TemporaryDirectory() as home:
                command = [python(), "-m", "core", "train", str(chosen.photos.resolve()), "--recipe", "lesson2"]
                command += ["--seed", str(seed), "--home", home, "--json", *options]
                found[name].append(json.loads(timed(command).output))
    rows = []
    for name, runs in found.items():
        accuracies = [run["accuracy"] for run in runs]
        mean = sum(accuracies) / len(accuracies)
        each = ", ".join(f"{accuracy:.1%}" for accuracy in accuracies)
        rows.append([name, f"{mean:.1%}", each, f"{median([run['seconds'] for run in runs]):.0f}"])
    title = f"Lesson 2 with batch norm folded and not, {chosen.runs} seeds"
    show(title, ["", "mean accuracy", "each seed", "seconds, median"], rows, found, chosen.out)


if __name__ == "__main__":
    main()
