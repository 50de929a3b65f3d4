"""Asking for trials: the rates, how long each, how often, and what that will take."""

from dataclasses import dataclass

import streamlit as st

from core.data.index import DataSet
from core.errors import DataError, PlanError, RunError
from core.jobs.specs import TrialSpec
from core.numbers import rate_in_words
from core.runs.checkpoint import read_meta
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.runs.trials import stages_of_the_head
from core.training.kept_out import kept_out, trial_data
from core.training.stage import Stage
from core.training.suggestions import preferred
from core.training.trial_settings import LENGTHS, Length, TrialSettings, lowest_point, rates_of, rates_to_try
from core.training.trial_words import length_in_words
from pages.ui import jobs, session
from pages.ui.errors import show
from pages.ui.text import duration, literal
from pages.ui.visitor import owner

SOON_S = 60.0
"""Trials of the whole stage are offered first where all of them take no longer."""

A_FEW_S = 5.0

JUDGING = 1 / 3
"""Time that judging an image takes, as a part of that of training on it: about what a forward pass is."""


@dataclass(frozen=True)
class _Images:
    """How many training images trials train on, and on how many others they are judged; or why there are none."""

    trained_on: int = 0
    judged_on: int = 0
    refused: str = ""


def trial_form(run: RunFolder, curve: Curve, stage: Stage, *, again: bool) -> None:
    """Rates, length and repeats, what they will take, and the button; or why there can be no trials."""
    images = _images(run)
    if images.refused:
        st.info(literal(images.refused, None), icon=":material/info:")
        return
    if not _is_present(run, curve):
        return
    lowest = lowest_point(curve.lrs, curve.losses)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.text_input(
                "Rates to try",
                ", ".join(rate_in_words(rate) for rate in _first_rates(curve, lowest)),
                key=f"trial-rates-{curve.name}",
                width=300,
                help="2 to 6 rates with commas between them. They begin with the suggestion, a third of it, three "
                "times it, and the curve's lowest point.",
            )
            length = _length(curve, stage, images)
            repeats = st.number_input(
                "Repeats",
                1,
                5,
                1,
                key="trial-repeats",
                width=110,
                help="Each takes the batches in another order.",
            )
        settings = _settings(text, length, repeats)
        if settings is not None:
            st.caption(" ".join([_sentence(settings, curve, stage, images), *_of_images_seen(run, curve)]))
        go = st.button(
            "Try them again" if again else "Try them",
            icon=":material/science:",
            key="try-rates",
            disabled=settings is None,
        )
    if not go or settings is None:
        return
    spec = TrialSpec(
        stage=stage, rates=settings.rates, length=settings.length, repeats=settings.repeats, curve_lowest=lowest
    )
    if jobs.submit(run, spec):
        st.rerun()


def _first_rates(curve: Curve, lowest: float | None) -> tuple[float, ...]:
    found = None if curve.suggestion else preferred(curve.suggestions)
    suggested = curve.suggestion.lr if curve.suggestion else found[1] if found else None
    return rates_to_try(suggested, lowest) if suggested else ()


def _settings(text: str, length: Length, repeats: int) -> TrialSettings | None:
    """The settings; None, with the reason shown, when they cannot be tried."""
    try:
        return TrialSettings(rates_of(text), length, repeats)
    except PlanError as error:
        st.warning(literal(str(error), None), icon=":material/edit:")
        return None


def _length(curve: Curve, stage: Stage, images: _Images) -> Length:
    """How long each trial is; the whole stage first, where that takes no time to speak of."""
    offered = [length for length in LENGTHS if length != "stage" or stage.epochs > 1]
    whole = _seconds(TrialSettings((1.0, 2.0), "stage"), curve, stage, images)
    first: Length = "stage" if "stage" in offered and whole is not None and 2 * whole <= SOON_S else "epoch"
    chosen: Length | None = st.segmented_control(
        "Length of each trial",
        offered,
        default=first,
        required=True,
        format_func=lambda length: _sentence_case(length_in_words(length, stage.epochs)),
        key=f"trial-length-{curve.name}",
        help="Short trials prefer low rates (arXiv:1803.02021). The whole stage is the surest, and takes longest.",
    )
    return chosen or first


def _sentence_case(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _sentence(settings: TrialSettings, curve: Curve, stage: Stage, images: _Images) -> str:
    """What trials with these settings will do, and how long that takes."""
    batches = settings.batches(stage, images.trained_on)
    count = len(settings.rates) * settings.repeats
    seconds = _seconds(settings, curve, stage, images)
    takes = "The first trial measures how long they take." if seconds is None else f"On this machine {_about(seconds)}."
    return (
        f"Trains {count} times for {batches:,} batch{'es' if batches != 1 else ''} from the present state, annealed to "
        f"0 and undone each time, and compares the loss on {images.judged_on:,} training images kept out. {takes}"
    )


def _about(seconds: float) -> str:
    return "a few seconds" if seconds < A_FEW_S else f"about {duration(seconds)}"


def _of_images_seen(run: RunFolder, curve: Curve) -> list[str]:
    """What is done about images that judge and that the network was trained on before, or that nothing can be."""
    if not curve.step:
        return []
    if stages_of_the_head(run.state):
        return ["The head was trained on these images before, so it is first trained anew without them."]
    return [
        "The network was trained on these images before, so low rates will look better than they are: the trials show "
        "where training diverges, and little else. They tell more before the whole network is trained."
    ]


def _seconds(settings: TrialSettings, curve: Curve, stage: Stage, images: _Images) -> float | None:
    """How long the trials take, by the time that the range test took; None where that is not known."""
    if not curve.seconds or not curve.lrs:
        return None
    batches = settings.batches(stage, images.trained_on) + JUDGING * images.judged_on / stage.batch_size
    return len(settings.rates) * settings.repeats * batches * curve.seconds / len(curve.lrs)


def _is_present(run: RunFolder, curve: Curve) -> bool:
    """Whether the run still is where the curve was made; a sentence says so where it is not, or cannot be read."""
    try:
        meta = read_meta(run.checkpoint)
    except RunError as error:
        show(error)
        return False
    if (curve.epoch, curve.step) == ((meta.epoch, meta.step) if meta else (0, 0)):
        return True
    st.info(
        "The network is not where it was when this curve was made, and trials begin from its present state. Find the "
        "learning rate again, then try the rates.",
        icon=":material/info:",
    )
    return False


def _images(run: RunFolder) -> _Images:
    data = session.data_of_run(run.workspace, run.id)
    return _counted(owner(data), data.fingerprint, run.id, data)


@st.cache_data(max_entries=50, show_spinner=False)
def _counted(whose: str, fingerprint: str, run_id: str, _data: DataSet) -> _Images:
    del whose, fingerprint, run_id  # they are the key: a run's split never changes
    try:
        kept = kept_out(_data)
    except DataError as error:
        return _Images(refused=str(error))
    return _Images(trained_on=len(trial_data(_data, kept).indices("train")), judged_on=len(kept))
