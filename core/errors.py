"""The errors of the domain: one small tree, each with a sentence that a person can act on."""


class AnnealError(Exception):
    """Something a person can put right; `str(error)` says what was wrong and what to do."""


class DataError(AnnealError):
    """A data set that cannot be read, split or used as asked."""


class SeveralLabelsError(DataError):
    """Labels of which an image has several at once, which a classifier of one class each cannot learn."""


class ModelError(AnnealError):
    """A backbone or weights that cannot be had, or do not fit."""


class WeightsUnavailableError(ModelError):
    """Pretrained weights that could not be fetched; training from scratch must be asked for."""


class PlanError(AnnealError):
    """A stage or plan whose settings contradict each other or are out of range."""


class TrainingError(AnnealError):
    """Training that cannot go on."""


class LostProcessError(TrainingError):
    """One of several processes that compute together is gone; the run can be continued."""


class DivergedError(TrainingError):
    """The loss became NaN, infinite or exploded; the last good weights are kept."""


class RunError(AnnealError):
    """A run, snapshot or job that does not exist, does not fit, or is in use."""


class ExportError(AnnealError):
    """A model that cannot be written as asked, or whose file does not say what the run's network says."""


class WorkspaceError(AnnealError):
    """A folder that cannot be written: a full disk, missing rights."""
