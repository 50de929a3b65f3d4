"""The recipe's head from activations beside scikit-learn's logistic regression on the same activations.

The head is trained as the recipe's first stage is, at the rate that Anneal's range test suggests. The logistic
regression has its C from five-fold cross-validation (fewer folds where a class has fewer images) over 1e-3 to 10,
on the same training images. Both are judged on the validation images.
"""

import argparse
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegressionCV

from core.data.index import DataSet, load_data
from core.model.activations import load_activations
from core.model.backbones import build
from core.training.learner import Learner
from core.training.lr_finder import range_test
from core.training.recipes import enough_batches, lesson2
from core.training.records import EpochRecord
from core.training.stage import Stage
from core.training.sweeps import sweep_for
from core.workspace import Workspace
from tests.benchmarks.report import show

SETS = ("digits", "shapes:easy", "shapes:hard")
SHARES = (1.0, 0.5, 0.1)
SIDE = {"digits": 64}
SIDE_OF_OTHERS = 96
FOLDS = 5


@dataclass(frozen=True)
class Pair:
    """Validation accuracies (0..1) of the two heads, and the rate that the first was trained at."""

    name: str
    share: float
    seed: int
    lr: float
    head: float
    regression: float


def pair(data: DataSet, workspace: Workspace, share: float, seed: int, size: int) -> Pair:
    """Train both heads on `share` of the training images."""
    plan = enough_batches(lesson2(size), len(data.train_indices(share)))
    stage = plan.stages[0].model_copy(update={"share": share})
    model = build("efficientnet_lite0", data.classes, seed=seed, pretrained=True, folded=True)
    learner = Learner(model, data, workspace, seed=seed)
    found = range_test(learner, stage, sweep_for(only_the_head=True)).suggestion
    assert found is not None
    head = _trained(learner, stage.model_copy(update={"lr": (found.lr,)}))
    features = load_activations(model, data, size, workspace)
    train, valid = data.train_indices(share), data.indices("valid")
    folds = max(2, min(FOLDS, int(np.bincount(data.labels[train]).min())))
    regression = LogisticRegressionCV(
        Cs=np.logspace(-3, 1, 5),
        cv=folds,
        tol=1e-3,
        max_iter=1000,
        l1_ratios=(0,),
        use_legacy_attributes=False,
        scoring="accuracy",
    )
    regression.fit(features[train], data.labels[train])
    accuracy = float(regression.score(features[valid], data.labels[valid]))
    return Pair(data.title, share, seed, found.lr, head, accuracy)


def _trained(learner: Learner, stage: Stage) -> float:
    """Validation accuracy at the end of the stage."""
    return [record.accuracy for record in learner.fit(stage) if isinstance(record, EpochRecord)][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photos, measured as well")
    parser.add_argument("--sets", nargs="*", default=SETS, help=f"data sets (default: {' '.join(SETS)})")
    parser.add_argument("--shares", nargs="*", type=float, default=SHARES, help="shares of the training images")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each (default: 3)")
    parser.add_argument("--size", type=int, default=SIDE_OF_OTHERS, help="side of photos and shapes in pixels")
    parser.add_argument("--out", default="", help="write the result to this file as JSON")
    chosen = parser.parse_args()
    pairs: list[Pair] = []
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.at(home)
        for spec in [*chosen.sets, *(str(photos.resolve()) for photos in chosen.photos)]:
            data = load_data(spec, workspace)
            for share in chosen.shares:
                for seed in range(chosen.seeds):
                    pairs.append(pair(data, workspace, share, seed, SIDE.get(spec, chosen.size)))
                    print(pairs[-1], flush=True)
    rows = []
    for name, share in dict.fromkeys((found.name, found.share) for found in pairs):
        mine = [found for found in pairs if (found.name, found.share) == (name, share)]
        head, regression = (100 * np.mean([getattr(found, what) for found in mine]) for what in ("head", "regression"))
        rates = ", ".join(f"{found.lr:.1e}" for found in mine)
        rows.append([f"{name} x{share:g}", f"{head:.1f}", f"{regression:.1f}", f"{head - regression:+.1f}", rates])
    header = ["training images", "head (%)", "logistic regression (%)", "points", "rates"]
    result = [asdict(found) for found in pairs]
    show(f"The head beside logistic regression, {chosen.seeds} seeds", header, rows, {"pairs": result}, chosen.out)


if __name__ == "__main__":
    main()
