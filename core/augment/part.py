"""A part of a batch, for processes that share one."""

from typing import NamedTuple


class Part(NamedTuple):
    """The rows from `first` on of a batch of `whole` images; they are augmented as they would be in the whole."""

    first: int
    whole: int
