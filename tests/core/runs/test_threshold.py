"""The threshold below which a run says "not sure"."""

import pytest
from pydantic import ValidationError

from core.runs.threshold import keep_threshold, threshold_of, threshold_path


def test_it_is_kept_with_the_run(run):
    assert threshold_of(run) == 0.0
    keep_threshold(run, 0.8)
    assert threshold_of(run) == 0.8


@pytest.mark.parametrize(
    "content", ["", "{", '{"probability": 2}', '{"probability": "x"}', "[]", '{"probability": NaN}']
)
def test_a_damaged_file_answers_all(run, content):
    threshold_path(run).write_text(content)
    assert threshold_of(run) == 0.0


@pytest.mark.parametrize("probability", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability_is_refused(run, probability):
    with pytest.raises(ValidationError):
        keep_threshold(run, probability)
