"""Optimisers with a learning rate for each layer group."""

from collections.abc import Iterator, Sequence
from inspect import unwrap
from typing import TypeVar

import torch
from torch import Tensor, nn

from core.model.classifier import Classifier
from core.training.stage import Stage

ADAMW_BETA2 = 0.99
ADAMW_EPS = 1e-5
"""As in fastai 2: a shorter memory for fits of few batches, and a larger eps for smaller first steps."""

_DIMENSIONS_OF_A_BIAS = 1

Kind = TypeVar("Kind", bound=type[torch.optim.Optimizer])


def _uncompiled(kind: Kind) -> Kind:
    """The optimiser class `kind` without the decorators that exclude its methods from torch's compiler.

    They import the compiler, which takes one second of a cold start, and nothing is compiled here.
    """
    methods = {name: unwrap(getattr(kind, name)) for name in ("add_param_group", "zero_grad", "step")}
    methods["step"] = torch.no_grad()(methods["step"])
    return type(kind.__name__, (kind,), methods)  # type: ignore[return-value]


SGD = _uncompiled(torch.optim.SGD)
AdamW = _uncompiled(torch.optim.AdamW)


def build_optimiser(model: Classifier, stage: Stage) -> torch.optim.Optimizer:
    """The stage's optimiser over the layer groups that it trains; `set_rates` sets their learning rates.

    Weight decay does not apply to biases and the scales of normalisation. With AdamW it is decoupled from the
    gradient (arXiv:1711.05101); with SGD it is added to the gradient, as in torch.
    """
    first = stage.first_trained(len(model.groups))
    groups = []
    for number, layer_group in enumerate(model.groups[first:], start=first):
        parameters = list(layer_group.parameters())
        decayed = [p for p in parameters if p.ndim > _DIMENSIONS_OF_A_BIAS]
        plain = [p for p in parameters if p.ndim <= _DIMENSIONS_OF_A_BIAS]
        groups += [
            {"params": chosen, "weight_decay": decay, "layer_group": number}
            for chosen, decay in ((decayed, stage.weight_decay), (plain, 0.0))
            if chosen
        ]
    if stage.optimiser == "sgd":
        return SGD(groups, lr=0.0, momentum=stage.momentum, fused=True)
    betas = (stage.momentum, ADAMW_BETA2)
    return AdamW(groups, lr=0.0, betas=betas, eps=ADAMW_EPS, fused=True)


def set_rates(optimiser: torch.optim.Optimizer, rates: Sequence[float], momentum: float) -> None:
    """Set every parameter group to its layer group's learning rate in `rates`, and to `momentum` (AdamW: beta 1)."""
    for group in optimiser.param_groups:
        group["lr"] = rates[group["layer_group"]]
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """(name, tensor) of the optimiser's state; a name is `PARAMETER/KEY`, as in `head.1.weight/exp_avg`."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    for parameter, memory in optimiser.state.items():
        for key, value in memory.items():
            if isinstance(value, Tensor):
                yield f"{names[parameter]}/{key}", value


def restore_optimiser(optimiser: torch.optim.Optimizer, model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Restore what `optimiser_tensors` gave, in the memory format of the parameters."""
    parameters = dict(model.named_parameters())
    for full_name, value in tensors.items():
        name, key = full_name.rsplit("/", 1)
        parameter = parameters[name]
        like = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
        optimiser.state[parameter][key] = like.to(parameter.device).copy_(value).detach()
