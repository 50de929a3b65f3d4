"""A data set from the outside: what is in it, what is wrong with it, and what is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data import scan
from core.data.decode import look
from core.data.index import DataSet, load_data
from core.data.report import inspect
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import folder, picture, png, write


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were really read."""
    paths: list[Path] = []

    def counting(place: str) -> object:
        paths.append(Path(place))
        return look(place)

    monkeypatch.setattr(scan, "look", counting)
    return paths


def test_a_folder_of_classes(tmp_path: Path, workspace: Workspace) -> None:
    data = load_data(str(folder(tmp_path / "pets", {"dog": 10, "cat": 5})), workspace)
    assert data.title == "pets"
    assert data.classes == ("cat", "dog")
    assert [item.name for item in data.items] == sorted(item.name for item in data.items)
    assert data.labels.tolist() == [0] * 5 + [1] * 10
    assert data.labels.dtype == np.int64
    assert data.split_origin == "20% held out, seed 0"
    assert (data.items[0].width, data.items[0].height) == (12, 10)
    assert sorted([*data.indices("train"), *data.indices("valid")]) == list(range(15))
    table = data.counts().set_index(["class", "split"])["images"].to_dict()
    assert table == {("cat", "train"): 4, ("cat", "valid"): 1, ("dog", "train"): 8, ("dog", "valid"): 2}


def test_a_given_split_is_kept(tmp_path: Path, workspace: Workspace) -> None:
    sizes = {"train/cat": 3, "train/dog": 2, "val/cat": 1, "val/dog": 1, "test/dog": 1}
    data = load_data(str(folder(tmp_path / "pets", sizes)), workspace)
    assert data.split_origin == "as given"
    assert {split: len(data.indices(split)) for split in ("train", "valid", "test")} == {
        "train": 5,
        "valid": 2,
        "test": 1,
    }
    table = data.counts().set_index(["class", "split"])["images"].to_dict()
    assert table["cat", "test"] == 0
    assert all(data.items[i].name.startswith("val/") for i in data.indices("valid"))
    with pytest.raises(DataError, match="no split 'validation'"):
        data.indices("validation")


def test_bad_files_are_listed_and_skipped(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    write(root, {"cat/empty.jpg": b"", "dog/text.jpg": b"hello", "dog/cut.png": png()[:-30], "notes.md": b"x"})
    (root / "cat/gone.png").symlink_to(root / "nowhere")
    data = load_data(str(root), workspace)
    assert len(data.items) == 6
    assert {broken.path: broken.reason for broken in data.broken} == {
        "cat/empty.jpg": "The file is empty.",
        "cat/gone.png": "The file does not exist.",
        "dog/cut.png": "The image is cut short: the file ends before the picture does.",
        "dog/text.jpg": "Not an image, though its name ends in .jpg: its content is text.",
        "notes.md": "The file is not in a class folder.",
    }


def test_a_class_of_only_bad_files_is_no_class(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    write(root, {"newt/a.jpg": b"x"})
    data = load_data(str(root), workspace)
    assert data.classes == ("cat", "dog")
    assert [broken.path for broken in data.broken] == ["newt/a.jpg"]


def test_duplicates_leaks_and_conflicts(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"train/cat": 3, "train/dog": 3, "valid/cat": 1, "valid/dog": 1})
    same = {"train/cat/x.png": png(77), "train/cat/y.png": png(77)}
    write(root, {**same, "valid/cat/z.png": png(88), "train/cat/z.png": png(88), "train/dog/z.png": png(88)})
    data = load_data(str(root), workspace)
    across = ("train/cat/z.png", "train/dog/z.png", "valid/cat/z.png")
    assert data.duplicates == (("train/cat/x.png", "train/cat/y.png"), across)
    assert data.leaks == (across,)
    assert data.conflicts == (across,)


def test_a_made_split_never_leaks(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 4, "dog": 4})
    for k in range(6):
        write(root, {f"cat/copy{k}.png": png(0), f"dog/copy{k}.png": png(5)})
    for seed in range(5):
        data = load_data(str(root), workspace, seed=seed)
        assert len(data.duplicates) == 2
        assert data.leaks == ()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=st.floats(0.01, 1), other=st.floats(0.01, 1), held_out=st.floats(0.05, 0.9), seed=st.integers(0, 2**31))
def test_validation_never_enters_training(
    lasting: Workspace, many: str, one: float, other: float, held_out: float, seed: int
) -> None:
    data = load_data(many, lasting, valid_share=held_out, seed=seed)
    valid = set(data.indices("valid").tolist())
    low, high = (set(data.train_indices(share).tolist()) for share in sorted((one, other)))
    assert low <= high <= set(data.indices("train").tolist())
    assert not high & valid
    assert {data.items[i].digest for i in high}.isdisjoint({data.items[i].digest for i in valid})
    assert set(data.labels[sorted(low)]) == set(data.labels[sorted(valid)]) == {0, 1, 2}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = folder(tmp_path_factory.mktemp("many"), {"a": 30, "b": 9, "c": 3})
    return str(write(root, {"a/copy.png": png(0), "b/copy.png": png(1), "c/copy.png": png(40)}))


