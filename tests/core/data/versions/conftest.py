"""A data set of three classes whose files a test may change, and its list of edits."""

import pytest

from core.data.index import load_data
from core.data.versions.ledger import ledger_of
from tests.core.data.making import folder


@pytest.fixture
def photos(tmp_path):
    return folder(tmp_path / "photos", {"cat": 8, "dog": 8, "fox": 8})


@pytest.fixture
def data(photos, workspace):
    return load_data(str(photos), workspace, valid_share=0.25)


@pytest.fixture
def ledger(workspace, data):
    return ledger_of(workspace, data)


@pytest.fixture
def named(data):
    """The name of the image number `number` on a side of the split, of a class."""

    def found(split="train", label=0, number=0):
        return [item.name for item in data.items if (item.split, item.label) == (split, label)][number]

    return found
