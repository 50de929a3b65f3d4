"""The study of a run's restarts: the loss between its snapshots, their map, an ensemble and an average of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.data.index import DataSet, Indices
from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.lines import MOST_IMAGES, STATISTICS, Bench, some_of
from core.jobs.restore import model_of
from core.jobs.studies.pace import Pace
from core.model.machine import copied_to_cpu
from core.results.restarts import AVERAGE, ENSEMBLE, Gain, Map, Place, RestartsAnswer
from core.results.studies import Restarts
from core.results.weights import Plane, Weights, averaged, same_backbone
from core.runs.checkpoint import read_snapshot_meta, read_weights, write_weights
from core.runs.folder import RunFolder
from core.runs.names import CYCLE
from core.runs.studies import average_path
from core.training.feeds import Images
from core.training.trial_statistics import paired_losses
from core.workspace import timestamp

SIDE = 9
"""Points of the map along each side."""

MARGIN = 0.25
"""How far the map reaches past the three snapshots, as a share of their extent."""

TOO_FEW = "The straight line needs two snapshots at the ends of cycles. Train a second cycle first."
OTHER_SIZES = (
    "The snapshots were trained on images of different sizes, so their losses cannot be compared. Only those of the "
    "last size are studied; it has fewer than two."
)


def study_restarts(control: JobControl, question: Restarts) -> RestartsAnswer:
    """Measure what the question asks about; raises `RunError` where fewer than two of the snapshots fit together."""
    folder = control.folder
    names, size = _of_one_size(folder, question.snapshots)
    found = _Study.of(control, names, size)
    bench, states, pace = found.bench, found.states, found.pace
    lines = [bench.line(first, second, states[first], states[second], pace) for first, second in pairwise(names)]
    gains = found.gains(_last_stage(folder, names))
    return RestartsAnswer(lines=tuple(lines), map=found.map(names), gains=gains, images=len(bench.few), size=size)


def _of_one_size(folder: RunFolder, snapshots: Sequence[str]) -> tuple[list[str], int]:
    """Those of the snapshots that were trained at the size of the last one, and that size."""
    if len(snapshots) < 2:
        raise RunError(TOO_FEW)
    sizes = {name: read_snapshot_meta(folder.snapshot_path(name)).size for name in snapshots}
    size = sizes[snapshots[-1]]
    names = [name for name in snapshots if sizes[name] == size]
    if len(names) < 2:
        raise RunError(OTHER_SIZES)
    return names, size


def _last_stage(folder: RunFolder, names: Sequence[str]) -> list[str]:
    """The snapshots of the last stage that has two of them or more; all of them where no stage has."""
    stages = {row["cycle"]: row["stage"] for row in folder.history.rows("cycle")}
    by_stage: dict[int, list[str]] = {}
    for name in names:
        by_stage.setdefault(stages.get(int(name.removeprefix(CYCLE)), -1), []).append(name)
    several = [members for members in by_stage.values() if len(members) > 1]
    return several[-1] if several else list(names)


@dataclass
class _Study:
    """The snapshots' weights, and the bench that weights are measured on."""

    control: JobControl
    states: dict[str, Weights]
    bench: Bench
    data: DataSet
    pace: Pace

    @classmethod
    def of(cls, control: JobControl, names: Sequence[str], size: int) -> "_Study":
        folder, data = control.folder, control.folder.data()
        pace = Pace(control)
        model = model_of(folder, names[-1])
        states: dict[str, Weights] = {name: read_weights(folder.snapshot_path(name)) for name in names}
        images = Images(load_pixels(data, size, control.workspace, pace), model.mean.device)
        few, train = some_of(data, "valid", MOST_IMAGES), some_of(data, "train", STATISTICS)
        return cls(control, states, Bench(model, images, data.labels, few, train, control.check), data, pace)

    def map(self, names: Sequence[str]) -> Map | None:
        """The plane through the first, the middle and the last of the last snapshots that span one."""
        if len(names) < 3:
            return None
        through = (names[-3], names[-2], names[-1])
        plane = Plane.through(*(self.states[name] for name in through))
        if plane is None:
            return None
        places = [Place(name=name, **_place(plane, self.states[name])) for name in names]
        three = [place for place in places if place.name in through]
        xs, ys = _around([place.x for place in three]), _around([place.y for place in three])
        few = self.bench.few[: MOST_IMAGES // 4]
        one_backbone = same_backbone([self.states[name] for name in through])
        features = self.bench.features(self.states[names[-1]], few) if one_backbone else None
        rows = []
        for j, y in enumerate(ys):
            row = []
            for i, x in enumerate(xs):
                self.pace("Drawing the map", j * SIDE + i, SIDE * SIDE)
                losses, _ = self.bench.measured(plane.at(x, y), few, features)
                row.append(float(losses.mean()))
            rows.append(tuple(row))
        return Map(through=through, xs=xs, ys=ys, losses=tuple(rows), places=tuple(places), images=len(few))

    def gains(self, members: Sequence[str]) -> tuple[Gain, ...]:
        """The ensemble and the average of `members` beside the best single one, on all validation images."""
        valid, labels = self.data.indices("valid"), self.data.labels[self.data.indices("valid")]
        found = {}
        for count, name in enumerate(members):
            self.pace("Predicting with each snapshot", count, len(members))
            found[name] = self._probabilities(self.states[name], valid, own_statistics=True)
        single = max(members, key=lambda name: ((found[name].argmax(1) == labels).mean(), -_loss(found[name], labels)))
        mean = np.mean(list(found.values()), axis=0)
        average = averaged([self.states[name] for name in members])
        of_average = self._probabilities(average, valid, own_statistics=False)
        both = ((ENSEMBLE, mean), (AVERAGE, of_average))
        gains = tuple(_gain(kind, members, one, single, found[single], labels) for kind, one in both)
        self._keep(members[-1], gains[-1])
        return gains

    def _keep(self, last: str, gain: Gain) -> None:
        """Keep the averaged weights, which the network has now, beside the answer: they can become a snapshot."""
        folder = self.control.folder
        about = read_snapshot_meta(folder.snapshot_path(last))
        about = about.model_copy(update={"accuracy": gain.accuracy, "valid_loss": gain.loss, "created": timestamp()})
        write_weights(average_path(folder), copied_to_cpu(self.bench.model.state_dict().items()), about)

    def _probabilities(self, state: Weights, indices: Indices, *, own_statistics: bool) -> NDArray[np.float64]:
        logits = self.bench.logits(state, indices, own_statistics=own_statistics, features=None)
        found: NDArray[np.float64] = logits.double().softmax(dim=1).cpu().numpy()
        return found


def _place(plane: Plane, state: Weights) -> dict[str, float]:
    x, y, away = plane.coordinates(state)
    return {"x": x, "y": y, "away": away}


def _around(values: Sequence[float]) -> tuple[float, ...]:
    """`SIDE` evenly spaced numbers over the values and a margin on both sides."""
    low, high = min(values), max(values)
    margin = MARGIN * (high - low)
    return tuple(np.linspace(low - margin, high + margin, SIDE).tolist())


def _losses(probabilities: NDArray[np.float64], labels: Indices) -> NDArray[np.float64]:
    losses: NDArray[np.float64] = -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-38, 1))
    return losses


def _loss(probabilities: NDArray[np.float64], labels: Indices) -> float:
    return float(_losses(probabilities, labels).mean())


def _gain(
    kind: str,
    members: Sequence[str],
    found: NDArray[np.float64],
    single: str,
    of_single: NDArray[np.float64],
    labels: Indices,
) -> Gain:
    right, before = found.argmax(1) == labels, of_single.argmax(1) == labels
    _, _, loss_p = paired_losses(_losses(found, labels)[None], _losses(of_single, labels)[None])
    return Gain(
        kind=kind,
        members=tuple(members),
        accuracy=float(right.mean()),
        loss=_loss(found, labels),
        single=single,
        single_accuracy=float(before.mean()),
        single_loss=_loss(of_single, labels),
        fixed=int((right & ~before).sum()),
        broken=int((before & ~right).sum()),
        images=len(labels),
        loss_p=loss_p,
    )
