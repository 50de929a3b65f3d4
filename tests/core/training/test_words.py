from hypothesis import given
from hypothesis import strategies as st

from core.charts import lines
from core.training.words import rate_in_words


@given(st.floats(1e-12, 100))
def test_rates_are_written_as_on_the_charts(rate):
    assert rate_in_words(rate) == lines.rate_in_words(rate)
