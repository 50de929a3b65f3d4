"""What the folders say: which class an image is of, on which side of the split, and what is doubtful about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.data.doubts import doubt_about_nesting, doubts_about_classes, few
from core.data.folder_names import (
    ANNOTATIONS,
    IMAGES,
    PAPERS,
    THUMBNAILS,
    UNLABELLED,
    alike,
    in_order,
    is_called,
    one_form,
)
from core.data.parts import BY_HAND, Parts, Place
from core.data.reading import Choice, Folder
from core.data.split_folders import classes_by_name, inner_split, other_side, splits_by_name
from core.data.split_names import split_of
from core.data.tree import Node, tree_of

__all__ = ["NO_CLASS", "OUTSIDE", "Layout", "Place", "lay_out"]

NO_CLASS = "The file is not in a class folder."
OUTSIDE = "The file lies outside the train, valid and test folders."


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


class _Reader(Parts):
    """One reading of a tree."""

    origin = ""

    def read(self, root: Node) -> None:
        """Find the folders that are classes or splits, and place every file."""
        level, kids = self._unwrapped(root)
        kids = self._parts_merged(kids)
        splits = splits_by_name(kids, self.choice)
        if side := other_side(kids, splits, self.choice):
            self._ask_other_side(side[0], side[1], splits)
            splits[side[0].path] = side[1]
        deep = {kid.path for kid in kids if self.live(kid)}
        labelled = {split for path, split in splits.items() if path in deep}
        given = "train" in labelled and bool(labelled & {"valid", "test"})
        by_hand = any(self.choice.part_of(path) in ("train", "valid", "test") for path in splits)
        if classes := classes_by_name(kids, splits, self.choice):
            self._classes_beside_splits(kids, splits, classes)
        elif given or by_hand or (kids and len(splits) == len(kids)):
            self._under_splits(kids, splits, labelled)
        elif self._splits_inside(kids):
            self._classes_above_splits(kids)
        elif any(len(self.live(kid)) > 1 for kid in kids if kid.path in splits):
            self._ask_lone_split(kids, splits)
            self._under_splits(kids, splits, labelled)
        else:
            for kid in kids:
                self._class(kid, "")
            self._doubt_classes(level, kids)
        self._name_empty([level] if not splits or not labelled else [kid for kid in kids if kid.path in splits])
        for name in root.walk():
            if name not in self.places and name not in self.left:
                self.left[name] = NO_CLASS if not self.is_skipped(name) else ""
        self.left = {name: why for name, why in self.left.items() if why}

    # -- folders that are neither class nor split ------------------------------------------------------------------

    def _unwrapped(self, node: Node) -> tuple[Node, list[Node]]:
        """The folders to decide about: below those that only wrap the whole."""
        while True:
            kids = self.expanded(node)
            chosen = any(self.choice.part_of(kid.path) for kid in kids)
            if chosen or len(kids) != 1 or split_of(kids[0].name) or not self._wraps(kids[0]):
                return node, kids
            node = kids[0]
            self.mark(node, "wrapper", why="the only folder here")

    def _wraps(self, node: Node) -> bool:
        """Whether the only folder of its level is no class: it has folders of images, or is just called so."""
        return bool(self.live(node)) or (is_called(node.name, IMAGES) and bool(node.own))

    def _parts_merged(self, kids: list[Node]) -> list[Node]:
        """The classes of folders that hold classes of the same names: batch1/cat, batch1/dog, batch2/cat, ..."""
        if len(kids) < 2 or splits_by_name(kids, self.choice):
            return kids
        if any(kid.own or self.choice.part_of(kid.path) for kid in kids):
            return kids
        inside = [self._unwrapped(kid)[1] for kid in kids]
        names = [{alike(node.name) for node in nodes} for nodes in inside]
        same = all(len(found) > 1 and found == names[0] for found in names)
        if not same or any(split_of(node.name) for node in inside[0]):
            return kids
        for kid in kids:
            self.mark(kid, "wrapper", why="its folders have the same names as those of the others")
        self.questions.append(f"{few(kids)} holds folders of the same names; these are read as the classes.")
        return [node for nodes in inside for node in nodes]

    # -- splits ----------------------------------------------------------------------------------------------------

    def _given(self, used: Iterable[str]) -> str:
        """Take the split as given, and say where from; the split that serves for validation."""
        held_out = "valid" if "valid" in set(used) else "test"
        self.origin = "as given" if held_out == "valid" else "as given, with the test folder for validation"
        return held_out

    def _under_splits(self, kids: list[Node], splits: dict[str, str], labelled: set[str]) -> None:
        given = "train" in labelled and len(labelled) > 1
        held_out = self._given(labelled) if given else ""
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
        inner, classes = kid, self.expanded(kid)
        while len(classes) == 1 and self.choice.part_of(classes[0].path) is None and self._repeats(classes[0], meant):
            inner = classes[0]
            self.mark(inner, "wrapper", why="the only folder here")
            classes = self.expanded(inner)
        by_hand = self.choice.part_of(kid.path) is not None
        by_name = "by its name" if split_of(kid.name) == meant else "by what lies beside it"
        why = BY_HAND if by_hand else by_name if classes else f"{by_name}; no class folders in it"
        self.mark(kid, "split", means=meant, why=why)
        for name in kid.walk():
            self.sides.setdefault(name, meant)
        for node in classes:
            self._class(node, split)
        if meant == "train":
            self.questions += doubt_about_nesting(self._nested(classes))
        if inner.own and classes:
            self.questions.append(f"{len(inner.own):,} files lie loose in {inner.path}, beside its class folders.")

    def _repeats(self, node: Node, meant: str) -> bool:
        """Whether the only folder of a split just wraps its classes: train/train/..., train/images/..."""
        if split_of(node.name) == meant or is_called(node.name, IMAGES):
            return True
        return len(self.live(node)) > 1 and not node.own

    def _outside(self, kid: Node) -> None:
        self.leave(kid, "outside the split folders", OUTSIDE)
        if not is_called(kid.name, UNLABELLED | PAPERS):
            self.questions.append(
                f"The folder {kid.path} ({kid.images:,} images) is left out because it lies beside split folders."
            )

    def _ask_lone_split(self, kids: list[Node], splits: dict[str, str]) -> None:
        named = ", ".join(kid.path for kid in kids if kid.path in splits)
        self.questions.append(f"{named} is read as a split with the classes inside, not as a class.")

    def _ask_other_side(self, kid: Node, split: str, splits: dict[str, str]) -> None:
        use = "training" if split == "train" else "validation"
        beside = ", ".join(splits)
        self.questions.append(
            f"{kid.path} is taken for {use}, because it holds the same classes as {beside} beside it."
        )

    def _classes_beside_splits(self, kids: list[Node], splits: dict[str, str], classes: dict[str, str]) -> None:
        """Folders that are called after their split and their class: train_cats, train_dogs, test_cats, ..."""
        held_out = self._given(splits.values())
        for kid in kids:
            meant = splits[kid.path]
            self._class(kid, "valid" if meant == held_out else meant, classes[kid.path])
            for name in kid.walk():
                self.sides[name] = meant
        labels = ", ".join(sorted(set(classes.values()), key=in_order)[:3])
        self.questions.append(f"{few(kids)} is read as a split and a class in one name; the classes are {labels}.")

    def _splits_inside(self, kids: list[Node]) -> bool:
        """Whether classes have train and valid or test folders of their own: cats/train, cats/test, dogs/train, ..."""
        used = [{inner_split(node, kid) for node in self.live(kid)} for kid in kids]
        full = sum("train" in found and bool(found & {"valid", "test"}) for found in used)
        return full > 1 and 2 * full > len(kids)

    def _classes_above_splits(self, kids: list[Node]) -> None:
        held_out = self._given(inner_split(node, kid) for kid in kids for node in self.live(kid))
        for kid in kids:
            self._class(kid, "train")
            for node in self.live(kid):
                meant = inner_split(node, kid)
                if not meant:
                    self._unplace(node)
                    continue
                self.mark(node, "split", means=meant, why="by its name")
                place = Place(one_form(kid.name), "valid" if meant == held_out else meant)
                for name in node.walk():
                    if name in self.places:
                        self.places[name], self.sides[name] = place, meant

    def _unplace(self, node: Node) -> None:
        """Leave out what lies beside the split folders of a class."""
        for name in node.walk():
            self.places.pop(name, None)
        self._outside(node)

    # -- classes ---------------------------------------------------------------------------------------------------

    def _class(self, node: Node, split: str, label: str = "") -> None:
        """Everything in and below a folder is of one class, but for small copies and masks of its pictures."""
        label = one_form(label or node.name)
        chosen = self.choice.part_of(node.path)
        self.mark(node, "class", means=label, why=BY_HAND if chosen else "a folder of images")
        self.put(node, label, split)
        waiting = self.live(node)
        while waiting:
            kid = waiting.pop()
            if self.choice.part_of(kid.path) is None and is_called(kid.name, THUMBNAILS):
                self.leave(kid, "small copies of pictures, by its name")
                self.questions.append(f"The folder {kid.path} ({kid.images:,} images) is left out as small copies.")
                continue
            self.put(kid, label, split)
            waiting += self.live(kid)

    def _nested(self, kids: Iterable[Node]) -> list[Node]:
        """Classes, not chosen by hand, that hold nothing but folders of images."""
        return [
            kid for kid in kids if self.choice.part_of(kid.path) is None and not kid.own and len(self.live(kid)) > 1
        ]

    def _doubt_classes(self, level: Node, kids: list[Node]) -> None:
        """Ask about whatever makes a reading of plain class folders doubtful."""
        if len(kids) < 2:
            return
        undecided = [kid for kid in kids if self.choice.part_of(kid.path) is None]
        loose = sum(name not in self.places for name in level.own)
        self.questions += doubt_about_nesting(self._nested(kids))
        self.questions += doubts_about_classes(undecided, some_decided=len(undecided) < len(kids))
        if loose * 10 > level.images:
            self.questions.append(f"{loose:,} images lie loose beside the class folders and are left out.")

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
