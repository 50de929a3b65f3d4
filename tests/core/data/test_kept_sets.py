"""Data sets that other libraries left on disk: Hugging Face's arrow and parquet files, torchvision's downloads."""

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import arrow_sets
from core.data.index import load_data
from core.data.sources import open_source
from core.errors import DataError, SeveralLabelsError
from core.workspace import Workspace
from tests.core.data.making import encoded, folder, picture, png, write

FEATURES = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["cat", "dog/wolf"]}}


def rows(first: int, count: int, label: object = None) -> pa.Table:
    images = [{"bytes": png(first + k), "path": f"{k}.png"} for k in range(count)]
    labels = [k % 2 if label is None else label for k in range(count)]
    return pa.table({"image": images, "label": labels})


def saved(root: Path, table: pa.Table, shards: int = 1, features: object = FEATURES, *, stream: bool = True) -> Path:
    """As `datasets` saves a split to disk."""
    root.mkdir(parents=True)
    each = -(-len(table) // shards)
    for shard in range(shards):
        path = root / f"data-{shard:05d}-of-{shards:05d}.arrow"
        part = table.slice(shard * each, each)
        opened = pa.ipc.new_stream if stream else pa.ipc.new_file
        with opened(str(path), part.schema) as writer:
            writer.write_table(part)
    (root / "dataset_info.json").write_text(json.dumps({"features": features}))
    (root / "state.json").write_text("{}")
    return root


@pytest.mark.parametrize("stream", [True, False])
def test_a_set_saved_to_disk(tmp_path: Path, workspace: Workspace, stream: bool) -> None:
    root = saved(tmp_path / "pets", rows(0, 10), shards=2, stream=stream)
    data = load_data(str(root), workspace)
    assert data.classes == ("cat", "dog or wolf")
    assert np.bincount(data.labels).tolist() == [5, 5]
    assert {item.path.read_bytes() for item in data.items} == {png(k) for k in range(10)}
    assert open_source(str(root), workspace).files[0].path.is_relative_to(workspace.data)
    assert sorted(path.name for path in root.iterdir())[-1] == "state.json"


def test_splits_of_a_dictionary_of_sets(tmp_path: Path, workspace: Workspace) -> None:
    for number, (split, count) in enumerate((("train", 8), ("validation", 4), ("test", 2))):
        saved(tmp_path / "set" / split, rows(100 * number, count))
    (tmp_path / "set/dataset_dict.json").write_text('{"splits": ["train", "validation", "test"]}')
    data = load_data(str(tmp_path / "set"), workspace)
    assert [len(data.indices(split)) for split in ("train", "valid", "test")] == [8, 4, 2]


def test_parquet_files_as_the_hub_has_them(tmp_path: Path, workspace: Workspace) -> None:
    for number, split in enumerate(("train", "test")):
        (tmp_path / "set/data").mkdir(parents=True, exist_ok=True)
        info = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
        pq.write_table(
            rows(50 * number, 6).replace_schema_metadata(info), tmp_path / f"set/data/{split}-00000-of-00001.parquet"
        )
    data = load_data(str(tmp_path / "set"), workspace)
    assert data.classes == ("cat", "dog or wolf")
    assert [len(data.indices(split)) for split in ("train", "valid")] == [6, 6]
    alone = load_data(str(tmp_path / "set/data/train-00000-of-00001.parquet"), workspace)
    assert len(alone.items) == 6


def test_labels_that_are_text_and_rows_without_one(tmp_path: Path, workspace: Workspace) -> None:
    table = pa.concat_tables([rows(0, 3, "a"), rows(3, 3, "b")])
    data = load_data(str(saved(tmp_path / "set", table, features={})), workspace)
    assert data.classes == ("a", "b")
    unlabelled = pa.concat_tables([rows(0, 8), rows(20, 2, -1)])
    data = load_data(str(saved(tmp_path / "more", unlabelled)), workspace)
    assert [file.reason for file in data.broken] == ["It has no label."] * 2


@pytest.mark.parametrize(
    ("table", "error", "sentence"),
    [
        (pa.table({"text": ["a"], "label": [1]}), DataError, "has no column of images: text, label"),
        (rows(0, 2).rename_columns(["image", "kind"]), DataError, "has no column called label, but: image, kind"),
        (
            pa.table({"image": [{"bytes": b"x", "path": "a"}], "label": [[1, 2]]}),
            SeveralLabelsError,
            "gives several labels to an image",
        ),
    ],
)
def test_tables_without_what_is_needed(
    tmp_path: Path, workspace: Workspace, table: pa.Table, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        load_data(str(saved(tmp_path / "set", table, features={})), workspace)


def test_damaged_arrow_files_and_a_missing_library(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = saved(tmp_path / "set", rows(0, 4))
    monkeypatch.setattr(arrow_sets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="Install pyarrow"):
        load_data(str(root), workspace)
    monkeypatch.undo()
    (root / "data-00000-of-00001.arrow").write_bytes(b"ARROW1 no more")
    with pytest.raises(DataError, match="cannot be read as an arrow or parquet file"):
        load_data(str(root), workspace)
    assert not [path for path in workspace.data.iterdir() if path.name.startswith(".")]


def test_a_table_beside_images_is_no_data_set_of_its_own(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4})
    pq.write_table(rows(0, 2), root / "features.parquet")
    assert load_data(str(root), workspace).classes == ("cat", "dog")


# -- torchvision -----------------------------------------------------------------------------------------------------


def idx(values: np.ndarray) -> bytes:
    """Bytes in the format of MNIST's files."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


@pytest.mark.parametrize("inside", [False, True])
def test_a_set_of_arrays_that_torchvision_downloaded(tmp_path: Path, workspace: Workspace, inside: bool) -> None:
    for name, count in (("train", 20), ("t10k", 10)):
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write(
            tmp_path / "root/FashionMNIST/raw",
            {
                f"{name}-images-idx3-ubyte": idx(images),
                f"{name}-labels-idx1-ubyte": idx(np.arange(count) % 10),
            },
        )
    before = sorted(tmp_path.rglob("*"))
    data = load_data(str(tmp_path / "root" / ("FashionMNIST" if inside else "")), workspace)
    assert len(data.classes) == 10
    assert "Ankle boot" in data.classes
    assert [len(data.indices(split)) for split in ("train", "valid")] == [20, 10]
    assert [path for path in sorted(tmp_path.rglob("*")) if "home" not in path.parts] == before


def test_a_set_of_files_that_torchvision_downloaded(tmp_path: Path, workspace: Workspace) -> None:
    root = tmp_path / "oxford-iiit-pet"
    lines = {"trainval": [], "test": []}
    for number, breed in enumerate(("Abyssinian", "american_bulldog")):
        for k in range(1, 7):
            name = f"{breed}_{k}"
            write(
                root,
                {
                    f"images/{name}.jpg": encoded(picture(10 * number + k), "JPEG"),
                    f"annotations/trimaps/{name}.png": b"",
                },
            )
            lines["test" if k > 4 else "trainval"].append(f"{name} {number + 1} {number + 1} 1")
    write(root, {f"annotations/{split}.txt": "\n".join(rows).encode() for split, rows in lines.items()})
    data = load_data(str(root), workspace)
    assert data.classes == ("Abyssinian", "American Bulldog")
    assert [len(data.indices(split)) for split in ("train", "valid")] == [8, 4]
    assert data.items[0].path.is_relative_to(root)


def test_a_download_that_is_incomplete_is_said(tmp_path: Path, workspace: Workspace) -> None:
    write(tmp_path, {"cifar-10-batches-py/data_batch_1": b"x"})
    with pytest.raises(DataError, match=r"CIFAR10 in .* is incomplete or damaged"):
        open_source(str(tmp_path / "cifar-10-batches-py"), workspace)
