"""Trying something on a model without leaving a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch

from core.model.classifier import Classifier


@contextmanager
def preserved(model: Classifier) -> Iterator[None]:
    """Put back, byte by byte, all that training changes in `model`, however the block ends.

    That is weights, buffers, gradients, what is frozen, the modules' modes and the generator of its dropout.
    An optimiser is safe as long as the block uses one of its own.
    """
    tensors = [(tensor, tensor.detach().clone()) for tensor in chain(model.parameters(), model.buffers())]
    parameters = [(p, p.requires_grad, p.grad) for p in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    draws, first = model.generator.get_state(), model.first_trained
    for parameter in model.parameters():
        parameter.grad = None
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in tensors:
                tensor.copy_(before)
        for parameter, wanted, gradient in parameters:
            parameter.requires_grad_(wanted)
            parameter.grad = gradient
        for module, training in modes:
            module.training = training
        model.generator.set_state(draws)
        model.first_trained = first
