import time

import pytest

from core.errors import DataError, PlanError
from core.jobs import trials as job
from core.jobs.control import JobControl
from core.jobs.specs import TrainSpec, TrialSpec
from core.jobs.store import Job
from core.runs.state import RunState, StageState, UnreadableStage
from core.runs.trials import kept_trials, stages_of_the_head
from core.training import trials as library
from core.training.stage import Stage
from core.training.trial_results import TrialResult
from core.training.trials import NOTHING, TrialBatch
from tests.core.jobs.test_train import plan, stage

WHOLE = Stage(freeze_to=0, size=16, batch_size=8)
SPEC = TrialSpec(stage=WHOLE, rates=(1e-2, 1e-3), curve_lowest=2e-2)


def files(run):
    """Every file of the run by its bytes, without the trials themselves and the log."""
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file() and path.parent.name != "trials" and path.name not in {".lock", "log.txt"}
    }


@pytest.fixture
def reports(monkeypatch):
    seen = []
    report = JobControl.report

    def spy(self, progress, *, now=False):
        seen.append(progress)
        report(self, progress, now=now)

    monkeypatch.setattr(JobControl, "report", spy)
    return seen


def test_the_outcomes_are_kept_in_the_run_which_stays_as_it_was(run, work):
    work(plan(stage()))
    before = files(run)
    ended = work(SPEC)
    assert ended.status == "done"
    assert files(run) == before
    (found,) = kept_trials(run)
    assert found.complete
    assert found.name == "0001"
    assert found.rates == (1e-3, 1e-2)
    assert [outcome.lr for outcome in found.outcomes] == [1e-3, 1e-2]
    assert found.curve_lowest == 2e-2
    assert (found.epoch, found.step) == (run.history.epochs["epoch"].max(), run.history.steps["step"].max())
    assert found.before is not None
    assert found.seconds > 0


def test_they_are_those_of_the_library_from_the_same_state(run, work):
    from core.jobs.restore import learner_of

    work(plan(stage()))
    work(SPEC)
    learner, _ = learner_of(run)
    own = library.try_rates(learner, WHOLE, SPEC.rates)
    assert own.seen
    (kept,) = kept_trials(run)
    assert [o.measured for o in kept.outcomes] == [o.measured for o in own.outcomes]
    assert kept.pairs == own.pairs


def test_a_trained_head_is_trained_anew_without_the_images_that_judge(run, work, reports):
    work(plan(stage(freeze_to=-1)))
    before = files(run)
    work(SPEC)
    assert files(run) == before
    (found,) = kept_trials(run)
    assert found.replayed
    assert not found.seen
    assert found.valid_loss is None
    assert "Training the head without the images kept out" in {progress.what for progress in reports}


def test_where_it_cannot_be_that_is_kept_with_the_outcomes(run, work):
    work(plan(stage()))
    work(SPEC)
    (found,) = kept_trials(run)
    assert found.seen
    assert found.valid_loss == run.state.figures["valid_loss"]


HEAD = StageState(index=0, stage=Stage(lr=(1e-3,)), status="done")


@pytest.mark.parametrize(
    ("state", "replayed"),
    [
        (RunState(), 0),
        (RunState(stages=[HEAD, HEAD]), 2),
        (RunState(stages=[HEAD], loaded="best"), 0),
        (RunState(stages=[HEAD, HEAD.model_copy(update={"status": "stopped"})]), 0),
        (RunState(stages=[HEAD, HEAD.model_copy(update={"stage": Stage(freeze_to=-2, lr=(1e-3,))})]), 0),
        (RunState(stages=[HEAD, HEAD.model_copy(update={"stage": UnreadableStage({"of": "another version"})})]), 0),
    ],
)
def test_only_whole_stages_of_the_head_can_be_trained_anew(state, replayed):
    assert len(stages_of_the_head(state)) == replayed


def test_others_are_kept_beside_the_first(run, work):
    work(SPEC)
    work(SPEC.model_copy(update={"length": "short"}))
    assert [(found.name, found.length) for found in kept_trials(run)] == [("0001", "epoch"), ("0002", "short")]


def test_divergence_is_an_outcome_and_the_job_is_done(run, work):
    ended = work(TrialSpec(stage=WHOLE.model_copy(update={"optimiser": "sgd"}), rates=(1e-3, 100.0), repeats=2))
    assert ended.status == "done"
    (found,) = kept_trials(run)
    assert found.outcomes[1].diverged_at is not None
    assert found.outcomes[0].repeats == 2


