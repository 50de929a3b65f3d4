"""The words that a newcomer needs, each in one or two sentences with a small picture, and a row of them for a page."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from pages.ui import term_pictures as pictures
from pages.ui.glossary import glossary_button


@dataclass(frozen=True)
class Term:
    """A word: what it means, in markdown of ours; its picture, an SVG; what the picture shows; how texts write it."""

    meaning: str
    picture: str
    shows: str
    forms: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the word, in every form in which pages use it."""
        return re.compile(rf"\b(?:{self.forms})\b(?! norm)", re.IGNORECASE)


TERMS: dict[str, Term] = {
    "loss": Term(
        "How wrong the network is on some images, as one number: the lower, the better. For each image it is "
        "**−ln of the probability** given to the right class, so being sure and wrong costs most.",
        pictures.loss(),
        "The loss of one image falls from 3 to 0 as the probability given to its right class goes from 5% to 100%.",
        "loss|losses",
    ),
    "batch": Term(
        "A few images, 32 for example, that go through the network together. "
        "Their mean loss decides **one step** of the weights.",
        pictures.batch(),
        "Twelve images in three batches of four; the first batch makes one step.",
        "batch|batches|mini-batch|mini-batches",
    ),
    "epoch": Term(
        "**One pass over all training images**, batch after batch. 640 images in batches of 64 make 10 steps an epoch.",
        pictures.epoch(),
        "Twelve images in three batches of four: three steps are one epoch.",
        "epoch|epochs",
    ),
    "learning rate": Term(
        "How far each step moves the weights, in its simplest form **rate × slope of the loss**. "
        "Too low a rate crawls; too high a rate jumps over the lowest point again and again, or away from it.",
        pictures.learning_rate(),
        "Steps down a valley: at a low rate they crawl, at a good rate they arrive, at a high rate they zigzag.",
        r"(?:learning )?rate|(?:learning )?rates",
    ),
    "backbone": Term(
        "The long first part of the network: it turns an image into **numbers that describe it**. "
        "A pretrained backbone has already learned edges, textures and shapes from other photos.",
        pictures.pipeline(backbone=True),
        "An image goes through the early and later layers, which are the backbone, and then through the head.",
        "backbone|backbones",
    ),
    "head": Term(
        "The last part of the network: from the backbone's numbers it makes **one score for each class**. "
        "It begins untrained, because your classes are new to the network.",
        pictures.pipeline(head=True),
        "An image goes through the backbone and then through the head, which gives each class a score.",
        "head|heads",
    ),
    "activations": Term(
        "The numbers that a layer computes from an image. While the backbone is frozen and the image is not augmented, "
        "those at its end stay the same, so Anneal can **compute them once** and train the head from them in a "
        "fraction of the time.",
        pictures.pipeline(activations=True),
        "Numbers between the backbone and the head: they are the activations.",
        "activation|activations",
    ),
    "freeze": Term(
        "Frozen layers **keep their weights** while the others learn. "
        "Unfreezing lets them learn too, best at lower rates.",
        pictures.pipeline(head=True, frozen=True),
        "The backbone is frozen; only the head learns.",
        "freeze|freezes|freezing|frozen|unfreeze|unfreezes|unfreezing|unfrozen",
    ),
    "augmentation": Term(
        "**Small random changes** to a training image each time it is used, so that it cannot be learnt by heart: "
        "turned, enlarged, flipped, brighter. **The label must stay right**: a flipped 2 is no 2.",
        pictures.augmentation(),
        "One picture of a boat, then the same boat turned, enlarged and flipped.",
        "augmentation|augment|augments|augmented",
    ),
    "overfitting": Term(
        "The network learns its training images by heart: training loss falls **far below validation loss**. "
        "It begins to cost when validation loss rises: first the probabilities become too sure, then accuracy falls.",
        pictures.overfitting(),
        "Training loss falls on and on; validation loss falls, then rises, and the gap between them grows.",
        "overfitting|overfit|overfits",
    ),
}
"""The ten words by name, in the order in which a person meets them."""


def words_row(words: Iterable[str]) -> None:
    """A row of the page's words under its lead; a click, a tap or the enter key opens the meaning of one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="words"):
        st.caption("Words on this page", width="content")
        for word in words:
            with st.popover(word, type="tertiary", key=f"word-{word.replace(' ', '-')}"):
                _meaning(word, TERMS[word])
        glossary_button({name: term.meaning for name, term in TERMS.items()})


def _meaning(word: str, term: Term) -> None:
    st.markdown(f"**{word.capitalize()}.** {term.meaning}", width=320)
    st.image(term.picture, alt=term.shows, width=pictures.WIDTH)


def used_in(text: str) -> list[str]:
    """Which of the words a text uses, in any of their forms.

    >>> used_in("Batches of 32, and two epochs")
    ['batch', 'epoch']
    """
    return [word for word, term in TERMS.items() if term.pattern.search(text)]
