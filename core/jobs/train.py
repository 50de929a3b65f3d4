"""A training job: trains the stages of a plan on a run, and keeps checkpoints, snapshots and history on disk."""

import time

from core.data.versions.edits import counted
from core.errors import AnnealError, DivergedError, RunError
from core.jobs.actions import put_in_place
from core.jobs.after_cycle import AfterCycle
from core.jobs.benchmark_state import read_state
from core.jobs.checkpointer import Checkpointer
from core.jobs.control import JobControl, StoppedError
from core.jobs.eta import Eta, from_benchmark
from core.jobs.lr_finder import choose, range_test
from core.jobs.mended import are_other, as_they_were, valid_edits
from core.jobs.pausing import PAUSED, pause_asked
from core.jobs.planned import begun, kept_state
from core.jobs.restore import learner_of
from core.jobs.specs import TrainSpec
from core.model.catalogue import SMALL_CNN
from core.runs.history import HistoryWriter
from core.runs.names import CYCLE, LATEST
from core.runs.setbacks import fallen_from
from core.runs.state import RunState, SameWeights, StageState, StageStatus
from core.training.learner import Learner
from core.training.records import CycleRecord, EpochRecord, Record, StepRecord
from core.training.schedules import steps_per_epoch
from core.training.stage import Stage
from core.training.suggest import Suggestion, going_on

ENDED_EARLY = (
    "The plan ended early: stage {stage} collapsed, and what is left of the plan would go on from its weights. "
    "Continue does so all the same."
)


def train(control: JobControl, spec: TrainSpec) -> str:
    """Train a run: the stages of the spec's plan after those done, or what is left of the plan under way.

    A plan ends before its next stage when a stage has collapsed (`core.runs.setbacks`): what would be trained on it
    is lost, and nobody may be watching. Returns a sentence that says so, "" when the plan was trained to its end.
    Raises `StoppedError` when asked to stop, with a checkpoint of that very batch kept; `DivergedError` with
    the last good weights kept; and `RunError` when nothing is left to train.
    """
    folder = control.folder
    if spec.start != LATEST:
        put_in_place(folder, spec.start)
    learner, meta = learner_of(folder, control.progress)
    state = kept_state(folder, meta)
    state = _resumed(state) if spec.plan is None else begun(state, spec.plan)
    folder.write_state(state)
    if not state.unfinished:
        return ""
    folder.forget_predictions(LATEST)
    with HistoryWriter(folder.path / "history.jsonl", meta.history_bytes if meta else 0) as history:
        return _Session(control, learner, state, history, None if meta is None else meta.size).run()


def _resumed(state: RunState) -> RunState:
    """The state within the plan under way; raises `RunError` when nothing of the plan is left.

    Where the worker was killed between its last checkpoint and the state, the plan turns out to be done.
    """
    before, begun = state.stages[: state.plan_start], state.stages[state.plan_start :]
    done = sum(stage.status == "done" for stage in begun)
    if done >= len(state.plan) and not state.unfinished:
        raise RunError("Nothing is left of this run's plan. Plan another stage and start it.")
    return state.model_copy(
        update={"stages": [*(stage.ended() for stage in before), *begun], "next_stage": min(done, len(state.plan))}
    )


