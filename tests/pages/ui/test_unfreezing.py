"""How much an epoch would take with the head alone, told from what the run has measured."""

from core.augment import SIDE_ON
from core.jobs.stage_time import Done, Pace
from core.training.stage import Stage
from pages.ui.training.unfreezing import _seconds


def test_a_first_epoch_that_makes_what_the_others_use_does_not_count() -> None:
    head = Stage(freeze_to=-1, augmentation=SIDE_ON, cycle_len=3, lr=(1e-3,))
    whole = Stage(freeze_to=0, augmentation=SIDE_ON, cycle_len=3, lr=(1e-4,))
    done = [Done(head, (35.0, 10.0, 10.0), 0.0), Done(whole, (60.0, 50.0, 50.0), 0.0)]
    pace = Pace(1000, 300, 3, "efficientnet_lite0", done, None, lambda size: True)
    assert _seconds(whole, pace) == (50.0, 10.0)
    assert _seconds(whole, Pace(1000, 300, 3, "efficientnet_lite0", done[1:], None, lambda size: True)) is None
