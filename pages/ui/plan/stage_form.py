"""The settings of one stage as widgets."""

from typing import Any

import streamlit as st

from core.augment import NAMED, Augmentation, warnings
from core.charts.lines import rate_in_words
from pages.ui.plan.stage_words import Facts
from pages.ui.text import literal

Settings = dict[str, Any]

HEAD, PART, ALL = "Head only", "From a group on", "Everything"
FIND, ONE, EACH = "Find it first", "One rate", "One per group"
OWN = "own settings"
KINDS = {"cosine": "Cosine, restarts", "one-cycle": "One-cycle", "constant": "Constant"}
FIRST_RATE = 1e-3
"""Offered when a rate is to be given and none is in hand."""


def stage_form(settings: Settings, key: str, facts: Facts) -> tuple[Settings, list[str]]:
    """Widgets for `settings`; the settings as they now are, and what could not be read, as sentences."""
    wrong: list[str] = []
    new = dict(settings)
    new["name"] = _field(
        "text_input", "Name", settings["name"], f"{key}-name", max_chars=80, placeholder="What it is for"
    )
    _what(new, key, facts)
    _rates(new, key, facts, wrong)
    _schedule(new, key)
    _images(new, key, facts)
    with st.expander("Optimiser and regularisation", icon=":material/tune:"):
        _optimiser(new, key, facts)
    return new, wrong


def _field(widget: str, label: str, value: Any, key: str, **options: Any) -> Any:
    """A keyed widget that begins with `value`, and after that is its own master."""
    st.session_state.setdefault(key, value)
    return getattr(st, widget)(label, key=key, **options)


def _what(new: Settings, key: str, facts: Facts) -> None:
    """What is trained, and whether the frozen part runs only once."""
    many = len(facts.groups) > 2
    now = HEAD if new["freeze_to"] == -1 else ALL if new["freeze_to"] in (0, -len(facts.groups)) or not many else PART
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scope = _field(
            "segmented_control",
            "What is trained",
            now,
            f"{key}-scope",
            options=[HEAD, PART, ALL] if many else [HEAD, ALL],
            required=True,
            help="A frozen group keeps its weights and its batch norm statistics.",
        )
        if scope == PART:
            inner = list(range(1, len(facts.groups) - 1))
            at = new["freeze_to"] % len(facts.groups)
            new["freeze_to"] = _field(
                "selectbox",
                "From",
                at if at in inner else inner[-1],
                f"{key}-from",
                options=inner,
                format_func=lambda group: facts.groups[group],
                width=180,
            )
        else:
            new["freeze_to"] = -1 if scope == HEAD else 0
        new["precompute"] = _field(
            "toggle",
            "Precompute activations",
            new["precompute"],
            f"{key}-precompute",
            help="The frozen backbone looks at every image once; then an epoch takes a blink. Only for the head, "
            "and only without augmentation.",
        )


def _rates(new: Settings, key: str, facts: Facts, wrong: list[str]) -> None:
    rates = new["lr"]
    now = FIND if rates is None else ONE if len(rates) == 1 else EACH
    trained = [facts.groups[at] for at in range(new["freeze_to"] % len(facts.groups), len(facts.groups))]
    several = len(trained) > 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = _field(
            "segmented_control",
            "Learning rate",
            now,
            f"{key}-how",
            options=[FIND, ONE, EACH] if several or now == EACH else [FIND, ONE],
            required=True,
            help="Find it first: a range test runs when this stage's turn comes, and its valley is taken.",
        )
        if how == ONE:
            start = rates[-1] if rates else facts.rate or FIRST_RATE
            new["lr"] = _one_rate("Highest rate", start, f"{key}-lr", wrong) or rates
        if how == FIND:
            new["lr"] = None
        if how != EACH and several:
            new["group_ratio"] = _field(
                "number_input",
                "Each earlier group slower by",
                float(new["group_ratio"]),
                f"{key}-ratio",
                min_value=1.0,
                max_value=1000.0,
                step=1.0,
                format="%g",
                width=200,
                help="The lesson takes 3 to 10: early layers see edges and need little change.",
            )
    if how == EACH:
        new["lr"] = _each_rate(new, key, facts, wrong)


def _one_rate(label: str, start: float, key: str, wrong: list[str], **options: Any) -> list[float] | None:
    text = _field("text_input", label, rate_in_words(start), key, width=140, **options)
    try:
        return [float(text)]
    except ValueError:
        wrong.append(f"“{text}” is not a learning rate. Write a number such as 0.003 or 3e-3.")
        return None


