"""What unfreezing does: gradients and movement of each layer group, drawn while training."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts import groups as charts
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from pages.ui.plan.facts import group_names
from pages.ui.text import percent
from pages.ui.training.moment import Moment


def groups_view(run: RunFolder, info: RunInfo, now: Moment) -> None:
    """Both charts and a sentence with the last cycle's figures; nothing where none were measured."""
    names, moved = group_names(info), run.history.movements
    measured = "grad_0" in now.steps.columns
    if not measured and moved.empty:
        return
    with st.expander("What happens in each layer group", icon=":material/layers:"):
        left, right = st.columns(2, gap="medium")
        if measured:
            chart = charts.gradients(now.steps, groups=names)
            left.altair_chart(chart, key="grads", alt="Gradient length of each layer group over epochs")
        if not moved.empty:
            chart = charts.movements(moved, groups=names)
            right.altair_chart(chart, key="moved", alt="Movement of each layer group in each cycle")
            st.markdown(in_sentences(moved, names))
        else:
            right.caption("How far each group moves is measured at the end of each cycle.")


def in_sentences(moved: pd.DataFrame, names: Sequence[str]) -> str:
    """The last cycle in words: how far each group moved, and what freezing one again would change."""
    last = moved.iloc[-1]
    figures = [float(last[name]) for name in sorted(name for name in moved.columns if name.startswith("moved_"))]
    if len(figures) != len(names):
        return ""
    trained = {name: figure for name, figure in zip(names, figures, strict=True) if figure > 0}
    frozen = [name for name in names if name not in trained]
    said = ", ".join(f"{name} {percent(figure)}" for name, figure in trained.items())
    found = [f"In cycle {int(last['cycle'])} the weights moved by this share of their length: {said}."]
    if frozen:
        found.append(f"Frozen: {', '.join(frozen)}. Unfreezing would let them move too, at lower rates.")
    elif len(trained) > 1:
        least = min(trained, key=trained.__getitem__)
        found.append(
            f"Freezing {least} again would keep back the smallest part of this, {percent(trained[least])}, and make "
            "each step faster."
        )
    return " ".join(found)
