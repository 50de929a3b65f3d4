"""Edits of files: JSON with a value missing, odd or enormous, and bytes that are cut, flipped or not text at all."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.runs.checkpoint import KEY

DEEP = 5000
"""Levels of nested lists: more than Python's own reader of JSON can follow."""

ODD: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "a half": 0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "a huge float": 1e308,
    "a tiny float": 5e-324,
    "a large count": 10**9,
    "more than 64 bits": 2**70,
    "400 digits": 10**400,
    "no text": "",
    "text": "x",
    "a number as text": "3",
    "long text": "a" * 20_000,
    "a lone surrogate": "\ud800",
    "a NUL": "a\0b",
    "control characters": "a\x1b[31m\r\nb\u202e",
    "markup": "![x](http://canary.invalid/x.png) <img src=x> :red[b] $a$",
    "a way out": "../../../../etc/passwd",
    "no date": "2026-13-45T99:00:00",
    "an early date": "0001-01-01T00:00:00+00:00",
    "a date without a zone": "2026-01-01T00:00:00",
    "no list": [],
    "no object": {},
    "a list of odd things": [None, {}, [], "x", -1, float("nan")],
    "an object of odd things": {"x": [{}], "": None},
}
"""Values that take the place of one in a file."""

GONE = "gone"
TWICE = "twice"
NESTED = "nested"
SHUFFLED = "turned round"
CHANGES = (*ODD, GONE, TWICE, NESTED, SHUFFLED)
"""What can happen to one value in a file of JSON."""

PICKLE = b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93."
"""The beginning of a pickle, which nothing here may load."""

BYTES: dict[str, Callable[[bytes, int], bytes]] = {
    "cut short": lambda raw, at: raw[: at % (len(raw) or 1)],
    "emptied": lambda raw, at: b"",
    "a bit turned": lambda raw, at: _turned(raw, at),
    "not UTF-8": lambda raw, at: raw[: at % (len(raw) or 1)] + b"\xff\xfe" + raw[at % (len(raw) or 1) :],
    "written twice": lambda raw, at: raw + raw,
    "deep lists": lambda raw, at: b"[" * DEEP + b"]" * DEEP,
    "deep objects": lambda raw, at: b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "zeros": lambda raw, at: bytes(len(raw)),
    "another file": lambda raw, at: (
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93."
    ),
    "a byte order mark": lambda raw, at: b"\xef\xbb\xbf" + raw,
    "null": lambda raw, at: b"null",
    "a list": lambda raw, at: b"[]",
    "an object": lambda raw, at: b"{}",
}
"""What can happen to a file as it is; the number says where."""

AS_A_WHOLE = ("missing", "a folder")
STRUCTURED = {".json", ".jsonl", ".safetensors", ".npz"}
KINDS = (*CHANGES, *BYTES, *AS_A_WHOLE)


@dataclass(frozen=True)
class Edit:
    """One edit: of the file number `file`, at the place number `place` in it; numbers wrap round."""

    file: int
    place: int
    kind: str

    def apply(self, home: Path, files: list[Path]) -> Path:
        """Do it to one of `files`, relative to `home`; that file."""
        path = home / files[self.file % len(files)]
        if self.kind == "missing":
            path.unlink()
        elif self.kind == "a folder":
            path.unlink()
            path.mkdir()
        elif self.kind in BYTES or path.suffix not in STRUCTURED:
            change = BYTES.get(self.kind, BYTES["a bit turned"])
            _write(path, change(path.read_bytes(), self.place))
        else:
            _write(path, _with_json(path, self._changed))
        return path

    def _changed(self, text: bytes) -> bytes:
        try:
            value = json.loads(text)
        except ValueError:  # was not JSON to begin with
            return text
        holder = [value]
        places = list(_places(holder))
        parent, key = places[self.place % len(places)]
        _change(parent, key, self.kind)
        changed = json.dumps(holder[0] if holder else None)
        return changed.replace(f'"{NESTED * 3}"', "[" * DEEP + "]" * DEEP).encode()


def files_of(home: Path, folder: Path) -> list[Path]:
    """The files below `folder` that can be edited, relative to `home`, in a fixed order."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".lock", ".png", ".npy"})
    return sorted(path.relative_to(home) for path in found if path.name != ".lock" and path.name != ".draft.lock")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a value that was read from JSON."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _change(parent: Any, key: Any, kind: str) -> None:
    value = parent[key]
    if kind == GONE:
        del parent[key]
    elif kind == TWICE:
        parent[key] = [value, value]
    elif kind == NESTED:
        parent[key] = NESTED * 3
    elif kind == SHUFFLED:
        parent[key] = value[::-1] if isinstance(value, list | str) else [value]
    else:
        parent[key] = ODD[kind]


def _with_json(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """The file's content with the JSON in it changed."""
    raw = path.read_bytes()
    if path.suffix == ".json":
        return change(raw)
    if path.suffix == ".jsonl":
        rows = raw.splitlines()
        return b"\n".join([*rows[:1], change(rows[1]), *rows[2:]]) + b"\n" if len(rows) > 1 else raw
    return _with_header(raw, change) if path.suffix == ".safetensors" else _with_words(path, change)


def _with_header(raw: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A safetensors file with its own JSON header changed."""
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header["__metadata__"][KEY] = change(header["__metadata__"][KEY].encode()).decode()
    changed = json.dumps(header).encode()
    return len(changed).to_bytes(8, "little") + changed + raw[8 + size :]


def _with_words(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """Predictions with the words beside their arrays changed."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["words"] = np.frombuffer(change(arrays["words"].tobytes()), dtype=np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def _turned(raw: bytes, at: int) -> bytes:
    changed = bytearray(raw)
    if changed:
        changed[at % len(raw)] ^= 1 << at % 8
    return bytes(changed)


def _write(path: Path, content: bytes) -> None:
    """Put new content in place, so that other names of the file keep theirs."""
    path.unlink()
    path.write_bytes(content)


def copy(home: Path, to: Path) -> None:
    """A copy of a workspace; weights and pixels, which are only ever replaced, are shared."""

    def share(source: str, target: str) -> None:
        if source.endswith((".safetensors", ".npy", ".png")):
            Path(target).hardlink_to(source)
        else:
            shutil.copyfile(source, target)

    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(home, to, copy_function=share)


def remove(home: Path) -> None:
    """Delete a copy."""
    shutil.rmtree(home, ignore_errors=True)