def _each_rate(new: Settings, key: str, facts: Facts, wrong: list[str]) -> list[float]:
    """One field a layer group, stem to head; a frozen group's is off."""
    rates, count = new["lr"], len(facts.groups)
    if rates is None or len(rates) != count:
        last = rates[-1] if rates else facts.rate or FIRST_RATE
        rates = [last / new["group_ratio"] ** (count - 1 - group) for group in range(count)]
    found = []
    with st.container(horizontal=True):
        for group, name in enumerate(facts.groups):
            frozen = group < new["freeze_to"] % count
            read = _one_rate(name, rates[group], f"{key}-lr-{group}", wrong, disabled=frozen)
            found.append(read[0] if read else rates[group])
    return found


def _schedule(new: Settings, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new["schedule"] = _field(
            "segmented_control",
            "Schedule",
            new["schedule"],
            f"{key}-schedule",
            options=list(KINDS),
            format_func=KINDS.__getitem__,
            required=True,
        )
        whole: dict[str, Any] = {"min_value": 1, "step": 1, "width": 120}
        cosine = new["schedule"] == "cosine"
        label = "Epochs a cycle" if cosine else "Epochs"
        new["cycle_len"] = _field("number_input", label, new["cycle_len"], f"{key}-len", max_value=1000, **whole)
        if not cosine:
            new["cycles"] = new["cycle_mult"] = 1
        else:
            new["cycles"] = _field("number_input", "Cycles", new["cycles"], f"{key}-cycles", max_value=50, **whole)
            new["cycle_mult"] = _field(
                "number_input",
                "Each longer ×",
                new["cycle_mult"],
                f"{key}-mult",
                max_value=10,
                help="cycle_mult: 2 makes cycles of 1, 2, 4, … epochs.",
                **whole,
            )
        new["gentle_start"] = _field(
            "toggle",
            "Gentle start",
            new["gentle_start"],
            f"{key}-gentle",
            help="The first twentieth of the first cycle at a hundredth of the rate, as in fastai 0.7.",
        )


def _images(new: Settings, key: str, facts: Facts) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        whole: dict[str, Any] = {"width": 120}
        new["size"] = _field(
            "number_input",
            "Image size",
            new["size"],
            f"{key}-size",
            min_value=8,
            max_value=1024,
            step=8,
            help="Pixels a side. Train small first, then larger.",
            **whole,
        )
        new["batch_size"] = _field(
            "number_input", "Batch", new["batch_size"], f"{key}-batch", min_value=1, max_value=4096, step=8, **whole
        )
        share = _field(
            "slider",
            "Share of the training images",
            round(new["share"] * 100),
            f"{key}-share",
            min_value=1,
            max_value=100,
            format="%d %%",
            width=220,
            help=f"Start small: try things on a part of the {facts.images:,} images, then raise it. "
            "Validation images never enter training.",
        )
        new["share"] = share / 100
    _augmentation(new, key, facts)


def _augmentation(new: Settings, key: str, facts: Facts) -> None:
    present = Augmentation.model_validate(new["augmentation"])
    known = dict(NAMED)
    if present.name == OWN or facts.own is not None:
        known[OWN] = present if present.name == OWN else facts.own or present
    chosen = _field(
        "segmented_control",
        "Augmentation",
        present.name,
        f"{key}-augment",
        options=list(known),
        format_func=lambda name: name.replace("-", " ").capitalize(),
        required=True,
        help="Random changes that keep the label. The Augmentation page shows what each does to your images.",
    )
    new["augmentation"] = known[chosen].model_dump(mode="json")
    for sentence in warnings(known[chosen], facts.classes):
        st.warning(literal(sentence, None), icon=":material/flip:")


def _optimiser(new: Settings, key: str, facts: Facts) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new["optimiser"] = _field(
            "segmented_control",
            "Optimiser",
            new["optimiser"],
            f"{key}-optimiser",
            options=["adamw", "sgd"],
            format_func={"adamw": "AdamW", "sgd": "SGD with momentum"}.__getitem__,
            required=True,
        )
        number: dict[str, Any] = {"min_value": 0.0, "width": 140}
        new["momentum"] = _field(
            "number_input", "Momentum", float(new["momentum"]), f"{key}-momentum", max_value=0.999, step=0.05, **number
        )
        new["weight_decay"] = _field(
            "number_input",
            "Weight decay",
            float(new["weight_decay"]),
            f"{key}-decay",
            max_value=10.0,
            step=0.01,
            format="%g",
            **number,
        )
        new["label_smoothing"] = _field(
            "number_input",
            "Label smoothing",
            float(new["label_smoothing"]),
            f"{key}-smoothing",
            max_value=0.99,
            step=0.05,
            **number,
        )
    new["class_weights"] = _field(
        "toggle",
        "Weight classes by how rare they are",
        new["class_weights"],
        f"{key}-weights",
        disabled=not facts.unbalanced and not new["class_weights"],
        help="Useful here: one class has at least twice the images of another."
        if facts.unbalanced
        else "Offered where one class has at least twice the images of another; here they are about equal.",
    )
