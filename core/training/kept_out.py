"""Training images that are kept out of trials, to judge them: validation images stay unseen, so validation is honest.

Importing this module does not import torch.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from core.data.dataset import DataSet
from core.data.items import Indices
from core.data.split import rank
from core.errors import DataError

SHARE = 0.2
"""Share of the training images of every class that is kept out, where that gives a useful number."""

ENOUGH = 40
"""Images to keep out of a small set, where half of its training images are as many: with fewer, accuracy has coarse
steps and wide intervals."""

MOST_OF_A_CLASS = 0.5
MOST = 2000
"""Images that are kept out at most: more would take time and tell rates apart little better."""

FEWEST_OF_A_CLASS = 2
FEWEST = 10
"""With fewer images kept out, nothing can be said about rates."""


def kept_out(data: DataSet) -> Indices:
    """Positions of the training images that trials are judged on, ascending: the same for every trial on `data`.

    A fifth of every class, more where the set is small (up to half of a class, at least 2 images) and less where it
    is large. Images with the same bytes stay together; those that are in several classes at once, and classes of a
    single image, are not kept out. Raises `DataError` when fewer than 10 images, or those of one class alone, can be.
    """
    train = data.indices("train")
    share = min(max(SHARE, min(ENOUGH / max(len(train), 1), MOST_OF_A_CLASS)), MOST / max(len(train), 1))
    copies: dict[str, list[int]] = defaultdict(list)
    for i in train:
        copies[data.items.digests[i]].append(int(i))
    of_class: dict[int, list[list[int]]] = defaultdict(list)
    images = np.bincount(data.labels[train], minlength=len(data.classes))
    for digest in sorted(copies, key=lambda digest: rank(data.seed, "trials", digest)):
        labels = set(data.labels[copies[digest]].tolist())
        if len(labels) == 1:
            of_class[labels.pop()].append(copies[digest])
    kept: list[int] = []
    for label, groups in of_class.items():
        kept += _of_class(groups, int(images[label]), share)
    if len(kept) < FEWEST or len(set(data.labels[kept].tolist())) < 2:
        raise DataError(
            f"Trials are judged on training images kept out, and of these {len(train):,} training images only "
            f"{len(kept):,} can be: at least {FEWEST} of two classes are needed. Take the range test's suggestion, or "
            "add images."
        )
    return np.array(sorted(kept), dtype=np.int64)


def _of_class(groups: list[list[int]], images: int, share: float) -> list[int]:
    """Images of one class to keep out: whole groups of copies, in their order, as many as fit."""
    room = min(max(round(share * images), FEWEST_OF_A_CLASS), int(MOST_OF_A_CLASS * images))
    chosen: list[int] = []
    for group in groups:
        if len(chosen) + len(group) <= room:
            chosen += group
    return chosen


def trial_data(data: DataSet, kept: Indices) -> DataSet:
    """`data` as trials see it: the images `kept` are the validation images, and the real ones are out of reach."""
    out = set(kept.tolist())

    def split(i: int, given: str) -> str:
        return "valid" if i in out else "train" if given == "train" else "test"

    items = data.items.with_splits([split(i, given) for i, given in enumerate(data.items.splits())])
    return replace(data, items=items, split_origin=f"{data.split_origin}, {len(kept)} training images kept out")


def classes_not_judged(data: DataSet, kept: Indices) -> list[str]:
    """Names of the classes with training images of which none is kept out."""
    has, judged = set(data.labels[data.indices("train")].tolist()), set(data.labels[kept].tolist())
    return [name for label, name in enumerate(data.classes) if label in has - judged]
