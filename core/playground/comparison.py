"""A fixed rate, an annealed one and vSGD on the same surface, with the same noise in their gradients."""

from collections.abc import Sequence

import numpy as np

from core.playground.surfaces import Surface
from core.playground.vsgd import NoisyPath, descend_noisy, descend_vsgd

FIXED, ANNEALED, VSGD = "Fixed rate", "Annealed", "vSGD"
SAME = 1e-4
"""Losses closer than this count as the same."""


def compare(
    surface: Surface, start: tuple[float, float], rate: float, factors: Sequence[float], *, noise: float, seed: int
) -> dict[str, NoisyPath]:
    """The three descents by name: at `rate`, at `rate` times the factor (0..1) of each step, and at vSGD's own rates.

    Raises `ValueError` as `descend_noisy` does.
    """
    steps, annealed = len(factors), [rate * factor for factor in factors]
    return {
        FIXED: descend_noisy(surface, start, [rate] * steps, noise=noise, seed=seed),
        ANNEALED: descend_noisy(surface, start, annealed, noise=noise, seed=seed),
        VSGD: descend_vsgd(surface, start, noise=noise, seed=seed, steps=steps),
    }


def describe(paths: dict[str, NoisyPath]) -> str:
    """Where each of the paths of `compare` ended, which is lowest, and how vSGD's rate changed: of this run alone."""
    ends = "; ".join(f"{name}: {_end(path)}" for name, path in paths.items())
    rates = paths[VSGD].rates.mean(axis=1)
    count = max(1, len(rates) // 10)
    first, last = float(rates[:count].mean()), float(rates[-count:].mean())
    return f"{ends}. {_lowest(paths)} vSGD's mean rate was {first:.2g} in the first tenth and {last:.2g} in the last."


def _end(path: NoisyPath) -> str:
    if path.diverged:
        return f"diverged at step {len(path.points) - 1}"
    value = float(path.values[-1])
    return f"ended at a loss {f'below {SAME:.4f}' if abs(value) < SAME else f'of {value:.3g}'}"


def _lowest(paths: dict[str, NoisyPath]) -> str:
    losses = {name: float(path.values[-1]) for name, path in paths.items() if not path.diverged}
    if not losses:
        return "All three diverged."
    best = min(losses.values())
    lowest = [name for name, loss in losses.items() if np.abs(loss - best) < SAME]
    if len(lowest) == len(paths):
        return "All three ended equally low."
    return f"Lowest in this run: **{' and '.join(lowest)}**."
