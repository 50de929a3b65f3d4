import json

from core.runs.state import Curve
from core.runs.trials import KeptTrials, kept_trials, trials_beside, trials_path
from core.training.stage import Stage
from core.training.trial_results import Outcome


def kept(run, name, *, epoch=0, step=0, freeze_to=-1, outcomes=(1e-3,)):
    found = KeptTrials(
        stage=Stage(freeze_to=freeze_to),
        rates=(1e-3, 1e-2),
        length="epoch",
        repeats=1,
        batches=3,
        planned=3,
        trained_on=30,
        judged_on=10,
        epoch=epoch,
        step=step,
        seed=0,
        outcomes=tuple(Outcome(lr=lr, repeats=1, diverged_at=2) for lr in outcomes),
        name=name,
        created="2026-01-02T10:00:00+00:00",
    )
    path = trials_path(run, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(found.model_dump_json())
    return found


def test_a_run_without_trials_has_none(run):
    assert kept_trials(run) == []


def test_they_come_back_oldest_first(run):
    second, first = kept(run, "0002"), kept(run, "0001")
    assert kept_trials(run) == [first, second]


def test_damaged_files_are_left_out(run):
    good = kept(run, "0002")
    for name, content in {"0001": "{", "0003": "[]", "0004": json.dumps({"rates": [1]}), "0005": "[" * 3000}.items():
        trials_path(run, name).write_text(content)
    trials_path(run, "0006").write_bytes(b"\xff\xfe\x00")
    (run.path / "trials" / ".0007.json.part").write_text("{}")
    assert kept_trials(run) == [good]


def test_beside_a_curve_are_those_of_its_state_that_have_an_outcome(run):
    same = kept(run, "0001", epoch=2, step=8)
    kept(run, "0002", epoch=3, step=8)
    kept(run, "0003", epoch=2, step=9)
    kept(run, "0004", epoch=2, step=8, freeze_to=0)
    kept(run, "0005", epoch=2, step=8, outcomes=())
    curve = Curve(name="0001", created="2026-01-02T10:00:00+00:00", stage=Stage(cycles=3), epoch=2, step=8)
    assert trials_beside(curve, kept_trials(run)) == [same]
    unreadable = Curve.model_validate({**curve.model_dump(), "stage": {"of": "another version"}})
    assert trials_beside(unreadable, kept_trials(run)) == []
