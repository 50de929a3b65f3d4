"""Which transforms would change what a picture shows, told from the names of the classes."""

import re
from collections.abc import Iterable, Iterator
from itertools import product

from core.augment.settings import NONE, WITHOUT_FLIPS, Augmentation

_SIDES = (("left", "right"), ("east", "west"), ("port", "starboard"))
_ENDS = (("up", "down"), ("top", "bottom"), ("north", "south"), ("upward", "downward"))
_TURNED = (("6", "9"), ("six", "nine"), ("n", "u"), ("m", "w"), ("b", "q"), ("d", "p"))
_SENSE = (("clockwise", "anticlockwise"), ("clockwise", "counterclockwise"))
_QUARTERS = (("left", "up"), ("left", "down"), ("right", "up"), ("right", "down"), ("n", "z"))
_MIRRORED = (*_SIDES, *_SENSE, ("b", "d"), ("p", "q"))
"""Of these pairs of words, a horizontal flip makes of the one what the other means."""
_TURNING = ("horizontal_flip", "vertical_flip", "quarter_turns", "rotate")
_DIGITS = {*"0123456789", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}


def warnings(how: Augmentation, classes: Iterable[str]) -> list[str]:
    """A sentence for each pair of classes whose images a flip or turn of `how` makes look alike.

    This is decided from the names of the classes (words such as left and right, digits, letters). The sentences
    contain these names unchanged: escape them before showing them as markdown.

    >>> warnings(Augmentation(horizontal_flip=True), ["turn left", "turn right"])[0]
    'A horizontal flip turns “turn left” into “turn right” and the other way round, while the labels stay.'
    """
    names = {tuple(_words(name)): name for name in classes}
    turn = 180.0 if how.quarter_turns else how.rotate
    said: list[str] = []
    if how.horizontal_flip:
        said += _swaps("A horizontal flip", names, _MIRRORED)
    if how.vertical_flip:
        said += _swaps("A vertical flip", names, _ENDS + _SENSE + (("b", "p"), ("d", "q"), ("m", "w")))
    if turn >= 135:
        said += _swaps("Half a turn", names, _SIDES + _ENDS + _TURNED)
    if turn >= 45:
        said += _swaps("A quarter turn", names, _QUARTERS)
    if how.horizontal_flip or how.vertical_flip:
        said += _mirrored_script(names)
    return said


def keeping_labels(how: Augmentation, classes: Iterable[str]) -> Augmentation:
    """`how` without the flips and turns of which `warnings` speaks; the other transforms stay as they are.

    >>> from core.augment.settings import SIDE_ON
    >>> keeping_labels(SIDE_ON, ["arrow left", "arrow right"]) == WITHOUT_FLIPS
    True
    """
    names = list(classes)
    single = {field: Augmentation(**{field: getattr(how, field)}) for field in _TURNING}
    harmful = [field for field, alone in single.items() if warnings(alone, names)]
    return how.model_copy(update={field: getattr(WITHOUT_FLIPS, field) for field in harmful})


def left_out(how: Augmentation, classes: Iterable[str]) -> str:
    """Why `how` has no horizontal flip, where one would not keep the labels of these classes; else "".

    As in `warnings`, the names of classes stay unchanged in the sentence.

    >>> left_out(WITHOUT_FLIPS, ["arrow left", "arrow right"])
    'Without flips: a flip turns one class into another (“arrow left” into “arrow right”).'
    """
    flip = Augmentation(horizontal_flip=True)
    names = list(classes)
    if how.horizontal_flip or how == NONE or not warnings(flip, names):
        return ""
    pairs = _swapped({tuple(_words(name)): name for name in names}, _MIRRORED)
    if pairs:
        return "Without flips: a flip turns one class into another (“{}” into “{}”).".format(*pairs[0])
    return "Without flips: most digits and letters have no meaning when mirrored."


def _swaps(what: str, names: dict[tuple[str, ...], str], pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, other in _swapped(names, pairs):
        yield f"{what} turns “{name}” into “{other}” and the other way round, while the labels stay."


def _swapped(names: dict[tuple[str, ...], str], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The classes whose names differ only in that one has the first word of a pair and the other the second."""
    found = []
    for (old, new), (words, name) in product(pairs, names.items()):
        other = names.get(tuple(new if word == old else word for word in words))
        if old in words and other is not None:
            found.append((name, other))
    return found


def _mirrored_script(names: dict[tuple[str, ...], str]) -> Iterator[str]:
    script = [words for words in names if len(words) == 1 and (words[0] in _DIGITS or len(words[0]) == 1)]
    if len(script) > 1 and len(script) * 2 >= len(names):
        yield "The classes seem to be digits or letters: most of them have no meaning when mirrored."


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"\d+|[A-Z]?[a-z]+|[A-Z]+|[^\W_]+", name)]
