"""The map before the pooling: its mean is the features, and timm's own function gives the same."""

import pytest
import timm
import torch

from core.errors import ModelError
from core.model.backbones import build
from core.model.classifier import evaluating
from core.model.fold import folded
from core.model.maps import feature_map
from tests.core.model.conftest import CLASSES, images

MAPPED = ["small_cnn", "efficientnet_lite0", "resnet18", "test_efficientnet", "swin_tiny_patch4_window7_224"]
UNMAPPED = ["mobilenetv3_small_050", "test_vit", "test_convnext"]


@pytest.mark.parametrize("name", MAPPED)
def test_the_mean_of_the_map_is_the_features(name):
    model, batch = build(name, CLASSES, pretrained=False), images(side=64)
    with evaluating(model):
        found, features = feature_map(model, batch), model.features(batch)
    assert found.shape[:2] == (4, model.feature_size)
    assert min(found.shape[2:]) > 1
    assert (found.mean((2, 3)) - features).abs().max() <= 1e-5 * features.abs().max()


@pytest.mark.parametrize("name", UNMAPPED)
def test_a_backbone_without_such_a_map_is_named(name):
    model = build(name, CLASSES, pretrained=False)
    with evaluating(model), pytest.raises(ModelError, match=f"{name} does not take the plain mean of its last map"):
        feature_map(model, images(side=64))


def test_the_map_of_lite0_lies_as_in_timm():
    """Its layers work on the turned image; the map must not be turned."""
    oracle = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    model = build("efficientnet_lite0", CLASSES)
    oracle.load_state_dict(model.backbone.state_dict())
    batch = images(side=96)
    with evaluating(model):
        found = feature_map(model, batch)
        wanted = oracle.forward_features(model.prepared(batch))
    assert found.shape == wanted.shape == (4, 1280, 3, 3)
    assert torch.allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["small_cnn", "efficientnet_lite0", "resnet18"])
def test_folding_leaves_the_map(name):
    model, batch = build(name, CLASSES, pretrained=False), images(side=64)
    with evaluating(model):
        wanted = feature_map(model, batch)
        found = feature_map(folded(model), batch)
    assert (found - wanted).abs().max() <= 1e-3 * wanted.abs().max()
