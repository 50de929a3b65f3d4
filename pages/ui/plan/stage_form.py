"""The settings of one stage as widgets."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from core.augment import NAMED, OWN, Augmentation
from core.runs.chosen_augmentation import name_with
from core.training.stage import StageSettings
from pages.ui.plan.keyed import Keys
from pages.ui.plan.rate_fields import rate_fields
from pages.ui.plan.stage_words import Facts

HEAD, PART, ALL = "Head only", "From a group on", "Everything"
SCHEDULES: dict[Literal["cosine", "one-cycle", "constant"], str] = {
    "cosine": "Cosine, restarts",
    "one-cycle": "One-cycle",
    "constant": "Constant",
}
OPTIMISERS: dict[Literal["adamw", "sgd"], str] = {"adamw": "AdamW", "sgd": "SGD with momentum"}
NARROW = 120


def stage_form(settings: StageSettings, uid: str, facts: Facts) -> tuple[StageSettings, list[str]]:
    """Widgets for `settings`; the settings as they now are, and what could not be read, as sentences."""
    new, keys = settings.model_copy(), Keys(uid)
    placeholder = "What it is for"
    new.name = st.text_input("Name", key=keys("name", settings.name), max_chars=80, placeholder=placeholder)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _what_is_trained(new, keys, facts)
    wrong = rate_fields(new, keys, facts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _schedule(new, keys, facts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _images(new, keys, facts)
    _augmentation(new, keys, facts)
    with st.expander("Optimiser and regularisation", icon=":material/tune:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _optimiser(new, keys)
        _class_weights(new, keys, facts)
    return new, wrong


def _what_is_trained(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """Which layer groups are trained, and whether the frozen part runs only once."""
    count = len(facts.groups)
    inner = list(range(1, count - 1))
    now = HEAD if new.freeze_to == -1 else ALL if new.freeze_to in (0, -count) or not inner else PART
    scope = st.segmented_control(
        "What is trained",
        [HEAD, PART, ALL] if inner else [HEAD, ALL],
        required=True,
        key=keys("scope", now),
        help="A frozen group keeps its weights and its batch norm statistics.",
    )
    if scope == PART:
        first = new.freeze_to % count
        key = keys("from", first if first in inner else inner[-1])
        new.freeze_to = st.selectbox("From", inner, format_func=lambda group: facts.groups[group], key=key, width=180)
    else:
        new.freeze_to = -1 if scope == HEAD else 0
    new.precompute = st.toggle(
        "Precompute activations",
        key=keys("precompute", new.precompute),
        help="The frozen backbone looks at every image once; then an epoch takes a moment. Only for the head, "
        "and only without augmentation.",
    )


def _schedule(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """How the rate goes, and for how long."""
    key, title = keys("schedule", new.schedule), SCHEDULES.__getitem__
    chosen = st.segmented_control("Schedule", list(SCHEDULES), format_func=title, required=True, key=key)
    new.schedule = chosen or new.schedule
    label = "Epochs per cycle" if new.schedule == "cosine" else "Epochs"
    new.cycle_len = st.number_input(label, 1, 1000, step=1, key=keys("len", new.cycle_len), width=NARROW)
    if new.schedule == "cosine":
        new.cycles = st.number_input("Cycles", 1, 50, step=1, key=keys("cycles", new.cycles), width=NARROW)
        new.cycle_mult = st.number_input(
            "Each cycle longer ×",
            1,
            10,
            step=1,
            key=keys("mult", new.cycle_mult),
            width=NARROW + 20,
            help="2 makes each cycle twice as long as the one before: 1, 2, 4, … epochs.",
        )
    else:
        new.cycles = new.cycle_mult = 1
    _frozen_early(new, keys, facts)
    new.stop_overfitting = st.toggle(
        "Stop when it overfits",
        key=keys("stop", new.stop_overfitting),
        help="Ends the stage once validation loss has stayed above its lowest for 3 epochs, or for 2 cycles.",
    )
    new.measure_after_cycle = st.toggle(
        "Measure after each cycle",
        key=keys("measure", new.measure_after_cycle),
        help="What each restart did: the validation loss on the way from the snapshot before. It takes at most a tenth "
        "of the cycle's time, or half a second, and changes nothing of the training.",
    )
    new.gentle_start = st.toggle(
        "Gentle start",
        key=keys("gentle", new.gentle_start),
        help="The first twentieth of the first cycle at a hundredth of the rate, as in fastai 0.7.",
    )


def _frozen_early(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """After which cycle the first trained group is frozen again, where more is trained and another cycle follows."""
    if new.freeze_to == -1 or new.cycles == 1:
        new.freeze_early_after = None
        return
    key, last = keys("early", new.freeze_early_after), new.cycles - 1
    if (st.session_state[key] or 0) > last:
        st.session_state[key] = last
    new.freeze_early_after = st.number_input(
        f"Freeze {facts.groups[new.freeze_to % len(facts.groups)]} after cycle",
        1,
        last,
        None,
        step=1,
        key=key,
        width=NARROW + 90,
        placeholder="never",
        help="The first layer group that is trained moves least and takes most of the time: with it frozen again, a "
        "batch of EfficientNet-Lite0 takes 40 % less. Accuracy was the same on photos of clothes, and half a point "
        "lower on small drawn shapes. Empty: it is trained to the end.",
    )


def _images(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """How large the images are, how many make a batch, and how many of them are used."""
    new.size = st.number_input(
        "Image size",
        8,
        1024,
        step=8,
        key=keys("size", new.size),
        width=NARROW,
        help="Side of the images in pixels. Train small first, then larger.",
    )
    new.grow_from = st.number_input(
        "Growing from",
        8,
        1024,
        None,
        step=8,
        key=keys("grow", new.grow_from),
        width=NARROW,
        placeholder="no",
        help="Training images of so many pixels at first, which grow to the image size over the first 70 % of the "
        "batches. That took a quarter less time at the same accuracy on photos of clothes, and cost accuracy on small "
        "drawn shapes. Empty: all of one size. Validation images do not grow.",
    )
    new.batch_size = st.number_input("Batch size", 1, 4096, step=8, key=keys("batch", new.batch_size), width=NARROW)
    share = st.slider(
        "Share of the training images",
        1,
        100,
        key=keys("share", round(new.share * 100)),
        format="%d %%",
        width=220,
        help=f"Start small: try things on a part of the {facts.images:,} images, then raise it. "
        "Validation images never enter training.",
    )
    new.share = share / 100


def _augmentation(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """How the images are changed; the card says whether that would make one class look like another."""
    present, known = new.augmentation, dict(NAMED)
    if present.name == OWN or facts.own is not None:
        known[OWN] = present if present.name == OWN else facts.own or present
    chosen = st.segmented_control(
        "Augmentation",
        list(known),
        format_func=lambda name: name.replace("without-", "without ").capitalize(),
        required=True,
        key=keys("augment", present.name),
        on_change=_rename,
        args=(keys.uid, known),
        help="Random changes that keep the label. The Augmentation page shows what each does to your images.",
    )
    new.augmentation = known[chosen or present.name]


def _rename(uid: str, known: Mapping[str, Augmentation]) -> None:
    """In the callback of the augmentation's field: the recipe's name of the stage stays true."""
    how, name = known.get(st.session_state[f"{uid}-augment"]), st.session_state.get(f"{uid}-name")
    if how is not None and name is not None:
        st.session_state[f"{uid}-name"] = name_with(name, how)


def _optimiser(new: StageSettings, keys: Keys) -> None:
    """The optimiser and its numbers."""
    key, title = keys("optimiser", new.optimiser), OPTIMISERS.__getitem__
    chosen = st.segmented_control("Optimiser", list(OPTIMISERS), format_func=title, required=True, key=key)
    new.optimiser = chosen or new.optimiser
    new.momentum = st.number_input("Momentum", 0.0, 0.999, step=0.05, key=keys("momentum", new.momentum), width=140)
    decay, smoothing = keys("decay", new.weight_decay), keys("smoothing", new.label_smoothing)
    new.weight_decay = st.number_input("Weight decay", 0.0, 10.0, step=0.01, format="%g", key=decay, width=140)
    new.label_smoothing = st.number_input("Label smoothing", 0.0, 0.99, step=0.05, key=smoothing, width=140)


def _class_weights(new: StageSettings, keys: Keys, facts: Facts) -> None:
    """Offered where one class has far more images than another."""
    new.class_weights = st.toggle(
        "Weight classes by how rare they are",
        key=keys("weights", new.class_weights),
        disabled=not facts.unbalanced and not new.class_weights,
        help="Useful here: one class has at least twice the images of another."
        if facts.unbalanced
        else "Offered where one class has at least twice the images of another; here they are about equal.",
    )
