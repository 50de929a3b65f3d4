"""Class-activation maps: their mean and the bias are the logit, which is their definition."""

import numpy as np
import pytest
import torch

from core.errors import ModelError
from core.model.backbones import build
from core.model.classifier import evaluating
from core.results.cam import look
from core.results.inference import probabilities_of

CLASSES = ["ant", "bee", "cat"]


def trained(name):
    """A network with a head that is not zero."""
    model = build(name, CLASSES, pretrained=False)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
    return model


@pytest.fixture
def batch():
    return torch.randint(0, 256, (3, 3, 64, 64), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.mark.parametrize("name", ["small_cnn", "efficientnet_lite0", "resnet18"])
def test_the_mean_of_a_map_and_the_bias_are_the_logit(name, batch):
    model = trained(name)
    with evaluating(model):
        found = look(model, batch)
        logits = model(batch.float() / 255).numpy()
        features = model.features(batch.float() / 255).numpy()
    assert found.maps.shape[:2] == (3, 3)
    assert found.maps.shape[2] > 1
    means = found.maps.mean((2, 3), dtype=np.float64) + found.bias
    assert np.abs(means - logits).max() <= 1e-5 * np.abs(logits).max()
    assert np.allclose(found.logits, logits, rtol=1e-4, atol=1e-5)
    assert np.allclose(found.features, features, rtol=1e-4, atol=1e-5)


def test_the_probabilities_are_those_of_a_prediction(batch):
    model = trained("small_cnn")
    with evaluating(model):
        assert np.allclose(look(model, batch).probabilities, probabilities_of(model, batch), atol=1e-6)


def test_a_class_is_where_its_weights_meet_the_map(batch):
    """By hand, for one class of one image."""
    model = trained("resnet18")
    with evaluating(model):
        before_pooling = model.backbone.forward_features(model.prepared(batch.float() / 255))[1]
        wanted = sum(weight * channel for weight, channel in zip(model.head[-1].weight[2], before_pooling, strict=True))
        assert np.allclose(look(model, batch).maps[1, 2], wanted.numpy(), rtol=1e-3, atol=1e-4)


def test_a_backbone_without_a_map_is_a_sentence(batch):
    model = trained("test_convnext")
    with evaluating(model), pytest.raises(ModelError, match="where it looks cannot be drawn"):
        look(model, batch)
