"""All words of the lesson in one place, a click away from every row of words."""

import streamlit as st

MORE: dict[str, str] = {
    "accuracy": (
        "The share of images whose most probable class is the right one. On few images it is uncertain: the 95% "
        "interval beside it says how much."
    ),
    "annealing": (
        "The rate falls during a cycle along half a cosine: large steps first, to get about, and steps near 0 at "
        "the end, to settle at a low point."
    ),
    "branch": (
        "A new run that goes on from a snapshot of another one with one thing changed, so that what differs "
        "afterwards comes from that."
    ),
    "confusion matrix": (
        "A table of true classes against predicted ones. What lies off the diagonal are errors: the largest "
        "figures there are the classes that are confused most."
    ),
    "cycle": (
        "From a high rate down to 0 once. Three cycles that begin at length 1 and whose multiplier (`cycle_mult`) is 2 "
        "last 1 + 2 + 4 = 7 epochs."
    ),
    "image size": (
        "The side in pixels to which images are scaled. Start small, because it is fast, then go larger: the "
        "weights stay, pixels and activations are made again, and the rate is found again."
    ),
    "layer group": (
        "A slice of the network with a learning rate of its own: early layers, later layers, head. Early layers "
        "know edges already and need small steps; the head is new and needs large ones."
    ),
    "LR finder": (
        "It trains on a few batches at ever higher rates and plots the loss against the rate. Where the loss "
        "falls, the rate works; past its lowest point training already begins to break, so take a lower rate than"
        " that of the lowest point. Another order of the images moves the curve: several seeds show by how much."
    ),
    "precompute": (
        "Compute the activations of every image once and train the head from them. That is only right while the "
        "backbone is frozen and the images are not augmented."
    ),
    "range test": "One sweep of the LR finder. The weights are put back afterwards, byte for byte.",
    "restart": "At the end of a cycle the rate jumps up again. It can carry the network out of a narrow valley.",
    "snapshot": "The weights at the end of a cycle, or of the best epoch, kept under a name.",
    "stage": (
        "One fit with its settings: what is frozen, which rate, how many cycles, which images. A plan is a list "
        "of stages."
    ),
    "test-time augmentation": "Predict an image and a few augmented copies of it, and take the mean.",
    "validation": (
        "Images that training never sees. Loss and accuracy on them say how the network does on new images. "
        "Training loss 0.05 beside validation loss 0.60 is overfitting: augment, use more images, or go back to "
        "the best snapshot."
    ),
    "weights": "The numbers that training changes. Pretrained weights come from training on other photos.",
}
"""Further words, with their meanings in markdown of ours."""


def ordered(meanings: dict[str, str]) -> list[tuple[str, str]]:
    """All words with their meanings, in the order of the alphabet."""
    return sorted({**meanings, **MORE}.items(), key=lambda entry: entry[0].lower())


def matching(entries: list[tuple[str, str]], wanted: str) -> list[tuple[str, str]]:
    """The entries with `wanted` in the word or its meaning, whatever the case; those with it in the word come first."""
    found = [entry for entry in entries if wanted.lower() in " ".join(entry).lower()]
    return sorted(found, key=lambda entry: wanted.lower() not in entry[0].lower())


def glossary_button(meanings: dict[str, str]) -> None:
    """A button that opens all words; `meanings` are those of the words that have pictures."""
    if st.button("All words", type="tertiary", icon=":material/menu_book:", key="all-words"):
        _show(meanings)


@st.dialog("All words", width="large")
def _show(meanings: dict[str, str]) -> None:
    wanted = st.text_input("Find a word", key="glossary-find", placeholder="restart").strip()
    found = matching(ordered(meanings), wanted)
    for word, meaning in found:
        st.markdown(f"**{word[:1].upper()}{word[1:]}.** {meaning}")
    if not found:
        st.caption("No word here has that in it. Try a shorter piece of it.")
