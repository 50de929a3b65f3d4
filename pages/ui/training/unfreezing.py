"""How each layer group learns, while it trains: gradient norm, movement, and what freezing again would change."""

import pandas as pd
import streamlit as st

from core.charts import unfreezing as charts
from core.jobs.stage_time import Pace
from core.results.refreezing import motions, refreezing
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.stage import Stage
from pages.ui.plan.facts import group_names
from pages.ui.text import literal
from pages.ui.training.moment import Moment

COST = (
    "Measured four times an epoch, which costs about 0.1% of the time of an epoch of the whole network and 1% of one "
    "of the head from activations. A head that began at zero is not drawn: all of it is movement."
)


def unfreezing_view(run: RunFolder, info: RunInfo, now: Moment, pace: Pace | None) -> None:
    """The two charts and the sentences; nothing where no layer group was measured."""
    groups = run.history.groups
    if groups.empty or now.steps.empty:
        return
    placed, names = charts.on_epochs(groups, now.steps), group_names(info)
    with st.expander("What each layer group learns", icon=":material/stacked_line_chart:", expanded=_several(placed)):
        left, right = st.columns(2, gap="medium")
        gradients = charts.gradients(placed, now.spans, names)
        left.altair_chart(gradients, key="group-gradients", alt="The gradient norm of each layer group over epochs")
        moved = charts.movement(placed, now.spans, names)
        right.altair_chart(moved, key="group-movement", alt="How far each layer group has moved from its first weights")
        stages = now.state.readable_stages
        said = refreezing(motions(groups), names, _seconds(stages[-1], pace) if stages else None)
        if said:
            st.markdown("**If a group were frozen again**\n\n" + "\n".join(f"- {literal(one, None)}" for one in said))
        st.caption(COST)


def _several(groups: pd.DataFrame) -> bool:
    """Whether the last stage trains more than one group."""
    last = groups[groups["stage"] == groups["stage"].max()]
    return len(set(last.loc[last["grad"] > 0, "group"])) > 1


def _seconds(stage: Stage, pace: Pace | None) -> tuple[float, float] | None:
    """Seconds of one epoch more of the stage, and of its head alone, as far as both were measured.

    One more, because a first epoch also makes what the others only use.
    """
    if pace is None or stage.lr is None:
        return None
    once = {"cycles": 1, "cycle_len": 1, "cycle_mult": 1, "freeze_early_after": None}
    one = stage.model_copy(update={**once, "lr": stage.lr[-1:]})
    whole, head = (_one_more(each, pace) for each in (one, one.model_copy(update={"freeze_to": -1})))
    return None if whole is None or head is None else (whole, head)


def _one_more(stage: Stage, pace: Pace) -> float | None:
    times = [pace.of(stage.model_copy(update={"cycle_len": epochs}), finds=False) for epochs in (1, 2)]
    return times[1].seconds - times[0].seconds if times[0] and times[1] else None
