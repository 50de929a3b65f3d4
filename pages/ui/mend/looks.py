"""What is looked at on the Mend page: suspects of a kind, or any image of a class, as far as nothing was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from core.data.index import DataSet
from core.data.versions.edits import Edit
from core.results.suspects import KINDS, Kind, Suspect, SuspectsAnswer, still_open

Choice: TypeAlias = Kind | Literal["any"]

ANY = "Any image of a class"


@dataclass(frozen=True)
class Look:
    """One image to decide about: its name, class and side, why, the class that is suggested, and others beside it."""

    image: str
    given: str
    split: str
    why: str
    said: str = ""
    beside: tuple[str, ...] = ()


def choices(answer: SuspectsAnswer | None, edits: Sequence[Edit]) -> dict[Choice, str]:
    """What can be looked at, with how many are left of each kind."""
    left = still_open(answer.suspects, edits) if answer else []
    found: dict[Choice, str] = {}
    for kind, title in KINDS.items():
        count = sum(suspect.kind == kind for suspect in left)
        if count:
            found[kind] = f"{title} ({count:,})"
    return {**found, "any": ANY}


def suspects_of(answer: SuspectsAnswer, kind: Kind, edits: Sequence[Edit]) -> list[Look]:
    """The suspects of a kind about which nothing was decided yet."""
    said = {suspect.image: suspect.said for suspect in answer.suspects if suspect.kind == "label"}
    return [
        _look(suspect, said.get(suspect.image, ""))
        for suspect in still_open(answer.suspects, edits)
        if suspect.kind == kind
    ]


def _look(suspect: Suspect, said: str) -> Look:
    return Look(suspect.image, suspect.given, suspect.split, suspect.sentence(), said, suspect.beside)


def images_of(data: DataSet, label: int, edits: Sequence[Edit]) -> list[Look]:
    """The images of a class about which nothing was decided yet."""
    decided = {edit.image for edit in edits}
    return [
        Look(item.name, data.classes[item.label], item.split, "")
        for item in data.items.select(data.of_class(label))
        if item.name not in decided
    ]
