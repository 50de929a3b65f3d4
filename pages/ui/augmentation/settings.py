"""The augmentation that is shown: a named one or the person's own, and choosing it for training."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.augment import NAMED, OWN, SIDE_ON, Augmentation, only, warnings

OWN_SETTINGS = "own_augmentation"
"""Session key of the person's own settings: an `Augmentation` as a plain dict."""


@dataclass(frozen=True)
class Strength:
    """The slider of a transform: its setting, lowest and highest value, step, and how the value is written."""

    setting: str
    lowest: float
    highest: float
    step: float
    written: str


ABOUT = (
    "**Side-on**: a horizontal flip, small turns, zoom and light, for photos in which left and right may be swapped. "
    "**Without flips**: for digits, letters, arrows. **Top-down**: both flips and quarter turns too, for pictures "
    "that have no upper side, such as those of a microscope or a satellite."
)
NAME = "augmentation_name"
"""Session key of what is chosen: a name of `NAMED`, or `OWN`."""
SWITCHES = {"Horizontal flip": "horizontal_flip", "Vertical flip": "vertical_flip", "Quarter turns": "quarter_turns"}
SLIDERS = {
    "Random crop": Strength("crop", 0.05, 1.0, 0.05, "percent"),
    "Rotation": Strength("rotate", 0.0, 180.0, 1.0, "%.0f°"),
    "Zoom": Strength("zoom", 1.0, 3.0, 0.05, "×%.2f"),
    "Shift": Strength("shift", 0.0, 0.5, 0.01, "percent"),
    "Perspective": Strength("warp", 0.0, 0.5, 0.01, "percent"),
    "Brightness": Strength("brightness", 0.0, 1.0, 0.01, "percent"),
    "Contrast": Strength("contrast", 0.0, 1.0, 0.01, "percent"),
}


@dataclass(frozen=True)
class Shown:
    """The augmentation on show, and whether it is the person's own, which can be changed."""

    how: Augmentation
    own: bool


def choose_settings() -> Shown:
    """A named augmentation, or the person's own, which begins as side-on."""
    name = st.segmented_control(
        "Settings",
        ["side-on", "without-flips", "top-down", OWN, "none"],
        default="side-on",
        format_func=lambda name: name.replace("without-", "without "),
        key=NAME,
        persist_state="session",
        help=ABOUT,
    )
    if name == OWN:
        return Shown(_own_settings(), own=True)
    return Shown(NAMED.get(name or "", SIDE_ON), own=False)


def _own_settings() -> Augmentation:
    """What the switches and sliders say; kept in the session while other pages are visited."""
    values = st.session_state.get(OWN_SETTINGS, SIDE_ON.model_dump())
    changed = {name: st.session_state.get(f"own_{name}", value) for name, value in values.items()}
    own = Augmentation.model_validate(changed)
    st.session_state[OWN_SETTINGS] = own.model_dump()
    return own


def control(transform: str, how: Augmentation) -> None:
    """The switch or the slider that sets one transform."""
    title = f"**{transform}**"
    if transform in SWITCHES:
        setting = SWITCHES[transform]
        st.toggle(title, bool(getattr(how, setting)), key=f"own_{setting}")
        return
    strength = SLIDERS[transform]
    present = float(getattr(how, strength.setting))
    key = f"own_{strength.setting}"
    st.slider(title, strength.lowest, strength.highest, present, strength.step, strength.written, key=key)


def switch_off_button(how: Augmentation, classes: Sequence[str]) -> None:
    """A button that switches off the flips and turns that are warned of, as the person's own settings."""
    harmful = [title for title in SWITCHES if warnings(only(how, title), classes)]
    if not harmful:
        return
    what = "flip" if harmful == ["Horizontal flip"] else " and ".join(title.lower() for title in harmful)
    icon = ":material/toggle_off:"
    st.button(f"Switch {what} off", key="switch_off", icon=icon, on_click=_switch_off, args=(how, harmful))


def _switch_off(how: Augmentation, titles: Sequence[str]) -> None:
    """Show own settings that are `how` without these switches."""
    fields = [SWITCHES[title] for title in titles]
    st.session_state[OWN_SETTINGS] = how.model_copy(update=dict.fromkeys(fields, False)).model_dump()
    st.session_state[NAME] = OWN
    for field in fields:
        st.session_state[f"own_{field}"] = False
