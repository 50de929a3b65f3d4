"""The draft of a plan on disk: read from any version, and saved only over the cards that were seen."""

import json
import threading

import pytest

from core.errors import PlanError, RunError, WorkspaceError
from core.runs import draft as drafts
from core.runs.draft import Draft, DraftChangedError, Rate, settings_of
from core.training.recipes import lesson2, quick
from core.training.stage import Stage, StageSettings


def written(folder, values):
    (folder / "draft.json").write_text(json.dumps(values))
    return Draft.load(folder)


def test_what_was_saved_is_read_again(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    draft.save()
    draft.choose(Rate(lr=0.01, freeze_to=0, chosen_by="valley"))
    again = Draft.load(tmp_path)
    assert again.plan().stages == lesson2().stages
    assert again.rate == Rate(lr=0.01, freeze_to=0, chosen_by="valley")


def test_a_draft_from_before_revisions_were_counted_is_read(tmp_path):
    stage = Stage(lr=(0.01,)).model_dump(mode="json")
    old = {"cards": [{"settings": stage, "uid": "a"}], "before": [], "rate": {"lr": 0.1, "freeze_to": 0, "chosen_by": "steep"}}  # fmt: skip  # noqa: E501
    draft = written(tmp_path, old)
    assert draft.plan().stages == (Stage(lr=(0.01,)),)
    assert (draft.rate, draft.revision) == (Rate(lr=0.1, freeze_to=0, chosen_by="steep"), 0)
    draft.save()
    assert Draft.load(tmp_path).revision == 1


def test_settings_that_cannot_be_read_get_their_defaults_and_the_others_stay(tmp_path):
    stage = Stage(name="Mine", cycles=3).model_dump(mode="json")
    settings = {**stage, "lr": [-1.0], "of_a_later_version": 3, "size": 100_000}
    draft = written(tmp_path, {"cards": [{"settings": settings, "uid": "a"}], "before": [], "rate": None})
    assert draft.cards[0].stage() == Stage(name="Mine", cycles=3)


def test_settings_that_contradict_each_other_stay_until_they_are_put_right(tmp_path):
    settings = StageSettings(precompute=True, freeze_to=0)
    draft = written(tmp_path, {"cards": [{"settings": settings.model_dump(mode="json")}]})
    assert draft.cards[0].settings == settings
    with pytest.raises(PlanError, match="would do nothing"):
        draft.plan()


@pytest.mark.parametrize("text", ["", "{", "3", '{"cards": 3}', '{"cards": [{"settings": 3}]}', "\xff"])
def test_a_damaged_draft_begins_with_the_default_and_can_be_saved(tmp_path, text):
    (tmp_path / "draft.json").write_text(text, encoding="latin-1")
    draft = Draft.load(tmp_path, quick().stages)
    assert draft.plan().stages == quick().stages
    draft.save()
    assert Draft.load(tmp_path).plan().stages == quick().stages


def test_cards_are_saved_only_over_those_that_were_seen(tmp_path):
    first, second = (Draft.load(tmp_path, quick().stages) for _ in range(2))
    first.add(Stage(name="From the first tab"))
    first.save()
    second.replace(())
    with pytest.raises(DraftChangedError, match="changed in another tab"):
        second.save()
    assert [card.settings.name for card in Draft.load(tmp_path).cards][-1] == "From the first tab"
    first.save()
    newest = Draft.load(tmp_path)
    newest.replace(())
    newest.save()
    assert Draft.load(tmp_path).cards == []


def test_a_rate_and_cards_that_were_chosen_in_two_tabs_are_both_kept(tmp_path):
    cards, rates = (Draft.load(tmp_path, quick().stages) for _ in range(2))
    cards.add(Stage(name="Added"))
    cards.save()
    rates.choose(Rate(lr=0.5))
    cards.add(Stage(name="Added too"))
    cards.save()
    found = Draft.load(tmp_path)
    assert found.rate == Rate(lr=0.5)
    assert [card.settings.name for card in found.cards][-2:] == ["Added", "Added too"]


def test_of_many_that_save_at_once_one_wins_and_the_others_are_told(tmp_path):
    loaded = [Draft.load(tmp_path, quick().stages) for _ in range(8)]
    told = []

    def save(draft):
        try:
            draft.save()
        except DraftChangedError as error:
            told.append(error)

    threads = [threading.Thread(target=save, args=(draft,)) for draft in loaded]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 7
    assert Draft.load(tmp_path).revision == 1


def test_the_draft_of_a_deleted_run_is_not_written(tmp_path):
    draft = Draft.load(tmp_path / "gone", quick().stages)
    with pytest.raises(RunError, match="no longer there"):
        draft.save()
    assert not (tmp_path / "gone").exists()


def test_a_draft_that_stays_locked_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(drafts, "LOCK_S", 0.01)
    with drafts.FileLock(tmp_path / drafts.LOCK), pytest.raises(WorkspaceError, match="Wait a moment"):
        Draft.load(tmp_path).save()


def test_cards_are_duplicated_moved_and_removed_by_their_id(tmp_path):
    draft = Draft.load(tmp_path, lesson2().stages)
    first, second, third = (card.uid for card in draft.cards)
    draft.move(first, 1)
    draft.move(first, 5)
    draft.duplicate(third)
    draft.remove(second)
    assert [card.uid for card in draft.cards[:2]] == [first, third]
    copy = draft.cards[2]
    copy.settings.name = "Changed"
    assert draft.cards[1].settings.name != "Changed"
    draft.remove("unknown")
    draft.duplicate("unknown")
    assert len(draft.cards) == 3


def test_an_empty_plan_is_a_sentence(tmp_path):
    with pytest.raises(PlanError, match="no stage yet"):
        Draft.load(tmp_path).plan()


def test_settings_are_a_copy_that_makes_the_same_stage():
    for stage in lesson2().stages:
        assert Stage(**settings_of(stage).model_dump()) == stage


HEAD_RATE = Rate(lr=0.02, freeze_to=2, chosen_by="valley")
"""Of three layer groups, number 2 is the head: the same as -1."""


def chosen(folder, rate=HEAD_RATE, stages=None):
    """A draft on disk for which a rate was chosen since."""
    Draft.load(folder, lesson2().stages if stages is None else stages).choose(rate)
    return Draft.load(folder)


def rates(draft):
    return [card.settings.lr for card in draft.cards]


def test_a_chosen_rate_waits_and_goes_into_the_first_stage_that_it_fits(tmp_path):
    draft = chosen(tmp_path)
    assert draft.waiting == HEAD_RATE
    assert draft.place_rate(3) is draft.cards[0]
    draft.save()
    again = Draft.load(tmp_path)
    assert rates(again) == [(0.02,), None, None]
    assert (again.waiting, again.placed.rate, again.placed.before) == (None, HEAD_RATE, None)
    assert again.place_rate(3) is None


def test_what_was_there_comes_back_and_does_not_leave_again(tmp_path):
    draft = chosen(tmp_path, Rate(lr=0.5, freeze_to=0), quick().stages)
    card = draft.place_rate(3)
    draft.save()
    draft = Draft.load(tmp_path)
    assert draft.take_back().uid == card.uid
    draft.save()
    again = Draft.load(tmp_path)
    assert rates(again) == [(0.005,)]
    assert (again.placed, again.waiting, again.place_rate(3)) == (None, None, None)
    assert again.rate.lr == 0.5


def test_choosing_again_replaces_the_rate_and_remembers_what_was_there_first(tmp_path):
    draft = chosen(tmp_path, Rate(lr=0.5, freeze_to=0), quick().stages)
    draft.place_rate(3)
    draft.save()
    draft.choose(Rate(lr=0.1, freeze_to=0))
    draft.place_rate(3)
    assert rates(draft) == [(0.1,)]
    assert draft.placed.before == (0.005,)


def test_choosing_for_another_scope_gives_the_first_stage_its_own_rate_back(tmp_path):
    draft = chosen(tmp_path)
    draft.place_rate(3)
    draft.save()
    draft.choose(Rate(lr=0.1, freeze_to=0))
    draft.place_rate(3)
    assert rates(draft) == [None, None, (0.1,)]


def test_a_rate_written_by_hand_since_is_kept_as_what_was_there(tmp_path):
    draft = chosen(tmp_path)
    card = draft.place_rate(3)
    card.settings.lr = (0.007,)
    assert draft.take_back() is None
    assert rates(draft)[0] == (0.007,)
    draft.save()
    draft.choose(Rate(lr=0.1))
    draft.place_rate(3)
    assert draft.placed.before == (0.007,)
    draft.take_back()
    assert rates(draft)[0] == (0.007,)


def test_a_rate_that_fits_no_stage_waits_until_one_is_added(tmp_path):
    draft = chosen(tmp_path, HEAD_RATE, quick().stages)
    assert draft.place_rate(3) is None
    assert draft.waiting == HEAD_RATE
    draft.add(Stage(name="Head at last"))
    assert draft.place_rate(3).settings.name == "Head at last"


def test_a_stage_can_be_added_for_the_rate_or_the_rate_left_aside(tmp_path):
    draft = chosen(tmp_path, HEAD_RATE, quick().stages)
    draft.add_for_rate(Stage(lr=(0.02,)))
    assert rates(draft) == [(0.02,), (0.005,)]
    assert draft.waiting is None
    other = chosen(tmp_path, HEAD_RATE, quick().stages)
    other.leave_rate()
    other.save()
    assert Draft.load(tmp_path).waiting is None
    assert Draft.load(tmp_path).rate == HEAD_RATE


def test_a_plan_that_was_sent_takes_the_choice_with_it_and_can_be_brought_back(tmp_path):
    draft = chosen(tmp_path)
    draft.place_rate(3)
    draft.sent()
    draft.save()
    again = Draft.load(tmp_path)
    assert (again.cards, again.waiting) == ([], None)
    again.undo()
    assert rates(again) == [(0.02,), None, None]
    assert again.placed.still_in(again.cards[0])


def test_a_rate_chosen_in_another_tab_meanwhile_still_waits(tmp_path):
    here = chosen(tmp_path)
    here.place_rate(3)
    Draft.load(tmp_path).choose(Rate(lr=0.9, freeze_to=0))
    here.save()
    assert Draft.load(tmp_path).waiting == Rate(lr=0.9, freeze_to=0)


def test_a_prepared_stage_is_marked_with_its_advice_and_put_in_once(tmp_path):
    draft = Draft.load(tmp_path, quick().stages)
    stage = Stage(freeze_to=0, lr=(1e-3,))
    card = draft.prepare(stage, "Train longer.", once=True)
    assert draft.prepare(stage, "Train longer.", once=True).uid == card.uid
    draft.save()
    again = Draft.load(tmp_path)
    assert [card.stage() for card in again.cards] == [*quick().stages, stage]
    assert again.prepared == {card.uid: "Train longer."}
    again.remove(card.uid)
    assert again.plan().stages == quick().stages
    assert again.prepare(stage, "Train longer.", once=True).uid != card.uid
    again.prepare(stage, "Train longer.")
    assert len(again.cards) == 3
