"""Data sets of boxes and masks are refused with what they are."""

import json
from pathlib import Path

import pytest

from core.data.index import load_data
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import png, write

PICTURES = {f"images/{k}.png": png(k) for k in range(4)}
BOXES = b"0 0.5 0.5 0.1 0.25\n3 0.1 0.2 1e-3 1\n"
COCO = json.dumps({"images": [{"id": 1}], "annotations": [{"bbox": [0, 0, 1, 1]}], "categories": []}).encode()
VOC = b"<annotation><object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>"
SETS = {
    "YOLO": ({**PICTURES, **{f"labels/{k}.txt": BOXES for k in range(4)}, "data.yaml": b"nc: 2"}, r"\(YOLO\)"),
    "YOLO, flat": (
        {f"obj/{k}.{end}": png(k) if end == "png" else BOXES for k in range(4) for end in ("png", "txt")},
        "YOLO",
    ),
    "COCO": ({**PICTURES, "annotations/instances.json": COCO}, r"\(COCO\)"),
    "COCO in splits": (
        {f"{s}/{n}": c for s in ("train", "valid") for n, c in (("a.png", png(1)), ("_a.json", COCO))},
        "COCO",
    ),
    "Pascal VOC": ({**PICTURES, **{f"Annotations/{k}.xml": VOC for k in range(4)}}, r"\(Pascal VOC\)"),
    "masks": ({**PICTURES, **{f"masks/{k}.png": png(9) for k in range(4)}}, r"masks are masks of the others"),
}


@pytest.mark.parametrize("kind", SETS)
def test_another_task_is_named(tmp_path: Path, workspace: Workspace, kind: str) -> None:
    files, sentence = SETS[kind]
    with pytest.raises(DataError, match=rf"{sentence}.*Anneal learns one class for each whole image"):
        load_data(str(write(tmp_path / "set", files)), workspace)


def test_annotations_beside_class_folders_do_no_harm(tmp_path: Path, workspace: Workspace) -> None:
    files = {f"Images/{name}/{k}.png": png(10 * n + k) for n, name in enumerate(("cat", "dog")) for k in range(4)}
    data = load_data(str(write(tmp_path / "set", {**files, "Annotation/cat/1.xml": VOC})), workspace)
    assert data.classes == ("cat", "dog")


def test_other_texts_are_no_boxes(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(DataError, match="or say that the labels are in a CSV"):
        load_data(str(write(tmp_path / "set", {**PICTURES, "readme.txt": b"12 photos", "a.json": b"{}"})), workspace)
