"""Train a model for a test and put it back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch

from core.model.classifier import Classifier, kept_modes


@contextmanager
def preserved(model: Classifier) -> Iterator[None]:
    """Put back, byte by byte, everything that training changes in `model`, also when the block raises an error.

    That is: weights, buffers, gradients, what is frozen, the modes of the modules and the generator of the dropout.
    The block must use its own optimiser.
    """
    tensors = [(tensor, tensor.detach().clone()) for tensor in chain(model.parameters(), model.buffers())]
    parameters = [(p, p.requires_grad, p.grad) for p in model.parameters()]
    draws, first = model.generator.get_state(), model.first_trained
    for parameter in model.parameters():
        parameter.grad = None
    try:
        with kept_modes(model):
            yield
    finally:
        with torch.no_grad():
            for tensor, before in tensors:
                tensor.copy_(before)
        for parameter, wanted, gradient in parameters:
            parameter.requires_grad_(wanted)
            parameter.grad = gradient
        model.generator.set_state(draws)
        model.first_trained = first
