"""Asking for a study of the run in hand: its button, its progress, and its answer once there is one."""

from typing import TypeVar

import streamlit as st
from pydantic import BaseModel

from core.jobs import queue
from core.jobs.specs import StudySpec
from core.jobs.store import Job
from core.results.studies import Question
from core.runs.folder import RunFolder
from core.runs.studies import kept_answer
from pages.ui import jobs

Answer = TypeVar("Answer", bound=BaseModel)


def answer_or_ask(
    run: RunFolder, spec: StudySpec, kind: type[Answer], button: str, *, followed: bool = False
) -> Answer | None:
    """The kept answer to a question; without one, a button that asks for it, or how far the study is.

    How the last study of this question failed or was stopped is said above the button. `followed` says that the page
    shows the run's live job already.
    """
    found = kept_answer(run, spec.question, kind)
    if found is not None:
        return found
    job = queue.live_job(run.workspace, run.id)
    if job is not None and _asks(job, spec.question):
        if followed:
            st.caption("It is being measured: see the top of the page.")
        else:
            jobs.follow(run.workspace, run, lambda _: None)
        return None
    last = jobs.last_ended(run, "study")
    if last is not None and _asks(last, spec.question):
        jobs.say_how_it_ended(run, "study")
    busy = "Another job is at work on this run." if job is not None else None
    name = str(getattr(spec.question, "name", "study"))
    if st.button(button, key=f"study-{name}", disabled=busy is not None, help=busy) and jobs.submit(run, spec):
        st.rerun()
    return None


def _asks(job: Job, question: Question) -> bool:
    return isinstance(job.spec, StudySpec) and job.spec.question == question
