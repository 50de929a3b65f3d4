"""What the benchmark of a machine found. Importing this module does not import torch."""

from typing import Any

from pydantic import BaseModel, ConfigDict, computed_field

from core.kept import Count, Positive
from core.training.recipes import lesson2
from core.training.refreezing import work
from core.training.sweeps import sweep_for

SIZE, BATCH = 128, 32
"""Side in pixels and batch size of the photos."""

LESSON = (1000, 300)
"""Training and validation photos of the lesson whose duration is estimated."""


class BenchmarkResult(BaseModel):
    """Images per second of each part of training, and the machine that computed them.

    `decode`: JPEGs of 533x400 px to 128 px. `features`: a forward pass of the folded EfficientNet-Lite0 at 128 px.
    `train`: training all of it, with augmentation. `small`: training the small network at 32 px. `device` is the name
    of the GPU or processor, `threads` the number of torch's threads, `torch` its version.

    >>> found = BenchmarkResult(
    ...     decode=500, features=400, train=100, small=4000, device="a processor", threads=2, torch="2.15"
    ... )
    >>> found.lesson_seconds
    79.75
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    decode: Positive
    features: Positive
    train: Positive
    small: Positive
    device: str
    threads: Count
    torch: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lesson_seconds(self) -> float:
        """Estimated seconds of lesson 2's recipe on `LESSON` photos, from the files to the last epoch.

        Its range test of the whole network counts in full; it often ends earlier.
        """
        train, valid = LESSON
        _, augmented, whole = lesson2(SIZE).stages  # the first stage, from activations, takes almost no time
        through = train + valid + augmented.epochs * train + (whole.epochs + 1) * valid
        trained = whole.epochs * work(whole) * train + sweep_for(only_the_head=False).steps * BATCH
        return (train + valid) / self.decode + through / self.features + trained / self.train

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with the seconds of the lesson."""
        return self.model_dump(mode="json")
