"""The plan as cards: add, edit, duplicate, move and remove stages, see all their rates, and start."""

from collections.abc import Callable

import streamlit as st

from core.charts.lines import rate_in_words
from core.charts.schedule import schedule
from core.data.index import DataSet
from core.errors import AnnealError, PlanError
from core.jobs.specs import TrainSpec
from core.runs.draft import Card, Draft, first_plan, settings_of, suited
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.preview import preview
from core.training.recipes import lesson2, quick
from core.training.stage import Plan, Stage, plan_from_json
from pages.ui import jobs
from pages.ui.errors import show
from pages.ui.plan.facts import augmentation_in_hand, batches_an_epoch, facts_of
from pages.ui.plan.stage_form import stage_form
from pages.ui.plan.stage_words import Facts, in_words
from pages.ui.text import literal

OPEN = "stage-being-edited"


def draft_of(run: RunFolder, info: RunInfo) -> Draft:
    """The draft of a run; one that has neither draft nor training begins with the plan that suits it."""
    if run.state.stages:
        return Draft.load(run.path)
    return Draft.load(run.path, first_plan(info.backbone, info.pretrained, info.size, info.classes).stages)


@st.fragment
def plan_editor(run: RunFolder, info: RunInfo, data: DataSet) -> None:
    """Everything between an idea of a plan and its start. Editing reruns this part of the page only."""
    draft = draft_of(run, info)
    facts = facts_of(run, info, data, draft.rate.lr if draft.rate else None)
    _presets(draft, info)
    wrong = _cards(draft, facts)
    if not draft.cards:
        st.caption("No stage is planned. Choose a recipe above, or add a stage of your own.")
        return
    try:
        if wrong:
            raise PlanError(wrong)
        plan = draft.plan()
        _preview(plan, facts, lambda stage: batches_an_epoch(run, data, stage))
    except PlanError as error:
        show(error)
        st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=True, key="start-off")
        return
    if not (info.pretrained or run.state.stages) and plan.stages[0].freeze_to == -1:
        st.caption(
            ":orange[:material/info:] This network starts from scratch, and the first stage trains its head only: "
            "frozen layers that know nothing yet. Train everything first."
        )
    _start(run, draft, plan)


def _presets(draft: Draft, info: RunInfo) -> None:
    st.session_state.setdefault(OPEN, None)
    how = augmentation_in_hand() or suited(info.classes)
    with st.container(horizontal=True):
        _button(
            "Lesson 2",
            ":material/school:",
            draft,
            lambda: draft.replace(lesson2(info.size, how).stages),
            "Head from activations, head with augmentation, then everything: three stages, rates found first.",
        )
        _button(
            "One quick cycle",
            ":material/bolt:",
            draft,
            lambda: draft.replace(quick(info.size).stages),
            f"The whole network in one cycle of {quick(info.size).epochs} epochs: for a small network from scratch.",
        )
        _button(
            "Add a stage",
            ":material/add:",
            draft,
            lambda: _open(draft.add(_next_stage(draft, info))),
            "A stage of your own, at the end.",
        )
        if draft.before:
            _button("Bring back", ":material/undo:", draft, draft.undo, "The stages that were here before.")
        _file(draft)


def _button(label: str, icon: str, draft: Draft, act: Callable[[], None], help_: str) -> None:
    st.button(label, icon=icon, key=f"preset-{label}", help=help_, on_click=_act, args=(draft, act))


def _act(draft: Draft, act: Callable[[], None]) -> None:
    """A change of the draft, made before the next run of the page and kept."""
    act()
    try:
        draft.save()
    except AnnealError as error:
        st.toast(literal(str(error), None))


def _open(card: Card) -> None:
    st.session_state[OPEN] = card.uid


def _close() -> None:
    st.session_state[OPEN] = None


def _next_stage(draft: Draft, info: RunInfo) -> Stage:
    """One more epoch of what came last; of the head where nothing is planned."""
    if draft.cards:
        try:
            return draft.cards[-1].stage().model_copy(update={"name": ""})
        except PlanError:
            pass
    rate = (draft.rate.lr,) if draft.rate else None
    freeze_to = draft.rate.freeze_to if draft.rate else -1 if info.pretrained else 0
    return Stage(freeze_to=freeze_to, lr=rate, size=info.size)


def _file(draft: Draft) -> None:
    """Plans come and go as JSON, the same that the command line takes."""
    with st.popover("File", icon=":material/attach_file:"):
        try:
            text = draft.plan().model_dump_json(indent=1)
            st.download_button("Save this plan", text, "plan.json", "application/json", icon=":material/download:")
        except PlanError:
            st.caption("A plan can be saved once it has no mistakes.")
        turn = st.session_state.setdefault("plan-file-turn", 0)
        file = st.file_uploader("Open a plan", type="json", key=f"plan-file-{turn}")
        if file is None:
            return
        try:
            draft.replace(plan_from_json(file.getvalue()).stages)
            draft.save()
        except (AnnealError, UnicodeDecodeError) as error:
            show(error if isinstance(error, AnnealError) else PlanError("That is not a plan: it is not text."))
            return
        st.session_state["plan-file-turn"] = turn + 1
        st.rerun()


