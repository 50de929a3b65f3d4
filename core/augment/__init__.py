"""Augmentation: its settings, the transforms of whole batches, and which of them keep the labels. Imports no torch."""

from core.augment.images import augment
from core.augment.labels import keeping_labels, left_out, warnings
from core.augment.part import Part
from core.augment.settings import (
    NAMED,
    NONE,
    OWN,
    SIDE_ON,
    TOP_DOWN,
    TRANSFORMS,
    WITHOUT_FLIPS,
    Augmentation,
    only,
    rows,
)

__all__ = [
    "NAMED",
    "NONE",
    "OWN",
    "SIDE_ON",
    "TOP_DOWN",
    "TRANSFORMS",
    "WITHOUT_FLIPS",
    "Augmentation",
    "Part",
    "augment",
    "keeping_labels",
    "left_out",
    "only",
    "rows",
    "warnings",
]
