"""A run's network with the weights of its checkpoint or of a snapshot."""

from core.errors import RunError, WeightsUnavailableError
from core.model.backbones import build
from core.model.classifier import Classifier
from core.runs.checkpoint import CheckpointMeta, model_part, read_meta, read_weights
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.training.learner import Learner
from core.training.position import LearnerState
from core.workspace import Progress, no_progress


def model_of(folder: RunFolder, snapshot: str = LATEST) -> Classifier:
    """The run's network, in evaluation mode, as a snapshot or the last checkpoint has it.

    Raises `RunError` when there are no such weights, or they are damaged or of another network.
    """
    path = folder.snapshot_path(snapshot)
    if not path.exists():
        what = "Nothing has been trained in this run yet" if snapshot == LATEST else f"There is no snapshot {snapshot}"
        raise RunError(f"{what}. Train a stage first.")
    tensors = read_weights(path)
    model = _built(folder, fetch=False)
    try:
        model.load_state_dict(model_part(tensors) if snapshot == LATEST else tensors)
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
    watch = info.pretrained == model.pretrained and (info.pretrained or info.origin is None)  # its first weights
    learner = Learner(model, folder.data(), folder.workspace, seed=info.seed, progress=progress, watch=watch)
    if meta is not None:
        learner.load_state(LearnerState(read_weights(folder.checkpoint), meta.learner))
    return learner, meta


def _built(folder: RunFolder, *, fetch: bool) -> Classifier:
    """The network with its first weights; without `fetch`, random ones where the pretrained ones are not available."""
    info = folder.info
    try:
        return build(info.backbone, info.classes, seed=info.seed, pretrained=info.pretrained, folded=info.folded)
    except WeightsUnavailableError:
        if fetch:
            raise
        return build(info.backbone, info.classes, seed=info.seed, pretrained=False, folded=info.folded)
