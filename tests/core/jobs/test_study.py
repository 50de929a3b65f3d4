"""Studies: they answer, keep the answer, and leave the run as it was."""

import hashlib

import pytest

from core.data.index import load_data
from core.errors import RunError
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec
from core.jobs.studies.split_luck import ALONE, SCRATCH
from core.results.split_luck import SplitLuckAnswer
from core.results.studies import SplitLuck
from core.runs.create import create_run
from core.runs.studies import answer_path, kept_answer

QUESTION = SplitLuck(splits=4)


@pytest.fixture
def pretrained(workspace, data):
    return create_run(workspace, data, backbone="efficientnet_lite0", size=32)


def content(run):
    """Digest of every file of a run, but those of studies and of the log."""
    return {
        path.relative_to(run.path): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and "studies" not in path.parts and path.name not in ("log.txt", ".lock")
    }


def ask(run, question=QUESTION):
    return run_here(run.workspace, run.id, StudySpec(question=question))


def test_an_answer_is_kept_and_the_run_left_as_it_was(pretrained):
    before = content(pretrained)
    assert kept_answer(pretrained, QUESTION, SplitLuckAnswer) is None
    assert ask(pretrained).status == "done"
    found = kept_answer(pretrained, QUESTION, SplitLuckAnswer)
    assert found is not None
    assert len(found.accuracies) == 4
    assert found.valid_images == len(pretrained.data().indices("valid"))
    assert content(pretrained) == before


def test_the_same_question_has_the_same_answer(pretrained):
    ask(pretrained)
    first = answer_path(pretrained, QUESTION).read_bytes()
    ask(pretrained)
    assert answer_path(pretrained, QUESTION).read_bytes() == first


def test_another_question_is_another_answer(pretrained):
    ask(pretrained)
    assert kept_answer(pretrained, SplitLuck(splits=5), SplitLuckAnswer) is None


def test_a_damaged_answer_counts_as_none(pretrained):
    ask(pretrained)
    answer_path(pretrained, QUESTION).write_text('{"accuracies": 3')
    assert kept_answer(pretrained, QUESTION, SplitLuckAnswer) is None


def test_a_network_from_scratch_has_no_activations_to_study(run):
    with pytest.raises(RunError, match="began with random weights"):
        ask(run)
    assert SCRATCH.endswith("how much the split matters.")
    assert not answer_path(run, QUESTION).exists()


def test_a_class_with_one_image_cannot_be_split_otherwise(workspace, squares, tmp_path):
    for split, names in {"train": ("blue", "green"), "valid": ("blue",)}.items():
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            count = 1 if name == "green" else 5
            for number in range(count):
                place = number + (10 if split == "valid" else 0)
                (tmp_path / split / name / f"{place}.png").write_bytes((squares / name / f"{place}.png").read_bytes())
    run = create_run(workspace, load_data(str(tmp_path), workspace), backbone="efficientnet_lite0", size=32)
    with pytest.raises(RunError, match="fewer than two different images"):
        ask(run)
    assert ALONE.endswith("Add images of it.")
