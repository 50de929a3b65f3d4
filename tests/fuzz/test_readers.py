"""The readers of the fuzzer on its seeds and on changes of them: what they refuse, they refuse with a sentence."""

import random
import warnings

import pytest

from tests.fuzz.readers import READERS, changed


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_refuses_with_a_sentence(name: str) -> None:
    draws = random.Random(0)
    read, seeds = READERS[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of damaged metadata
        for seed in seeds:
            read(seed)
            for _ in range(300 // len(seeds)):
                read(changed(seed, draws))
