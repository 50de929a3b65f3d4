"""A data set of which nothing has changed is taken over whole; whatever has changed is noticed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import kept_set, sources, stamps
from core.data.index import load_data, written_to
from core.data.reading import Choice
from core.data.stamps import stamp
from core.workspace import Workspace
from tests.core.data.making import folder, png, write, zipped

CLASSES = {"cat": 6, "dog": 5}


@pytest.fixture(autouse=True)
def keep_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of a few images are kept too, and also right after they were written."""
    monkeypatch.setattr(kept_set, "FEWEST", 1)
    monkeypatch.setattr(kept_set, "SETTLED_NS", 0)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were walked."""
    seen: list[Path] = []
    once = sources.walk
    monkeypatch.setattr(sources, "walk", lambda root, home: seen.append(root) or once(root, home))
    return seen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder(tmp_path / "pets", CLASSES)


def test_it_is_the_same_and_no_folder_is_walked(root: Path, workspace: Workspace, walks: list[Path]) -> None:
    write(root, {"cat/broken.png": b"nothing", "notes.txt": b"of last summer"})
    first = load_data(str(root), workspace)
    assert len(first.broken) == 2
    assert walks == [root]
    again = load_data(str(root), workspace)
    assert again == first
    assert (again.duplicates, again.counts().to_dict()) == (first.duplicates, first.counts().to_dict())
    assert walks == [root]


def test_no_image_is_opened(root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_data(str(root), workspace)
    monkeypatch.setattr("core.data.decode.read", lambda path: pytest.fail(f"{path} was read"))
    assert load_data(str(root), workspace) == first


CHANGES: dict[str, Callable[[Path], object]] = {
    "added": lambda root: write(root, {"cat/new.png": png(99)}),
    "a class added": lambda root: write(root, {"bird/0.png": png(98), "bird/1.png": png(97)}),
    "an empty class": lambda root: (root / "bird").mkdir(),
    "removed": lambda root: (root / "cat/000.png").unlink(),
    "renamed": lambda root: (root / "cat/000.png").rename(root / "cat/zzz.png"),
    "moved to another class": lambda root: (root / "cat/000.png").rename(root / "dog/zzz.png"),
    "written in place": lambda root: (root / "cat/000.png").write_bytes(png(96)),
    "mended in place": lambda root: (root / "dog/broken.png").write_bytes(png(95)),
    "a class renamed": lambda root: (root / "cat").rename(root / "kitten"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(
    root: Path, workspace: Workspace, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    write(root, {"dog/broken.png": b"nothing"})
    before = load_data(str(root), workspace)
    change(root)
    after = load_data(str(root), workspace)
    assert after != before
    assert after == load_data(str(root), Workspace.at(tmp_path / "empty"))


def test_a_page_asks_for_images_written_in_place_afterwards(root: Path, workspace: Workspace) -> None:
    how = {"valid_share": 0.2, "seed": 0, "choice": Choice()}
    before = load_data(str(root), workspace)
    assert not written_to(str(root), workspace, **how)
    (root / "cat/000.png").write_bytes(png(96))
    assert load_data(str(root), workspace, trusting=True) == before
    assert written_to(str(root), workspace, **how)
    assert load_data(str(root), workspace, trusting=True) != before
    assert not written_to(str(root), workspace, **how)


def test_a_page_looks_at_no_image_at_first(root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large set only folders, and files that are no images, are asked for their times."""
    write(root, {"notes.txt": b"of last summer"})
    load_data(str(root), workspace)
    asked: list[str] = []
    monkeypatch.setattr(stamps, "stamp", lambda path: asked.append(path) or stamp(path))
    load_data(str(root), workspace, trusting=True)
    assert sorted(asked) == [str(root), str(root / "cat"), str(root / "dog"), str(root / "notes.txt")]


