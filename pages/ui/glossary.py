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
    "balanced accuracy": "The mean of the recall of every class, so that rare classes count as much as common ones.",
    "branch": (
        "A new run that goes on from a snapshot of another one with one thing changed, so that what differs "
        "afterwards comes from that."
    ),
    "calibration": (
        "Whether probabilities are honest: of the images that the model gives 80%, 80% should be right. The expected "
        "calibration error is how far they are apart on average."
    ),
    "confidence interval": (
        "A range for what is measured on few images: in 95 of 100 such measurements it holds the true figure. "
        "Anneal gives Wilson's for accuracies."
    ),
    "confusion matrix": (
        "A table of true classes against predicted ones. What lies off the diagonal are errors: the largest "
        "figures there are the classes that are confused most."
    ),
    "customary rate": (
        "The rate that trained best in Anneal's own measurements on digits, shapes and photos: 3e-3 for a new network, "
        "1e-4 for the head of a trained one, 1e-3 for more than its head, and less in a stage of few batches. What "
        "the LR finder sees on your images can only lower it. Against the best rate of a grid it lost 0.6 points of "
        "accuracy on average there, in 55 cases, and up to 6 where a new network's curve hardly fell."
    ),
    "cycle": (
        "From a high rate down to 0 once. Three cycles that begin at length 1 and whose multiplier (`cycle_mult`) is 2 "
        "last 1 + 2 + 4 = 7 epochs."
    ),
    "ensemble": (
        "Several networks that answer together: the mean of their probabilities. The snapshots of one run are such "
        "networks, so an ensemble of them needs no further training."
    ),
    "F1": (
        "One figure for a class: the harmonic mean of precision and recall, high only when both are. Macro F1 is its "
        "mean over the classes."
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
        "It trains on a few batches, raises the rate with each by the same factor, and plots the loss against the "
        "rate. Where the loss falls, the rate works. Past its lowest point training begins to break, so a new network "
        "takes a lower rate than that of the lowest point. The loss of a network that has been trained hardly falls: "
        "it takes its customary rate, or a lower one where the loss rises for good. Another order of the images moves "
        "the curve: several seeds show by how much."
    ),
    "batch norm": (
        "A layer that scales activations by their mean and spread: those of the batch, or, in a pretrained network "
        "here, the ones kept from its pretraining."
    ),
    "gradient": (
        "The slope of the loss along every weight. Its norm is its length: how steep the loss is where the weights are."
    ),
    "McNemar's test": (
        "Whether two networks differ by more than chance on the same images: it counts only the images that one has "
        "right and the other wrong. A p below 0.05 is called more than chance."
    ),
    "precision and recall": (
        "Precision: of the images predicted as a class, the share that belong to it. Recall: of a class's images, the "
        "share that were found."
    ),
    "precompute": (
        "Compute the activations of every image once and train the head from them. That is only right while the "
        "backbone is frozen and the images are not augmented."
    ),
    "range test": "One sweep of the LR finder. The weights are put back afterwards, byte for byte.",
    "ridge": "A rise of the loss between two places of the weights: a network that crossed one is in another valley.",
    "restart": "At the end of a cycle the rate jumps up again. It can carry the network out of a narrow valley.",
    "seed": (
        "The number that random choices begin from: the order of the images, their augmentation, the split. The same "
        "seed gives the same run; another shows how much is luck."
    ),
    "snapshot": "The weights at the end of a cycle, or of the best epoch, kept under a name.",
    "stage": (
        "One fit with its settings: what is frozen, which rate, how many cycles, which images. A plan is a list "
        "of stages."
    ),
    "stem": "The first layer group, nearest to the image: it sees edges and colours.",
    "test-time augmentation": "Predict an image and a few augmented copies of it, and take the mean.",
    "validation": (
        "Images that training never sees. Loss and accuracy on them say how the network does on new images. "
        "Training loss 0.05 beside validation loss 0.60 is overfitting: augment, use more images, or go back to "
        "the best snapshot."
    ),
    "vSGD": (
        "A rule that estimates a learning rate from the noise of the gradients instead of from a curve "
        "(Schaul, Zhang and LeCun, 2013). Experimental here: it is made for plain SGD."
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
