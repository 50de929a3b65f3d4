"""Studies: short looks at a run that leave it as it was. Here is what each is asked; answers are with their methods.

Importing this module imports no torch.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

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


AnyQuestion = Annotated[SplitLuck | Restarts | AugmentationGain, Field(discriminator="name")]
"""Any of the questions above."""
