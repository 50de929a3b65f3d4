"""The study of nearest images against scikit-learn on the network's own features."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import StudySpec, TrainSpec
from core.model.activations import activations_key, kept_activations
from core.results.neighbours import NearestAnswer
from core.results.studies import NearestImages
from core.runs.studies import kept_answer
from core.runs.weights import taken_at, written_at
from core.training.stage import Plan, Stage

STAGE = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycle_len=1, size=16, batch_size=16)


@pytest.fixture
def learnt(run):
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    return run


def test_each_validation_image_has_the_training_images_nearest_to_the_present_weights(learnt):
    question = NearestImages(snapshot="latest", written=written_at(learnt), count=4)
    run_here(learnt.workspace, learnt.id, StudySpec(question=question))
    answer = kept_answer(learnt, question, NearestAnswer)
    data, model = learnt.data(), model_of(learnt)
    train, valid = data.indices("train"), data.indices("valid")
    assert (answer.size, list(answer.items)) == (16, valid.tolist())

    pixels = torch.from_numpy(np.array(load_pixels(data, 16, learnt.workspace))).permute(0, 3, 1, 2)
    with torch.inference_mode():
        features = model.features(pixels.float() / 255).numpy()
    oracle = NearestNeighbors(n_neighbors=4, metric="cosine", algorithm="brute").fit(features[train])
    distances, places = oracle.kneighbors(features[valid])
    found = answer.neighbours(data)
    assert np.allclose(found.similarities, 1 - distances, atol=2e-4)
    assert np.mean(found.indices == train[places]) > 0.95  # equal to the fourth decimal, some change places
    assert (found.labels == data.labels[found.indices]).all()


def test_the_activations_are_there_for_other_images_afterwards(learnt):
    data, model = learnt.data(), model_of(learnt)
    key = activations_key(model, data, taken_at(learnt).size)
    assert kept_activations(data, key, model.feature_size, learnt.workspace) is None
    run_here(
        learnt.workspace, learnt.id, StudySpec(question=NearestImages(snapshot="best", written=written_at(learnt)))
    )
    best = activations_key(model_of(learnt, "best"), data, 16)
    assert kept_activations(data, best, model.feature_size, learnt.workspace).shape == (60, model.feature_size)


def test_without_validation_images_there_is_nothing_to_say(data):
    answer = NearestAnswer(size=16, items=(), indices=(), similarities=())
    assert answer.neighbours(data).indices.shape == (0, 0)


def test_weights_that_are_not_there_are_a_sentence(run, learnt):
    with pytest.raises(RunError, match="There is no snapshot cycle-9"):
        written_at(learnt, "cycle-9")


def test_other_weights_under_the_same_name_are_another_question(run):
    with pytest.raises(RunError, match="Nothing has been trained in this run yet"):
        written_at(run)
    with pytest.raises(RunError, match="Nothing has been trained in this run yet"):
        taken_at(run)
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    first = written_at(run)
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    assert written_at(run) > first
