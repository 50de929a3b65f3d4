"""What this machine computes with."""

import platform
from contextlib import AbstractContextManager, nullcontext

import torch


def device() -> torch.device:
    """The GPU when torch can use one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(where: torch.device) -> AbstractContextManager[object]:
    """What a forward pass on that device is to run in: bf16 on a GPU that has it, which is faster there; else fp32.

    On a CPU bf16 was measured to be slower, also where the processor has instructions for it.
    """
    if where.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def holds(where: torch.device, count: int) -> bool:
    """Whether `count` bytes of images are to be kept on that device: on a GPU, in at most half of its free memory."""
    return where.type == "cuda" and count <= torch.cuda.mem_get_info(where)[0] // 2


def processor() -> str:
    """The processor as the system calls it, or its kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
