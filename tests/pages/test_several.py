"""The Training page offers all GPUs where there are several, and says how several machines train."""

import socket
from pathlib import Path

import pytest

from core.jobs import queue
from core.workspace import Workspace, write_json
from tests.pages.conftest import open_page
from tests.pages.made import new_run

TOGGLE = "all-gpus"


pytestmark = pytest.mark.usefixtures("quiet")


def with_gpus(home: Path, count: int) -> None:
    write_json(Workspace.at(home).root / "gpus.json", {"gpus": count, "host": socket.gethostname()})


def toggles(at) -> list[str]:
    return [toggle.label for toggle in at.toggle if toggle.key == TOGGLE]


@pytest.mark.parametrize("count", [0, 1])
def test_one_gpu_or_none_is_no_choice(home: Path, count: int) -> None:
    with_gpus(home, count)
    run = new_run(home)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert toggles(at) == []
    at.button(key="start").click().run()
    (job,) = queue.jobs_of(run)
    assert job.spec.processes == 1


@pytest.mark.parametrize(("chosen", "processes"), [(True, 2), (False, 1)])
def test_several_gpus_are_used_unless_that_is_switched_off(home: Path, chosen: bool, processes: int) -> None:
    with_gpus(home, 2)
    run = new_run(home)
    at = open_page("training", run=run.id)
    assert toggles(at) == ["Train on all 2 GPUs"]
    at.toggle(key=TOGGLE).set_value(chosen).run()
    at.button(key="start").click().run()
    assert not at.exception
    (job,) = queue.jobs_of(run)
    assert job.spec.processes == processes


def test_the_command_for_several_machines_names_the_run(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    (command,) = [code.value for code in at.code if "torchrun" in code.value]
    assert command.startswith("torchrun --nnodes=M --nproc-per-node=N")
    assert command.endswith(f"-m core.jobs.worker {run.path}")
    assert "On several machines" in [expander.label for expander in at.expander]
