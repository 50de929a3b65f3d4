"""One process, or several that torchrun started: who does what. Importing this module imports no torch."""

from collections.abc import Callable

from core.process.world import world


def together(lead: Callable[[], int]) -> int:
    """Do `lead` and return its exit status; of several processes the first does it, and the others help it.

    Every command and every worker begins here, so that each kind of job can be started under torchrun.
    """
    at = world()
    if at is None:
        return lead()
    from core.model.ranks import lead_or_follow

    return lead_or_follow(at, lead)
