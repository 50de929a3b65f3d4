"""The layer groups in a sentence."""

import pandas as pd
import pytest

from pages.ui.training.groups import in_sentences

NAMES = ("early layers", "later layers", "head")


@pytest.mark.parametrize(
    ("moved", "said", "unsaid"),
    [
        ((0.0, 0.0, 0.5), "head 50.0%. Frozen: early layers, later layers.", "Freezing"),
        ((0.01, 0.02, 0.5), "Freezing early layers again would keep back the smallest part of this, 1.0%", "Frozen"),
        ((0.0, 0.02, 0.5), "Frozen: early layers.", "Freezing"),
    ],
)
def test_what_moved_what_is_frozen_and_what_freezing_would_change(moved, said, unsaid):
    frame = pd.DataFrame([{"cycle": 3, **{f"moved_{group}": figure for group, figure in enumerate(moved)}}])
    text = in_sentences(frame, NAMES)
    assert text.startswith("In cycle 3 the weights moved by this share of their length: ")
    assert said in text
    assert unsaid not in text


def test_a_network_of_other_groups_says_nothing():
    frame = pd.DataFrame([{"cycle": 1, "moved_0": 0.5}])
    assert in_sentences(frame, NAMES) == ""
