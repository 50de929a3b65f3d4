"""The augmentation chosen on its page, in a draft: into which cards it goes, and the way back."""

from core.augment import NONE, Augmentation
from core.runs.draft import Card, Draft
from core.training.recipes import AUGMENTED, PLAIN


def take(draft: Draft, how: Augmentation) -> list[Card]:
    """Put `how` into the cards that augment, or where none does into all that can; returns these cards.

    Cards from precomputed activations cannot. What each had before is kept for `give_back`.
    """
    able = [card for card in draft.cards if not card.settings.precompute]
    taking = [card for card in able if card.settings.augmentation != NONE] or able
    draft.replaced = {card.uid: _before(draft, card) for card in taking}
    draft.augmentation = how
    for card in taking:
        put(card, how)
    return taking


def is_chosen(draft: Draft, card: Card) -> bool:
    """Whether a card has the augmentation that was chosen on its page."""
    return not card.settings.precompute and card.settings.augmentation == draft.augmentation


def replaced(draft: Draft, card: Card) -> Augmentation | None:
    """What a card had before it took the chosen augmentation, if that is another one."""
    before = draft.replaced.get(card.uid)
    return before if is_chosen(draft, card) and before != card.settings.augmentation else None


def give_back(draft: Draft, card: Card) -> None:
    """Give a card the augmentation that it had before it took the chosen one."""
    before = replaced(draft, card)
    if before is not None:
        draft.replaced.pop(card.uid)
        put(card, before)


def _before(draft: Draft, card: Card) -> Augmentation:
    """What a card had before it took a chosen augmentation, be it the present one or one that is replaced now."""
    return replaced(draft, card) or card.settings.augmentation


def put(card: Card, how: Augmentation) -> None:
    """Give a card an augmentation, and keep the name that the recipe gave it true."""
    card.settings.augmentation = how
    card.settings.name = name_with(card.settings.name, how)


def name_with(name: str, how: Augmentation) -> str:
    """A stage's name when it augments like this: one of the recipe's that says whether it does becomes the true one.

    >>> name_with("Head, with augmentation", NONE)
    'Head, without augmentation'
    """
    if name not in (AUGMENTED, PLAIN):
        return name
    return AUGMENTED if how != NONE else PLAIN
