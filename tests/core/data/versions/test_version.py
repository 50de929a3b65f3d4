"""Versions: what edits change and leave, that caches stay, and edits that do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from core.data import pixels
from core.data.dataset import DataSet
from core.data.growth import grown
from core.data.health import findings
from core.data.index import load_data
from core.data.pixels import load_pixels, pixels_key
from core.data.versions.version import as_given, unfit, versioned
from core.errors import DataError
from tests.core.data.making import png, write


@pytest.fixture
def version(ledger, data, named):
    ledger.decide(data, named(), "relabel", "dog")
    ledger.decide(data, named("valid"), "relabel", "fox")
    ledger.decide(data, named("train", 1), "exclude")
    ledger.decide(data, named("train", 2), "confirm")
    return versioned(data, ledger.edits())


def test_labels_change_and_every_image_stays_on_its_side(version, data, named):
    by_name = {item.name: item for item in version.items}
    assert (by_name[named()].label, by_name[named()].split) == (1, "train")
    assert (by_name[named("valid")].label, by_name[named("valid")].split) == (2, "valid")
    assert version.indices("valid").tolist() == data.indices("valid").tolist()
    left = set(data.indices("train")) - set(version.indices("train"))
    assert [data.items[place].name for place in left] == [named("train", 1)]
    assert len(version.used) == len(data.items) - 1
    assert version.fingerprint != data.fingerprint
    assert version.counts()["images"].sum() == len(version.used)
    changed = [i for i, (a, b) in enumerate(zip(data.items, version.items, strict=True)) if a != b]
    assert len(changed) == 3


def test_without_its_edits_it_is_what_the_files_give(version, data):
    assert as_given(version) == data
    assert versioned(version, []) == data
    assert versioned(version, version.edits) == version


def test_it_is_read_back_from_json(version):
    assert DataSet.from_json(version.to_json()) == version


def test_confirmed_labels_alone_change_no_content(data, ledger, named):
    ledger.decide(data, named(), "confirm")
    version = versioned(data, ledger.edits())
    assert (version.fingerprint, version.items) == (data.fingerprint, data.items)
    assert len(version.edits) == 1


def test_no_image_is_decoded_again(version, data, workspace, monkeypatch):
    before = np.array(load_pixels(data, 8, workspace))
    monkeypatch.setattr(pixels, "_decoded", lambda *_: pytest.fail("decoded again"))
    assert pixels_key(version, 8) == pixels_key(data, 8)
    assert np.array_equal(load_pixels(version, 8, workspace), before)


def test_images_that_are_left_out_are_in_no_finding(data, workspace, ledger, photos):
    (photos / "dog" / "copy.png").write_bytes((photos / "cat" / "000.png").read_bytes())
    again = load_data(str(photos), workspace, valid_share=0.25)
    assert again.conflicts
    assert any("in more than one class" in finding.title for finding in findings(again))
    ledger.decide(again, "dog/copy.png", "exclude")
    version = versioned(again, ledger.edits())
    assert not version.conflicts
    assert not version.duplicates
    assert not any("in more than one class" in finding.title for finding in findings(version))


def test_images_can_be_added_to_a_version(version, data, workspace, tmp_path, named):
    write(tmp_path / "new", {"cat/n.png": png(900), "dog/n.png": png(901)})
    write(tmp_path / "new", {"dog/again.png": (tmp_path / "photos" / named("train", 1)).read_bytes()})
    after = grown(version, str(tmp_path / "new"), workspace)
    assert (after.train, after.known) == (2, 1), "an image that was left out does not come back as a new one"
    assert after.data.edits == version.edits
    assert as_given(after.data).items[: len(data.items)] == data.items
    assert as_given(after.data).fingerprint == after.data.given


def test_a_renamed_file_keeps_its_edit(data, ledger, named, photos, workspace):
    ledger.decide(data, named(), "relabel", "dog")
    (photos / named()).rename(photos / "cat" / "renamed.png")
    again = load_data(str(photos), workspace, valid_share=0.25)
    version = versioned(again, ledger.edits())
    item = next(item for item in version.items if item.name == "cat/renamed.png")
    assert item.label == 1
    assert as_given(version) == again


def test_files_that_changed_or_are_gone_are_named(data, ledger, named, photos, workspace):
    ledger.decide(data, named(), "relabel", "dog")
    ledger.decide(data, named(number=1), "exclude")
    (photos / named()).write_bytes(png(990))
    (photos / named(number=1)).unlink()
    again = load_data(str(photos), workspace, valid_share=0.25)
    assert [wrong.reason for wrong in unfit(again, ledger.edits())] == [
        "the file has changed since.",
        "the file is gone.",
    ]
    sentence = rf"edit of {named()} does not fit the data set \(and 1 more\): the file has changed since\. Take such"
    with pytest.raises(DataError, match=sentence):
        versioned(again, ledger.edits())


def test_another_class_set_is_a_sentence(data, ledger, named):
    ledger.decide(data, named(), "relabel", "dog")
    renamed = replace(data, classes=("cat", "hound", "fox"))
    with pytest.raises(DataError, match=r"there is no class dog now\. Take such edits back"):
        versioned(renamed, ledger.edits())
    others = replace(data, classes=("lion", "dog", "fox"))
    with pytest.raises(DataError, match=r"it was of class cat when it was edited, and its files now say lion\."):
        versioned(others, ledger.edits())


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [(0, "leave the class cat with no image"), (1, "leave the class cat with 1 image")],
)
def test_a_class_with_one_image_or_none_is_refused(data, ledger, kept, sentence):
    cats = [item.name for item in data.items if item.label == 0]
    for name in cats[kept:]:
        ledger.decide(data, name, "relabel", "dog")
    with pytest.raises(DataError, match=f"{sentence}, which is too few to learn it. Take some of them back"):
        versioned(data, ledger.edits())


def test_a_class_without_training_images_and_a_side_without_any_are_refused(data, ledger):
    for place in data.indices("train"):
        if data.items[place].label == 0:
            ledger.decide(data, data.items[place].name, "exclude")
    with pytest.raises(DataError, match="leave the class cat with no training image"):
        versioned(data, ledger.edits())
    ledger.take_back([edit.id for edit in ledger.edits()])
    for place in data.indices("valid"):
        ledger.decide(data, data.items[place].name, "exclude")
    with pytest.raises(DataError, match=r"The edits leave no validation image\. Take some of them back\."):
        versioned(data, ledger.edits())
