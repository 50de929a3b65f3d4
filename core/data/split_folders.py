"""Which folders of a level are splits: by their names, by the classes in them, or in a name with the class."""

from collections.abc import Sequence

from core.data.folder_names import alike
from core.data.reading import Choice
from core.data.split_names import NEUTRAL, split_and_rest, without_split, words
from core.data.tree import Node


def splits_by_name(kids: Sequence[Node], choice: Choice) -> dict[str, str]:
    """Path -> split of those folders whose name, or a person, says that they are one."""
    found: dict[str, str] = {}
    rests: dict[tuple[str, ...], set[str]] = {}
    for kid in kids:
        meant, rest = split_and_rest(kid.name)
        rests.setdefault(rest, set()).add(meant)
    for kid in kids:
        chosen = choice.part_of(kid.path)
        meant, rest = split_and_rest(kid.name)
        if chosen in ("train", "valid", "test"):
            found[kid.path] = chosen
        elif chosen is None and meant and (not set(rest) - NEUTRAL or len(rests[rest] - {""}) > 1):
            found[kid.path] = meant
    return found


def classes_by_name(kids: Sequence[Node], splits: dict[str, str], choice: Choice) -> dict[str, str]:
    """Path -> class of folders that are called after both, train_cats, train_dogs, test_cats; {} where they are not."""
    rests = {kid.path: split_and_rest(kid.name)[1] for kid in kids}
    named = all(kid.path in splits and choice.part_of(kid.path) is None and rests[kid.path] for kid in kids)
    deep = any(kid.folders for kid in kids)
    if not named or deep or len(set(rests.values())) < 2 or "train" not in splits.values() or len(kids) < 4:
        return {}
    labels: dict[tuple[str, ...], str] = {}
    for kid in kids:
        labels.setdefault(rests[kid.path], without_split(kid.name))
    return {kid.path: labels[rests[kid.path]] for kid in kids}


def inner_split(node: Node, parent: Node) -> str:
    """The split that a folder of a class is: cats/train, or cats/cats_train; "" for none."""
    meant, rest = split_and_rest(node.name)
    return meant if not set(rest) - NEUTRAL - set(words(parent.name)) else ""


def other_side(kids: Sequence[Node], splits: dict[str, str], choice: Choice) -> tuple[Node, str] | None:
    """The one folder beside a lone split that holds the same classes, and the split that it must be.

    Its name may be misspelt, or be in any language: where the other folder is for testing, this one is for training.
    """
    others = [kid for kid in kids if kid.path not in splits]
    if len(others) != 1 or len(splits) != 1 or choice.part_of(others[0].path) is not None:
        return None
    split = next(kid for kid in kids if kid.path in splits)
    here, there = ({alike(node.name) for node in kid.folders.values() if node.images} for kid in (others[0], split))
    if len(here & there) < 2 or 2 * len(here & there) < len(here | there):
        return None
    return others[0], "train" if splits[split.path] != "train" else "valid"
