"""The model card: what a model was made of, how good it is and how sure that is, and where it must not be trusted."""

import re
from collections.abc import Callable

from core.export.description import ClassRow, Description
from core.export.licence import OWN_PICTURES
from core.training.proportions import interval

FEW = 20
"""Validation images of a class below which its figures say little."""

_MARKS = re.compile(r"([\\`*_\[\]<>|~$&#!:{}()])")

FITS = {
    "crop": "its centre is cut out as a square",
    "squash": "it is squashed to a square",
    "pad": "it is made a square by filling what is missing",
}


HEAD = ("class", "trained on", "held out", "of these right (95% interval)", "right when it says so")

Written = Callable[[str], str]
"""How a name is written where it stands: escaped for markdown, or as it is."""


def model_card(said: Description) -> str:
    """The card as markdown, with all names escaped."""
    check = said.check
    lines = [
        f"# Model card: {escaped(said.run)}",
        "",
        f"It tells {len(said.classes)} classes of pictures apart: {', '.join(map(escaped, said.classes))}.",
        "",
        *(f"- {line}" for line in made_of(said, escaped)),
        "",
        "## Data",
        "",
        data_of(said, escaped),
        "",
        "## How good it is",
        "",
        figures_of(said),
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{' --- |' * len(HEAD)}",
        *(f"| {' | '.join(cells(row, escaped))} |" for row in said.per_class),
        "",
        "## Limits",
        "",
        *(f"- {line}" for line in limits_of(said, escaped)),
        "",
        "## Licence",
        "",
        f"{said.licence} {OWN_PICTURES}",
        "",
        "## Check",
        "",
        check.sentence() if check is not None else "Not checked.",
    ]
    return "\n".join(lines) + "\n"


def escaped(name: str) -> str:
    """A name on one line, in which markdown finds no mark."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    return _MARKS.sub(r"\\\1", line) or "(no name)"


def made_of(said: Description, name: Written) -> list[str]:
    """The network, its weights, and what it was made with."""
    how = said.preprocessing
    together = (
        [
            f"An ensemble: its probabilities are the mean of those of {len(said.members)} snapshots, "
            f"{', '.join(map(name, said.members))}."
        ]
        if said.members
        else []
    )
    epochs = "1 epoch" if said.epoch == 1 else f"{said.epoch} epochs"
    return [
        f"Network: {name(said.network)}, at {how.size} x {how.size} px; of a picture that is not square, "
        f"{FITS[how.fit]}.",
        *together,
        f"Weights: snapshot {name(said.snapshot)}, after {epochs} ({said.step:,} batches).",
        f"Made: {said.created} by Anneal, with {', '.join(f'{k} {v}' for k, v in said.versions.items())}.",
    ]


def data_of(said: Description, name: Written) -> str:
    """How many pictures it was made of."""
    train, valid = (sum(getattr(row, split) for row in said.per_class) for split in ("train", "valid"))
    return f"{name(said.data)}: {train:,} pictures to train on, {valid:,} held out to validate on."


def figures_of(said: Description) -> str:
    """Its accuracy and how sure that is."""
    found = said.measured
    return (
        f"On the {found.images:,} pictures that were held out: accuracy {found.accuracy:.1%}, 95% interval "
        f"{found.low:.1%} to {found.high:.1%} (Wilson). Balanced accuracy {found.balanced_accuracy:.1%}, macro F1 "
        f"{found.macro_f1:.1%}. If snapshots or settings were chosen by these same pictures, expect a little less."
    )


def cells(row: ClassRow, name: Written) -> list[str]:
    """A class's row under `HEAD`."""
    right = "-"
    if row.recall is not None:
        low, high = interval(row.recall, row.valid)
        right = f"{row.recall:.1%} ({low:.1%} to {high:.1%})"
    said = "-" if row.precision is None else f"{row.precision:.1%}"
    return [name(row.name), f"{row.train:,}", f"{row.valid:,}", right, said]


def limits_of(said: Description, name: Written) -> list[str]:
    """Where it must not be trusted."""
    few = [f"{name(row.name)} ({row.valid:,})" for row in said.per_class if row.valid < FEW]
    least, instead = f"{said.threshold:.0%}", said.below_threshold
    return [
        "It knows these classes only: a picture of anything else gets one of them too.",
        "The figures hold for pictures like those above, from the same kind of source.",
        *([f"Few pictures were held out of {', '.join(few)}: look at the intervals."] if few else []),
        f"Where its highest probability is below {least}, take the answer for “{instead}”."
        if said.threshold
        else "It always answers: no probability was chosen below which it is not sure.",
    ]
