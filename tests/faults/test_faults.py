"""The short form of `python -m tests.faults`: a few trials of every work, each with a fault of its own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import works
from tests.faults.trials import Laboratory, Trial, laboratory


@pytest.fixture(scope="module")
def room() -> Iterator[Laboratory]:
    with laboratory() as folder:
        yield Laboratory(Path(folder))


TRIALS = [
    Trial(1, "training", False, "killed in the middle", 0.35),
    Trial(2, "training", False, "fails for want of space", 0.7),
    Trial(3, "training", True, "killed after", 0.5),
    Trial(4, "lr_finder", False, "killed before", 0.6),
    Trial(5, "evaluation", False, "fails", 0.5),
    Trial(6, "caches", False, "killed in the middle", 0.3),
    Trial(7, "branch", False, "killed after", 0.4),
    Trial(8, "snapshots", False, "killed in the middle", 0.5),
    Trial(9, "export", False, "killed after", 0.6),
    Trial(10, "versions", False, "killed before", 0.4),
    Trial(11, "carried", False, "killed in the middle", 0.3),
]

TRIES = 5
"""Moments that a trial may take, each earlier than the last: how often progress is written depends on the machine, so
that a fault may lie behind the end, or where it is passed over."""


@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_after_a_fault_all_goes_on_as_if_there_had_been_none(room: Laboratory, trial: Trial) -> None:
    for earlier in range(TRIES):
        missed = room.missed
        assert room.run(replace(trial, moment=trial.moment - earlier * 0.05)) == ""
        if room.missed == missed:
            return
    pytest.fail(f"nothing came of the fault at any of {TRIES} moments")


def test_each_work_has_a_trial() -> None:
    assert {one.work for one in TRIALS} == set(works.WORKS)
