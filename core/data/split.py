"""Which images are held out for validation, and which part of the others is used. Stateless: a hash decides."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from core.errors import DataError


def rank(seed: int, purpose: str, what: str) -> bytes:
    """A number drawn for `what`, the same whenever and beside whatever it is asked for."""
    return hashlib.blake2b(repr((seed, purpose, what)).encode("utf-8", "replace"), digest_size=8).digest()


def hold_out(
    labels: Sequence[int], digests: Sequence[str], classes: Sequence[str], share: float, seed: int
) -> list[bool]:
    """Whether each image is for validation: `share` (0..1) of every class, at least one, never all.

    Images with the same bytes stay together; those that are in several classes at once go to training, as
    nothing can be measured with them. Adding an image moves hardly any other. Raises `DataError` that names the
    classes with too few different images.
    """
    if not 0 < share < 1:
        raise DataError(f"The share held out for validation must lie between 0 and 1; {share:g} was given.")
    groups: dict[str, list[int]] = defaultdict(list)
    for i, digest in enumerate(digests):
        groups[digest].append(i)
    pure: dict[int, list[str]] = defaultdict(list)
    for digest, members in groups.items():
        if len({labels[i] for i in members}) == 1:
            pure[labels[members[0]]].append(digest)
    sizes = {digest: len(members) for digest, members in groups.items()}
    images = Counter(labels)
    mixed = {label: images[label] - sum(sizes[digest] for digest in pure[label]) for label in range(len(classes))}
    _refuse_few([name for label, name in enumerate(classes) if len(pure[label]) < (1 if mixed[label] else 2)])
    held = [False] * len(labels)
    for label in range(len(classes)):
        ranked = sorted(pure[label], key=lambda digest: rank(seed, "valid", digest))
        for digest in _chosen(ranked, sizes, images[label], share):
            for i in groups[digest]:
                held[i] = True
    return held


def _refuse_few(classes: Sequence[str], shown: int = 8) -> None:
    if not classes:
        return
    more = f" and {len(classes) - shown:,} more" if len(classes) > shown else ""
    who = f"The class {classes[0]} has" if len(classes) == 1 else f"{len(classes):,} classes have"
    which = "" if len(classes) == 1 else f" ({', '.join(classes[:shown])}{more})"
    raise DataError(
        f"{who} too few different images{which} to be split: training and validation need one each. "
        f"Add images, remove {'it' if len(classes) == 1 else 'them'}, or provide train and valid folders."
    )


def _chosen(ranked: list[str], sizes: dict[str, int], images: int, share: float) -> list[str]:
    """Groups of one class to hold out: by rank as many as fit the share, or else the smallest one."""
    room = min(max(round(share * images), 1), images - 1)
    chosen = []
    for digest in ranked:
        if sizes[digest] <= room:
            chosen.append(digest)
            room -= sizes[digest]
    return chosen or [min(ranked, key=lambda digest: sizes[digest])]


def part(names: Sequence[str], labels: Sequence[int], share: float, seed: int) -> list[int]:
    """Positions of the `share` (0..1] of every class that is used, at least one each; ascending.

    A larger share contains every smaller one. Raises `DataError` for a share out of range.
    """
    if not 0 < share <= 1:
        raise DataError(f"The share of the training images must be above 0 and at most 1; {share:g} was given.")
    if share == 1:
        return list(range(len(names)))
    members: dict[int, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        members[label].append(i)
    used = []
    for positions in members.values():
        ranked = sorted(positions, key=lambda i: rank(seed, "share", names[i]))
        used += ranked[: max(1, math.floor(share * len(ranked) + 0.5))]
    return sorted(used)


def batch_count(images: int, batch_size: int) -> int:
    """Batches of an epoch: ceil(images / batch_size), or one fewer where a batch would have a single image.

    Batch norm cannot learn from a single image. That is so for batches of 2 and an odd number of images, of which
    one batch then has 3; batches of 1 are what was asked for.

    >>> [batch_count(images, 2) for images in (1, 2, 3, 7, 8)]
    [1, 1, 1, 3, 4]
    """
    if batch_size == 2 and images > 1:
        return images // 2
    return math.ceil(images / batch_size)
