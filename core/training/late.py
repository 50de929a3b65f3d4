"""Numbers of a batch that a GPU computes, read some batches later.

To read a number waits until the GPU has done all that it was asked for before. A loop that read each batch's loss at
once would leave the GPU idle while it prepares the next batch, most of the time where images are small. So the numbers
are copied as they come, and read when some later batches have been begun. A CPU computes before it answers: nothing is
late there. When numbers are read changes none of them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Generic, TypeVar

import torch
from torch import Tensor

LAG: dict[str, int] = {"cuda": 8}
"""Kind of device -> how many batches later the numbers of one are read at most; at once on any other device."""

LAG_S = 0.2
"""Seconds that these batches may take, so that a stop is soon and charts are live where batches are slow; but one."""

About = TypeVar("About")


class Late(Generic[About]):
    """The batches that device `where` was given and whose numbers are not read yet, oldest first.

    >>> late = Late[str](torch.device("cpu"))
    >>> late.begin("the first batch", lambda: [torch.tensor(0.5)])
    >>> late.room, len(late), late.read()[:2], len(late)
    (False, 1, ('the first batch', [0.5]), 0)
    """

    def __init__(self, where: torch.device) -> None:
        self._where = where
        self._most = LAG.get(where.type, 0)
        self._lag = min(self._most, 1)
        self._waiting: deque[tuple[About, _Moment, _Copy, _Moment]] = deque()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._waiting)

    @property
    def room(self) -> bool:
        """Whether one more may be begun before the oldest is read."""
        return len(self._waiting) <= self._lag

    def begin(self, about: About, compute: Callable[[], Sequence[Tensor]]) -> None:
        """Have the device begin what `compute` asks for; it gives the numbers, each of shape () and float32."""
        began = _Moment(self._where)
        numbers = _Copy(compute())
        self._waiting.append((about, began, numbers, _Moment(self._where)))

    def read(self) -> tuple[About, list[float], float]:
        """Wait for the oldest: what it is, its numbers, and the seconds (above 0) that the device took for it."""
        about, began, numbers, ended = self._waiting[0]
        ended.wait()
        found, seconds = numbers.values(), max(ended.since(began), 1e-6)
        self._lag = min(self._most, max(1, int(LAG_S / seconds)))
        self._waiting.popleft()  # an interruption while it waited would have left it there
        return about, found, seconds


def in_order(
    where: torch.device, batches: Iterable[About], compute: Callable[[About], Sequence[Tensor]]
) -> Iterator[tuple[About, list[float]]]:
    """Have device `where` compute each of `batches`, and give each with its numbers.

    The caller may leave at any of them; some later ones may have been begun by then.
    """
    late = Late[About](where)
    for batch in batches:
        late.begin(batch, partial(compute, batch))
        while not late.room:
            yield late.read()[:2]
    while late:
        yield late.read()[:2]


class _Copy:
    """Numbers on their way to the CPU. On a GPU, `values` may be called from the moment on that follows it."""

    def __init__(self, numbers: Sequence[Tensor]) -> None:
        self._numbers: Sequence[Tensor] = numbers
        if numbers[0].is_cuda:
            found = torch.stack(list(numbers))
            host = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
            self._numbers = host.copy_(found, non_blocking=True).unbind()

    def values(self) -> list[float]:
        return [number.item() for number in self._numbers]


class _Moment:
    """A moment of device `where`: on a GPU, when it has done what it was given until now."""

    def __init__(self, where: torch.device) -> None:
        self._s = perf_counter()
        self._event: torch.cuda.Event | None = None
        if where.type == "cuda":
            self._event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            self._event.record()

    def wait(self) -> None:
        if self._event is not None:
            self._event.synchronize()

    def since(self, earlier: "_Moment") -> float:
        """Seconds from `earlier` to this moment; both are over."""
        if self._event is None or earlier._event is None:
            return self._s - earlier._s
        return float(earlier._event.elapsed_time(self._event)) / 1000
