"""Trials on a run at its checkpoint; their outcomes are kept in the run, and written as they come."""

import time
from contextlib import closing

from core.jobs.control import JobControl
from core.jobs.restore import learner_of
from core.jobs.specs import TrialSpec
from core.jobs.store import JobProgress
from core.numbers import rate_in_words
from core.runs.folder import RunFolder
from core.runs.trials import KeptTrials, kept_trials, stages_of_the_head, trials_path
from core.training.feeds import VALIDATION_BATCH
from core.training.trial_results import Measured, TrialResult, Trials, with_results
from core.training.trial_settings import TrialSettings
from core.training.trials import TrialBatch, TrialRecord, empty_trials, trial_records
from core.workspace import timestamp, write_json

JUDGING = 1 / 3
"""Time that judging a batch of images takes, as a part of that of training on it: there is no way back through it."""

VALIDATING = "Validating"
"""What a feed calls its passes without training."""


def try_rates(control: JobControl, spec: TrialSpec) -> None:
    """Make the trials that a job asks for, at the run's present state, which is left as it was.

    A trial that diverges is an outcome. Raises `StoppedError` when the job is asked to stop; the trials that had ended
    are kept.
    """
    settings = TrialSettings(spec.rates, spec.length, spec.repeats)
    learner, _ = learner_of(control.folder, control.progress)
    state = control.folder.state
    replay = stages_of_the_head(state)
    trials = empty_trials(learner, spec.stage, settings, curve_lowest=spec.curve_lowest, replay=replay)
    trials = trials.model_copy(update={"valid_loss": state.figures.get("valid_loss") if trials.seen else None})
    session = _Session(control, trials)
    records = trial_records(learner, spec.stage, settings, replay=replay, progress=session.preparing)
    with closing(records):  # which puts the model back
        for record in records:
            session.take(record)
    session.keep(complete=True)


class _Session:
    """Trials under way: their progress, and what is kept of them."""

    def __init__(self, control: JobControl, trials: Trials) -> None:
        self._control = control
        self._trials = trials
        self._results: list[TrialResult] = []
        self._name, self._created = free_name(control.folder), timestamp()
        self._began = time.monotonic()
        self._pace = Pace(trials)

    def take(self, record: TrialRecord) -> None:
        """Report or keep one record; raises `StoppedError` when the job is asked to stop."""
        if isinstance(record, TrialBatch):
            self._report(record)
        elif isinstance(record, Measured):
            self._trials = self._trials.model_copy(update={"before": record})
        else:
            self._results.append(record)
            self._pace.end_trial(record)
            self._trials = with_results(self._trials, self._results)
            self.keep(complete=False)
        self._control.check()

    def preparing(self, what: str, done: int, total: int) -> None:
        """While a head is trained anew and images are judged the job can be stopped; trials show their own progress."""
        if self._pace.begun:
            self._control.check()
        else:
            self._control.progress("Judging the images kept out" if what == VALIDATING else what, done, total)

    def keep(self, *, complete: bool) -> None:
        """Write the outcomes so far, once there is one."""
        if self._results:
            kept = KeptTrials(
                **self._trials.model_dump(),
                name=self._name,
                created=self._created,
                complete=complete,
                seconds=time.monotonic() - self._began,
            )
            write_json(trials_path(self._control.folder, self._name), kept.model_dump(mode="json"))

    def _report(self, record: TrialBatch) -> None:
        count = len(self._trials.rates) * self._trials.repeats
        what = f"Trial {record.trial + 1} of {count}, at {rate_in_words(record.lr)}: batch {record.batch}"
        done, total, left = self._pace.at(record)
        self._control.report(JobProgress(what=what, done=done, total=total, eta_s=left), now=record.batch == 1)


class Pace:
    """How far trials are, in batches, and how long they will take; trials that are not made any more do not count."""

    def __init__(self, trials: Trials) -> None:
        self._batches = trials.batches
        self._judging = JUDGING * VALIDATION_BATCH * -(-trials.judged_on // VALIDATION_BATCH) / trials.stage.batch_size
        self._rates, self._repeats = trials.rates, trials.repeats
        self._ended: list[TrialResult] = []
        self._trained = 0
        self._since: float | None = None

    @property
    def begun(self) -> bool:
        """Whether a batch was trained."""
        return self._since is not None

    def at(self, record: TrialBatch) -> tuple[int, int, float | None]:
        """Batches done and in all, and seconds left; None with the first batch, which includes preparations."""
        moment = time.monotonic()
        if self._since is None:
            self._since = moment
        self._trained += 1
        left_trials = self._left()
        left_batches = self._batches - record.batch + (left_trials - 1) * self._batches
        done, total = self._trained, self._trained + left_batches
        work = self._trained - 1 + len(self._ended) * self._judging
        if work < 1:
            return done, total, None
        return done, total, (moment - self._since) / work * (left_batches + left_trials * self._judging)

    def end_trial(self, result: TrialResult) -> None:
        """Count one trial as ended."""
        self._ended.append(result)

    def _left(self) -> int:
        """Trials still to end, the one under way among them."""
        diverged = {result.lr: result.repeat for result in self._ended if result.diverged_at is not None}
        spared = sum(self._repeats - 1 - repeat for repeat in diverged.values())
        return len(self._rates) * self._repeats - len(self._ended) - spared


def free_name(folder: RunFolder) -> str:
    """The next number after those of the run's trials."""
    taken = [int(trials.name) for trials in kept_trials(folder) if trials.name.isdecimal()]
    return f"{max(taken, default=0) + 1:04d}"
