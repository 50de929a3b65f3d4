"""Data sets of Hugging Face on disk: arrow files from `save_to_disk`, parquet files from the hub; read by pyarrow."""

import importlib.util
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.decode import SUFFIXES
from core.data.folder_names import in_order, one_form
from core.data.folders import Store
from core.data.split_names import split_of
from core.errors import DataError, SeveralLabelsError
from core.kept import parse_json
from core.workspace import Progress

_MAGIC = {
    b"\xff\xd8": ".jpg",
    b"\x89P": ".png",
    b"GI": ".gif",
    b"RI": ".webp",
    b"BM": ".bmp",
    b"II": ".tif",
    b"MM": ".tif",
}
_LABELS = ("label", "labels", "fine_label", "class", "target", "category")


@dataclass(frozen=True)
class _Columns:
    """The column of images and that of labels, with the names of its numbers (empty where cells are names)."""

    image: str
    label: str
    names: tuple[str, ...]


def arrow_files(folder: Path) -> list[tuple[str, Path]]:
    """(Split, file) of the arrow or parquet files of a set that was saved to `folder`; none where it is no such set.

    The split is "" where neither a folder nor the name of the file says it.
    """
    if folder.is_file():
        return [("", folder)] if folder.suffix == ".parquet" else []
    if (folder / "dataset_dict.json").is_file():
        parts = sorted(path for path in folder.iterdir() if (path / "dataset_info.json").is_file())
        return [(part.name, file) for part in parts for file in _sorted(part.glob("*.arrow"))]
    if (folder / "dataset_info.json").is_file():
        return [("", file) for file in _sorted(folder.glob("*.arrow"))]
    inside = [*folder.glob("*.parquet"), *folder.glob("data/*.parquet"), *folder.glob("*/*.parquet")]
    if inside and any(path.suffix.lower() in SUFFIXES for path in (*folder.glob("*"), *folder.glob("*/*"))):
        return []  # a folder of images, with a table beside them
    return [(_split_in(file), file) for file in _sorted(set(inside))]


def _sorted(files: Any) -> list[Path]:
    return sorted(files, key=lambda path: in_order(str(path)))


def _split_in(file: Path) -> str:
    """The split that a hub's parquet file is of: data/train-00000-of-00001.parquet, or train/0000.parquet."""
    return next((name for name in (file.stem.split("-")[0], file.parent.name) if split_of(name)), "")


def unpack_arrow(files: list[tuple[str, Path]], title: str, store: Store, progress: Progress) -> None:
    """Write the images of all files under split/label/number and close the store; raises `DataError`."""
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{title} is a data set of arrow or parquet files. Install pyarrow (pip install pyarrow).")
    for done, (split, path) in enumerate(files):
        progress("Reading arrow files", done, len(files))
        try:
            _unpack_file(path, split, done, store)
        except DataError:
            raise
        except Exception as error:  # pyarrow has many errors of its own
            raise DataError(f"{path} cannot be read as an arrow or parquet file: {str(error)[:120]}.") from error
    progress("Reading arrow files", len(files), len(files))
    store.close(title)


def _unpack_file(path: Path, split: str, file_number: int, store: Store) -> None:
    columns: _Columns | None = None
    number = 0
    for batch in _batches(path):
        columns = columns or _columns_of(batch.schema, path)
        for image, label in zip(batch[columns.image].to_pylist(), batch[columns.label].to_pylist(), strict=True):
            number += 1
            _add(image, _label_name(label, columns), f"{split}/" if split else "", f"{file_number}-{number:06d}", store)


def _batches(path: Path) -> Iterator[Any]:
    """Record batches of a parquet file, or of an arrow file in either of its forms."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        yield from pq.ParquetFile(path).iter_batches(batch_size=256)
        return
    with pa.memory_map(os.fspath(path)) as source:
        try:
            yield from pa.ipc.open_stream(source)
        except pa.ArrowInvalid:
            source.seek(0)
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)


def _columns_of(schema: Any, path: Path) -> _Columns:
    features = _features(schema, path)
    images = [name for name in schema.names if _is_image(schema.field(name).type, features.get(name))]
    if not images:
        raise DataError(f"{path.name} has no column of images: {', '.join(schema.names)}.")
    named = [name for name in schema.names if _kind(features.get(name)) == "ClassLabel"]
    labels = [name for name in _LABELS if name in schema.names and name not in images]
    chosen = next((name for name in labels if name in named), None) or (named[0] if len(named) == 1 else None)
    chosen = chosen or next(iter(labels), None)
    if chosen is None:
        raise DataError(
            f"{path.name} has no column called label, but: {', '.join(schema.names)}. Rename the right one."
        )
    if "list" in str(schema.field(chosen).type):
        raise SeveralLabelsError(f"{path.name} gives several labels to an image; Anneal learns one class for each.")
    return _Columns(images[0], chosen, tuple((features.get(chosen) or {}).get("names") or ()))


def _features(schema: Any, path: Path) -> dict[str, Any]:
    """What the set says of its columns, in the file or beside it."""
    texts = [(schema.metadata or {}).get(b"huggingface", b"{}")]
    beside = path.parent / "dataset_info.json"
    if beside.is_file():
        texts.append(beside.read_bytes())
    for text in texts:
        value = parse_json(text)
        found = value.get("features") or (value.get("info") or {}).get("features")
        if isinstance(found, dict):
            return found
    return {}


def _kind(feature: Any) -> str:
    return str(feature.get("_type", "")) if isinstance(feature, dict) else ""


def _is_image(kind: Any, feature: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return {"bytes", "path"} <= {kind.field(at).name for at in range(kind.num_fields)}
    return _kind(feature) == "Image" or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _label_name(label: Any, columns: _Columns) -> str:
    """The class of a row; "" where it has none (-1 stands for that)."""
    if label is None or label == -1:
        return ""
    if columns.names and isinstance(label, int) and 0 <= label < len(columns.names):
        return one_form(str(columns.names[label])).strip()
    return one_form(str(label)).strip()


def _add(image: Any, label: str, prefix: str, number: str, store: Store) -> None:
    content = image.get("bytes") if isinstance(image, dict) else image
    path = image.get("path") if isinstance(image, dict) else None
    name = f"{prefix}{label.replace('/', ' or ') or 'no label'}/{number}"
    if not label:
        store.refuse(name, "It has no label.")
        return
    if content is None and path and os.path.isfile(path):
        content = Path(path).read_bytes()
    if not content:
        store.refuse(name, "The image is not in the file, nor where it says.")
        return
    admitted = store.admit(name + _MAGIC.get(content[:2], ""))
    if admitted is not None:
        store.add(admitted, io.BytesIO(content))
