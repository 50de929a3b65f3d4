"""A network folded to be trained on: the same one at first, without batch norm, and every group still its own."""

import pytest
import torch
from torch import nn

from core.model.backbones import build
from core.model.classifier import Classifier, freeze_to, set_mode

CLASSES = ("cat", "dog", "eel")


@pytest.fixture(scope="module")
def both() -> tuple[Classifier, Classifier]:
    """efficientnet_lite0 with its pretrained weights, as it is and folded."""
    return build("efficientnet_lite0", CLASSES), build("efficientnet_lite0", CLASSES, folded=True)


def test_a_folded_network_gives_the_features_of_the_network_it_came_from(both: tuple[Classifier, Classifier]) -> None:
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        plain, folded = (model.features(images) for model in both)
    assert torch.allclose(plain, folded, rtol=1e-3, atol=1e-3 * plain.abs().max().item())


def test_no_batch_norm_is_left_and_everything_can_be_trained(both: tuple[Classifier, Classifier]) -> None:
    plain, folded = both
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert folded.folded
    assert not plain.folded
    assert [group.name for group in folded.groups] == [group.name for group in plain.groups]
    freeze_to(folded, 0)
    assert all(parameter.requires_grad for parameter in folded.parameters())
    counted = sum(1 for group in folded.groups for _ in group.parameters())
    assert counted == len(list(folded.parameters()))


def test_a_training_step_changes_no_image_s_output_through_its_neighbours_in_the_batch() -> None:
    """What batch norm with batch statistics does, and frozen or folded batch norm does not."""
    model = build("efficientnet_lite0", CLASSES, folded=True)
    freeze_to(model, 0)
    set_mode(model, True)
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        together, alone = model.features(images)[:1], model.features(images[:1])
    assert torch.allclose(together, alone, rtol=1e-3, atol=1e-3 * alone.abs().max().item())
