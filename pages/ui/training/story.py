"""The plan's steps as they go: what each does and why, and the figures that it just produced."""

from collections.abc import Sequence

import streamlit as st

from core.errors import AnnealError
from core.jobs.pausing import ask_to_pause, go_on_after_all, pause_asked
from core.jobs.store import Job
from core.runs.folder import RunFolder
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


def pause_button(run: RunFolder, job: Job, state: RunState) -> None:
    """Have the job end after its present stage, so that what is left can be changed; nothing in the last stage."""
    asked = pause_asked(run.workspace, job)
    if state.next_stage >= len(state.plan) - 1 and not asked:
        return
    st.button(
        "Do not pause" if asked else "Pause after this stage",
        icon=":material/play_arrow:" if asked else ":material/pause:",
        key=f"pause-{job.id}",
        help="The job ends when this stage has. What is left of the plan can then be changed, and goes on from there.",
        on_click=_change_pause,
        args=(run, job, asked),
    )
    if asked:
        st.caption("The job ends when this stage has.")


def _change_pause(run: RunFolder, job: Job, asked: bool) -> None:
    try:
        (go_on_after_all if asked else ask_to_pause)(run.workspace, job.id)
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
