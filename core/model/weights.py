"""A network's weights in one safetensors file that says of which network they are."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from core.errors import ModelError
from core.model.classifier import Classifier
from core.workspace import atomic

VERSION = 1

_KEY = "anneal-weights"


class WeightsInfo(BaseModel):
    """What a weights file says of itself; `size` is the side in pixels last trained at, `extra` the caller's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int
    backbone: str
    classes: tuple[str, ...]
    size: int = Field(ge=1)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    folded: bool = False
    extra: dict[str, str] = Field(default_factory=dict)


def save_weights(model: Classifier, path: Path, *, size: int, extra: Mapping[str, str] | None = None) -> None:
    """Write `model`'s weights and buffers to `path`, whole or not at all; `size` is the image side they are for."""
    info = WeightsInfo(
        version=VERSION,
        backbone=model.backbone_name,
        classes=model.classes,
        size=size,
        mean=model.mean.flatten().tolist(),
        std=model.std.flatten().tolist(),
        folded=model.folded,
        extra=dict(extra or {}),
    )
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic(path) as file:
        file.write(save(tensors, {_KEY: info.model_dump_json()}))


def describe_weights(path: Path) -> WeightsInfo:
    """What the weights file `path` says of itself; raises `ModelError` when it is not one of Anneal's, or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
    except FileNotFoundError as error:
        raise ModelError(f"There is no file {path}.") from error
    except (SafetensorError, OSError) as error:
        raise ModelError(_damaged(path)) from error
    if header is None:
        raise ModelError(f"{path.name} holds weights that were not saved by Anneal. Choose a file that was.")
    try:
        fields = json.loads(header)
        if isinstance(fields, dict) and int(fields.get("version", 0)) > VERSION:
            raise ModelError(f"{path.name} was saved by a newer version of Anneal. Update Anneal to open it.")
        return WeightsInfo.model_validate(fields)
    except (ValueError, TypeError, ValidationError) as error:
        raise ModelError(_damaged(path)) from error


def load_weights(model: Classifier, path: Path) -> WeightsInfo:
    """Fill `model` from `path`; it is left as it was when this raises `ModelError`.

    Backbone and classes must be the model's own, in the same order.
    """
    info = describe_weights(path)
    _check(model, info, path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(_damaged(path)) from error
    own = model.state_dict()
    if {name: value.shape for name, value in tensors.items()} != {name: value.shape for name, value in own.items()}:
        raise ModelError(f"{path.name} does not fit this network: its layers have other names or shapes.")
    with torch.no_grad():
        model.load_state_dict(tensors)
    return info


def _check(model: Classifier, info: WeightsInfo, path: Path) -> None:
    if info.backbone != model.backbone_name:
        raise ModelError(
            f"{path.name} holds weights of {info.backbone}, and this network is {model.backbone_name}. "
            "Choose weights of the same backbone."
        )
    if info.folded != model.folded:
        forms = {True: "folded", False: "as layers of its own"}
        raise ModelError(
            f"{path.name} holds a network with its batch norm {forms[info.folded]}, and this one has it "
            f"{forms[model.folded]}. Begin a run with the same choice."
        )
    if len(info.classes) != len(model.classes):
        raise ModelError(
            f"{path.name} tells {len(info.classes)} classes apart, and this network {len(model.classes)}. "
            "Choose weights trained on the same classes."
        )
    for theirs, ours in zip(info.classes, model.classes, strict=True):
        if theirs != ours:
            raise ModelError(
                f"{path.name} was trained on other classes: it has {theirs} where this network has {ours}. "
                "Choose weights trained on the same classes."
            )


def _damaged(path: Path) -> str:
    return f"{path.name} is not a weights file, or it is damaged. Choose another file, or copy it again."
