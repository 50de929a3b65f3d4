"""Branches on the Training page: asking for one, and one beside the run that it began from."""

from collections.abc import Sequence

import streamlit as st

from core.augment import NAMED
from core.charts.branch import branch_chart
from core.errors import AnnealError
from core.jobs import queue
from core.jobs.branch import branch, branching_point
from core.jobs.specs import TrainSpec
from core.results.compare import Comparison
from core.runs.beside import BRANCH, ORIGINAL, Beside, beside
from core.runs.branching import Change, left_after
from core.runs.folder import RunFolder
from core.training.stage import HIGHEST_RATE, Stage
from pages.ui import session
from pages.ui.errors import show, shown
from pages.ui.text import literal, percent

HIGHER, LOWER, AUGMENTATION, FREEZE, SHAPE, SEED, NOTHING = (
    "3 times the rate",
    "A third of the rate",
    "Another augmentation",
    "Only the head, or everything",
    "One anneal, no restarts",
    "Another seed",
    "Nothing, to see that it repeats",
)
OTHER_SEED = 1
"""How much is added to the run's seed: any other number would do."""


def branch_form(run: RunFolder, names: Sequence[str]) -> None:
    """What if? One of the snapshots `names`, one thing to change, and a button that trains the branch."""
    with st.container(border=True, key="branch-form"):
        st.markdown("**What if?** A branch goes on from a snapshot as this run did, with one thing changed.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            snapshot = str(st.selectbox("From", names, key="branch-from", width=180))
            stage = _stage_ahead(run, snapshot)
            if stage is None:
                return
            what = str(st.selectbox("Change", _offers(stage), key="branch-change", width=280))
            change = _change(run, stage, what)
            asked = st.button("Train the branch", icon=":material/alt_route:", key="branch-start")
        st.caption(f"It trains with: {literal(change.words(), None)}. Everything else stays exactly the same.")
        if asked:
            _start(run, snapshot, change)


def _stage_ahead(run: RunFolder, snapshot: str) -> Stage | None:
    """The stage that a branch from there goes on with; None where its files have gone since."""
    try:
        left = left_after(branching_point(run, snapshot), run.state, Change(), snapshot)
    except AnnealError:
        return None
    return left.under_way or left.plan[1]


def _offers(stage: Stage) -> list[str]:
    """The changes that are possible for the stage."""
    offers = [HIGHER, LOWER] if stage.lr else []
    if not stage.precompute:
        offers += [AUGMENTATION, FREEZE]
    if stage.cycles > 1:
        offers.append(SHAPE)
    return [*offers, SEED, NOTHING]


def _change(run: RunFolder, stage: Stage, what: str) -> Change:
    """The change itself; another augmentation is chosen beside it."""
    if what in (HIGHER, LOWER) and stage.lr:
        factor = 3.0 if what == HIGHER else 1 / 3
        return Change(lr=tuple(min(HIGHEST_RATE, float(f"{rate * factor:.3g}")) for rate in stage.lr))
    if what == AUGMENTATION:
        others = [name for name, how in NAMED.items() if how != stage.augmentation]
        named = st.selectbox("To", others, key="branch-augmentation", width=160)
        return Change(augmentation=NAMED[str(named)])
    if what == FREEZE:
        return Change(freeze_to=-1 if stage.freeze_to != -1 else 0)
    if what == SHAPE:
        return Change(schedule="cosine")
    return Change(seed=run.info.seed + OTHER_SEED) if what == SEED else Change()


def _start(run: RunFolder, snapshot: str, change: Change) -> None:
    try:
        made = branch(run, snapshot, change)
        queue.submit(made.workspace, made.id, TrainSpec())
    except AnnealError as error:
        show(error)
        return
    session.select_run(made.id)
    st.rerun()


def branch_view(run: RunFolder) -> None:
    """A branch beside its original, from where they part; nothing for a run that is no branch."""
    with shown():
        pair = beside(run)
        if pair is not None:
            _pair(pair)


def _pair(pair: Beside) -> None:
    origin = pair.origin
    st.subheader("The branch and its original", anchor=False)
    if pair.original is None:
        st.caption(f"The run that it began from at {literal(origin.snapshot)} is no longer there to compare with.")
        return
    st.markdown(
        f"From {literal(origin.snapshot)} of *{literal(pair.original.info.name)}* (epoch {origin.epoch}), with "
        f"**{literal(origin.change)}**."
    )
    found, epochs = pair.comparison(), pair.epochs()
    if found is not None:
        st.markdown(_verdict(found))
    left, right = st.columns(2, gap="medium")
    for place, column in ((left, "valid_loss"), (right, "accuracy")):
        chart = branch_chart(epochs, column, (ORIGINAL, BRANCH), snapshot=origin.snapshot, change=origin.change)
        place.altair_chart(chart, key=f"branch-{column}", alt=f"{column} of the branch and its original by epoch")
    if st.button("Open the original", icon=":material/arrow_back:", key="branch-original"):
        session.select_run(pair.original.id)
        st.rerun()


def _verdict(found: Comparison) -> str:
    """Both accuracies and whether they differ by more than chance."""
    return (
        f"On the same {found.images:,} validation images: {percent(found.first_accuracy)} for the original, "
        f"{percent(found.second_accuracy)} for this branch. {found.sentence()}."
    )
