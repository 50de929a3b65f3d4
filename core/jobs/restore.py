"""A run's network with the weights of its checkpoint or of a snapshot."""

from torch import Tensor

from core.errors import RunError, WeightsUnavailableError
from core.model.backbones import build
from core.model.classifier import Classifier
from core.model.ensemble import ensemble
from core.results.weights import same_backbone
from core.runs.checkpoint import (
    CheckpointMeta,
    member_part,
    model_part,
    read_meta,
    read_snapshot_meta,
    read_weights,
)
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.training.learner import Learner
from core.training.position import LearnerState
from core.workspace import Progress, no_progress


def model_of(folder: RunFolder, snapshot: str = LATEST) -> Classifier:
    """The run's network, in evaluation mode, as a snapshot or the last checkpoint has it; for an ensemble, all of them.

    Raises `RunError` when there are no such weights, or they are damaged or of another network.
    """
    path = folder.snapshot_path(snapshot)
    if not path.exists():
        what = "Nothing has been trained in this run yet" if snapshot == LATEST else f"There is no snapshot {snapshot}"
        raise RunError(f"{what}. Train a stage first.")
    tensors = read_weights(path)
    members = () if snapshot == LATEST else read_snapshot_meta(path).members
    if not members:
        return _filled(folder, model_part(tensors) if snapshot == LATEST else tensors, snapshot)
    parts = [member_part(tensors, place) for place in range(len(members))]
    models = [_filled(folder, part, snapshot) for part in parts]
    return ensemble(models, shared=same_backbone(parts))


def _filled(folder: RunFolder, tensors: dict[str, Tensor], snapshot: str) -> Classifier:
    """The run's network with these weights; raises `RunError` where they are of another one."""
    model = _built(folder, fetch=False)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise RunError(f"The weights of {snapshot} are of another network, so this run cannot use them.") from error
    return model.eval()


def first_model(folder: RunFolder) -> Classifier:
    """The network that the run began with, before any training, in evaluation mode.

    Raises `WeightsUnavailableError` when its pretrained weights are not available now.
    """
    return _built(folder, fetch=True)


def learner_of(folder: RunFolder, progress: Progress = no_progress) -> tuple[Learner, CheckpointMeta | None]:
    """A learner at the run's checkpoint, and that checkpoint's header; without a checkpoint, a new learner and None."""
    meta = read_meta(folder.checkpoint)
    model = _built(folder, fetch=meta is None)
    info = folder.info
    watch = info.pretrained == model.pretrained and (info.pretrained or info.first_seed is not None)
    learner = Learner(model, folder.data(), folder.workspace, seed=info.seed, progress=progress, watch=watch)
    if meta is not None:
        learner.load_state(LearnerState(read_weights(folder.checkpoint), meta.learner))
    return learner, meta


def _built(folder: RunFolder, *, fetch: bool) -> Classifier:
    """The network with its first weights; without `fetch`, random ones where the pretrained ones are not available."""
    info = folder.info
    seed = info.seed if info.first_seed is None else info.first_seed
    try:
        return build(info.backbone, info.classes, seed=seed, pretrained=info.pretrained, folded=info.folded)
    except WeightsUnavailableError:
        if fetch:
            raise
        return build(info.backbone, info.classes, seed=seed, pretrained=False, folded=info.folded)
