"""The files of a data set as a tree of folders, with what may be an image in each."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from core.data.folder_names import in_order

_NO_IMAGES = frozenset(
    "txt md rst csv tsv json jsonl ndjson xml yaml yml html htm pdf tex py pyc ipynb js css sh bat c h cpp java r "  # noqa: SIM905
    "toml ini cfg conf log lock zip tar gz tgz 7z rar bz2 xz parquet arrow feather npy npz pkl pickle h5 hdf5 mat "
    "pt pth onnx safetensors ckpt db sqlite doc docx xls xlsx ods ppt pptx odt rtf exe dll wav mp3 flac m4a ttf "
    "lnk url xmp aae thm tfrecord names data cff bib".split()
)
_PAPERS = frozenset("readme license licence copying makefile dockerfile citation authors changelog notice".split())  # noqa: SIM905


_USUAL = (".jpg", ".JPG", ".jpeg", ".JPEG", ".png", ".PNG")


def may_be_image(name: str) -> bool:
    """Whether a file's name leaves it open that it is an image; kinds that are not read here count too."""
    if name.endswith(_USUAL):  # most of a million names; what follows takes four times as long
        return True
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    if not dot:
        return suffix.casefold() not in _PAPERS
    return suffix.casefold() not in _NO_IMAGES or not stem


@dataclass
class Node:
    """A folder: its posix path ("" is the data set), the names of its own files, and its folders by name."""

    path: str = ""
    own: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: dict[str, "Node"] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @cached_property
    def images(self) -> int:
        """Files in and below this folder that may be images."""
        return len(self.own) + sum(child.images for child in self.folders.values())

    @cached_property
    def files(self) -> int:
        """All files in and below this folder."""
        return len(self.own) + len(self.others) + sum(child.files for child in self.folders.values())

    @cached_property
    def children(self) -> list["Node"]:
        """The folders inside, in natural order."""
        return sorted(self.folders.values(), key=lambda node: in_order(node.name))

    def walk(self) -> Iterator[str]:
        """Names of all files in and below this folder."""
        yield from self.own
        yield from self.others
        for child in self.folders.values():
            yield from child.walk()

    def stems(self) -> set[str]:
        """Names of its own images without suffix and without a word like "_mask" at the end."""
        return {_stem(name) for name in self.own}

    def all_stems(self) -> set[str]:
        """`stems` of this folder and those below."""
        return self.stems().union(*(child.all_stems() for child in self.folders.values()))


def tree_of(names: Iterable[str], empty: Iterable[str] = ()) -> Node:
    """The tree of posix names, with folders that are empty; where no file may be an image, all of them may."""
    listed = list(names)
    imagelike = {name for name in listed if may_be_image(name)} or set(listed)
    root = Node()
    folders: dict[str, Node] = {}
    for name in listed:
        path = name.rpartition("/")[0]
        folder = folders.get(path)
        if folder is None:
            folder = folders[path] = _folder(root, path)
        (folder.own if name in imagelike else folder.others).append(name)
    for path in empty:
        _folder(root, path)
    return root


def _folder(root: Node, path: str) -> Node:
    node = root
    for part in path.split("/") if path else ():
        node = node.folders.setdefault(part, Node(f"{node.path}/{part}" if node.path else part))
    return node


def _stem(name: str) -> str:
    stem = os.path.splitext(name.rpartition("/")[2])[0].casefold()
    return re.sub(r"[\W_]*(masks?|seg|segmentation|labels?|gt|thumb|thumbnail|small|anno|annotation|alpha)$", "", stem)
