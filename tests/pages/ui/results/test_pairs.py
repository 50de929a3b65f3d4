"""What is said of the confused pairs that the list leaves out."""

import pytest

from pages.ui.results.matrix import _left_out


@pytest.mark.parametrize(
    ("pairs", "ties", "said"),
    [
        (1, 0, "1 more pair is confused, less often."),
        (1, 1, "1 more pair is confused as often as the last one here."),
        (25, 8, "25 more pairs are confused, 8 of them as often as the last one here."),
        (1200, 1200, "1,200 more pairs are confused as often as the last one here."),
    ],
)
def test_pairs_left_out_and_ties_are_said(pairs: int, ties: int, said: str) -> None:
    assert _left_out(pairs, ties) == said
