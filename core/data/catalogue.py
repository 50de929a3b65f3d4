"""What can be chosen without having a folder: the embedded data sets, and those that torchvision downloads."""

from dataclasses import dataclass

DIGITS, SHAPES = "digits", "shapes:easy"
"""Specs of the embedded data sets that pages begin with."""

DIGITS_SIZE = 32
"""Side in pixels that suits the digits."""


@dataclass(frozen=True)
class Offer:
    """A data set that can be had by its name.

    `spec` is what `core.data.sources.open_source` takes; `downloads` says that the network is needed once.
    """

    spec: str
    title: str
    description: str
    downloads: bool


EMBEDDED: tuple[Offer, ...] = (
    Offer(DIGITS, "Digits", "1,797 handwritten digits, 0 to 9, from scikit-learn.", False),
    Offer(SHAPES, "Shapes, easy", "800 drawn shapes of 8 classes, large and clear, 96 px.", False),
    Offer(
        "shapes:medium", "Shapes, medium", "800 drawn shapes of 8 classes, noise and a little clutter, 96 px.", False
    ),
    Offer("shapes:hard", "Shapes, hard", "800 drawn shapes of 8 classes, small, pale and cluttered, 96 px.", False),
)

DOWNLOADS: tuple[Offer, ...] = (
    Offer("imagenette", "Imagenette", "13,394 photos of 10 easy ImageNet classes, 160 px, 99 MB.", True),
    Offer("pets", "Cats v dogs (Oxford-IIIT Pet)", "7,349 photos of cats and dogs, 810 MB.", True),
    Offer("cifar10", "CIFAR-10", "60,000 tiny photos of 10 classes, 32 px, 170 MB.", True),
    Offer("fashionmnist", "FashionMNIST", "70,000 grey pictures of 10 kinds of clothing, 28 px, 31 MB.", True),
    Offer("flowers102", "Flowers102", "8,189 photos of 102 kinds of flower, 345 MB.", True),
    Offer("eurosat", "EuroSAT", "27,000 satellite pictures of 10 kinds of land, 64 px, 95 MB.", True),
)


def offers() -> list[Offer]:
    """Every data set that can be had by its name, the embedded ones first."""
    return [*EMBEDDED, *DOWNLOADS]


def title_of(spec: str) -> str:
    """The title of a data set on offer."""
    return next(offer.title for offer in offers() if offer.spec == spec)
