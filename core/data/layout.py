"""What the folders say: which class an image is of, on which side of the split, and what is doubtful about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.data.folder_names import (
    ANNOTATIONS,
    IMAGES,
    NEUTRAL,
    PAPERS,
    SPLITS,
    THUMBNAILS,
    UNLABELLED,
    in_order,
    is_called,
    one_form,
    split_and_rest,
    split_of,
)
from core.data.no_class import no_class
from core.data.reading import Choice, Folder, Part
from core.data.tree import Node, tree_of

NO_CLASS = "The file is not in a class folder."
OUTSIDE = "The file lies outside the train, valid and test folders."
BY_HAND = "chosen by hand"

_CAMERA = re.compile(r"(new folder.*|untitled.*|dcim|\d{3}[a-z_]{5}|(19|20)\d\d([-_. ]?\d\d){0,2})$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """The class of an image, and its split where the folders give one (else "")."""

    label: str
    split: str


@dataclass(frozen=True)
class Layout:
    """`places` of the files that have a class, `strays` (name, reason) of those that have none.

    `origin` says where the split comes from; it is "" when there is none and one must be made. `folders` are the
    parts of the tree, `questions` what is doubtful, `empty` (class folder, reason) those without any image, and
    `sides` the split folder's split of every file in one that is not left out.
    """

    places: dict[str, Place]
    strays: tuple[tuple[str, str], ...]
    origin: str
    folders: tuple[Folder, ...] = ()
    questions: tuple[str, ...] = ()
    empty: tuple[tuple[str, str], ...] = ()
    sides: dict[str, str] = field(default_factory=dict)


def lay_out(names: Sequence[str], choice: Choice | None = None, empty: Iterable[str] = ()) -> Layout:
    """Read classes and splits off posix names: `class/...` or `train|valid|test/class/...`.

    Folders that only wrap the whole are passed through; folders that describe pictures (masks, annotations), hold
    small copies of them, or have no image in them are no classes. Without a validation folder a test folder serves
    as one. A split is taken as given only when both sides have classes in them. `choice` goes before every rule;
    `empty` are folders without a file.
    """
    reader = _Reader(choice or Choice())
    reader.read(tree_of(names, empty))
    strays = [(name, reader.left[name]) for name in names if name in reader.left]
    folders = tuple(sorted(reader.folders.values(), key=lambda folder: in_order(folder.path)))
    return Layout(
        {name: reader.places[name] for name in names if name in reader.places},
        tuple(strays),
        reader.origin,
        folders,
        tuple(dict.fromkeys(reader.questions)),
        tuple(reader.empty.items()),
        reader.sides,
    )


class _Reader:
    """One reading of a tree; what was found is collected in its fields."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.places: dict[str, Place] = {}
        self.left: dict[str, str] = {}
        self.folders: dict[str, Folder] = {}
        self.questions: list[str] = []
        self.empty: dict[str, str] = {}
        self.sides: dict[str, str] = {}
        self.origin = ""

    def read(self, root: Node) -> None:
        """Find the folders that are classes or splits, and place every file."""
        level, kids = self._unwrapped(root)
        splits = self._splits(kids)
        deep = {kid.path for kid in kids if self._live(kid)}
        labelled = {split for path, split in splits.items() if path in deep}
        given = "train" in labelled and bool(labelled & {"valid", "test"})
        by_hand = any(self.choice.part_of(path) in ("train", "valid", "test") for path in splits)
        if given or by_hand or (kids and len(splits) == len(kids)):
            self._under_splits(kids, splits, labelled)
        elif self._splits_inside(kids):
            self._classes_above_splits(kids)
        elif any(len(self._live(kid)) > 1 for kid in kids if kid.path in splits):
            self._ask_lone_split(kids, splits)
            self._under_splits(kids, splits, labelled)
        else:
            for kid in kids:
                self._class(kid, "")
            self._doubt_classes(level, kids)
        self._name_empty([level] if not splits or not labelled else [kid for kid in kids if kid.path in splits])
        for name in root.walk():
            if name not in self.places and name not in self.left:
                self.left[name] = NO_CLASS if not self._skipped(name) else ""
        self.left = {name: why for name, why in self.left.items() if why}

    # -- folders that are neither class nor split ------------------------------------------------------------------

    def _unwrapped(self, node: Node) -> tuple[Node, list[Node]]:
        """The folders to decide about: below those that only wrap the whole."""
        while True:
            kids = self._expanded(node)
            chosen = any(self.choice.part_of(kid.path) for kid in kids)
            if chosen or len(kids) != 1 or split_of(kids[0].name) or not self._wraps(kids[0]):
                return node, kids
            node = kids[0]
            self._mark(node, "wrapper", why="the only folder here")

    def _wraps(self, node: Node) -> bool:
        """Whether the only folder of its level is no class: it has folders of images, or is just called so."""
        return bool(self._live(node)) or (is_called(node.name, IMAGES) and bool(node.own))

    def _expanded(self, node: Node) -> list[Node]:
        """The live folders of `node`, with those that were chosen as wrappers replaced by what is in them."""
        kids: list[Node] = []
        for kid in self._live(node):
            if self.choice.part_of(kid.path) == "wrapper":
                self._mark(kid, "wrapper", why=BY_HAND)
                kids += self._expanded(kid)
            else:
                kids.append(kid)
        return kids

    def _live(self, node: Node) -> list[Node]:
        """The folders of `node` that may be classes or splits; the others are marked with the reason."""
        kids = []
        for kid in node.children:
            chosen = self.choice.part_of(kid.path)
            if chosen == "ignored":
                self._leave(kid, "left out by hand", BY_HAND)
            elif chosen is None and (why := no_class(kid, node)):
                self._leave(kid, why)
            else:
                kids.append(kid)
        return kids

    def _leave(self, node: Node, why: str, reason: str = "") -> None:
        self._mark(node, "ignored", why=why)
        for name in node.walk():
            self.left.setdefault(name, "")

    def _skipped(self, name: str) -> bool:
        parts = name.split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return any(path in self.folders and self.folders[path].part == "ignored" for path in above)

    def _mark(self, node: Node, part: Part, means: str = "", why: str = "") -> None:
        self.folders[node.path] = Folder(path=node.path, part=part, means=means, images=node.images, why=why)

    # -- splits ----------------------------------------------------------------------------------------------------

    def _splits(self, kids: list[Node]) -> dict[str, str]:
        """Path -> split of those folders whose name, or a person, says that they are one."""
        found: dict[str, str] = {}
        rests: dict[tuple[str, ...], set[str]] = {}
        for kid in kids:
            meant, rest = split_and_rest(kid.name)
            rests.setdefault(rest, set()).add(meant)
        for kid in kids:
            chosen = self.choice.part_of(kid.path)
            meant, rest = split_and_rest(kid.name)
            if chosen in ("train", "valid", "test"):
                found[kid.path] = chosen
            elif chosen is None and meant and (not set(rest) - NEUTRAL or len(rests[rest] - {""}) > 1):
                found[kid.path] = meant
        return found

    def _under_splits(self, kids: list[Node], splits: dict[str, str], labelled: set[str]) -> None:
        given = "train" in labelled and len(labelled) > 1
        held_out = "" if not given else "valid" if "valid" in labelled else "test"
        if given:
            self.origin = "as given" if held_out == "valid" else "as given, with the test folder for validation"
        for kid in kids:
            meant = splits.get(kid.path, "")
            chosen = self.choice.part_of(kid.path)
            if chosen == "class":
                self._class(kid, "")
            elif meant:
                self._one_split(kid, meant, "" if not held_out else "valid" if meant == held_out else meant)
            else:
                self._outside(kid)

    def _one_split(self, kid: Node, meant: str, split: str) -> None:
        """A split's folder: what is in it are the classes, past folders that only wrap them."""
        inner, classes = kid, self._expanded(kid)
        while len(classes) == 1 and self.choice.part_of(classes[0].path) is None and self._repeats(classes[0], meant):
            inner = classes[0]
            self._mark(inner, "wrapper", why="the only folder here")
            classes = self._expanded(inner)
        by_hand = self.choice.part_of(kid.path) is not None
        why = BY_HAND if by_hand else "by its name" if classes else "by its name; no class folders in it"
        self._mark(kid, "split", means=meant, why=why)
        for name in kid.walk():
            self.sides.setdefault(name, meant)
        for node in classes:
            self._class(node, split)
        if inner.own and classes:
            self.questions.append(f"{len(inner.own):,} files lie loose in {inner.path}, beside its class folders.")

    def _repeats(self, node: Node, meant: str) -> bool:
        """Whether the only folder of a split just wraps its classes: train/train/..., train/images/..."""
        if split_of(node.name) == meant or is_called(node.name, IMAGES):
            return True
        return len(self._live(node)) > 1 and not node.own

    def _outside(self, kid: Node) -> None:
        self._mark(kid, "ignored", why="outside the split folders")
        for name in kid.walk():
            self.left[name] = OUTSIDE
        if not is_called(kid.name, UNLABELLED | PAPERS):
            self.questions.append(
                f"The folder {kid.path} ({kid.images:,} images) is left out, as it lies beside split folders."
            )

    def _ask_lone_split(self, kids: list[Node], splits: dict[str, str]) -> None:
        named = ", ".join(kid.path for kid in kids if kid.path in splits)
        self.questions.append(f"{named} is read as a split with the classes inside, not as a class.")

    def _splits_inside(self, kids: list[Node]) -> bool:
        """Whether each class has its own train and valid or test folders: cats/train, cats/test, dogs/train, ..."""
        if len(kids) < 2:
            return False
        inside = [[split_of(node.name) for node in self._live(kid)] for kid in kids]
        return all("train" in found and len(set(found)) > 1 and all(found) for found in inside)

    def _classes_above_splits(self, kids: list[Node]) -> None:
        used = {split_of(node.name) for kid in kids for node in self._live(kid)}
        held_out = "valid" if "valid" in used else "test"
        self.origin = "as given" if held_out == "valid" else "as given, with the test folder for validation"
        for kid in kids:
            self._class(kid, "")
            for node in self._live(kid):
                meant = split_of(node.name)
                self._mark(node, "split", means=meant, why="by its name")
                for name in node.walk():
                    if name in self.places:
                        self.places[name] = Place(one_form(kid.name), "valid" if meant == held_out else meant)
                        self.sides[name] = meant
            loose = [name for name in (*kid.own, *kid.others) if name in self.places]
            for name in loose:
                self.places[name] = Place(one_form(kid.name), "train")

    # -- classes ---------------------------------------------------------------------------------------------------

    def _class(self, node: Node, split: str) -> None:
        """Everything in and below a folder is of one class, but for small copies and masks of its pictures."""
        chosen = self.choice.part_of(node.path)
        self._mark(node, "class", means=one_form(node.name), why=BY_HAND if chosen else "a folder of images")
        for name in (*node.own, *node.others):
            self.places[name] = Place(one_form(node.name), split)
        waiting = self._live(node)
        while waiting:
            kid = waiting.pop()
            if self.choice.part_of(kid.path) is None and is_called(kid.name, THUMBNAILS):
                self._leave(kid, "small copies of pictures, by its name")
                self.questions.append(f"The folder {kid.path} ({kid.images:,} images) is left out as small copies.")
                continue
            for name in (*kid.own, *kid.others):
                self.places[name] = Place(one_form(node.name), split)
            waiting += self._live(kid)

    def _doubt_classes(self, level: Node, kids: list[Node]) -> None:
        """Ask about whatever makes a reading of plain class folders doubtful."""
        undecided = [kid for kid in kids if self.choice.part_of(kid.path) is None]
        nested = [kid for kid in undecided if not kid.own and len(self._live(kid)) > 1]
        if nested and len(kids) > 1:
            self.questions.append(
                f"{_few(nested)} holds folders of images and is read as one class. If those folders are the classes, "
                "say that it is a wrapper."
            )
        split_like = [kid for kid in undecided if set(_words_of(kid)) & set(SPLITS)]
        special = ANNOTATIONS | THUMBNAILS | PAPERS | UNLABELLED | IMAGES
        odd = [kid for kid in undecided if kid not in split_like and is_called(kid.name, special)]
        if len(kids) > 1 and odd:
            self.questions.append(f"{_few(odd)} is read as a class, though folders of that name mostly are none.")
        if len(kids) > 1 and split_like:
            self.questions.append(f"{_few(split_like)} is read as a class, though its name is that of a split.")
        cameras = [kid for kid in undecided if _CAMERA.match(kid.name)]
        if len(kids) > 1 and len(cameras) == len(kids) and not all(kid.name.isdecimal() for kid in kids):
            self.questions.append(f"{_few(cameras)}: do these folders stand for classes? Cameras name folders so.")
        loose = [name for name in level.own if name not in self.places]
        if loose and len(kids) > 1 and len(loose) * 10 > level.images:
            self.questions.append(f"{len(loose):,} images lie loose beside the class folders and are left out.")

    def _name_empty(self, levels: list[Node]) -> None:
        """Class folders without any image, which would otherwise drop out of the classes unseen."""
        full = {place.label for place in self.places.values()}
        for level in levels:
            for kid in level.children:
                folder = self.folders.get(kid.path)
                label = one_form(kid.name)
                unlike = is_called(kid.name, PAPERS | ANNOTATIONS | UNLABELLED) or label in full
                if folder is None or folder.part != "ignored" or kid.images or unlike:
                    continue
                if self.choice.part_of(kid.path) is None:
                    self.empty[label] = "The folder is empty." if not kid.files else "No file in it is an image."


def _words_of(kid: Node) -> list[str]:
    meant, _ = split_and_rest(kid.name)
    return [meant] if meant and split_of(kid.name) else []


def _few(nodes: list[Node], shown: int = 3) -> str:
    named = ", ".join(node.path for node in nodes[:shown])
    more = f" and {len(nodes) - shown:,} more" if len(nodes) > shown else ""
    return f"The folder {named}" if len(nodes) == 1 else f"Each of the folders {named}{more}"
