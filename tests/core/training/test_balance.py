import numpy as np
import pytest

from core.training.balance import is_unbalanced


@pytest.mark.parametrize(
    ("images", "unbalanced"),
    [((6, 6, 6), False), ((11, 6), False), ((12, 6), True), ((5, 0), True), ((1, 0), False), ((0, 0), False)],
)
def test_unbalanced_means_that_one_class_has_twice_the_images_of_another(images, unbalanced):
    labels = np.repeat(np.arange(len(images)), images)
    assert is_unbalanced(labels, len(images)) is unbalanced
