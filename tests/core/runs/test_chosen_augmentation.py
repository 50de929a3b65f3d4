"""The augmentation chosen on its page, in a draft on disk."""

from core.augment import NONE, SIDE_ON, TOP_DOWN, Augmentation
from core.runs.chosen_augmentation import give_back, is_chosen, replaced, take
from core.runs.draft import Draft
from core.training.recipes import lesson2, quick
from core.training.stage import Stage

OWN = Augmentation(rotate=45)


def used(draft):
    return [card.settings.augmentation for card in draft.cards]


def test_it_goes_into_the_stages_that_augment_and_is_kept_on_disk(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    assert take(draft, OWN) == draft.cards[1:]
    draft.save()
    again = Draft.load(tmp_path)
    assert used(again) == [NONE, OWN, OWN]
    assert [is_chosen(again, card) for card in again.cards] == [False, True, True]
    assert again.plan().stages[1].augmentation == OWN


def test_where_no_stage_augments_it_goes_into_all_that_can(tmp_path):
    draft = Draft.load(tmp_path, [*quick().stages, Stage(precompute=True)])
    assert take(draft, OWN) == draft.cards[:1]
    assert used(draft) == [OWN, NONE]


def test_the_way_back_leads_to_what_was_there_before_the_first_choice(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    take(draft, OWN)
    take(draft, TOP_DOWN)
    draft.save()
    draft = Draft.load(tmp_path)
    assert replaced(draft, draft.cards[1]) == SIDE_ON
    give_back(draft, draft.cards[1])
    assert used(draft) == [NONE, SIDE_ON, TOP_DOWN]
    assert replaced(draft, draft.cards[1]) is None
    give_back(draft, draft.cards[1])
    assert used(draft) == [NONE, SIDE_ON, TOP_DOWN]


def test_what_was_changed_by_hand_since_is_what_it_goes_back_to(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    take(draft, OWN)
    draft.cards[1].settings.augmentation = Augmentation(zoom=2)
    take(draft, TOP_DOWN)
    assert [replaced(draft, card) for card in draft.cards] == [None, Augmentation(zoom=2), SIDE_ON]


def test_a_stage_that_augments_no_more_is_not_called_augmented(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    take(draft, NONE)
    assert draft.cards[1].settings.name == "Head, without augmentation"
    give_back(draft, draft.cards[1])
    assert draft.cards[1].settings.name == "Head, with augmentation"