def test_the_whole_of_the_training_images_by_default(lasting: Workspace, many: str) -> None:
    data = load_data(many, lasting)
    assert data.train_indices().tolist() == data.indices("train").tolist()


def test_json_there_and_back(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "![x](https://evil/y.png)": 3})
    data = load_data(str(write(root, {"cat/bad.png": b"x"})), workspace, seed=3)
    assert DataSet.from_json(json.loads(json.dumps(data.to_json()))) == data
    for damage in ({}, {**data.to_json(), "items": [[1]]}, {**data.to_json(), "broken": 3}):
        with pytest.raises(DataError, match="record of this data set is damaged"):
            DataSet.from_json(damage)


def test_the_fingerprint_is_of_the_content(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "one", {"cat": 3, "dog": 3})
    first = load_data(str(root), workspace)
    assert load_data(str(folder(tmp_path / "two", {"cat": 3, "dog": 3})), workspace).fingerprint == first.fingerprint
    assert load_data(str(root), workspace, seed=5, valid_share=0.4).fingerprint == first.fingerprint
    (root / "cat/000.png").rename(root / "dog/9.png")
    moved = load_data(str(root), workspace).fingerprint
    write(root, {"dog/9.png": png(99)})
    assert len({first.fingerprint, moved, load_data(str(root), workspace).fingerprint}) == 3


def test_only_new_and_changed_files_are_read_again(tmp_path: Path, workspace: Workspace, looks: list[Path]) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    write(root, {"cat/bad.png": b"x"})
    first = load_data(str(root), workspace)
    assert len(looks) == 7
    assert load_data(str(root), workspace) == first
    assert load_data(str(root), workspace, seed=1, valid_share=0.5).split_origin == "50% held out, seed 1"
    assert len(looks) == 7
    write(root, {"cat/new.png": png(50), "dog/001.png": png(51)})
    assert len(load_data(str(root), workspace).items) == 7
    assert sorted(path.name for path in looks[7:]) == ["001.png", "new.png"]
    (root / "cat/new.png").unlink()
    assert len(load_data(str(root), workspace).items) == 6
    assert len(looks) == 9


