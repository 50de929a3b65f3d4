import numpy as np
import pytest
from PIL import Image

from core.data import pixels
from core.data.dataset import DataSet
from core.data.growth import grown
from core.data.index import load_data
from core.data.pixels import load_pixels
from core.errors import DataError
from core.workspace import Workspace

rng = np.random.default_rng(5)


def image(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(drawn).save(path)


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path / "home")


@pytest.fixture
def data(tmp_path, workspace):
    for number in range(5):
        image(tmp_path / "old" / "cat" / f"{number}.png", number)
        image(tmp_path / "old" / "dog" / f"{number}.png", 100 + number)
    return load_data(str(tmp_path / "old"), workspace)


def test_added_images_train_and_every_old_one_stays_where_it_was(data, tmp_path, workspace):
    image(tmp_path / "new" / "cat" / "0.png", 500)
    image(tmp_path / "new" / "dog" / "x.png", 501)
    image(tmp_path / "new" / "dog" / "again.png", 100)
    after = grown(data, str(tmp_path / "new"), workspace)
    assert (after.train, after.valid, after.known) == (2, 0, 1)
    assert after.data.items[:10] == data.items
    assert [(item.label, item.split) for item in after.data.items[10:]] == [(0, "train"), (1, "train")]
    assert after.data.indices("valid").tolist() == data.indices("valid").tolist()
    assert after.data.fingerprint != data.fingerprint
    assert len({item.name for item in after.data.items}) == 12
    assert DataSet.from_json(after.data.to_json()) == after.data


def test_one_class_alone_and_a_grown_folder_itself_can_be_added(data, tmp_path, workspace):
    image(tmp_path / "old" / "dog" / "late.png", 700)
    after = grown(data, str(tmp_path / "old"), workspace)
    assert (after.train, after.known) == (1, 10)
    image(tmp_path / "one" / "cat" / "late.png", 701)
    twice = grown(after.data, str(tmp_path / "one"), workspace)
    assert (twice.train, twice.data.items[-1].label, twice.data.grown_from) == (1, 0, (10, 11))


def test_folders_for_validation_are_kept_apart(data, tmp_path, workspace):
    for side, seed in (("train", 800), ("valid", 820)):
        for number, name in enumerate(("cat", "dog")):
            image(tmp_path / "split" / side / name / "a.png", seed + number)
    after = grown(data, str(tmp_path / "split"), workspace)
    assert (after.train, after.valid) == (2, 2)


def test_nothing_new_and_unknown_classes_are_refused(data, tmp_path, workspace):
    with pytest.raises(DataError, match="holds no image that the run does not have yet"):
        grown(data, str(tmp_path / "old"), workspace)
    image(tmp_path / "birds" / "bird" / "a.png", 900)
    image(tmp_path / "birds" / "cat" / "a.png", 901)
    with pytest.raises(DataError, match=r"The run has no class bird\. .*\(cat, dog\)"):
        grown(data, str(tmp_path / "birds"), workspace)


def test_only_the_added_images_are_decoded(data, tmp_path, workspace, monkeypatch):
    load_pixels(data, 8, workspace)
    image(tmp_path / "new" / "cat" / "n.png", 950)
    image(tmp_path / "new" / "dog" / "n.png", 951)
    after = grown(data, str(tmp_path / "new"), workspace).data
    decoded = []
    once = pixels._decoded
    monkeypatch.setattr(pixels, "_decoded", lambda item, size, fit: decoded.append(item.name) or once(item, size, fit))
    found = np.array(load_pixels(after, 8, workspace))
    assert len(decoded) == 2
    afresh = load_pixels(after, 8, Workspace.at(tmp_path / "other"))
    assert np.array_equal(found, afresh)
