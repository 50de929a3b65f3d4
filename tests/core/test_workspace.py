"""What the operating system refuses, said in a sentence."""

import errno
import os

import pytest

from core.errors import WorkspaceError
from core.workspace import atomic, sentences, write_json


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, r"The disk that holds .* is full\. Free some space"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, r"cannot be written to\. Set ANNEAL_HOME"),
        (errno.EACCES, "cannot be written to"),
        (errno.EIO, r"state\.json could not be written to .*: Input/output error\. Check the disk"),
        (errno.EMFILE, "could not be written .*: Too many open files"),
    ],
)
def test_each_refusal_is_a_sentence(tmp_path, number, sentence):
    with pytest.raises(WorkspaceError, match=sentence), sentences(tmp_path / "state.json"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_file_whose_writing_failed_is_as_it_was(tmp_path, monkeypatch, name):
    path = tmp_path / "a.json"
    write_json(path, 1)

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, name, fail)
        with pytest.raises(WorkspaceError):
            write_json(path, 2)
    assert path.read_text() == "1"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_who_may_read_a_file_is_for_the_umask_to_say(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_json(tmp_path / "a.json", 1)
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == mode


def _half(path):
    with atomic(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_an_error_in_the_block_leaves_no_temporary_file(tmp_path):
    with pytest.raises(RuntimeError):
        _half(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []
