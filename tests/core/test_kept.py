"""The one reader of JSON against Python's own, and what it refuses that fails later."""

import json
import os
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from core import kept
from core.kept import LARGEST, Count, Estimate, Finite, Pid, Positive, Seconds, Seed, Share, parse_json, read_json

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_python_writes_is_read_as_python_reads_it(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == json.loads(text) == value


def test_what_is_not_a_number_is_read():
    assert str(parse_json("[NaN, Infinity, -Infinity]")) == "[nan, inf, -inf]"


def test_a_byte_order_mark_is_passed_over():
    assert parse_json(b'\xef\xbb\xbf{"stages": []}') == {"stages": []}


@pytest.mark.parametrize(
    "text",
    [
        '["\\ud800"]',
        '["\\udc00\\ud800"]',
        '{"a\\u0000b": 1}',
        '[["x\\u0000"]]',
        str(2**63),
        f"[-{2**70}]",
        "1" * 5000,
        "[" * 210 + "]" * 210,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        b'["\xff"]',
        b'["\xed\xa0\x80"]',
        '{"a": ',
        "",
    ],
)
def test_what_fails_later_is_refused_now(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_a_backslash_before_u0000_is_text():
    assert parse_json('["\\\\u0000"]') == ["\\u0000"]


@pytest.mark.timeout(10)
def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "folder.json"):
        with pytest.raises(ValueError, match="is not a file"):
            read_json(tmp_path / name)


def test_an_enormous_file_is_refused(tmp_path):
    path = tmp_path / "enormous.json"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match="is larger than 256 MB"):
        read_json(path)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Count, [0, 5], [-1, 10**9 + 1, "x", None, 0.5]),
        (Seed, [0, 2**63 - 1], [-1, 2**63]),
        (Pid, [2], [-1, 0, 1, 2**31]),
        (Seconds, [0.0, 1.8e9], [-1, float("nan"), float("inf"), 1e308]),
        (Share, [0, 1], [-0.1, 1.1, float("nan")]),
        (Positive, [1e-7], [0, -1, float("inf"), 1e308]),
        (Finite, [-3.5], [float("nan"), float("-inf"), 1e308]),
    ],
)
def test_ranges(kind, good, bad):
    check = TypeAdapter(kind)
    for value in good:
        assert check.validate_python(value) == value
    for value in bad:
        with pytest.raises(ValidationError):
            check.validate_python(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "soon", None, True, 10**400])
def test_an_estimate_that_cannot_be_said_is_none(value):
    assert TypeAdapter(Estimate).validate_python(value) is None
    assert TypeAdapter(Estimate).validate_python(3) == 3


def test_reading_a_small_file_takes_little_memory(tmp_path):
    path = tmp_path / "small.json"
    path.write_text("[1]")
    tracemalloc.start()
    try:
        assert read_json(path) == [1]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


class Frozen(BaseModel, frozen=True):
    values: tuple[int, ...]


class Changeable(BaseModel):
    values: list[int]


@pytest.fixture
def reads(monkeypatch):
    """How often each file was read. Files count as settled at once; nothing was read before."""
    found, read = Counter(), kept.read_json

    def counted(path):
        found[path.name] += 1
        return read(path)

    monkeypatch.setattr(kept, "read_json", counted)
    monkeypatch.setattr(kept, "FRESH_NS", -(10**18))
    monkeypatch.setattr(kept, "_remembered", kept._Remembered())
    return found


def written(path, *values):
    path.write_text(json.dumps({"values": values}))
    return path


def test_an_unchanged_file_is_read_once(tmp_path, reads):
    path = written(tmp_path / "a.json", 1, 2)
    assert [kept.read_model(path, Frozen).values for _ in range(3)] == [(1, 2)] * 3
    assert [kept.read_once(path, kept.read_json) for _ in range(3)] == [{"values": [1, 2]}] * 3
    assert reads == {"a.json": 2}


@pytest.mark.parametrize("how", ["written over", "replaced", "replaced and dated back", "of another size"])
def test_a_changed_file_is_read_again(tmp_path, reads, how):
    path = written(tmp_path / "a.json", 1, 2)
    before = path.stat()
    assert kept.read_model(path, Frozen).values == (1, 2)
    if how == "written over":
        written(path, 3, 4)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))  # not within the same moment
    elif how == "of another size":
        written(path, 3, 4, 5)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        os.replace(written(tmp_path / "new", 3, 4), path)
        if how == "replaced and dated back":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.read_model(path, Frozen).values[:2] == (3, 4)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        kept.read_model(path, Frozen)


def test_what_changed_just_now_is_not_remembered(tmp_path, reads, monkeypatch):
    """A second change within one moment of the disk's clock leaves the same facts behind."""
    monkeypatch.setattr(kept, "FRESH_NS", 3600 * 10**9)
    path = written(tmp_path / "a.json", 1, 2)
    for _ in range(3):
        kept.read_model(path, Frozen)
    assert reads["a.json"] == 3
    assert not kept.state_of(path).same_as(kept.state_of(path))


def test_the_caller_may_change_what_can_be_changed(tmp_path, reads):
    path = written(tmp_path / "a.json", 1, 2)
    kept.read_model(path, Changeable).values.append(3)
    assert kept.read_model(path, Changeable).values == [1, 2]
    assert kept.read_model(path, Frozen) is kept.read_model(path, Frozen)
    assert reads["a.json"] == 2


def test_a_damaged_file_is_looked_at_each_time(tmp_path, reads):
    path = tmp_path / "a.json"
    path.write_text('{"values": [1, "two"]}')
    for _ in range(2):
        with pytest.raises(ValueError, match="two"):
            kept.read_model(path, Frozen)
    assert reads["a.json"] == 2


def test_no_more_is_remembered_than_there_is_room_for(tmp_path, reads, monkeypatch):
    monkeypatch.setattr(kept, "MOST_FILES", 3)
    paths = [written(tmp_path / f"{number}.json", number) for number in range(4)]
    for path in (*paths[:3], paths[0], paths[3], paths[0], paths[2], paths[1]):
        kept.read_model(path, Frozen)
    assert reads == {"0.json": 1, "1.json": 2, "2.json": 1, "3.json": 1}
    size = paths[0].stat().st_size
    monkeypatch.setattr(kept, "MOST_BYTES", 2 * size)
    for path in (*paths, *paths[2:]):
        kept.read_model(path, Frozen)
    assert (reads["2.json"], reads["3.json"]) == (1, 2)
    assert kept._remembered._bytes <= 2 * size
    monkeypatch.setattr(kept, "LARGE", size - 1)
    reads.clear()
    for _ in range(2):
        kept.read_model(paths[0], Frozen)
    assert reads["0.json"] == 2


def test_a_folder_is_forgotten_at_any_depth(tmp_path, reads):
    (tmp_path / "one" / "two").mkdir(parents=True)
    inside, outside = written(tmp_path / "one" / "two" / "a.json", 1), written(tmp_path / "b.json", 1)
    for _ in range(2):
        for path in (inside, outside):
            kept.read_model(path, Frozen)
        kept.forget(tmp_path / "one")
    assert reads == {"a.json": 2, "b.json": 1}
