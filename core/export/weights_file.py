"""Safetensors: the weights alone, under the names of timm's network where timm has it; what they need in the header."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import ExportError
from core.export.description import Description, Preprocessing
from core.export.network import Exported, PixelNetwork, Predictor, predictor
from core.model.backbones import build
from core.model.catalogue import EFFICIENTNET_LITE0
from core.model.classifier import Classifier
from core.model.ensemble import Beside
from core.model.fold import unfolded_weights

KEY = "anneal"
"""Key of the description in the file's header."""

TIMM, OURS, OURS_FOLDED = "timm", "anneal", "anneal, batch norm folded"

Weights = dict[str, Tensor]


class WeightsFile:
    """The weights; `names` says which network they fill: `timm.create_model(NETWORK, num_classes=N)`, or ours."""

    def __init__(self, exported: Exported) -> None:
        model = exported.model
        if isinstance(model.backbone, Beside):
            raise ExportError(
                "An ensemble is several networks, and a file of weights holds those of one. Choose ONNX, the zip, the "
                "web page or the PyTorch program, or the weights of one of its members."
            )
        own = {name: value.contiguous() for name, value in model.state_dict().items()}
        found = _for_timm(model, own)
        self._weights = own if found is None else found
        self.names = TIMM if found is not None else OURS_FOLDED if model.folded else OURS
        self.network = timm_name(model.backbone_name) if found is not None else model.backbone_name

    def completed(self, description: Description) -> Description:
        """With the network that the weights fill, and the preprocessing that it leaves to its user."""
        how = description.preprocessing.model_copy(update={"in_file": False})
        return description.model_copy(update={"names": self.names, "network": self.network, "preprocessing": how})

    def content(self, description: Description) -> bytes:
        """The file."""
        from safetensors.torch import save

        return save(self._weights, {KEY: description.text(), "format": "pt"})

    def opened(self, content: bytes, description: Description) -> Predictor:
        """The weights of the file in a new network: timm's where they have its names."""
        from safetensors.torch import load

        weights = load(content)
        if self.names == TIMM:
            network = _timm_network(self.network, len(description.classes))
            network.load_state_dict(weights)
            return predictor(_with_preprocessing(network.eval(), description.preprocessing))
        ours = build(self.network, description.classes, pretrained=False, folded=self.names == OURS_FOLDED)
        ours.load_state_dict(weights)
        return predictor(PixelNetwork(ours.eval()))


def timm_name(backbone: str) -> str:
    """What timm calls a backbone."""
    return "tf_efficientnet_lite0" if backbone == EFFICIENTNET_LITE0 else backbone


def _timm_network(name: str, classes: int) -> nn.Module:
    import timm

    network: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return network


def _for_timm(model: Classifier, own: Weights) -> Weights | None:
    """The weights under the names of timm's network with a head; None where timm has no such network."""
    import timm

    name = timm_name(model.backbone_name)
    if not timm.is_model(name):
        return None
    network = _timm_network(name, len(model.classes))
    config = getattr(network, "pretrained_cfg", {})
    classifier = config.get("classifier") if isinstance(config.get("classifier"), str) else None
    if classifier is None:
        return None
    ends = {"backbone.": "", "head.1.": f"{classifier}."}
    found = {
        end + key.removeprefix(start): value for key, value in own.items() for start, end in ends.items()
        if key.startswith(start)
    }  # fmt: skip
    if model.folded:
        found = unfolded_weights(network.eval(), found)
    expected = {key: value.shape for key, value in network.state_dict().items()}
    return found if {key: value.shape for key, value in found.items()} == expected else None


def _with_preprocessing(network: nn.Module, how: Preprocessing) -> Callable[[Tensor], Tensor]:
    """Probabilities by a network of timm, its input prepared as the description says."""
    mean, std = (torch.tensor(colour).view(1, 3, 1, 1) for colour in (how.mean, how.std))

    def predict(pixels: Tensor) -> Tensor:
        images = pixels.permute(0, 3, 1, 2).float() / 255
        if how.network_size is not None and how.network_size != how.size:
            size = (how.network_size, how.network_size)
            images = F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)
        logits: Tensor = network((images - mean) / std)
        return logits.softmax(dim=1)

    return predict
