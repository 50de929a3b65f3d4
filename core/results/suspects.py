"""Images of a data set that a person should look at: probable label errors, copies, and images unlike their class.

Importing this module imports no torch.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.data.dataset import DataSet
from core.data.items import Indices
from core.data.versions.edits import Edit
from core.errors import DataError
from core.results.alike import ODD, near_pairs, nearest, unlike
from core.results.heads import Features
from core.results.label_errors import doubtful, held_out_probabilities, self_confidence
from core.workspace import Progress, no_progress

Kind: TypeAlias = Literal["conflict", "label", "across", "near", "unlike"]

KINDS: dict[Kind, str] = {
    "conflict": "The same picture, another label",
    "label": "Probable label errors",
    "across": "Nearly the same on both sides of the split",
    "near": "Nearly the same as another",
    "unlike": "Unlike the others of its class",
}

MOST = 1000
"""Suspects of a kind that are kept."""

MOST_TO_PAIR = 20_000
"""Images up to which every one is compared with every other; of more, only validation images are compared."""


class Suspect(BaseModel):
    """One image to look at, and why.

    `given` is its class in the data set. Of a label error, `said` is the class that heads which have not seen the image
    find most probable, `given_p` and `said_p` (0..1) are the probabilities; of copies and near-duplicates, `beside`
    are the others; of near-duplicates and images unlike their class, `amount` is the distance as a part of the usual
    one, and the robust standard deviations.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    image: str
    split: str
    given: str
    said: str = ""
    given_p: float | None = None
    said_p: float | None = None
    beside: tuple[str, ...] = ()
    amount: float | None = None

    def sentence(self) -> str:
        """Why a person should look at it."""
        if self.kind == "label":
            said, given = f"{self.said_p:.0%} to {self.said}", f"{self.given_p:.0%} to {self.given}"
            return f"Heads that have not seen it give {said} and {given}."
        if self.kind == "conflict":
            return "Another file holds the same picture and has another label."
        if self.kind == "across":
            return "A validation image looks the same, so it is tested on what was trained on."
        if self.kind == "near":
            return "Another image on the same side of the split looks the same."
        return f"It lies {self.amount:.1f} robust standard deviations from its class {self.given}."


class SuspectsAnswer(BaseModel):
    """What was found among `images` at `size` pixels, each kind with the most suspicious first.

    `agreed` (0..1) is how many of the labels the heads predict without having seen the image; `doubtful` how many
    images confident learning counts as mislabelled, those that are merely hard included. `not_judged` are classes with
    too few images; `seconds` were needed once the activations were there.
    """

    model_config = ConfigDict(frozen=True)

    suspects: tuple[Suspect, ...]
    images: int
    size: int
    agreed: float
    doubtful: int
    not_judged: tuple[str, ...] = ()
    seconds: float = 0.0

    def sentence(self) -> str:
        """How much the heads can be trusted, and how many labels they doubt."""
        said = (
            f"Heads on the activations, each fitted without the images that it judges, agree with {self.agreed:.0%} of "
            f"the {self.images:,} labels. They are sure of another class for {self.doubtful:,}, hard images included: "
            "look at the first ones first."
        )
        if self.not_judged:
            said += f" Too few images to judge: {', '.join(self.not_judged)}."
        return said


def find_suspects(data: DataSet, features: Features, *, size: int, progress: Progress = no_progress) -> SuspectsAnswer:
    """Look for suspects among the training and validation images of `data`.

    `features` (len(data.items), F) are the activations at `size` pixels of a network that was not trained on these
    labels. Raises `DataError` where fewer than two classes have two different images.
    """
    began = time.monotonic()
    used = np.flatnonzero(data.items.are_in("train") | data.items.are_in("valid")).astype(np.int64)
    digests: dict[str, int] = {}
    groups = np.array([digests.setdefault(data.items.digests[i], len(digests)) for i in used], dtype=np.int64)
    rows, labels = np.asarray(features)[used], data.labels[used]
    try:
        found = held_out_probabilities(
            rows,
            labels,
            groups,
            classes=len(data.classes),
            seed=data.seed,
            progress=lambda done, total: progress("Fitting heads without the images that they judge", done, total),
        )
    except ValueError as error:
        raise DataError(
            "Fewer than two classes have two different images, so no label can be judged. Add images."
        ) from error
    judged = np.isfinite(found[:, 0])
    suspects = [
        *_conflicts(data, used),
        *_label_errors(data, used, found),
        *_copies(data, used, rows, groups, progress),
        *_unlike(data, used, rows),
    ]
    return SuspectsAnswer(
        suspects=tuple(suspects),
        images=len(used),
        size=size,
        agreed=float((found[judged].argmax(axis=1) == labels[judged]).mean()),
        doubtful=int(doubtful(found, labels).sum()),
        not_judged=tuple(name for label, name in enumerate(data.classes) if not judged[labels == label].any()),
        seconds=time.monotonic() - began,
    )


