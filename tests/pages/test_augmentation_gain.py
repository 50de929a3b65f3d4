"""What the augmentation buys, on its page: offered for a run, asked once, and shown."""

from core.augment import SIDE_ON
from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec
from core.results.studies import AugmentationGain
from tests.pages.conftest import open_page
from tests.pages.made import new_run

QUESTION = AugmentationGain(augmentation=SIDE_ON)


def said(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def test_without_a_run_nothing_is_asked(home):
    at = open_page("augmentation")
    assert not at.exception
    assert "study-augmentation" not in [button.key for button in at.button]


def test_the_question_is_queued_and_its_answer_shown(home, monkeypatch):
    run = new_run(home)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "advance", lambda workspace: None)
        at = open_page("augmentation", run=run.id).button(key="study-augmentation").click().run()
        assert not at.exception
        job = queue.live_job(run.workspace, run.id)
        assert job.spec == StudySpec(question=QUESTION)
        queue.stop(run.workspace, job.id)
    run_here(run.workspace, run.id, StudySpec(question=QUESTION))
    at = open_page("augmentation", run=run.id)
    assert not at.exception
    assert "In 5 epochs of the whole network" in said(at)
    assert "with side-on" in said(at)
