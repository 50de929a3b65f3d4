"""Layer groups: slices of a network, stem to head, which can be frozen and have their own learning rates."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from torch import nn

from core.model.catalogue import GROUPS


@dataclass
class LayerGroup:
    """A slice of a network: whole `modules`, and `loose` parameters of modules that span several groups."""

    name: str
    modules: list[nn.Module]
    loose: list[nn.Parameter] = field(default_factory=list)

    def parameters(self) -> Iterator[nn.Parameter]:
        """Every parameter of the group, once."""
        return chain(self.loose, *(module.parameters() for module in self.modules))


def early_half(network: nn.Module) -> frozenset[str]:
    """Names of the parameters in the first half of a timm network's layers.

    The layers are those that timm declares (`group_matcher`, coarse: the stem and each stage). As in fastai, a
    residual network is split after its second stage.
    """
    from timm.models import group_parameters

    names: dict[int, list[str]] = group_parameters(
        network,
        network.group_matcher(coarse=True),  # type: ignore[operator]
    )
    layers = sorted(names)
    early = layers[: (len(layers) + 1) // 2] if len(layers) > 1 else []
    return frozenset(name for layer in early for name in names[layer])


def layer_groups(backbone: nn.Module, head: nn.Module, early: frozenset[str]) -> list[LayerGroup]:
    """Stem to head; `early` names the backbone's parameters that make the first group. Empty groups are left out."""
    groups = [LayerGroup(name, []) for name in GROUPS]
    _sort(backbone, "", early, groups)
    groups[-1].modules.append(head)
    return [group for group in groups if next(group.parameters(), None) is not None or group is groups[-1]]


def _sort(module: nn.Module, prefix: str, early: frozenset[str], groups: list[LayerGroup]) -> None:
    """Add `module` to a group, as a whole if possible; modules without parameters belong to the later layers."""
    sides = {_is_early(name, owner, prefix, early) for name, owner in module.named_modules() if _owns(owner)}
    if len(sides) < 2 and not _spans(module, prefix, early):
        groups[0 if sides == {True} else 1].modules.append(module)
        return
    for name, parameter in module.named_parameters(recurse=False):
        groups[0 if prefix + name in early else 1].loose.append(parameter)
    for name, child in module.named_children():
        _sort(child, f"{prefix}{name}.", early, groups)


def _owns(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _is_early(name: str, owner: nn.Module, prefix: str, early: frozenset[str]) -> bool:
    """Whether any parameter of the layer is early: folding adds a bias, which `early` does not name."""
    path = f"{prefix}{name}." if name else prefix
    return any(path + own in early for own, _ in owner.named_parameters(recurse=False))


def _spans(module: nn.Module, prefix: str, early: frozenset[str]) -> bool:
    """Whether the module has children and its own parameters lie in both groups (as a class token may)."""
    if next(module.children(), None) is None:
        return False
    return len({prefix + name in early for name, _ in module.named_parameters(recurse=False)}) > 1
