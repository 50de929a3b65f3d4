"""The plan's steps as they go: what each does and why, and the figures that it just produced."""

from collections.abc import Sequence

import streamlit as st

from core.runs.state import RunState
from core.runs.story import Status, Told, story
from pages.ui.text import literal

ICONS: dict[Status, str] = {
    "done": ":green[:material/check_circle:]",
    "now": ":blue[:material/play_circle:]",
    "coming": ":gray[:material/radio_button_unchecked:]",
}


def story_view(state: RunState, groups: Sequence[str], *, live: bool, finding: bool) -> None:
    """The steps of the plan: while it runs the present one first and all of them below; afterwards what they did."""
    told = story(state, groups, finding=finding)
    if not told:
        return
    now = next((one for one in told if one.status == "now"), None) if live else None
    if now is not None:
        place = told.index(now) + 1
        st.markdown(f"{ICONS['now']} **Step {place} of {len(told)}: {now.step.title}.** {literal(now.sentence, None)}")
    done = sum(one.status == "done" for one in told)
    title = f"The plan's steps, {done} of {len(told)} done"
    with st.expander(title, icon=":material/checklist:", expanded=live, key="plan-steps"):
        st.markdown("\n".join(_line(number, one) for number, one in enumerate(told, 1)))


def _line(number: int, one: Told) -> str:
    return f"{number}. {ICONS[one.status]} **{one.step.title}.** {literal(one.sentence, None)}"
