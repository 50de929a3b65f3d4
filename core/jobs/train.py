"""A training job: a plan's stages on a run, from its checkpoint to its last epoch, with all of it kept on disk."""

import time

from core.errors import AnnealError, DivergedError, RunError
from core.jobs.actions import put_in_place
from core.jobs.checkpointer import Checkpointer
from core.jobs.control import JobControl, StoppedError
from core.jobs.eta import Eta
from core.jobs.lr_finder import choose, range_test
from core.jobs.restore import learner_of
from core.jobs.specs import TrainSpec
from core.runs.history import HistoryWriter
from core.runs.names import LATEST
from core.runs.state import RunState, StageState, StageStatus
from core.training.learner import Learner
from core.training.records import CycleRecord, EpochRecord, Record, StepRecord
from core.training.stage import Plan


def train(control: JobControl, spec: TrainSpec) -> None:
    """Train a run: the stages of the spec's plan after those done, or what is left of the plan under way.

    Raises `StoppedError` when asked to stop, with a checkpoint of that very batch kept; `DivergedError` with
    the last good weights kept; and `RunError` when there is nothing to go on with.
    """
    folder = control.folder
    if spec.start != LATEST:
        put_in_place(folder, spec.start)
    learner, meta = learner_of(folder, control.progress)
    kept = RunState() if meta is None else meta
    now = {"stages": kept.stages, "best": kept.best, "seconds": kept.seconds, "figures": kept.figures}
    state = folder.state.model_copy(update=now)
    state = _resumed(state) if spec.plan is None else _begun(state, spec.plan)
    folder.write_state(state)
    folder.forget_predictions(LATEST)
    with HistoryWriter(folder.path / "history.jsonl", meta.history_bytes if meta else 0) as history:
        _Session(control, learner, state, history).run()


def _begun(state: RunState, plan: Plan) -> RunState:
    stages = [stage.ended() for stage in state.stages]
    new = {"stages": stages, "plan_name": plan.name, "plan_start": len(stages), "next_stage": 0}
    return state.model_copy(update={**new, "plan": list(plan.stages)})


def _resumed(state: RunState) -> RunState:
    """The state that its checkpoint and plan say; raises `RunError` when nothing of the plan is left."""
    state.stages[: state.plan_start] = [stage.ended() for stage in state.stages[: state.plan_start]]
    done = sum(stage.status == "done" for stage in state.stages[state.plan_start :])
    if done >= len(state.plan):
        raise RunError("Nothing is left of this run's plan. Plan another stage and start it.")
    return state.model_copy(update={"next_stage": done})


class _Session:
    """One training job at work."""

    def __init__(self, control: JobControl, learner: Learner, state: RunState, history: HistoryWriter) -> None:
        self.control = control
        self.learner = learner
        self.state = state
        self.history = history
        self.checkpointer = Checkpointer(control.folder, learner, history)
        self.plan = state.planned()
        self.eta = Eta(self.plan.stages, learner.data)
        self.moment = time.monotonic()

    def run(self) -> None:
        """Train what is left of the plan."""
        for place in range(self.state.next_stage, len(self.plan.stages)):
            self.state.next_stage = place
            self.control.check()
            self._stage(place)
        self.state.next_stage = len(self.plan.stages)
        self.control.folder.write_state(self.state)

    def _stage(self, place: int) -> None:
        resume = self._under_way()
        now = self.state.stages[-1] if resume else self._open(place)
        now.status, now.message = "running", ""
        self.state.loaded = None
        self.control.folder.write_state(self.state)
        self.control.tell(
            self.eta.at(place, self.learner.position.stage_step if resume else 0, now.epochs + 1), now=True
        )
        try:
            for record in self.learner.fit(now.settings, stage_index=now.index, resume=resume):
                self._take(record, now, place)
        except (StoppedError, AnnealError) as error:
            self._break_off(now, error)
            raise
        now.status = "done"
        self.state.next_stage = place + 1
        self.checkpointer.keep(self.state, now.settings.size)

    def _under_way(self) -> bool:
        """Whether the checkpoint lies within a stage of this plan."""
        position, begun = self.learner.position, self.state.stages[self.state.plan_start :]
        return position.due != "nothing" and bool(begun) and begun[-1].index == position.stage

    def _open(self, place: int) -> StageState:
        """Begin a stage of the plan; a rate that is still to be found is found now."""
        stage, index, curve = self.plan.stages[place], len(self.state.stages), None
        if self.plan.takes_rate_before(place):
            before = self.state.stages[-1]
            curve, stage = before.curve, stage.model_copy(update={"lr": before.settings.lr})
        elif stage.lr is None:
            what = f"Finding the rate of stage {place + 1} of {len(self.plan.stages)}"
            found = choose(
                self.control.folder, range_test(self.control, self.learner, stage, for_stage=index, what=what)
            )
            assert found.chosen is not None
            curve, stage = found.name, stage.model_copy(update={"lr": (found.chosen,)})
        opened = StageState(index=index, stage=stage, curve=curve)
        self.state.stages.append(opened)
        return opened

    def _take(self, record: Record, now: StageState, place: int) -> None:
        """Keep one record, tell how far training is, and stop here if somebody asked for it."""
        self.history.append(record.row())
        self._count(now)
        position, size = self.learner.position, now.settings.size
        if isinstance(record, EpochRecord):
            self._take_epoch(record, now, size)
        elif isinstance(record, CycleRecord):
            self.checkpointer.take(f"cycle-{record.cycle}", self.state, size)
        if position.due in ("step", "epoch"):
            at_epoch = not isinstance(record, StepRecord)
            self.checkpointer.keep_now_and_then(self.state, size, at_epoch=at_epoch)
        self.control.tell(self.eta.at(place, position.stage_step, now.epochs + 1))
        if position.due != "nothing":
            self.control.check()

    def _count(self, now: StageState) -> None:
        moment = time.monotonic()
        now.seconds += moment - self.moment
        self.state.seconds += moment - self.moment
        self.moment = moment

    def _take_epoch(self, record: EpochRecord, now: StageState, size: int) -> None:
        now.epochs += 1
        now.accuracy, now.train_loss, now.valid_loss = record.accuracy, record.train_loss, record.valid_loss
        self.state.figures = {
            "accuracy": record.accuracy,
            "valid_loss": record.valid_loss,
            "train_loss": record.train_loss,
        }
        self.checkpointer.take_if_best(record, self.state, size)

    def _break_off(self, now: StageState, error: Exception) -> None:
        """Write down how far a stage came that did not come to its end.

        After a stop the learner stands behind a whole batch, and after divergence at the last good weights;
        any other error leaves the checkpoint before it as the place to go on from.
        """
        now.status = _status_after(error)
        now.message = str(error)
        if self.learner.position.stage != now.index or not (now.epochs or self.learner.position.stage_step):
            self.state.stages.remove(now)
        if self.learner.position.step and isinstance(error, StoppedError | DivergedError):
            self.checkpointer.keep(self.state, now.settings.size)
        else:
            self.control.folder.write_state(self.state)


def _status_after(error: Exception) -> StageStatus:
    """What a stage is called that ended with this error."""
    if isinstance(error, StoppedError):
        return "stopped"
    return "diverged" if isinstance(error, DivergedError) else "failed"
