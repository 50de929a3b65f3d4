"""What the benchmark of a machine found. Importing this module does not import torch."""

from pydantic import BaseModel, ConfigDict, computed_field

from core.training.recipes import lesson2

SIZE, BATCH, SMALL_SIZE, SMALL_BATCH = 128, 32, 32, 64
"""Side in pixels and images a batch of the pretrained network, and of the small one."""

RANGE_TEST = 75
"""Steps that a range test of 100 usually takes before the loss explodes."""

LESSON = (1000, 300)
"""Training and validation photos of the lesson whose time is estimated."""


class BenchmarkResult(BaseModel):
    """Images a second of each part of training, and the machine.

    `decode`: JPEGs of 533x400 px to 128 px. `features`: one forward pass of the folded EfficientNet-Lite0 at 128 px.
    `train`: training all of it, augmentation included. `small`: training the small network at 32 px.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    decode: float
    features: float
    train: float
    small: float
    device: str
    threads: int
    torch: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lesson_seconds(self) -> float:
        """Seconds that lesson 2's recipe takes on `LESSON` photos, from files to the last epoch."""
        train, valid = LESSON
        _, augmented, whole = lesson2(SIZE).stages  # the first one, from activations, costs next to nothing
        through = train + valid + augmented.epochs * train + (whole.epochs + 1) * valid
        trained = whole.epochs * train + RANGE_TEST * BATCH
        return (train + valid) / self.decode + through / self.features + trained / self.train