def _cards(draft: Draft, facts: Facts) -> str:
    """Every stage on its card, the one being edited open; the first thing that could not be read."""
    wrong = ""
    for place, card in enumerate(draft.cards):
        with st.container(border=True, key=f"card-{card.uid}", gap="small"):
            head, body = st.container(), st.container()
            if st.session_state[OPEN] == card.uid:
                with body:
                    found = _form(draft, card, facts)
                wrong = wrong or (f"Stage {place + 1}: {found}" if found else "")
            with head:
                _head(draft, place, card, facts)
    return wrong


def _form(draft: Draft, card: Card, facts: Facts) -> str:
    settings, wrong = stage_form(card.settings, card.uid, facts)
    if settings != card.settings:
        card.settings = settings
        try:
            draft.save()
        except AnnealError as error:
            show(error)
    return wrong[0] if wrong else ""


def _before(draft: Draft, place: int) -> Stage | None:
    """The planned stage before, where there is one that can be read."""
    try:
        return draft.cards[place - 1].stage() if place else None
    except PlanError:
        return None


def _head(draft: Draft, place: int, card: Card, facts: Facts) -> None:
    text, buttons = st.columns([3, 2], vertical_alignment="center")
    with text, st.container(gap="xxsmall"):
        name = literal(card.settings["name"]) if card.settings["name"] else "Stage"
        st.markdown(f"**{place + 1} · {name}**")
        try:
            st.caption(in_words(card.stage(), facts, _before(draft, place)))
        except PlanError as error:
            st.caption(f":red[:material/error:] {literal(str(error), None)}")
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        _rate_button(draft, card)
        edited = st.session_state[OPEN] == card.uid
        st.button(
            "Done" if edited else "Edit",
            icon=":material/check:" if edited else ":material/edit:",
            key=f"edit-{card.uid}",
            on_click=_close if edited else _open,
            args=() if edited else (card,),
        )
        last = len(draft.cards) - 1
        _tool(draft, card, "content_copy", "Duplicate", draft.duplicate)
        _tool(draft, card, "arrow_upward", "Move up", lambda uid: draft.move(uid, -1), off=place == 0)
        _tool(draft, card, "arrow_downward", "Move down", lambda uid: draft.move(uid, 1), off=place == last)
        _tool(draft, card, "delete", "Remove", draft.remove)


def _tool(draft: Draft, card: Card, icon: str, what: str, act: Callable[[str], None], *, off: bool = False) -> None:
    st.button(
        f":material/{icon}:",
        key=f"{icon}-{card.uid}",
        help=what,
        type="tertiary",
        disabled=off,
        on_click=_act,
        args=(draft, lambda: act(card.uid)),
    )


def _rate_button(draft: Draft, card: Card) -> None:
    """Where a rate is in hand and this stage has another, take it with one click."""
    if draft.rate is None or card.settings["lr"] == [draft.rate.lr] or st.session_state[OPEN] == card.uid:
        return
    rate = draft.rate.lr
    st.button(
        f"Use {rate_in_words(rate)}",
        icon=":material/back_hand:",
        key=f"rate-{card.uid}",
        help="The rate that you chose on the LR finder page.",
        on_click=_act,
        args=(draft, lambda: card.settings.update(lr=[rate])),
    )


def _preview(plan: Plan, facts: Facts, batches: Callable[[Stage], int]) -> None:
    frame = preview(plan, batches, list(facts.groups))
    names = [stage.name or f"Stage {number}" for number, stage in enumerate(plan.stages, 1)]
    total = sum(batches(stage) * stage.epochs for stage in plan.stages)
    chart = schedule(frame, stages=names)
    st.altair_chart(chart, key="plan-preview", alt="The learning rate of each layer group over the whole plan")
    count = len(plan.stages)
    st.caption(
        f"{count} stage{'s' if count > 1 else ''}, {plan.epochs:,} epoch{'s' if plan.epochs > 1 else ''}, "
        f"{total:,} batches. At the end of each cycle the weights are kept as a snapshot."
    )


def _start(run: RunFolder, draft: Draft, plan: Plan) -> None:
    if not st.button("Start training", type="primary", icon=":material/play_arrow:", key="start"):
        return
    if jobs.submit(run, TrainSpec(plan=plan)):
        draft.replace([])
        draft.save()
        st.session_state[OPEN] = None
        st.rerun()


def repeat(run: RunFolder, info: RunInfo, stage: Stage) -> None:
    """Plan a finished stage once more."""
    draft = draft_of(run, info)
    draft.cards.append(Card(settings_of(stage)))
    _act(draft, lambda: None)
