"""Folders of pictures that are certainly no class: masks and annotations, small copies, papers beside the data."""

from core.data.folder_names import ANNOTATIONS, IMAGES, PAPERS, THUMBNAILS, is_called
from core.data.split_names import split_and_rest
from core.data.tree import Node

_BESIDE = "describes the pictures beside it"


def no_class(kid: Node, parent: Node) -> str:
    """Why a folder is certainly no class and no split; "" when it may be one."""
    if not kid.files:
        return "empty"
    if not kid.images:
        return "no image in it"
    if _masks_of_a_split(kid, parent):
        return _BESIDE
    if is_called(kid.name, ANNOTATIONS):
        pictures = any(is_called(node.name, IMAGES) for node in _others(kid, parent))
        return _BESIDE if pictures or _half_shared(kid, parent.stems()) else ""
    if is_called(kid.name, THUMBNAILS):
        beside = parent.stems().union(*(node.all_stems() for node in _others(kid, parent)))
        return "small copies of other pictures" if _half_shared(kid, beside) else ""
    if is_called(kid.name, PAPERS):
        data = [node for node in _others(kid, parent) if not is_called(node.name, PAPERS)]
        deep = any(sum(1 for inner in node.children if inner.images) > 1 for node in data)
        return "lies beside the data" if deep else ""
    return ""


def _others(kid: Node, parent: Node) -> list[Node]:
    """The other folders of pictures beside `kid`; asked for few, as a data set may have thousands side by side."""
    return [node for node in parent.children if node is not kid and node.images]


def _masks_of_a_split(kid: Node, parent: Node) -> bool:
    """Whether a folder is like train_masks beside train or train_images."""
    meant, rest = split_and_rest(kid.name)
    if not meant or not set(rest) & ANNOTATIONS:
        return False
    beside = [split_and_rest(node.name) for node in _others(kid, parent)]
    return any(split == meant and not set(words) & ANNOTATIONS for split, words in beside)


def _half_shared(kid: Node, stems: set[str]) -> bool:
    """Whether half or more of a folder's pictures are called as others are."""
    own = kid.all_stems()
    return bool(own) and 2 * len(own & stems) >= len(own)