def test_progress_names_the_trial_and_the_time_left(run, work, reports):
    work(SPEC.model_copy(update={"repeats": 2}))
    trained = [progress for progress in reports if progress.what.startswith("Trial ")]
    assert trained[0].what == "Trial 1 of 4, at 1e-3: batch 1"
    assert trained[-1].what.startswith("Trial 4 of 4, at 0.01: batch ")
    assert [progress.done for progress in trained] == list(range(1, len(trained) + 1))
    assert {progress.total for progress in trained} == {len(trained)}
    assert trained[0].eta_s is None
    assert trained[-1].eta_s is not None
    assert 0 <= trained[-1].eta_s < 60


@pytest.mark.parametrize(("batch", "outcomes"), [(1, 0), (2, 0)])
def test_a_stop_in_the_first_trial_keeps_nothing(run, work, monkeypatch, batch, outcomes):
    before = files(run)
    stopped_at(monkeypatch, lambda record: isinstance(record, TrialBatch) and record.batch == batch)
    ended = work(SPEC)
    assert (ended.status, ended.message) == ("stopped", "Stopped. The trials that had ended are kept.")
    assert files(run) == before
    assert sum(len(found.outcomes) for found in kept_trials(run)) == outcomes


def stopped_at(monkeypatch, when):
    """Have jobs be asked to stop once `when(record)`."""
    asked = []
    take = job._Session.take

    def spy(self, record):
        if when(record):
            asked.append(record)
        take(self, record)

    monkeypatch.setattr(job._Session, "take", spy)
    monkeypatch.setattr(JobControl, "stopping", lambda self: bool(asked))


def test_a_stop_keeps_the_trials_that_had_ended(run, work, monkeypatch):
    before = files(run)
    stopped_at(monkeypatch, lambda record: isinstance(record, TrialBatch) and (record.trial, record.batch) == (1, 2))
    assert work(SPEC).status == "stopped"
    assert files(run) == before
    (found,) = kept_trials(run)
    assert [outcome.lr for outcome in found.outcomes] == [1e-3]
    assert not found.complete


def test_a_crash_keeps_them_too(run, work, monkeypatch):
    judged = library._Trials._judged
    calls = []

    def fails(self):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("power cut")
        return judged(self)

    monkeypatch.setattr(library._Trials, "_judged", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        work(SPEC)
    (found,) = kept_trials(run)
    assert [outcome.lr for outcome in found.outcomes] == [1e-3]


def test_training_goes_on_to_the_same_numbers_after_trials_in_its_middle(run, more_runs, work):
    long = plan(stage(cycle_len=3))
    work(long, stop_at=4)
    assert work(SPEC.model_copy(update={"rates": (1e-3, 100.0)})).status == "done"
    work(TrainSpec())
    other = more_runs[0]
    work(long, of=other)
    ours, theirs = (r.history.steps.drop(columns="images_per_s") for r in (run, other))
    assert ours.equals(theirs)


def test_what_cannot_be_tried_is_a_sentence(run, work):
    with pytest.raises(PlanError, match="2 to 6 different rates"):
        work(SPEC.model_copy(update={"rates": (1e-3,)}))


def test_too_few_images_are_a_sentence(run, work, monkeypatch):
    monkeypatch.setattr("core.training.kept_out.FEWEST", 1000)
    with pytest.raises(DataError, match="Trials are judged on training images kept out"):
        work(SPEC)


def test_a_spec_survives_the_jobs_file():
    made = Job(id="1", run="2", spec=SPEC)
    again = Job.model_validate_json(made.model_dump_json())
    assert again.spec == SPEC
    assert again.kind == "trials"


def test_trials_that_are_spared_do_not_count_as_left(run, work, monkeypatch):
    kept = []
    monkeypatch.setattr(job, "write_json", lambda path, value: kept.append(value))
    work(SPEC)
    trials = job.KeptTrials.model_validate(kept[-1]).model_copy(update={"repeats": 3, "batches": 5})
    pace = job.Pace(trials)
    assert pace.at(TrialBatch(0, 1e-3, 1))[:2] == (1, 30)
    pace.end_trial(TrialResult(1e-3, 0, *NOTHING, 1, 0.1))
    time.sleep(0.01)
    done, total, left = pace.at(TrialBatch(1, 1e-2, 1))
    assert (done, total) == (2, 1 + 15)
    assert left is not None
    assert left > 0