def still_open(suspects: Iterable[Suspect], edits: Sequence[Edit]) -> list[Suspect]:
    """Those about which nothing was decided yet: neither about the image, nor are all of its copies left out."""
    decided = {edit.image for edit in edits}
    out = {edit.image for edit in edits if edit.action == "exclude"}
    return [
        suspect
        for suspect in suspects
        if suspect.image not in decided and not (suspect.beside and out.issuperset(suspect.beside))
    ]


def _suspect(data: DataSet, place: int, kind: Kind, **rest: object) -> Suspect:
    item = data.items[place]
    values = {"kind": kind, "image": item.name, "split": item.split, "given": data.classes[item.label], **rest}
    return Suspect.model_validate(values)


def _conflicts(data: DataSet, used: Indices) -> Iterator[Suspect]:
    """Every image of those that have the same bytes and several labels."""
    for members in _same_bytes(data, used):
        if len(set(data.labels[members].tolist())) > 1:
            for i in members:
                yield _suspect(data, i, "conflict", beside=tuple(data.items.names[j] for j in members if j != i))


def _same_bytes(data: DataSet, used: Indices) -> list[list[int]]:
    same: dict[str, list[int]] = defaultdict(list)
    for i in used.tolist():
        same[data.items.digests[i]].append(i)
    return [members for members in same.values() if len(members) > 1]


def _label_errors(data: DataSet, used: Indices, found: np.ndarray) -> Iterator[Suspect]:
    """Images whose most probable class is another one, the least probable labels first."""
    labels = data.labels[used]
    own = self_confidence(found, labels)
    best = np.nan_to_num(found).argmax(axis=1)
    wrong = np.flatnonzero(np.isfinite(own) & (best != labels))
    for row in wrong[np.argsort(own[wrong], kind="stable")][:MOST]:
        said = data.classes[best[row]]
        given_p, said_p = float(own[row]), float(found[row, best[row]])
        yield _suspect(data, int(used[row]), "label", said=said, given_p=given_p, said_p=said_p)


def _copies(data: DataSet, used: Indices, rows: Features, groups: Indices, progress: Progress) -> Iterator[Suspect]:
    """Images of which another holds the same picture or nearly so: first those across the split."""
    pairs = [(a, b, 0.0) for members in _same_bytes(data, used) for a, b in _linked(data, members)]
    _, first = np.unique(groups, return_index=True)
    distinct, places = rows[first], used[first]
    everything = len(first) <= MOST_TO_PAIR
    asked = np.arange(len(first)) if everything else np.flatnonzero(data.items.are_in("valid")[places])
    near, distances = nearest(distinct, asked, lambda done, total: progress("Comparing images", done, total))
    pairs += [(int(places[a]), int(places[b]), ratio) for a, b, ratio in near_pairs(asked, near, distances)]
    for across in (True, False):
        beside: dict[int, tuple[float, list[str]]] = {}
        for a, b, ratio in pairs:
            one, other = data.items[a], data.items[b]
            if (one.split != other.split) == across:
                look, rest = (a, other) if one.split == "train" or not across else (b, one)
                beside.setdefault(look, (ratio, []))[1].append(rest.name)
        ranked = sorted(beside.items(), key=lambda entry: entry[1][0])[:MOST]
        for place, (ratio, names) in ranked:
            yield _suspect(data, place, "across" if across else "near", beside=tuple(names), amount=ratio)


def _linked(data: DataSet, members: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs of images with the same bytes and label: each with one across the split, else with the first."""
    for i in members[1:]:
        across = [j for j in members if data.items[j].split != data.items[i].split]
        other = across[0] if across else members[0]
        if data.items[other].label == data.items[i].label:
            yield i, other


def _unlike(data: DataSet, used: Indices, rows: Features) -> Iterator[Suspect]:
    amounts = unlike(rows, data.labels[used])
    odd = np.flatnonzero(amounts > ODD)
    for row in odd[np.argsort(-amounts[odd], kind="stable")][:MOST]:
        yield _suspect(data, int(used[row]), "unlike", amount=float(amounts[row]))
