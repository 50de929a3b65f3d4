"""Studies: short looks at a run that leave it as it was. Here is what each is asked; answers are with their methods.

Importing this module imports no torch.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.augment import Augmentation


class Question(BaseModel):
    """What a study is asked. `title` is what a page calls it while it is at work."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: ClassVar[str] = "Study"


class SplitLuck(Question):
    """How far the accuracy moves when other images are held out: a head for each of `splits` random splits."""

    title: ClassVar[str] = "Split luck"

    name: Literal["split_luck"] = "split_luck"
    splits: int = Field(default=20, ge=2, le=200)


class Restarts(Question):
    """What the restarts between these snapshots (`cycle-N`, in order) did to the network."""

    title: ClassVar[str] = "What the restarts did"

    name: Literal["restarts"] = "restarts"
    snapshots: tuple[str, ...]


class AugmentationGain(Question):
    """What `augmentation` buys: `repeats` short trainings with it and as many without."""

    title: ClassVar[str] = "What the augmentation buys"

    name: Literal["augmentation"] = "augmentation"
    augmentation: Augmentation
    repeats: int = Field(default=2, ge=1, le=10)


class LearningCurve(Question):
    """What more images would bring: heads on `shares` (ascending, the last is 1) of the images, `draws` times each."""

    title: ClassVar[str] = "What would help more"

    name: Literal["learning_curve"] = "learning_curve"
    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.125, 0.25, 0.5, 0.75, 1.0)
    draws: int = Field(default=5, ge=1, le=50)

    @field_validator("shares")
    @classmethod
    def _ascending_to_all(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if len(shares) < 3 or list(shares) != sorted(set(shares)) or shares[-1] != 1:
            raise ValueError("shares must be three or more, ascending, and end with 1")
        return shares


class NearestImages(Question):
    """The `count` training images nearest to each validation image, to the weights of `snapshot`.

    `written` is when those weights were written (`core.runs.weights.written_at`): of others it is another question.
    """

    title: ClassVar[str] = "Nearest training images"

    name: Literal["nearest"] = "nearest"
    snapshot: str
    written: int
    count: int = Field(default=6, ge=1, le=100)


class Suspects(Question):
    """Which images of the run's data set a person should look at."""

    title: ClassVar[str] = "What to look at"

    name: Literal["suspects"] = "suspects"


AnyQuestion = Annotated[
    SplitLuck | Restarts | AugmentationGain | LearningCurve | NearestImages | Suspects, Field(discriminator="name")
]
"""Any of the questions above."""
