"""Anneal as a library: everything that a page does, without streamlit.

    from core import Learner, Stage, Workspace, build, load_data, lr_find

These names are imported when they are first used, so that `import core` imports neither torch nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.data.index import load_data
    from core.model.backbones import build
    from core.training.found_rate import lr_find
    from core.training.learner import Learner
    from core.training.stage import Stage
    from core.training.trials import try_rates
    from core.workspace import Workspace

__all__ = ["Learner", "Stage", "Workspace", "build", "load_data", "lr_find", "try_rates"]

_MODULES = {
    "Learner": "core.training.learner",
    "Stage": "core.training.stage",
    "Workspace": "core.workspace",
    "build": "core.model.backbones",
    "load_data": "core.data.index",
    "lr_find": "core.training.found_rate",
    "try_rates": "core.training.trials",
}


def __getattr__(name: str) -> object:
    """Import one of the names above, and keep it for the next time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The names above beside those that are there already, for completion in a notebook."""
    return sorted({*globals(), *__all__})
