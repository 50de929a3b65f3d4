"""A run that goes on with other data: another size, a larger share, added images; and a pause between stages."""

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError, RunError
from core.jobs import actions
from core.jobs.pausing import PAUSE, ask_to_pause, go_on_after_all, pause_asked
from core.jobs.restore import learner_of
from core.jobs.specs import TrainSpec
from core.runs.data_changes import both_figures, changes_of
from core.training.stage import Stage, plan_of


def stage(**values):
    chosen = {"freeze_to": 0, "lr": 0.01, "size": 16, "batch_size": 8, "group_ratio": 1, **values}
    return Stage(**chosen).model_dump(mode="json")


def plan(*stages):
    return TrainSpec(plan=plan_of(list(stages)))


@pytest.fixture
def more(tmp_path, data):
    """A folder with two new images of the first class, and one of the run's validation images among them."""
    folder = tmp_path / "more" / data.classes[0]
    folder.mkdir(parents=True)
    for number in range(2):
        drawn = np.random.default_rng(900 + number).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(drawn).save(folder / f"new {number}.png")
    held = next(data.items[i] for i in data.indices("valid") if data.items[i].label == 0)
    (folder / "held out.png").write_bytes(held.path.read_bytes())
    return folder.parent


def test_another_size_and_share_are_marked_and_both_figures_kept(run, work, data):
    work(plan(stage(share=0.5), stage(size=24)))
    small, large = run.state.stages
    assert changes_of(run.state) == {1: "16 → 24 px, 50% → 100% of the images"}
    assert small.same_weights is None
    assert large.accuracy_before == small.accuracy
    sentence = both_figures(large, small)
    assert f"{small.accuracy:.1%} at 16 px, {large.same_weights.accuracy:.1%} at 24 px" in sentence
    assert large.valid_images == small.valid_images == len(data.indices("valid"))


def test_the_figures_of_the_same_weights_are_those_of_an_evaluation_of_the_snapshot(run, work, data):
    work(plan(stage(), stage(size=24)))
    learner, _ = learner_of(run)
    from core.jobs.restore import model_of

    learner.model.load_state_dict(model_of(run, "cycle-1").state_dict())
    valid = data.indices("valid")
    found, losses = learner.evaluate(valid, 24)
    same = run.state.stages[1].same_weights
    assert same.accuracy == pytest.approx((found.argmax(1) == data.labels[valid]).mean())
    assert same.valid_loss == pytest.approx(float(losses.mean()), rel=1e-5)


def test_where_nothing_changes_nothing_is_measured_twice(run, work):
    work(plan(stage(), stage(lr=0.001)))
    assert [one.same_weights for one in run.state.stages] == [None, None]
    assert changes_of(run.state) == {}
    assert both_figures(run.state.stages[1], run.state.stages[0]) == ""


def test_added_images_train_and_the_run_goes_on_with_the_same_validation_images(run, work, data, more):
    work(plan(stage()))
    growth = actions.add_images(run, str(more))
    assert (growth.train, growth.valid, growth.known) == (2, 0, 1)
    after = run.data()
    assert after.indices("valid").tolist() == data.indices("valid").tolist()
    assert run.info.images == len(data.items) + 2
    assert work(plan(stage())).status == "done"
    first, second = run.state.stages
    assert second.train_images == first.train_images + 2
    assert changes_of(run.state) == {1: "+2 training images"}
    assert second.same_weights is None


def test_added_validation_images_give_both_figures(run, work, data, more, tmp_path):
    work(plan(stage()))
    split = tmp_path / "split"
    for side, seed in (("train", 1000), ("valid", 1100)):
        for number, name in enumerate(data.classes):
            (split / side / name).mkdir(parents=True)
            drawn = np.random.default_rng(seed + number).integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(drawn).save(split / side / name / "a.png")
    actions.add_images(run, str(split))
    work(plan(stage()))
    first, second = run.state.stages
    held = first.valid_images
    assert (second.valid_images, second.same_weights is None) == (held + 3, False)
    assert f"on {held} validation images, " in both_figures(second, first)
    assert f"on {held + 3} validation images" in both_figures(second, first)
    assert run.state.best.epoch == 2, "the best of those measured on the validation images that there are now"


def test_images_are_not_added_within_a_stage_nor_of_no_class(run, work, data, more, tmp_path):
    work(plan(stage(cycle_len=2)), stop_at=3)
    with pytest.raises(RunError, match="stopped within a stage"):
        actions.add_images(run, str(more))
    assert len(run.data().items) == len(data.items)
    work(TrainSpec())
    (tmp_path / "other" / "whale").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "other" / "whale" / "a.png")
    with pytest.raises(DataError, match="no class whale"):
        actions.add_images(run, str(tmp_path / "other"))


def test_a_job_that_was_asked_to_pause_ends_between_stages_and_goes_on_to_the_same_numbers(run, work, workspace):
    asked = []

    def ask(what, done, total):
        from core.jobs import queue

        job = queue.live_job(workspace, run.id)
        if job is not None and not asked:
            asked.append(job.id)
            ask_to_pause(workspace, job.id)

    job = work(plan(stage(), stage(lr=0.001)), progress=ask)
    assert (job.status, len(run.state.stages)) == ("done", 1)
    assert job.message.startswith("Paused before stage 2, as asked.")
    assert run.state.unfinished
    assert work(TrainSpec()).status == "done"
    assert [one.status for one in run.state.stages] == ["done", "done"]


def test_a_pause_can_be_taken_back_and_is_of_one_job(run, work, workspace):
    from core.jobs import queue

    job = queue.submit(workspace, run.id, plan(stage(), stage()), here=True)
    ask_to_pause(workspace, job.id)
    assert pause_asked(workspace, job)
    assert not pause_asked(workspace, job.model_copy(update={"id": "another"}))
    go_on_after_all(workspace, job.id)
    assert not pause_asked(workspace, job)
    assert not (run.path / PAUSE).exists()
