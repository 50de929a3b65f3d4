"""Importing what computing needs: torch and its kin, some 5,000 modules."""

import gc
import importlib
from collections.abc import Callable, Sequence


def import_modules(names: Sequence[str], wanted: Callable[[], bool] = lambda: True) -> None:
    """Import modules one after the other for as long as they are `wanted`.

    The garbage collector rests meanwhile, and leaves them alone for good: it would go through them again and again,
    for a sixth of the time, and find next to nothing.
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
