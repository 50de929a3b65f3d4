"""The pictures by which a data set on offer is recognised are its own, and showing them makes or fetches nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from core.data.catalogue import DIGITS, EMBEDDED, Offer, offer_of
from core.data.decode import decode
from core.data.downloads import stored_folder
from core.data.embedded import embedded_pictures
from core.data.folders import write_manifest
from core.data.index import load_data
from core.data.previews import is_here, preview
from core.data.shapes import SIZE
from core.errors import DataError
from core.workspace import Workspace

PETS = offer_of("pets")


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    real = load_digits()
    pictures = embedded_pictures(DIGITS, 10)
    assert [int(label) for label in real.target[:10]] == list(range(10))
    for picture, values in zip(pictures, real.images, strict=False):
        small = np.asarray(picture.resize((8, 8), Image.Resampling.BOX), dtype=float)
        assert np.corrcoef(small.ravel(), values.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("offer", EMBEDDED, ids=lambda offer: offer.spec)
def test_what_comes_along_is_shown_as_it_is_without_being_written(offer: Offer, workspace: Workspace) -> None:
    assert is_here(offer, workspace)
    pictures = preview(offer, workspace, count=6, side=40)
    assert [picture.size for picture in pictures] == [(40, 40)] * 6
    assert not workspace.data.exists() or not list(workspace.data.iterdir())


def test_pictures_of_shapes_are_files_of_the_set_each_of_another_class(lasting: Workspace) -> None:
    data = load_data("shapes:easy", lasting)
    files = {np.asarray(Image.open(item.path).convert("RGB")).tobytes(): item.label for item in data.items}
    pictures = preview(offer_of("shapes:easy"), lasting, count=8, side=SIZE)
    labels = [files[np.asarray(picture).tobytes()] for picture in pictures]
    assert sorted(labels) == list(range(8))


def downloaded(workspace: Workspace, files: dict[str, bytes]) -> None:
    folder = stored_folder("pets", workspace)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write_manifest(folder, PETS.title, [(name, name) for name in files])


def png(grey: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (grey, grey, grey)).save(file, "PNG")
    return file.getvalue()


def test_a_download_that_is_not_here_has_no_pictures(workspace: Workspace) -> None:
    assert not is_here(PETS, workspace)
    assert preview(PETS, workspace, count=6, side=8) == []
    assert not stored_folder("pets", workspace).exists()


def test_a_download_that_is_here_shows_every_class_before_a_second_picture(workspace: Workspace) -> None:
    names = {"train/cat/1.png": 10, "train/cat/2.png": 20, "train/dog/1.png": 30, "train/dog/2.png": 40}
    downloaded(workspace, {name: png(grey) for name, grey in names.items()} | {"train/ape/1.png": b"no picture"})
    assert is_here(PETS, workspace)
    greys = [int(np.asarray(picture)[0, 0, 0]) for picture in preview(PETS, workspace, count=3, side=8)]
    assert greys == [10, 30, 20]
    path = stored_folder("pets", workspace) / "train/dog/1.png"
    assert np.array_equal(np.asarray(preview(PETS, workspace, count=2, side=8)[1]), decode(path, 8))


def test_a_damaged_list_of_names_is_a_sentence(workspace: Workspace) -> None:
    downloaded(workspace, {"train/cat/1.png": png(1)})
    (stored_folder("pets", workspace) / "names.json").write_text("{")
    with pytest.raises(DataError):
        preview(PETS, workspace, count=2, side=8)
