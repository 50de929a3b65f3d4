"""Spoiled labels among the first suspects: Anneal's queue beside cleanlab's, on the same activations.

Of the training labels, 5 % are replaced by another class at random. Counted is how many of them are among the first
suspects, twice as many as were spoiled, and the seconds from activations to the list. cleanlab, where it is installed,
ranks on the same activations: once by the probabilities of the same cross-validated heads, and once with its own
cross-validation of scikit-learn's logistic regression. It is no dependency of Anneal; 2.9.0, whose wheel says
Apache-2.0, was compared.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.data.index import DataSet, load_data
from core.model.activations import load_activations
from core.model.backbones import build
from core.results.heads import Features, Labels
from core.results.label_errors import held_out_probabilities
from core.results.suspects import find_suspects
from core.workspace import Workspace
from tests.benchmarks.report import arguments, median, show

SHARE = 0.05
SIZE = 128
NONE = "not installed"


@dataclass(frozen=True)
class Spoiled:
    """A data set with labels spoiled on purpose: those of the items at `wrong`."""

    data: DataSet
    wrong: Labels


def spoil(data: DataSet, seed: int) -> Spoiled:
    """Give 5 % of the training images another class, drawn at random."""
    draws = np.random.default_rng(seed)
    train, classes = data.indices("train"), len(data.classes)
    wrong = draws.choice(train, round(SHARE * len(train)), replace=False)
    labels = data.labels.copy()
    for i in wrong:
        labels[i] = (labels[i] + draws.integers(1, classes)) % classes
    return Spoiled(replace(data, items=data.items.with_labels(labels)), wrong)


def found_share(spoiled: Spoiled, ranked: Labels) -> float:
    """Share (0..1) of the spoiled images among the first training images of `ranked`, twice as many as were spoiled."""
    train = set(spoiled.data.indices("train").tolist())
    first = [i for i in ranked.tolist() if i in train][: 2 * len(spoiled.wrong)]
    return len(set(first) & set(spoiled.wrong.tolist())) / len(spoiled.wrong)


def ours(spoiled: Spoiled, features: Features) -> Labels:
    """Positions of the probable label errors in the order of the queue."""
    places = {item.name: i for i, item in enumerate(spoiled.data.items)}
    answer = find_suspects(spoiled.data, features, size=SIZE)
    return np.array([places[one.image] for one in answer.suspects if one.kind == "label"], dtype=np.int64)


def cleanlab_on_our_heads(spoiled: Spoiled, features: Features) -> Labels:
    """cleanlab's ranking by the probabilities of the same heads."""
    from cleanlab.filter import find_label_issues

    labels = spoiled.data.labels
    held_out = held_out_probabilities(features, labels, np.arange(len(labels)), classes=len(spoiled.data.classes))
    return np.asarray(
        find_label_issues(labels, held_out, return_indices_ranked_by="self_confidence", n_jobs=1), dtype=np.int64
    )


def cleanlab_alone(spoiled: Spoiled, features: Features) -> Labels:
    """cleanlab's `CleanLearning` about scikit-learn's logistic regression, by label quality."""
    from cleanlab.classification import CleanLearning

    learning = CleanLearning(LogisticRegression(max_iter=200), cv_n_folds=5, seed=0)
    scores: NDArray[np.float64] = learning.find_label_issues(features, spoiled.data.labels)["label_quality"].to_numpy()
    return np.argsort(scores, kind="stable")


METHODS: dict[str, Callable[[Spoiled, Features], Labels]] = {
    "Anneal (all kinds of suspects)": ours,
    "cleanlab, Anneal's heads": cleanlab_on_our_heads,
    "cleanlab, its own cross-validation": cleanlab_alone,
}


def main() -> None:
    chosen = arguments(str(__doc__), photos=True).parse_args()
    values: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.at(home)
        data = load_data(str(chosen.photos.resolve()), workspace)
        model = build("efficientnet_lite0", data.classes, seed=0, pretrained=True, folded=True).eval()
        features = np.asarray(load_activations(model, data, SIZE, workspace))
        for seed in range(chosen.runs):
            spoiled = spoil(data, seed)
            for name, method in METHODS.items():
                began = time.monotonic()
                try:
                    ranked = method(spoiled, features)
                except ModuleNotFoundError:
                    continue
                values[name].append((found_share(spoiled, ranked), time.monotonic() - began))
                print(f"seed {seed}, {name}: {values[name][-1][0]:.1%}, {values[name][-1][1]:.1f} s", flush=True)
    rows = []
    for name, pairs in values.items():
        shares, seconds = [share for share, _ in pairs], [taken for _, taken in pairs]
        spread = f"{min(shares):.0%} to {max(shares):.0%}" if shares else NONE
        rows.append(
            [name, f"{100 * float(np.mean(shares)):.1f} %" if shares else NONE, spread, f"{median(seconds):.1f}"]
        )
    header = ["method", "found (mean)", "range", "seconds"]
    title = f"Spoiled labels among the first suspects, {chosen.runs} seeds"
    show(title, header, rows, {"values": {name: list(pairs) for name, pairs in values.items()}}, chosen.out)


if __name__ == "__main__":
    main()
