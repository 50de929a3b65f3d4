"""What can be chosen without having a folder: the embedded data sets, and those that torchvision downloads."""

from dataclasses import dataclass

DIGITS, SHAPES = "digits", "shapes:easy"
"""Specs of the embedded data sets that pages begin with."""

DIGITS_SIZE = 32
"""Side in pixels that suits the digits."""


@dataclass(frozen=True)
class Offer:
    """A data set that can be had by its name.

    `spec` is what `core.data.sources.open_source` takes; `megabytes` is the size of the download, 0 for a set that
    comes with Anneal.
    """

    spec: str
    title: str
    description: str
    megabytes: int = 0

    @property
    def downloads(self) -> bool:
        """Whether the network is needed once."""
        return self.megabytes > 0


EMBEDDED: tuple[Offer, ...] = (
    Offer(DIGITS, "Digits", "1,797 handwritten digits, 0 to 9, from scikit-learn."),
    Offer(SHAPES, "Shapes, easy", "800 drawn shapes of 8 classes, large and clear, 96 px."),
    Offer("shapes:medium", "Shapes, medium", "800 drawn shapes of 8 classes, with noise and a little clutter, 96 px."),
    Offer("shapes:hard", "Shapes, hard", "800 drawn shapes of 8 classes, small, pale and cluttered, 96 px."),
)

DOWNLOADS: tuple[Offer, ...] = (
    Offer("imagenette", "Imagenette", "13,394 photos of 10 easy ImageNet classes, 160 px.", 99),
    Offer("pets", "Cats v dogs (Oxford-IIIT Pet)", "7,349 photos of cats and dogs.", 810),
    Offer("cifar10", "CIFAR-10", "60,000 tiny photos of 10 classes, 32 px.", 170),
    Offer("fashionmnist", "FashionMNIST", "70,000 greyscale pictures of 10 kinds of clothing, 28 px.", 31),
    Offer("flowers102", "Flowers102", "8,189 photos of 102 kinds of flower.", 345),
    Offer("eurosat", "EuroSAT", "27,000 satellite pictures of 10 kinds of land use, 64 px.", 95),
)


def offers() -> list[Offer]:
    """Every data set that can be had by its name, the embedded ones first."""
    return [*EMBEDDED, *DOWNLOADS]


def offer_of(spec: str) -> Offer:
    """The data set on offer with this spec."""
    return next(offer for offer in offers() if offer.spec == spec)


def title_of(spec: str) -> str:
    """The title of a data set on offer."""
    return offer_of(spec).title
