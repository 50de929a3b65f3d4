"""The device that computes, its memory and its number format."""

import platform
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from core.errors import TrainingError


def device() -> torch.device:
    """The GPU when torch can use one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(where: torch.device) -> AbstractContextManager[object]:
    """The context for a forward pass on device `where`: bf16 autocast on a GPU that supports it, else float32.

    On a CPU bf16 was slower when measured, also on a processor with instructions for it.
    """
    if where.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def holds(where: torch.device, count: int) -> bool:
    """Whether to keep `count` bytes of images on device `where`: on a GPU, in at most half of its free memory."""
    return where.type == "cuda" and count <= torch.cuda.mem_get_info(where)[0] // 2


@contextmanager
def explained_memory_errors(images: int, size: int) -> Iterator[None]:
    """Turn CUDA's out-of-memory error in a block that computes `images` images of `size` px into a `TrainingError`."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"The GPU has too little memory for {images} images of {size} px at once. "
            "Lower the batch size or the image size."
        ) from error


def sent(tensor: Tensor, where: torch.device) -> Tensor:
    """A CPU tensor on device `where`. A GPU is not waited for: it copies from memory that is not paged out."""
    return tensor.pin_memory().to(where, non_blocking=True) if where.type == "cuda" else tensor.to(where)


def copied_to_cpu(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Contiguous copies on the CPU of named tensors, without their gradients."""
    return {name: tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format) for name, tensor in tensors}


def processor() -> str:
    """The name of the processor as the operating system gives it, or else its architecture."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