class _Session:
    """One training job at work: what is trained, and where it is kept.

    `size` is the image size in pixels at which the figures of `state` were measured.
    """

    def __init__(
        self, control: JobControl, learner: Learner, state: RunState, history: HistoryWriter, size: int | None
    ) -> None:
        self.control = control
        self.learner = learner
        self.state = state
        self.measured_at = size
        self.history = history
        self.checkpointer = Checkpointer(control.folder, learner, history)
        self.after_cycle = AfterCycle(control, learner, self.checkpointer, history)
        self.plan = state.planned()
        known = read_state(control.workspace)
        small = learner.model.backbone_name == SMALL_CNN
        expected = from_benchmark(known.result, small=small) if known and known.result else None
        self.eta = Eta(self.plan, learner.data, first=state.next_stage, expected=expected)
        control.around = self.eta.around
        self.counted = time.monotonic()

    def run(self) -> str:
        """Train what is left of the plan; a sentence when it ends before its last stage."""
        count = len(self.plan.stages)
        for place in range(self.state.next_stage, count):
            self.state.next_stage = place
            self.control.check()
            self._train_stage(place)
            if place + 1 < count and self.state.stages[-1].collapsed_from is not None:
                return ENDED_EARLY.format(stage=len(self.state.stages))
            if place + 1 < count and pause_asked(self.control.workspace, self.control.job):
                return PAUSED.format(stage=len(self.state.stages) + 1)
        self.state.next_stage = count
        self.control.folder.write_state(self.state)
        return ""

    def _train_stage(self, place: int) -> None:
        """Train the plan's stage at `place`, from its beginning or from the checkpoint within it."""
        resume = self._is_within_stage()
        now = self.state.stages[-1] if resume else self._open(place)
        self._mark_running(now)
        self._report(now, place, self.learner.position.stage_step if resume else 0, at_once=True)
        try:
            self._fit(now, place, resume=resume)
            self._measure_as_before(now)
        except (StoppedError, AnnealError) as error:
            self._break_off(now, error)
            raise
        now.status = "done"
        now.message = self._ended_early(now)
        now.collapsed_from = self._collapsed_from(now)
        self.state.next_stage = place + 1
        self.checkpointer.keep(self.state, now.settings.size)

    def _fit(self, now: StageState, place: int, *, resume: bool) -> None:
        try:
            for record in self.learner.fit(now.settings, stage_index=now.index, resume=resume):
                self._keep(record, now)
                self._report(now, place, self.learner.position.stage_step)
                if self.learner.position.due != "nothing":
                    self.control.check()
        except StoppedError:
            self._keep_rest(now)
            raise

    def _measure_as_before(self, now: StageState) -> None:
        """Where validation images were mended before the stage: its weights on them as they were."""
        if now.valid_before is not None and now.index:
            images = self.state.stages[now.index - 1].valid_images
            now.as_before = as_they_were(self.learner, now.valid_before, now.settings.size, images)

    def _ended_early(self, now: StageState) -> str:
        """Why a stage ended before its last epoch; "" when it did not."""
        at = self.learner.position
        if not at.ended_early or now.epochs >= now.settings.epochs or now.valid_loss is None:
            return ""
        return (
            f"Ended after epoch {now.epochs} of {now.settings.epochs}, because its overfitting costs: validation loss "
            f"{now.valid_loss:.3f} stayed above its lowest, {at.overfit.lowest:.3f}."
        )

    def _is_within_stage(self) -> bool:
        """Whether the checkpoint lies within a stage of this plan."""
        position, begun = self.learner.position, self.state.stages[self.state.plan_start :]
        return position.due != "nothing" and bool(begun) and begun[-1].index == position.stage

    def _open(self, place: int) -> StageState:
        """Add the plan's stage at `place` to the run's stages, with its rate found if it has none."""
        mended = bool(self.state.stages) and are_other(self.state.valid_edits, valid_edits(self.learner.data))
        same_weights = self._same_weights(self.plan.stages[place], mended=mended)
        stage, curve, reason = self._with_rate(place)
        opened = StageState(
            index=len(self.state.stages),
            stage=stage,
            curve=curve,
            rate_reason=reason,
            accuracy_before=self.state.figures.get("accuracy"),
            same_weights=same_weights,
            train_images=len(self.learner.data.indices("train")),
            valid_images=len(self.learner.data.indices("valid")),
            mended=counted(self.learner.data.edits),
            valid_mended=counted(valid_edits(self.learner.data)),
            valid_before=self.state.valid_edits if mended else None,
            loaded=self.state.loaded,
        )
        self.state.stages.append(opened)
        return opened

    def _same_weights(self, stage: Stage, *, mended: bool) -> SameWeights | None:
        """What the present weights reach on the validation images of `stage`, where these are not as before.

        `mended` says that some of them have another label by now, or are left out.
        """
        valid, before = self.learner.data.indices("valid"), self.state.stages[-1:]
        other = mended or (bool(before and before[0].valid_images) and before[0].valid_images != len(valid))
        if other:
            self.state.best = None  # it was the best on other images or labels, so it cannot be compared
        if "accuracy" not in self.state.figures or not (other or self.measured_at not in (None, stage.size)):
            return None
        found, losses = self.learner.evaluate(valid, stage.size)
        right = found.argmax(axis=1) == self.learner.data.labels[valid]
        return SameWeights(accuracy=float(right.mean()), valid_loss=float(losses.mean()))

    def _with_rate(self, place: int) -> tuple[Stage, str | None, str]:
        """The stage with its learning rate, the range test that found it, if one did, and why it is that rate."""
        stage = self.plan.stages[place]
        if stage.lr is not None:
            return stage, None, ""
        if self.plan.goes_on(place):
            found = self._going_on(stage)
            return stage.model_copy(update={"lr": (found.lr,)}), None, found.reason
        what = f"Finding the rate of stage {place + 1} of {len(self.plan.stages)}"
        curve = range_test(self.control, self.learner, stage, for_stage=len(self.state.stages), what=what)
        chosen = choose(self.control.folder, curve)
        reason = chosen.suggestion.reason if chosen.suggestion else ""
        return stage.model_copy(update={"lr": (chosen.chosen,)}), chosen.name, reason

    def _going_on(self, stage: Stage) -> Suggestion:
        """The rate of a stage that goes on with what the one before it trained."""
        before = self.state.stages[-1].settings.group_rates(len(self.learner.model.groups))[-1]
        steps = stage.epochs * steps_per_epoch(stage, self.learner.data)
        return going_on(before, steps=steps, only_the_head=stage.freeze_to == -1)

    def _mark_running(self, now: StageState) -> None:
        now.status, now.message, now.collapsed_from = "running", "", None
        self.state.loaded = None
        self.control.folder.write_state(self.state)

    def _report(self, now: StageState, place: int, stage_step: int, *, at_once: bool = False) -> None:
        self.control.report(self.eta.at(place, stage_step, now.epochs + 1), now=at_once)

    def _keep(self, record: Record, now: StageState) -> None:
        """Write one record to the history, and what is due with it: figures, a snapshot, a checkpoint."""
        self.history.append(record.row())
        self._count_seconds(now)
        size = now.settings.size
        if isinstance(record, EpochRecord):
            self._keep_figures(record, now)
            self.checkpointer.take_if_best(record, self.state, size)
        elif isinstance(record, CycleRecord):
            try:
                if now.settings.measure_after_cycle:
                    self.after_cycle.measure(record, now)
            finally:  # a stop meanwhile loses no snapshot
                self.eta.measured_a_cycle(time.monotonic() - self.counted)
                self.checkpointer.take_cycle(f"{CYCLE}{record.cycle}", self.state, size)
                self.counted = time.monotonic()  # what was measured was no training
        at_epoch = not isinstance(record, StepRecord)
        if self.learner.position.due in ("step", "epoch") and self.checkpointer.is_due(at_epoch=at_epoch):
            self._keep_rest(now)
            self.checkpointer.keep(self.state, size)

    def _keep_rest(self, now: StageState) -> None:
        """Write the records still to come of what the model was trained on, so that a checkpoint may follow."""
        for record in self.learner.rest():
            self.history.append(record.row())
        self._count_seconds(now)

    def _count_seconds(self, now: StageState) -> None:
        moment = time.monotonic()
        now.seconds += moment - self.counted
        self.state.seconds += moment - self.counted
        self.counted = moment

    def _keep_figures(self, record: EpochRecord, now: StageState) -> None:
        now.epochs += 1
        self.measured_at = now.settings.size
        self.state.valid_edits = valid_edits(self.learner.data)
        now.accuracy, now.train_loss, now.valid_loss = record.accuracy, record.train_loss, record.valid_loss
        self.state.figures = {
            "accuracy": record.accuracy,
            "valid_loss": record.valid_loss,
            "train_loss": record.train_loss,
        }

    def _collapsed_from(self, now: StageState) -> float | None:
        """The accuracy from which the stage collapsed, if it did, from the epochs that it has so far."""
        rows = self.control.folder.history.rows("epoch")
        accuracies = [row["accuracy"] for row in rows if row["stage"] == now.index]
        before = now.accuracy_before if now.same_weights is None else now.same_weights.accuracy
        return fallen_from(before, accuracies, len(self.learner.data.indices("valid")))

    def _break_off(self, now: StageState, error: Exception) -> None:
        """Write how far a stage came that did not reach its end.

        After a stop the learner is at the end of a batch, and after divergence at the last good weights: both are
        kept as a checkpoint. After any other error, training goes on from the checkpoint before it.
        """
        now.status, now.message = _status_after(error), str(error)
        now.collapsed_from = self._collapsed_from(now)
        if self.learner.position.stage != now.index or not (now.epochs or self.learner.position.stage_step):
            self.state.stages.remove(now)
        if self.learner.position.step and isinstance(error, StoppedError | DivergedError):
            self.checkpointer.keep(self.state, now.settings.size)
        else:
            self.control.folder.write_state(self.state)


def _status_after(error: Exception) -> StageStatus:
    """The status of a stage that ended with this error."""
    if isinstance(error, StoppedError):
        return "stopped"
    return "diverged" if isinstance(error, DivergedError) else "failed"
