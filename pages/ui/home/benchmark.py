"""What this machine does: the last measurement, the one under way, and a way to measure."""

import streamlit as st

from core.errors import AnnealError
from core.jobs import benchmark
from core.jobs.benchmark_state import read_state
from core.training.benchmark_result import BenchmarkResult
from core.workspace import Workspace
from pages.ui.errors import show
from pages.ui.text import ago, duration, literal

POLL = 1.0
"""Seconds between two looks at a measurement under way."""

PARTS = {
    "decode": ("Decoding", "Photos of 533x400 px read and brought to 128 px, once for each size."),
    "features": ("Features", "Photos of 128 px through the frozen EfficientNet-Lite0: what precomputing costs, once."),
    "train": ("Training", "All of EfficientNet-Lite0 at 128 px, augmentation included."),
    "small": ("Small network", "Training the small network at 32 px, as on the digits."),
}


def speed_view(workspace: Workspace) -> None:
    """The figures of this machine, and the button that measures them."""
    st.subheader("This machine", anchor=False)
    found = read_state(workspace)
    if found is not None and found.running:
        st.fragment(_watch, run_every=POLL)(workspace)
        return
    if found is not None and found.status == "done" and found.result is not None:
        _figures(found.result, found.when)
    elif found is None:
        st.caption(
            f"How fast is it? A fixed measurement, about {benchmark.SECONDS} s, says what to expect of training."
        )
    else:
        st.caption(":orange[:material/info:] The last measurement broke off. " + literal(found.message, 200))
    again = "Measure again" if found else "Measure this machine"
    if st.button(again, icon=":material/speed:", key="measure", type="secondary"):
        try:
            benchmark.begin(workspace)
        except AnnealError as error:
            show(error)
        else:
            st.rerun()


def _watch(workspace: Workspace) -> None:
    found = read_state(workspace)
    if found is None or not found.running:
        st.rerun()
    assert found is not None
    share = found.done / found.total if found.total else 0.0
    st.progress(share, text=f"**Measuring** · {literal(found.what)} · {found.done} of {max(1, found.total)} parts done")


def _figures(result: BenchmarkResult, when: str) -> None:
    with st.grid(4, min_column_width=150):
        for key, (name, what) in PARTS.items():
            st.metric(name, f"{getattr(result, key):,.0f}/s", help=what)
    st.caption(
        f"Images a second, on {literal(result.device, 60)} with {result.threads} threads, "
        f"{ago(when)}. **Lesson 2 on 1,000 photos takes about {duration(result.lesson_seconds)}** here, "
        "if nothing else runs."
    )
