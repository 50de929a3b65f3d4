"""The study of what an augmentation buys: a short training with it and one without, from where the run began."""

import numpy as np
import torch
from numpy.typing import NDArray

from core.augment import NONE, Augmentation
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.restore import first_model
from core.jobs.studies.pace import Pace
from core.results.augmentation_gain import AugmentationAnswer, gain
from core.results.studies import AugmentationGain
from core.training.learner import Learner
from core.training.position import LearnerState
from core.training.stage import Stage

HEAD = Stage(freeze_to=-1, lr=(1e-3,), cycle_len=3)
WHOLE = Stage(freeze_to=0, lr=(5e-3,), group_ratio=1.0, schedule="one-cycle", cycle_len=5)
"""What is trained of a pretrained network, and of one from scratch: at the customary rates of both."""


def study_augmentation(control: JobControl, question: AugmentationGain) -> AugmentationAnswer:
    """Train with and without it, `repeats` times each with a seed of its own, and judge all of them.

    Raises `RunError` for an augmentation that changes nothing.
    """
    folder, data, how = control.folder, control.folder.data(), question.augmentation
    if how == NONE:
        raise RunError("These settings change nothing, so there is nothing to compare. Choose an augmentation.")
    model, pace = first_model(folder), Pace(control)
    learner = Learner(model, data, control.workspace, seed=folder.info.seed)
    stage = (HEAD if model.pretrained else WHOLE).model_copy(update={"size": folder.info.size})
    labels = data.labels[data.indices("valid")]
    start, found = learner.state(), {}
    runs = [(repeat, augmentation) for repeat in range(question.repeats) for augmentation in (NONE, how)]
    for done, (repeat, augmentation) in enumerate(runs):
        probabilities, losses = _trained(learner, start, stage, augmentation, repeat, pace, done, len(runs))
        found[repeat, augmentation] = probabilities.argmax(1) == labels, losses.astype(np.float64)

    def of(augmentation: Augmentation, part: int) -> NDArray[np.float64]:
        return np.stack([found[repeat, augmentation][part] for repeat in range(question.repeats)])

    return gain(
        of(NONE, 0).astype(np.bool_),
        of(how, 0).astype(np.bool_),
        of(NONE, 1),
        of(how, 1),
        labels,
        data.classes,
        name=how.name,
        what="the head" if model.pretrained else "the whole network",
        epochs=stage.epochs,
        lr=max(stage.lr or (0.0,)),
    )


def _trained(
    learner: Learner,
    start: LearnerState,
    stage: Stage,
    how: Augmentation,
    repeat: int,
    pace: Pace,
    done: int,
    count: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities and losses of the validation images after one training, whose seed is the run's plus `repeat`."""
    learner.load_state(LearnerState({name: value.clone() for name, value in start.tensors.items()}, start.meta))
    learner.seed = start.meta.seed + repeat
    chosen = stage.model_copy(update={"augmentation": how, "precompute": how == NONE and stage.freeze_to == -1})
    label = f"Training {done + 1} of {count}, {'without' if how == NONE else 'with'} it"
    for record in learner.fit(chosen):
        if record.kind == "epoch":
            pace(label, record.epoch - start.meta.position.epoch, stage.epochs)
        elif record.kind == "step":
            pace.check()
    with torch.inference_mode():
        return learner.evaluate(learner.data.indices("valid"), stage.size)
