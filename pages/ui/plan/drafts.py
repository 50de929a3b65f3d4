"""The draft of a run's plan in this session: loaded, changed and saved, and told apart from another tab's changes."""

from collections.abc import Callable

import streamlit as st

from core.augment import Augmentation
from core.errors import AnnealError
from core.runs import chosen_augmentation
from core.runs.draft import Card, Draft, DraftChangedError
from core.runs.folder import RunFolder
from core.runs.state import RunInfo, RunState
from core.training.recipes import first_plan
from core.training.stage import Stage
from pages.ui import session
from pages.ui.text import literal

CHANGED = (
    "This plan was changed in another tab or window, and the newer one is shown here. "
    "If your last change is missing, make it again."
)

REPEATED = "A trained stage once more"
"""What the card of a stage says that was trained before."""


def draft_of(run: RunFolder, info: RunInfo) -> Draft:
    """The draft of a run; one that has neither draft nor training begins with the plan that suits it.

    That plan has the augmentation that was chosen in this session. Raises `RunError` when the run's state is damaged.
    """
    if run.state.stages:
        return Draft.load(run.path)
    chosen = session.chosen_augmentation()
    images = len(session.data_of_run(run.workspace, run.id).indices("train"))
    plan = first_plan(info.pretrained, info.size, info.classes, chosen, images=images)
    draft = Draft.load(run.path, plan.stages)
    if not draft.path.exists():
        draft.augmentation = chosen
    return draft


def changed_elsewhere(draft: Draft) -> bool:
    """Whether the cards are others than those that this session showed last; their fields then begin anew."""
    seen = st.session_state.get(_seen(draft))
    st.session_state[_seen(draft)] = draft.revision
    if seen is None or seen == draft.revision:
        return False
    _forget(lambda key: any(key.startswith(f"{card.uid}-") for card in draft.cards))
    return True


def place_rate(draft: Draft, groups: int) -> None:
    """Put a rate that was chosen since into the first card that it fits. Raises `AnnealError` as `save` does."""
    placed = draft.placed
    card = draft.place_rate(groups)
    if card is None:
        return
    save(draft)
    _begin_anew(card.uid)
    if placed is not None:
        _begin_anew(placed.uid)


def set_rate(draft: Draft, card: Card, rate: float) -> None:
    """In a button's callback: give a card another rate."""
    card.settings.lr = (rate,)
    _begin_anew(card.uid)
    change(draft, lambda: None)


def take_rate_back(draft: Draft) -> None:
    """In a button's callback: give the card with the chosen rate the one that it had before."""
    card = draft.take_back()
    if card is not None:
        _begin_anew(card.uid)
    change(draft, lambda: None)


def take_augmentation(draft: Draft, how: Augmentation) -> None:
    """In a button's callback: put the augmentation chosen on its page into the plan."""
    taking = chosen_augmentation.take(draft, how)
    for card in taking:
        _augmentation_anew(card.uid)
    change(draft, lambda: None)


def give_augmentation_back(draft: Draft, card: Card) -> None:
    """In a button's callback: give a card the augmentation that it had before the chosen one."""
    chosen_augmentation.give_back(draft, card)
    _augmentation_anew(card.uid)
    change(draft, lambda: None)


def set_augmentation(draft: Draft, card: Card, how: Augmentation) -> None:
    """In a button's callback: give a card another augmentation."""
    chosen_augmentation.put(card, how)
    _augmentation_anew(card.uid)
    change(draft, lambda: None)


def find_again(draft: Draft, card: Card) -> None:
    """In a button's callback: have a range test find a card's rate."""
    card.settings.lr = None
    _begin_anew(card.uid)
    change(draft, lambda: None)


def _begin_anew(uid: str) -> None:
    """Have the fields for a card's rate begin with what the card now has."""
    _forget(lambda key: key == f"{uid}-how" or key.startswith(f"{uid}-lr"))


def _augmentation_anew(uid: str) -> None:
    """The same for its augmentation, and its name, which may speak of it."""
    _forget(lambda key: key in (f"{uid}-augment", f"{uid}-name"))


def _forget(chosen: Callable[[str], bool]) -> None:
    for key in list(st.session_state):
        if chosen(str(key)):
            del st.session_state[key]


def save(draft: Draft) -> None:
    """Save the cards. Raises `AnnealError`, `DraftChangedError` among them."""
    current = st.session_state.get(_seen(draft)) == draft.revision
    draft.save()
    if current:
        st.session_state[_seen(draft)] = draft.revision


def _seen(draft: Draft) -> str:
    """Session key of the revision that was shown last."""
    return f"plan-seen-{draft.path.parent.name}"


def change(draft: Draft, act: Callable[[], object]) -> None:
    """In a button's callback: change the draft and save it; the editor says so when another tab was faster."""
    act()
    try:
        save(draft)
    except DraftChangedError:
        return
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")


def repeat(run: RunFolder, info: RunInfo, stage: Stage, advice: str = "") -> None:
    """In a button's callback: plan a finished stage once more, or the stage of an `advice`, which is put in once.

    Its card says which of the two it is, and takes it back.
    """
    draft = draft_of(run, info)
    change(draft, lambda: draft.prepare(stage, advice or REPEATED, once=bool(advice)))


def edit_left(run: RunFolder, info: RunInfo, state: RunState) -> None:
    """In a button's callback: plan the stages that are left of the plan under way, to be changed and started."""
    draft = draft_of(run, info)
    left = [stage for stage in state.plan[state.next_stage :] if isinstance(stage, Stage)]
    change(draft, lambda: draft.replace(left))
