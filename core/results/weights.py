"""Weights between and around snapshots: points on a straight line, points on a plane, and averages.

The plane is that of T. Garipov et al., "Loss Surfaces, Mode Connectivity, and Fast Ensembling of DNNs"
(arXiv:1802.10026): spanned by three networks. Averages are those of P. Izmailov et al. (arXiv:1803.05407).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.model.classifier import Classifier, kept_modes

Weights = Mapping[str, Tensor]


def between(first: Weights, second: Weights, share: float) -> dict[str, Tensor]:
    """The weights at `share` (0: `first`, 1: `second`) of the straight line; whole numbers are those of `first`."""
    return {
        name: value if not value.is_floating_point() else torch.lerp(value, second[name], share)
        for name, value in first.items()
    }


def averaged(states: Sequence[Weights]) -> dict[str, Tensor]:
    """The mean of the weights of `states`; whole numbers are those of the last of them."""
    mean = {name: value.clone() for name, value in states[-1].items()}
    for name, value in mean.items():
        if value.is_floating_point():
            mean[name] = torch.stack([state[name].double() for state in states]).mean(dim=0).to(value.dtype)
    return mean


@dataclass(frozen=True)
class Plane:
    """The plane through three networks, with its origin at the first of them.

    `across` and `up` are at right angles to each other and of length 1, in the units of the weights.
    """

    origin: Tensor
    across: Tensor
    up: Tensor
    template: Weights

    @classmethod
    def through(cls, first: Weights, second: Weights, third: Weights) -> "Plane | None":
        """The plane; None where the three lie on one line."""
        origin = _flat(first)
        across = _flat(second) - origin
        length = across.norm()
        if length == 0:
            return None
        across = across / length
        up = _flat(third) - origin
        up = up - (up @ across) * across
        height = up.norm()
        if height <= 1e-6 * length:
            return None
        return cls(origin, across, up / height, first)

    def coordinates(self, state: Weights) -> tuple[float, float, float]:
        """Where `state` lies over the plane, along both directions, and its distance from it."""
        away = _flat(state) - self.origin
        x, y = away @ self.across, away @ self.up
        left = away - x * self.across - y * self.up
        return float(x), float(y), float(left.norm())

    def at(self, x: float, y: float) -> dict[str, Tensor]:
        """The weights at a point of the plane."""
        flat = self.origin + x * self.across + y * self.up
        found, start = {}, 0
        for name, value in self.template.items():
            if not value.is_floating_point():
                found[name] = value
                continue
            found[name] = flat[start : start + value.numel()].view_as(value).to(value.dtype)
            start += value.numel()
        return found


def _flat(state: Weights) -> Tensor:
    """All floating-point weights in one row of float64: sums of many small products lose nothing."""
    return torch.cat([value.detach().double().flatten() for value in state.values() if value.is_floating_point()])


def has_batch_norm(model: nn.Module) -> bool:
    """Whether the network keeps statistics of its batches, which belong to no weights but its own."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


def measure_statistics(model: Classifier, batches: Iterable[Tensor]) -> None:
    """Give batch norm the statistics of `batches` (B, 3, H, W), as torch's own averaging does after it."""
    from torch.optim.swa_utils import update_bn

    with kept_modes(model), torch.no_grad():
        update_bn(batches, model)


def same_backbone(states: Sequence[Weights]) -> bool:
    """Whether only the heads of `states` differ."""
    first = states[0]
    return all(
        torch.equal(value, state[name])
        for state in states[1:]
        for name, value in first.items()
        if not name.startswith("head.")
    )
