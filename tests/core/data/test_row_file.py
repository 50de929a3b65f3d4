"""A file made in chunks: an interruption costs one chunk, and a part is never taken for the whole."""

import errno
import os
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core.data import row_file as module
from core.data.row_file import RowFile
from core.errors import WorkspaceError
from core.workspace import no_progress

ROWS = np.random.default_rng(0).integers(0, 255, (50, 3, 2), dtype=np.uint8)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_ROWS", 8)


@pytest.fixture
def file(tmp_path: Path) -> RowFile:
    return RowFile(tmp_path / "rows" / "abc.npy", 50, (3, 2), "|u1")


Produce = Callable[[int], Generator[np.ndarray, None, None]]


def giving(asked: list[int], block: int, until: int = 50, end: Callable[[], object] = lambda: None) -> Produce:
    """Rows in blocks, `asked` noting from which number on; `end` is called before row number `until`."""

    def produce(first: int) -> Generator[np.ndarray, None, None]:
        asked.append(first)
        for start in range(first, until, block):
            yield ROWS[start : min(start + block, until)]
        if until < 50:
            end()

    return produce


def stop() -> None:
    raise KeyboardInterrupt


def interrupted(file: RowFile, until: int = 29) -> None:
    with pytest.raises(KeyboardInterrupt):
        file.make(giving([], 5, until, stop), "Making", no_progress)


@pytest.mark.parametrize("block", [1, 5, 8, 50])
def test_the_file_is_the_one_that_numpy_writes(file: RowFile, tmp_path: Path, block: int) -> None:
    asked: list[int] = []
    file.make(giving(asked, block), "Making", no_progress)
    np.save(tmp_path / "expected.npy", ROWS)
    assert file.path.read_bytes() == (tmp_path / "expected.npy").read_bytes()
    assert (asked, list(file.path.parent.iterdir())) == ([0], [file.path])
    file.make(giving(asked, block), "Making", no_progress)
    assert asked == [0]


def test_an_interruption_costs_the_chunk_under_way(file: RowFile, tmp_path: Path) -> None:
    interrupted(file)
    assert file.opened() is None
    assert not file.path.exists()
    asked: list[int] = []
    file.make(giving(asked, 7), "Making", no_progress)
    np.save(tmp_path / "expected.npy", ROWS)
    assert asked == [24]
    assert file.path.read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_a_kill_costs_the_chunk_under_way(file: RowFile, tmp_path: Path) -> None:
    pid = os.fork()
    if not pid:
        file.make(giving([], 1, 45, lambda: os.kill(os.getpid(), 9)), "Making", no_progress)
    assert os.waitpid(pid, 0)[1] == 9
    asked: list[int] = []
    file.make(giving(asked, 1), "Making", no_progress)
    np.save(tmp_path / "expected.npy", ROWS)
    assert asked == [40]
    assert file.path.read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_a_kill_before_it_gets_its_name_costs_nothing(file: RowFile, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "replace", lambda *_: stop())
        with pytest.raises(KeyboardInterrupt):
            file.make(giving([], 1), "Making", no_progress)
    assert file.opened() is None
    file.make(giving([], 1, 0, lambda: pytest.fail("made again")), "Making", no_progress)
    found = file.opened()
    assert found is not None
    np.testing.assert_array_equal(found, ROWS)


def gone_on_with(file: RowFile) -> int:
    """Make the file, whose rows are then as they must be; the first row that was asked for."""
    asked: list[int] = []
    file.make(giving(asked, 8), "Making", no_progress)
    found = file.opened()
    assert found is not None
    np.testing.assert_array_equal(found, ROWS)
    (first,) = asked
    return first


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [("rows.npy", 128 + 6 * 9, 8), ("rows.npy", -1, 16), ("chunks", 0, 0), ("chunks", 9 * 2 + 3, 16)],
)
def test_what_is_not_as_it_was_written_is_made_again(file: RowFile, name: str, place: int, expected: int) -> None:
    interrupted(file, 24)
    path = file.part / name
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert gone_on_with(file) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [("rows.npy", b"", 0), ("chunks", b"", 0), ("chunks", b"\n" * 9 * 90, 0), ("rows.npy", None, 16)],
)
def test_lists_and_rows_that_are_cut_short_count_as_far_as_they_go(
    file: RowFile, name: str, content: bytes | None, expected: int
) -> None:
    interrupted(file, 24)
    path = file.part / name
    path.write_bytes(path.read_bytes()[:-3] if content is None else content)
    assert gone_on_with(file) == expected


def test_rows_too_few_are_no_file(file: RowFile) -> None:
    with pytest.raises(ValueError, match="40 rows were given for a file of 50"):
        file.make(giving([], 8, 40), "Making", no_progress)
    assert file.opened() is None


def test_a_full_disk_is_a_sentence_and_leaves_nothing(file: RowFile) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WorkspaceError, match="is full"):
        file.make(giving([], 5, 29, full), "Making", no_progress)
    assert list(file.path.parent.iterdir()) == []


def test_one_makes_it_and_the_other_waits(file: RowFile) -> None:
    interrupted(file)
    told: list[tuple[str, int, int]] = []
    waits = threading.Event()

    def progress(*step: object) -> None:
        told.append(step)  # type: ignore[arg-type]
        waits.set()

    other = threading.Thread(target=file.make, args=(giving([], 1, 0, stop), "Making", progress))
    with FileLock(file.part / "lock"):
        other.start()
        assert waits.wait(20)
        np.save(file.path, ROWS)
    other.join(20)
    assert not other.is_alive()
    assert told[0] == ("Making", 24, 50)
    assert list(file.path.parent.iterdir()) == [file.path]
