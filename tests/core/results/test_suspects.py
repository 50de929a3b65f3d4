"""What a person should look at: copies with other labels, label errors, near-duplicates, images unlike their class."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.index import load_data
from core.data.versions.ledger import ledger_of
from core.data.versions.version import versioned
from core.errors import DataError
from core.results.suspects import Suspect, SuspectsAnswer, find_suspects, still_open
from core.workspace import Workspace
from tests.core.data.making import folder


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path / "home")


@pytest.fixture
def photos(tmp_path):
    return folder(tmp_path / "photos", {"cat": 24, "dog": 24, "fox": 24})


def features_of(data, seed=0):
    """Clouds about a middle of each class folder, the same for the same bytes."""
    middles = 2 + 3 * np.random.default_rng(seed).random((3, 24))
    rows = []
    for item in data.items:
        draws = np.random.default_rng(int(item.digest[:8], 16))
        rows.append(middles[("cat", "dog", "fox").index(item.name.split("/")[0])] + draws.normal(0, 0.5, 24))
    return np.array(rows, dtype=np.float32)


def test_relabelled_images_come_first_and_confirmed_ones_are_asked_about_no_more(photos, workspace):
    data = load_data(str(photos), workspace)
    ledger = ledger_of(workspace, data)
    wrong = {"cat/003.png": "dog", "dog/010.png": "fox"}
    items = tuple(
        replace(item, label=data.classes.index(wrong[item.name])) if item.name in wrong else item for item in data.items
    )
    spoiled = replace(data, items=items)
    answer = find_suspects(spoiled, features_of(data), size=16)
    labels = [suspect for suspect in answer.suspects if suspect.kind == "label"]
    assert {(suspect.image, suspect.given, suspect.said) for suspect in labels} == {
        ("cat/003.png", "dog", "cat"),
        ("dog/010.png", "fox", "dog"),
    }
    assert all(suspect.given_p < 0.5 < suspect.said_p for suspect in labels)
    assert (answer.images, answer.doubtful) == (72, 2)
    assert answer.agreed == pytest.approx(70 / 72)
    assert "agree with 97% of the 72 labels. They are sure of another class for 2" in answer.sentence()
    edit = ledger.decide(spoiled, "cat/003.png", "confirm")
    assert "cat/003.png" not in [suspect.image for suspect in still_open(answer.suspects, [edit])]
    assert SuspectsAnswer.model_validate_json(answer.model_dump_json()) == answer


def test_the_same_picture_with_two_labels_is_asked_about_until_one_is_left_out(photos, workspace):
    (photos / "dog" / "copy.png").write_bytes((photos / "cat" / "001.png").read_bytes())
    data = load_data(str(photos), workspace)
    answer = find_suspects(data, features_of(data), size=16)
    conflicts = [suspect for suspect in answer.suspects if suspect.kind == "conflict"]
    assert {(suspect.image, suspect.beside) for suspect in conflicts} == {
        ("cat/001.png", ("dog/copy.png",)),
        ("dog/copy.png", ("cat/001.png",)),
    }
    ledger = ledger_of(workspace, data)
    ledger.decide(data, "dog/copy.png", "exclude")
    assert not [one for one in still_open(answer.suspects, ledger.edits()) if one.kind == "conflict"]
    version = versioned(data, ledger.edits())
    again = find_suspects(version, features_of(data), size=16)
    assert again.images == 72
    assert "dog/copy.png" not in [suspect.image for suspect in again.suspects]


def test_near_copies_across_the_split_come_before_those_on_one_side(photos, workspace):
    data = load_data(str(photos), workspace)
    features = features_of(data)
    train, valid = data.indices("train"), data.indices("valid")
    features[train[0]] = features[valid[0]] + 0.002
    features[train[5]] = features[train[4]] + 0.001
    (across,) = [suspect for suspect in find_suspects(data, features, size=16).suspects if suspect.kind == "across"]
    assert (across.image, across.beside) == (data.items[train[0]].name, (data.items[valid[0]].name,))
    assert across.amount < 0.1
    kinds = [suspect.kind for suspect in find_suspects(data, features, size=16).suspects]
    assert kinds.index("across") < kinds.index("near")


def test_exact_copies_of_one_class_are_found_on_each_side(photos, workspace):
    (photos / "cat" / "copy.png").write_bytes((photos / "cat" / "001.png").read_bytes())
    data = load_data(str(photos), workspace)
    near = [suspect for suspect in find_suspects(data, features_of(data), size=16).suspects if suspect.kind == "near"]
    assert [(suspect.image, suspect.beside, suspect.amount) for suspect in near] == [
        ("cat/copy.png", ("cat/001.png",), 0.0)
    ]


def test_an_image_of_something_else_is_unlike_its_class(photos, workspace):
    data = load_data(str(photos), workspace)
    features = features_of(data)
    features[7] = np.random.default_rng(9).normal(0, 3, 24)
    odd = [suspect for suspect in find_suspects(data, features, size=16).suspects if suspect.kind == "unlike"]
    assert odd[0].image == data.items[7].name
    assert "robust standard deviations from its class cat" in odd[0].sentence()


def test_of_very_many_images_validation_ones_are_compared(photos, workspace, monkeypatch):
    from core.results import suspects

    monkeypatch.setattr(suspects, "MOST_TO_PAIR", 10)
    data = load_data(str(photos), workspace)
    features = features_of(data)
    train, valid = data.indices("train"), data.indices("valid")
    features[train[0]] = features[valid[0]] + 0.002
    features[train[5]] = features[train[4]] + 0.001
    found = find_suspects(data, features, size=16).suspects
    assert [suspect.kind for suspect in found if suspect.kind in ("across", "near")] == ["across"]


def test_too_few_images_are_named_or_refused(photos, workspace):
    data = load_data(str(photos), workspace)
    items = tuple(item for item in data.items if item.label < 2 or item.name == "fox/008.png")
    assert len([item for item in items if item.label == 2]) == 1
    few = replace(data, items=items)
    answer = find_suspects(few, features_of(few), size=16)
    assert answer.not_judged == ("fox",)
    assert answer.sentence().endswith("Too few images to judge: fox.")
    alone = replace(data, items=tuple(item for item in data.items if item.label == 0 or item.name == "dog/004.png"))
    with pytest.raises(DataError, match="Fewer than two classes have two different images, so no label can be judged"):
        find_suspects(alone, features_of(alone), size=16)


def test_every_kind_says_why():
    sentences = {
        Suspect(
            kind=kind, image="a", split="train", given="cat", said="dog", given_p=0.1, said_p=0.9, amount=1.0
        ).sentence()
        for kind in ("label", "conflict", "across", "near", "unlike")
    }
    assert len(sentences) == 5
    assert "Heads that have not seen it give 90% to dog and 10% to cat." in sentences
