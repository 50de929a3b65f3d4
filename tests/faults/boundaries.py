"""Write boundaries: each write, flush, rename, cut and deletion of this process, counted, and one of them a fault."""

import errno
import io
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

How = Literal["killed before", "killed in the middle", "killed after", "fails for want of space", "fails"]
HOWS: tuple[How, ...] = ("killed before", "killed in the middle", "killed after", "fails for want of space", "fails")
ERRORS = {"fails for want of space": errno.ENOSPC, "fails": errno.EIO}


@dataclass(frozen=True)
class Fault:
    """At the write boundary number `at` (from 1; 0 is none), once."""

    at: int
    how: How


class Boundaries:
    """Counts the boundaries of this process from `install` on, for as long as it lives."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.count = 0
        self.on = False

    def install(self) -> "Boundaries":
        """Put counting functions in place of those of `os` and `pathlib`."""
        for name in ("fsync", "replace", "rename", "truncate", "unlink"):
            setattr(os, name, self._counted(getattr(os, name)))
        plain, fdopen = Path.open, os.fdopen
        Path.open = lambda path, mode="r", *more, **named: self._wrapped(  # type: ignore[method-assign,assignment]
            plain(path, mode, *more, **named), mode
        )
        os.fdopen = lambda handle, mode="r", *more, **named: self._wrapped(  # type: ignore[assignment]
            fdopen(handle, mode, *more, **named), mode
        )
        self.on = True
        return self

    def _wrapped(self, file: Any, mode: str) -> Any:
        return _File(file, self) if set(mode) & set("wa+") else file

    def _counted(self, do: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **named: self.reach(lambda: do(*given, **named))

    def reach(self, do: Callable[[], Any], half: Callable[[], Any] = lambda: None) -> Any:
        """Do what a boundary is about, or what the fault makes of it."""
        if not self.on:
            return do()
        self.count += 1
        if self.count != self.fault.at:
            return do()
        if self.fault.how in ERRORS:
            number = ERRORS[self.fault.how]
            raise OSError(number, os.strerror(number))
        if self.fault.how == "killed in the middle":
            half()
        elif self.fault.how == "killed after":
            do()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class _File:
    """A file that is written to: each write and flush is a boundary."""

    def __init__(self, file: io.IOBase, boundaries: Boundaries) -> None:
        self._file, self._boundaries = file, boundaries

    def write(self, content: Any) -> Any:
        def half() -> None:
            whole = content if isinstance(content, str) else memoryview(content).cast("B")
            self._file.write(whole[: len(whole) // 2])  # type: ignore[attr-defined]
            self._file.flush()

        return self._boundaries.reach(lambda: self._file.write(content), half)  # type: ignore[attr-defined]

    def flush(self) -> None:
        self._boundaries.reach(self._file.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_File":
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    def __iter__(self) -> Any:
        return iter(self._file)
