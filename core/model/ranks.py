"""Several processes that compute as one, started by torchrun: rank 0 does the job, and the others help it.

Rank 0 alone decides what is done next: it claims the job, writes the run's folder, reads the stop flag and keeps time.
The others wait for its orders, so that nothing has to be agreed on. An order is a helper, pickled with its tensors;
what repeats, such as a batch, is a few numbers for the helper ordered last.
"""

import io
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Protocol

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from core.errors import LostProcessError
from core.model.machine import device
from core.process.threads import lower_priority, tune_allocator
from core.process.world import World

EXCHANGE = timedelta(minutes=10)
"""How long an exchange of numbers may take before the other processes count as lost."""

WAIT = timedelta(days=30)
"""How long a process waits for an order: rank 0 may be decoding images. It ends at once when rank 0 does."""

END, ORDER, NUMBERS = 0, 1, 2

Numbers = NDArray[np.float64]


class Helper(Protocol):
    """What the other processes do together with rank 0; it must be possible to pickle it."""

    def help(self, ranks: "Ranks", numbers: Numbers) -> None:
        """Do the part of this process of what `numbers` (n,) stand for."""


class Ranks:
    """The processes of one job, as one of them sees them; `helper` is the one ordered last.

    Every exchange raises `LostProcessError` when a process is gone.
    """

    def __init__(self, at: World) -> None:
        self.rank, self.count = at.rank, at.count
        self.helper: Helper | None = None
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(at.local_rank % torch.cuda.device_count())
        with self._said():
            dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=EXCHANGE)
            self._orders: dist.ProcessGroup = dist.new_group(  # type: ignore[assignment]  # as this process is in it
                timeout=WAIT, backend="gloo"
            )

    def order(self, helper: Helper) -> None:
        """Rank 0: give every other process a copy of `helper`, with tensors on that process's device."""
        content = io.BytesIO()
        torch.save(helper, content)
        self._header(ORDER, content.tell())
        self._broadcast(torch.frombuffer(content.getbuffer(), dtype=torch.uint8))
        self.helper = helper

    def send(self, numbers: Numbers) -> None:
        """Rank 0: have the others help with what `numbers` (n,) stand for."""
        self._header(NUMBERS, len(numbers))
        self._broadcast(torch.from_numpy(numbers))

    def end(self) -> None:
        """Rank 0: have the others end; those that are lost already do not matter any more."""
        with suppress(LostProcessError):
            self._header(END, 0)
        self._leave()

    def follow(self) -> None:
        """Every other process: help rank 0 until it ends."""
        while True:
            kind, length = self._broadcast(torch.zeros(2, dtype=torch.int64)).tolist()
            if kind == END:
                break
            if kind == ORDER:
                content = self._broadcast(torch.empty(length, dtype=torch.uint8))
                self.helper = torch.load(
                    io.BytesIO(content.numpy().tobytes()), map_location=device(), weights_only=False
                )
            elif self.helper is not None:
                self.helper.help(self, self._broadcast(torch.empty(length, dtype=torch.float64)).numpy())
        self._leave()

    def sum(self, tensor: Tensor) -> Tensor:
        """Add up `tensor` over all processes, in place and to the same bytes in each of them; returns it."""
        with self._said():
            dist.all_reduce(tensor)
        return tensor

    def give(self, rows: Tensor) -> None:
        """Every other process: give rank 0 the float32 `rows` (n, width) that it takes."""
        with self._said():
            dist.send(torch.tensor(rows.shape), 0)
            dist.send(rows.detach().float().cpu().contiguous(), 0)

    def take(self, rank: int) -> Tensor:
        """Rank 0: the rows that process `rank` gives, on the CPU."""
        shape = torch.zeros(2, dtype=torch.int64)
        with self._said():
            dist.recv(shape, rank)
            rows = torch.empty(*shape.tolist())
            dist.recv(rows, rank)
        return rows

    def _header(self, kind: int, length: int) -> None:
        self._broadcast(torch.tensor([kind, length]))

    def _broadcast(self, tensor: Tensor) -> Tensor:
        with self._said():
            dist.broadcast(tensor, 0, group=self._orders)
        return tensor

    @staticmethod
    def _leave() -> None:
        with suppress(RuntimeError):
            dist.destroy_process_group()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what torch says of a lost connection into a sentence."""
        try:
            yield
        except RuntimeError as error:
            said = " ".join(str(error).split())[:160]
            raise LostProcessError(
                f"One of the {self.count} processes of this job was lost: it was killed, ran out of memory, or its "
                "machine cannot be reached. Continue goes on from the last checkpoint, also with another number of "
                f"processes. ({said})"
            ) from error


_leading: Ranks | None = None


def leading() -> Ranks | None:
    """The processes that help this one; None in a process that computes alone, or that helps another."""
    return _leading


def lead_or_follow(at: World, lead: Callable[[], int]) -> int:
    """Join the processes that torchrun started: rank 0 does `lead`, the others help until it has; the exit status."""
    global _leading
    tune_allocator()
    ranks = Ranks(at)
    if ranks.rank:
        lower_priority()
        for asked in (signal.SIGINT, signal.SIGTERM):  # rank 0 is asked too, and ends at the end of a batch
            signal.signal(asked, signal.SIG_IGN)
        with suppress(LostProcessError):
            ranks.follow()
        return 0
    _leading = ranks
    try:
        return lead()
    finally:
        _leading = None
        ranks.end()
