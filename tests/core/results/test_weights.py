"""Weights between snapshots: torch's own averaging and plain linear algebra are the oracles."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

from core.model.backbones import build
from core.results.weights import Plane, averaged, between, has_batch_norm, measure_statistics, same_backbone


def network(seed):
    model = build("small_cnn", ["a", "b", "c"], seed=seed, pretrained=False)
    with torch.no_grad():
        torch.manual_seed(seed)
        for value in model.state_dict().values():
            if value.is_floating_point() and value.dim():
                value.add_(0.1 * torch.rand_like(value))
    return model


@pytest.fixture
def three():
    return [network(seed) for seed in range(3)]


def states(models):
    return [{name: value.clone() for name, value in model.state_dict().items()} for model in models]


def test_the_ends_of_a_line_are_the_snapshots_themselves(three):
    first, second, _ = states(three)
    assert all(torch.equal(value, first[name]) for name, value in between(first, second, 0.0).items())
    end = between(first, second, 1.0)
    assert all(torch.equal(end[name], second[name]) for name in end if end[name].is_floating_point())


def test_the_middle_is_the_average_of_two(three):
    first, second, _ = states(three)
    middle, mean = between(first, second, 0.5), averaged([first, second])
    assert all(torch.allclose(middle[name], mean[name], atol=1e-6) for name in mean if mean[name].is_floating_point())


def test_averaged_weights_are_torchs(three):
    theirs = AveragedModel(three[0])
    for model in three:
        theirs.update_parameters(model)
    mine = averaged(states(three))
    for name, value in theirs.module.named_parameters():
        assert torch.allclose(mine[name], value, atol=1e-6), name


def test_batch_norm_is_given_the_statistics_that_torch_gives_it(three):
    batches = [torch.rand(8, 3, 16, 16) for _ in range(3)]
    mine, theirs = three[0], network(0)
    theirs.load_state_dict(mine.state_dict())
    was = {name: module.training for name, module in mine.named_modules()}
    measure_statistics(mine, iter(batches))
    update_bn(batches, theirs)
    for name, value in theirs.state_dict().items():
        assert torch.equal(value, mine.state_dict()[name]), name
    assert {name: module.training for name, module in mine.named_modules()} == was
    assert has_batch_norm(mine)
    assert not has_batch_norm(nn.Linear(2, 2))


def test_the_plane_goes_through_the_three_and_gives_them_back(three):
    all_of = states(three)
    plane = Plane.through(*all_of)
    for state in all_of:
        x, y, away = plane.coordinates(state)
        assert away == pytest.approx(0, abs=1e-4)
        found = plane.at(x, y)
        assert all(
            torch.allclose(found[name], state[name], atol=1e-5) for name in found if state[name].is_floating_point()
        )
    assert float(plane.across @ plane.up) == pytest.approx(0, abs=1e-9)
    assert plane.coordinates(all_of[0])[:2] == pytest.approx((0, 0))


def test_distances_on_the_plane_are_those_of_the_weights(three):
    first, second, third = states(three)
    plane = Plane.through(first, second, third)
    flat = [
        torch.cat([v.flatten().double() for v in state.values() if v.is_floating_point()]) for state in (second, third)
    ]
    placed = [np.array(plane.coordinates(state)[:2]) for state in (second, third)]
    assert np.linalg.norm(placed[0] - placed[1]) == pytest.approx(float((flat[0] - flat[1]).norm()))


def test_three_on_one_line_span_no_plane(three):
    first, second, _ = states(three)
    assert Plane.through(first, second, between(first, second, 0.5)) is None
    assert Plane.through(first, first, second) is None


def test_only_heads_that_differ_share_a_backbone(three):
    first, second, _ = states(three)
    other = {**first, **{name: value + 1 for name, value in first.items() if name.startswith("head.")}}
    assert same_backbone([first, other])
    assert not same_backbone([first, second])