def test_a_swap_that_keeps_size_and_time_is_noticed(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    path = root / "cat/000.png"
    before, facts = load_data(str(root), workspace), path.stat()
    content = bytearray(path.read_bytes())
    path.unlink()
    picture(0).save(path, pnginfo=None, compress_level=0)
    path.write_bytes(path.read_bytes()[: len(content)].ljust(len(content), b"\0"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert load_data(str(root), workspace) != before


def test_a_damaged_memory_of_the_last_look_is_no_harm(tmp_path: Path, workspace: Workspace, looks: list[Path]) -> None:
    root = folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    first = load_data(str(root), workspace)
    (memory,) = workspace.indexes.iterdir()
    whole = memory.read_bytes()
    for damage in (
        b"",
        b"{}",
        whole[:-40],
        whole[:200] + b"damage" + whole[206:],
        whole.replace(b"cat/000", b"cat/009"),
    ):
        memory.write_bytes(damage)
        assert load_data(str(root), workspace) == first


def test_progress_is_told(tmp_path: Path, workspace: Workspace) -> None:
    told: list[tuple[str, int, int]] = []
    load_data(str(folder(tmp_path / "x", {"cat": 30, "dog": 9})), workspace, progress=lambda *step: told.append(step))
    assert told[-1] == ("Reading images", 39, 39)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda root: root.mkdir(), "has no files in it"),
    "flat": (lambda root: write(root, {"a.png": png()}), "has no class folders"),
    "flat split": (lambda root: write(root, {"train/a.png": png(), "valid/b.png": png()}), "has no class folders"),
    "all bad": (
        lambda root: write(root, {"cat/a.jpg": b"", "dog/b.jpg": b"x"}),
        "None of the 2 files .* The first, cat/a.jpg: The file is empty.",
    ),
    "one class": (lambda root: folder(root, {"cat": 3}), "of one class only, cat. A classifier needs two"),
    "one readable": (lambda root: write(folder(root, {"cat": 3}), {"dog/a.png": b"x"}), "of one class only, cat"),
    "one image": (lambda root: folder(root, {"cat": 3, "dog": 1}), "The class dog has too few different images"),
    "no training": (
        lambda root: folder(root, {"train/cat": 3, "valid/cat": 1, "valid/dog": 1}),
        "The class dog has no readable training images",
    ),
    "no validation": (
        lambda root: write(folder(root, {"train/cat": 3, "train/dog": 3}), {"valid/cat/a.png": b"x"}),
        "None of the validation images can be read",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_on_is_refused_with_a_sentence(tmp_path: Path, workspace: Workspace, case: str) -> None:
    make, sentence = REFUSED[case]
    make(tmp_path / "set")
    with pytest.raises(DataError, match=sentence) as refusal:
        load_data(str(tmp_path / "set"), workspace)
    assert "\n" not in str(refusal.value)


def test_a_share_out_of_range_is_refused(lasting: Workspace, many: str) -> None:
    with pytest.raises(DataError, match="must lie between 0 and 1; 1 was given"):
        load_data(many, lasting, valid_share=1)
    with pytest.raises(DataError, match="must be above 0 and at most 1"):
        load_data(many, lasting).train_indices(0)


def test_the_report(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "pets", {"cat": 5, "dog": 10})
    picture(200, 40, 30).save(root / "dog/large.png")
    report = inspect(load_data(str(write(root, {"cat/bad.png": b"", "cat/same.png": png(0)})), workspace))
    assert json.loads(json.dumps(report)) == report
    assert report["classes"] == {"cat": 6, "dog": 11}
    assert report["splits"] == {"train": 14, "valid": 3}
    assert report["broken"] == [{"path": "cat/bad.png", "reason": "The file is empty."}]
    assert report["duplicates"] == [["cat/000.png", "cat/same.png"]]
    assert report["leaks"] == report["conflicts"] == []
    assert report["sizes"] == {"smallest": [12, 10], "median": [12, 10], "largest": [40, 30]}
    assert report["images"] == 17


def test_classes_whose_names_differ_in_case_between_splits_are_named(tmp_path: Path, workspace: Workspace) -> None:
    names = [f"{side}/{k}.png" for side in ("train/Cats", "train/dogs", "valid/cats", "valid/dogs") for k in range(3)]
    root = write(tmp_path / "set", {name: png(number) for number, name in enumerate(names)})
    with pytest.raises(DataError, match=r"differ only in case or white space: 'cats' and 'Cats'\. Give them the same"):
        load_data(str(root), workspace)


def test_class_folders_that_lose_all_their_images_are_named(tmp_path: Path, workspace: Workspace) -> None:
    """Placeholders of iCloud, a folder with nothing but what systems leave, one whose name is no text."""
    root = folder(tmp_path / "set", {"cat": 4, "dog": 4})
    write(root, {f"bird/.{k}.jpg.icloud": b"bplist00" for k in range(3)} | {"fish/.DS_Store": b"x"})
    unnamed = os.fsencode(root) + b"/caf\xe9"
    os.mkdir(unnamed)
    Path(os.fsdecode(unnamed + b"/1.png")).write_bytes(png(7))
    lost = {row.name: row.reason for row in load_data(str(root), workspace).reading.lost}
    assert lost == {
        "bird": "The image is in iCloud and not on this computer. Download it there first.",
        "caf?": "Its name is not valid text. Rename it.",
        "fish": "The folder is empty.",
    }


def test_an_interrupted_look_is_gone_on_with(tmp_path: Path, workspace: Workspace, looks: list[Path]) -> None:
    spec = str(folder(tmp_path / "pets", {"dog": 150, "cat": 150}))

    def interrupting(what: str, done: int, total: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_data(spec, workspace, progress=interrupting)
    first = set(looks)
    looks.clear()
    data = load_data(spec, workspace)
    assert len(data.items) == 300
    assert len(looks) <= 200, "those that were seen and told of are not looked at again"
    assert set(looks) | first == {item.path for item in data.items}
    looks.clear()
    load_data(spec, workspace)
    assert not looks


def test_a_look_that_is_killed_is_gone_on_with(
    tmp_path: Path, workspace: Workspace, looks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = str(folder(tmp_path / "pets", {"dog": 150, "cat": 150}))
    monkeypatch.setattr(scan, "KEEP_EVERY_S", 0.0)
    monkeypatch.setattr(scan, "KEEP_SHARE", 1e9)
    kept = scan._remember

    def killed(path: Path, names: list[str], *rest: object) -> None:
        if len(names) > 100:
            raise SystemExit  # as a kill does, nothing is written after it
        kept(path, names, *rest)

    monkeypatch.setattr(scan, "_remember", killed)
    with pytest.raises(SystemExit):
        load_data(spec, workspace)
    monkeypatch.setattr(scan, "_remember", kept)
    looks.clear()
    assert len(load_data(spec, workspace).items) == 300
    assert len(looks) == 200
