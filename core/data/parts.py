"""What a reading of the tree has found so far: each folder's part, and the class and split of each file."""

from dataclasses import dataclass

from core.data.folder_names import one_form
from core.data.no_class import no_class
from core.data.reading import Choice, Folder, Part
from core.data.tree import Node

BY_HAND = "chosen by hand"


@dataclass(frozen=True)
class Place:
    """The class of an image, and its split where the folders give one (else "")."""

    label: str
    split: str


class Parts:
    """Collects the parts of folders; `left` has the files that are left out, each with a reason or "" for none."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.places: dict[str, Place] = {}
        self.left: dict[str, str] = {}
        self.folders: dict[str, Folder] = {}
        self.questions: list[str] = []
        self.empty: dict[str, str] = {}
        self.sides: dict[str, str] = {}

    def mark(self, node: Node, part: Part, means: str = "", why: str = "") -> None:
        """Say what a folder was taken for."""
        self.folders[node.path] = Folder(path=node.path, part=part, means=means, images=node.images, why=why)

    def leave(self, node: Node, why: str, reason: str = "") -> None:
        """Leave a folder out, with `reason` for each of its files."""
        self.mark(node, "ignored", why=why)
        for name in node.walk():
            if reason:
                self.left[name] = reason
            else:
                self.left.setdefault(name, "")

    def live(self, node: Node) -> list[Node]:
        """The folders of `node` that may be classes or splits; the others are marked with the reason."""
        kids = []
        for kid in node.children:
            chosen = self.choice.part_of(kid.path)
            if chosen == "ignored":
                self.mark(kid, "ignored", why="left out by hand")
                for name in kid.walk():
                    self.left.setdefault(name, "")
            elif chosen is None and (why := no_class(kid, node)):
                self.leave(kid, why)
            else:
                kids.append(kid)
        return kids

    def expanded(self, node: Node) -> list[Node]:
        """The live folders of `node`, with those that were chosen as wrappers replaced by what is in them."""
        kids: list[Node] = []
        for kid in self.live(node):
            if self.choice.part_of(kid.path) == "wrapper":
                self.mark(kid, "wrapper", why=BY_HAND)
                kids += self.expanded(kid)
            else:
                kids.append(kid)
        return kids

    def is_skipped(self, name: str) -> bool:
        """Whether a file lies in a folder that is left out."""
        parts = name.split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return any(path in self.folders and self.folders[path].part == "ignored" for path in above)

    def put(self, node: Node, label: str, split: str) -> None:
        """Place the files that lie directly in a folder."""
        place = Place(one_form(label), split)  # one for all: there may be a million files
        self.places.update(dict.fromkeys((*node.own, *node.others), place))
