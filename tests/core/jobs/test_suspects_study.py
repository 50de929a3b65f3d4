"""The study of suspects on a run: activations of where it began, the data as the run has it."""

import pytest

from core.data.index import load_data
from core.data.versions.ledger import ledger_of
from core.errors import DataError
from core.jobs import actions
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec
from core.model import activations
from core.results.studies import Suspects
from core.results.suspects import SuspectsAnswer, still_open
from core.runs.create import create_run
from core.runs.studies import kept_answer


def ask(run):
    question = Suspects()
    assert run_here(run.workspace, run.id, StudySpec(question=question)).status == "done"
    return kept_answer(run, question, SuspectsAnswer)


@pytest.fixture
def spoiled(tmp_path, squares, workspace):
    """A run on the squares, of which two blue ones lie among the red."""
    import shutil

    folder = tmp_path / "spoiled"
    shutil.copytree(squares, folder)
    for number in (3, 4):
        (folder / "blue" / f"{number}.png").rename(folder / "red" / f"was blue {number}.png")
    data = load_data(str(folder), workspace)
    return create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)


def test_a_network_from_scratch_finds_spoiled_labels_too(spoiled):
    answer = ask(spoiled)
    first = [suspect for suspect in answer.suspects if suspect.kind == "label"][:4]
    assert {"red/was blue 3.png", "red/was blue 4.png"} <= {suspect.image for suspect in first}
    assert answer.images == 60
    assert answer.agreed > 0.8
    assert answer.seconds > 0


def test_mended_data_are_asked_about_anew_from_the_same_activations(spoiled, monkeypatch):
    first = ask(spoiled)
    ledger = ledger_of(spoiled.workspace, spoiled.data())
    for number in (3, 4):
        ledger.decide(spoiled.data(), f"red/was blue {number}.png", "relabel", "blue")
    left = {suspect.image for suspect in still_open(first.suspects, ledger.edits())}
    assert left.isdisjoint({"red/was blue 3.png", "red/was blue 4.png"})
    actions.use_version(spoiled)
    assert kept_answer(spoiled, Suspects(), SuspectsAnswer) is None
    monkeypatch.setattr(activations, "_compute", lambda *_: pytest.fail("computed again"))
    second = ask(spoiled)
    assert second.agreed > first.agreed


def test_too_little_to_judge_is_a_sentence(workspace, tmp_path):
    from tests.core.data.making import png, write

    write(tmp_path / "few", {f"{side}/{name}/a.png": png(0) for side in ("train", "valid") for name in ("cat", "dog")})
    run = create_run(workspace, load_data(str(tmp_path / "few"), workspace), backbone="small_cnn", size=16)
    with pytest.raises(DataError, match="Fewer than two classes have two different images, so no label can be judged"):
        run_here(workspace, run.id, StudySpec(question=Suspects()))
