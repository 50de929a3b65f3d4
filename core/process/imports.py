"""Importing torch and what goes with it: some 5,000 modules."""

import gc
import importlib
from collections.abc import Callable, Sequence


def import_modules(names: Sequence[str], wanted: Callable[[], bool] = lambda: True) -> None:
    """Import modules one after the other for as long as they are `wanted`.

    The garbage collector is off meanwhile, and never scans these modules later: it would scan them again and again,
    for a sixth of the time, and free next to nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        for name in names:
            if wanted():
                importlib.import_module(name)
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
