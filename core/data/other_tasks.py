"""Data sets that are made for something else than one class for each image, and what to do with them here."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.data.folder_names import ANNOTATIONS, IMAGES, is_called
from core.data.sources import Source, SourceFile
from core.data.tree import may_be_image

_LOOKED_AT = 20
"""Files of a kind that are read to tell what they are."""

_MOST_READ = 2**16

_YOLO = re.compile(r"\s*(\d+(\s+-?[\d.]+(e-?\d+)?){4,}\s*)+")
_CROPS = "Anneal learns one class for each whole image: cut the objects out, and put them in a folder for each class."
_WHOLE = "Anneal learns one class for each whole image, and needs a folder of images for each class."


def other_task(source: Source) -> str:
    """A sentence or two on a data set of boxes or masks, which have no class for each image; "" for any other."""
    texts = _of_kind(source, ".txt")
    yolo = sum(bool(_YOLO.fullmatch(_start(file))) for file in texts)
    if texts and 2 * yolo > len(texts):
        return f"Its text files hold boxes around objects (YOLO). {_CROPS}"
    if any("<bndbox>" in text or "<object>" in text for text in map(_start, _of_kind(source, ".xml"))):
        return f"Its XML files hold boxes around objects (Pascal VOC). {_CROPS}"
    if any('"annotations"' in text and '"images"' in text for text in map(_start, _of_kind(source, ".json"))):
        return f"Its JSON files hold the annotations of objects (COCO). {_CROPS}"
    masks = _masks(source)
    return f"The images in {masks} are masks of the others (segmentation). {_WHOLE}" if masks else ""


def _of_kind(source: Source, ending: str) -> Sequence[SourceFile]:
    files = [file for file in source.files if file.name.lower().endswith(ending)]
    step = max(1, len(files) // _LOOKED_AT)
    return files[::step][:_LOOKED_AT]


def _start(file: SourceFile) -> str:
    """The first characters of a text; of a JSON file the last ones too, as its keys may come in any order."""
    try:
        content = Path(file.path).read_bytes()
    except OSError:
        return ""
    return (content[:_MOST_READ] + (content[-_MOST_READ:] if len(content) > _MOST_READ else b"")).decode(
        "utf-8", "replace"
    )


def _masks(source: Source) -> str:
    """The folder whose images describe those in a folder of images."""
    folders = Counter(file.name.rpartition("/")[0] for file in source.files if may_be_image(file.name))
    names = {folder: folder.rpartition("/")[2] for folder in folders}
    pictures = any(is_called(name, IMAGES) for name in names.values())
    return next((folder for folder, name in names.items() if pictures and is_called(name, ANNOTATIONS)), "")
