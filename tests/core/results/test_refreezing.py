import pandas as pd

from core.results.refreezing import motions, refreezing

NAMES = ("early layers", "later layers", "head")


def table(*rows):
    return pd.DataFrame(rows, columns=["stage", "epoch", "step", "group", "lr", "grad", "moved"])


WHOLE = table(
    (0, 1, 1, 0, 1e-4, 3.0, 0.010),
    (0, 1, 1, 1, 1e-3, 1.0, 0.02),
    (0, 1, 1, 2, 1e-2, 2.0, 1.0),
    (0, 2, 5, 0, 1e-4, 1.0, 0.0101),
    (0, 2, 5, 1, 1e-3, 1.0, 0.03),
    (0, 2, 5, 2, 1e-2, 2.0, 1.0),
    (0, 2, 6, 0, 1e-4, 2.0, 0.0102),
    (0, 2, 6, 1, 1e-3, 3.0, 0.05),
    (0, 2, 6, 2, 1e-2, 4.0, 1.0),
)


def test_motions_are_those_of_the_last_epoch():
    early, later, _ = motions(WHOLE)
    assert (early.gradient, early.moved, early.before) == (1.5, 0.0102, 0.010)
    assert (later.gradient, later.moved, later.before) == (2.0, 0.05, 0.02)
    assert motions(WHOLE.head(0)) == []


def test_a_group_at_rest_and_one_that_moves_are_told_apart():
    early, later, *rest = refreezing(motions(WHOLE), NAMES, seconds=(10.0, 3.0))
    assert early.startswith("Early layers: 1.02% from its first weights, and the last epoch changed that by less")
    assert later == (
        "Later layers: 5.00% from its first weights, 2.00% an epoch earlier: it is still moving, and freezing it would "
        "end that."
    )
    assert "an epoch takes about 30% of the time" in rest[-1]


def test_where_the_head_alone_trains_there_is_nothing_to_freeze():
    frozen = WHOLE.assign(grad=WHOLE["grad"].where(WHOLE["group"] == 2, 0.0))
    assert refreezing(motions(frozen), NAMES) == []


def test_without_a_measured_time_none_is_said():
    assert not any("of the time" in one for one in refreezing(motions(WHOLE), NAMES))
    assert not any("of the time" in one for one in refreezing(motions(WHOLE), NAMES, seconds=(1.0, 2.0)))
