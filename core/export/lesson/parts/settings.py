"""What a run sets; written anew for each lesson."""

from typing import Any

# %% settings
DATA = "photos"
SEED, SPLIT_SEED = 0, 0
CLASSES: list[str] = []
FIT = "crop"
BACKBONE, PRETRAINED = "small_cnn", False
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
DROPOUT = 0.0
INPUT_SIZE: int | None = None
EARLY: tuple[str, ...] = ("early.",)
PAIRS: list[tuple[str, str]] = []
STAGES: list[dict[str, Any]] = []
EXPECTED: list[tuple[float, float, float]] = []
IMAGES = ""