def test_a_table_written_in_place_is_noticed(tmp_path: Path, workspace: Workspace) -> None:
    names = [f"{k}.png" for k in range(8)]
    table = {"labels.csv": "\n".join(["file,label", *(f"{name},{'ab'[k % 2]}" for k, name in enumerate(names))])}
    root = write(tmp_path / "set", {name: png(k) for k, name in enumerate(names)})
    write(root, {name: text.encode() for name, text in table.items()})
    assert load_data(str(root), workspace).classes == ("a", "b")
    (root / "labels.csv").write_text(table["labels.csv"].replace(",b", ",c"))
    assert load_data(str(root), workspace).classes == ("a", "c")


def test_a_table_elsewhere_written_in_place_is_noticed(root: Path, tmp_path: Path, workspace: Workspace) -> None:
    names = [f"{name}/{k:03d}.png" for name, count in CLASSES.items() for k in range(count)]
    table = tmp_path / "elsewhere.csv"
    choice = Choice(classes_from="csv", table=str(table))
    for letters in ("ab", "cd"):
        table.write_text("\n".join(["file,label", *(f"{name},{letters[k % 2]}" for k, name in enumerate(names))]))
        assert load_data(str(root), workspace, choice=choice).classes == tuple(letters)


def test_an_archive_that_was_replaced_is_noticed(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "pets.zip"
    for first in (0, 50):
        files = {f"{name}/{k}.png": png(first + 10 * at + k) for at, name in enumerate(CLASSES) for k in range(4)}
        data = load_data(str(zipped(path, files)), workspace)
        assert load_data(str(path), workspace) == data
        assert {item.path.read_bytes() for item in data.items} == set(files.values())


def test_each_way_to_read_and_to_split_is_kept_for_itself(root: Path, workspace: Workspace) -> None:
    ways = [
        {},
        {"seed": 3},
        {"valid_share": 0.5},
        {"choice": Choice(parts=(("cat", "class"), ("dog", "class")))},
    ]
    first = [load_data(str(root), workspace, **way) for way in ways]
    assert first[0].items != first[2].items
    assert [load_data(str(root), workspace, **way) for way in ways] == first


def test_the_ways_last_used_are_kept(root: Path, tmp_path: Path, workspace: Workspace, walks: list[Path]) -> None:
    other = folder(tmp_path / "other", CLASSES)
    load_data(str(other), workspace)
    for seed in range(kept_set.MOST_WAYS + 2):
        load_data(str(root), workspace, seed=seed)
    assert len(list(workspace.indexes.glob("set-*"))) == kept_set.MOST_WAYS + 1
    walks.clear()
    for seed in range(2, kept_set.MOST_WAYS + 2):
        load_data(str(root), workspace, seed=seed)
    load_data(str(other), workspace)
    assert not walks


def test_a_name_means_another_folder_elsewhere(tmp_path: Path, workspace: Workspace, monkeypatch) -> None:
    for place, number in (("here", 1), ("there", 2)):
        folder(tmp_path / place / "pets", {"cat": 2 * number, "dog": 2})
        monkeypatch.chdir(tmp_path / place)
        assert len(load_data("pets", workspace).items) == 2 * number + 2


def test_a_folder_that_is_just_being_written_is_read_again(
    root: Path, workspace: Workspace, walks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_set, "SETTLED_NS", 3_600 * 10**9)
    load_data(str(root), workspace)
    load_data(str(root), workspace)
    assert walks == [root, root]


def test_what_other_rules_have_read_is_read_again(
    root: Path, workspace: Workspace, walks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_data(str(root), workspace)
    monkeypatch.setattr(kept_set, "_rules", lambda: "after an update")
    load_data(str(root), workspace)
    assert walks == [root, root]


@pytest.mark.parametrize("damage", [b"", b"PK\3\4", b"{}", os.urandom(500)])
def test_a_damaged_file_is_no_harm(root: Path, workspace: Workspace, damage: bytes) -> None:
    first = load_data(str(root), workspace)
    (path,) = workspace.indexes.glob("set-*")
    whole = path.read_bytes()
    for content in (damage, whole[:-100], whole[:1000] + damage + whole[1000:]):
        path.write_bytes(content)
        assert load_data(str(root), workspace) == first
