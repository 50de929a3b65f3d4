"""Labels in the names of files: cat.0.jpg, Abyssinian_12.jpg. Patterns are suggested, previewed and applied."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.folder_names import one_form
from core.errors import DataError

PATTERNS = (
    "{class}.{number}",
    "{class}_{number}",
    "{class}-{number}",
    "{class} ({number})",
    "{class} {number}",
    "{class}{number}",
    "{number}_{class}",
    "{number}-{class}",
    "{number}.{class}",
    "{class}_{rest}",
    "{class}-{rest}",
    "{rest}_{class}",
)
"""Patterns that are tried, in this order, on names without their suffix."""

_PLACES = {"class": r"(?P<label>.*?[^\W\d_].*?)", "number": r"\d+", "rest": r".+"}
_CAMERAS = re.compile(
    r"(img|image|images|dsc|dscn|dscf|dscf|pxl|photo|pic|picture|mvi|dji|gopr|screenshot|scan|wp|p|_mg|file|frame)$",
    re.IGNORECASE,
)
_FEWEST, _LEAST = 2, 0.5


@dataclass(frozen=True)
class NamePattern:
    """A pattern and what it gives: `images` of each label, one `example` of each, and how many names do not fit."""

    pattern: str
    images: tuple[tuple[str, int], ...]
    examples: tuple[tuple[str, str], ...]
    unfit: int


def labels_by_name(names: Sequence[str], pattern: str) -> dict[str, str]:
    """File -> label of the names that fit; raises `DataError` for a pattern that is none.

    `pattern` is of the name without folders and suffix, with {class}, {number} and {rest} standing for what varies;
    or a regular expression with a group (?P<label>...).
    """
    compiled = _compiled(pattern)
    found = {}
    for name in names:
        match = compiled.fullmatch(one_form(os.path.splitext(name.rpartition("/")[2])[0]))
        if match and match["label"]:
            found[name] = match["label"].strip(" _-.")
    return {name: label for name, label in found.items() if label}


def preview(names: Sequence[str], pattern: str) -> NamePattern:
    """What a pattern would give; raises `DataError` for one that is none."""
    labels = labels_by_name(names, pattern)
    examples: dict[str, str] = {}
    for name, label in labels.items():
        examples.setdefault(label, name)
    return NamePattern(
        pattern, tuple(Counter(labels.values()).most_common()), tuple(examples.items()), len(names) - len(labels)
    )


def suggested(names: Sequence[str]) -> list[NamePattern]:
    """Patterns that give two classes or more of several images each, for half of the names or more; the best first."""
    found = []
    for pattern in PATTERNS:
        shown = preview(names, pattern)
        fit = len(names) - shown.unfit
        counts = [count for _, count in shown.images]
        cameras = all(_CAMERAS.match(label) for label, _ in shown.images)
        if len(counts) > 1 and fit >= _LEAST * len(names) and fit >= 3 * len(counts) and not cameras:
            found.append(shown)
    return sorted(found, key=lambda shown: (shown.unfit > 0, sum(count < _FEWEST for _, count in shown.images)))


def best_pattern(names: Sequence[str]) -> NamePattern:
    """The first suggestion; raises `DataError` where there is none."""
    found = suggested(names)
    if not found:
        raise DataError(
            "No pattern in the names of the files gives classes. Say how the class is written in them, such as "
            "{class}_{number}: on the command line with --pattern."
        )
    return found[0]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        if "(?P<" in pattern:
            compiled = re.compile(pattern)
        else:
            parts = re.split(r"\{(\w*)\}", one_form(pattern))
            texts = [re.escape(part) if at % 2 == 0 else _PLACES[part] for at, part in enumerate(parts)]
            compiled = re.compile("".join(texts))
        if "label" not in compiled.groupindex:
            raise KeyError("label")
    except (re.error, KeyError) as error:
        raise DataError(
            f"{pattern!r} is not a pattern. Write {{class}} where the class is, {{number}} for a number and {{rest}} "
            "for anything else, such as {class}_{number}."
        ) from error
    return compiled
