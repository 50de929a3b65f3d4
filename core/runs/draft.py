"""The plan that a person is putting together for a run, kept on disk so that a reload loses nothing of it."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from core.augment import Augmentation
from core.errors import PlanError, RunError, WorkspaceError
from core.kept import Count, read_model
from core.training.stage import HIGHEST_RATE, Plan, Stage, StageSettings, plan_of, stage_of
from core.workspace import sentences, write_json

FILE = "draft.json"
LOCK = ".draft.lock"
LOCK_S = 10.0
"""Seconds to wait for another process that is writing the same draft."""


class DraftChangedError(PlanError):
    """The draft on disk is newer than the one that was changed; the newer one is kept."""

    def __init__(self) -> None:
        super().__init__(
            "This plan was changed in another tab or window, so your last change was not saved. The newer plan is "
            "shown now; make your change again if you still want it."
        )


def _readable(values: Any, validate: ValidatorFunctionWrapHandler) -> StageSettings:
    """Settings from a file; those that this version cannot read or that are out of range get their defaults."""
    try:
        settings: StageSettings = validate(values)
    except ValidationError as error:
        if not isinstance(values, dict):
            raise
        unreadable = {details["loc"][0] for details in error.errors() if details["loc"]}
        settings = validate({name: value for name, value in values.items() if name not in unreadable})
    return settings


class Card(BaseModel):
    """One stage being edited: its settings may contradict each other until they are put right."""

    settings: Annotated[StageSettings, WrapValidator(_readable)]
    uid: str = Field(default_factory=lambda: secrets.token_hex(4))

    @classmethod
    def of(cls, stage: Stage) -> "Card":
        """A card with the settings of a stage."""
        return cls(settings=settings_of(stage))

    def stage(self) -> Stage:
        """The stage; raises `PlanError` with what is wrong with it."""
        return stage_of(self.settings.model_dump())


class Rate(BaseModel):
    """The learning rate that was chosen on the LR finder page, and what was trained when it was found."""

    lr: float = Field(gt=0, le=HIGHEST_RATE)
    freeze_to: int = Field(default=-1, ge=-20, le=20)
    chosen_by: str = "you"


class Placed(BaseModel):
    """The chosen rate in a card: which card, the rate, and what was there before, for `Draft.take_back`."""

    uid: str
    rate: Rate
    before: tuple[float, ...] | None = None

    def still_in(self, card: Card) -> bool:
        """Whether the card is the one, and its rate still the chosen one."""
        return card.uid == self.uid and card.settings.lr == (self.rate.lr,)


class DraftFile(BaseModel):
    """What `draft.json` holds of a `Draft`, by the same names; files from before revisions were counted have none.

    `choice` is the id of the choice of `rate`, and `taken` that of the choice which was last placed, or left aside.
    By the ids of cards, `replaced` is what they had before they took `augmentation`, and `prepared` why they
    were put in.
    """

    revision: Count = 0
    cards: list[Card] = Field(max_length=100)
    before: list[Card] = Field(default_factory=list)
    rate: Rate | None = None
    choice: str = ""
    placed: Placed | None = None
    taken: str = ""
    augmentation: Augmentation | None = None
    replaced: dict[str, Augmentation] = Field(default_factory=dict)
    prepared: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ids_of_their_own(self) -> "DraftFile":
        """A page has its fields for each card by the card's id."""
        if len({card.uid for card in self.cards}) < len(self.cards):
            raise ValueError("two cards have one id")
        return self


@dataclass
class Draft:
    """Cards in their order, the ones that a recipe replaced, and the chosen rate.

    A rate that was just chosen is `waiting` until `place_rate` puts it into the first card that it fits; `placed` says
    where it then is. `augmentation` was chosen on its page for this run (`core.runs.chosen_augmentation`), and
    `prepared` says of cards, by their ids, which advice put them in. `revision` counts how often the cards were
    saved. Cards are saved only over the revision that they were loaded from, so that two tabs with one run do not
    overwrite each other's cards.
    """

    path: Path
    cards: list[Card] = field(default_factory=list)
    before: list[Card] = field(default_factory=list)
    rate: Rate | None = None
    revision: int = 0
    choice: str = ""
    placed: Placed | None = None
    taken: str = ""
    augmentation: Augmentation | None = None
    replaced: dict[str, Augmentation] = field(default_factory=dict)
    prepared: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, default: Sequence[Stage] = ()) -> "Draft":
        """The draft in a run's folder; a run without one, or with a damaged one, begins with `default`."""
        path = folder / FILE
        saved = read_draft(path)
        if saved is None:
            return cls(path, [Card(settings=settings_of(stage), uid=f"first-{at}") for at, stage in enumerate(default)])
        draft = cls(path)
        draft._take_over(saved)
        return draft

    def _take_over(self, saved: DraftFile) -> None:
        for name in DraftFile.model_fields:
            setattr(self, name, getattr(saved, name))

    def save(self) -> None:
        """Write the cards; the chosen rate stays the one on disk.

        Raises `DraftChangedError` when somebody else saved cards since this draft was loaded, `RunError` when the run
        was deleted, and `WorkspaceError` when the disk is full.
        """
        with _locked(self.path):
            saved = read_draft(self.path)
            if saved is not None:
                if saved.revision != self.revision:
                    raise DraftChangedError
                self.rate, self.choice = saved.rate, saved.choice
            self.revision += 1
            self._write()

    def choose(self, rate: Rate) -> None:
        """Write the chosen rate; the cards stay those on disk. Raises `RunError`, `WorkspaceError` as `save` does."""
        with _locked(self.path):
            saved = read_draft(self.path)
            if saved is not None:
                self._take_over(saved)
            self.rate, self.choice = rate, secrets.token_hex(4)
            self._write()

    def _write(self) -> None:
        values = DraftFile(**{name: getattr(self, name) for name in DraftFile.model_fields})
        write_json(self.path, values.model_dump(mode="json"))

    @property
    def waiting(self) -> Rate | None:
        """The chosen rate while it has neither been placed nor left aside."""
        return self.rate if self.choice != self.taken else None

    def fitting(self, rate: Rate, groups: int) -> Card | None:
        """The first card that trains the same of `groups` layer groups as the test in which the rate was found."""
        fits = (card for card in self.cards if card.settings.freeze_to % groups == rate.freeze_to % groups)
        return next(fits, None)

    def place_rate(self, groups: int) -> Card | None:
        """Put the waiting rate into the first card that it fits, and return that card; None where none does.

        The card where an earlier choice still is gets its own rate back first.
        """
        rate = self.waiting
        card = None if rate is None else self.fitting(rate, groups)
        if rate is None or card is None:
            return None
        self.take_back()
        self.placed = Placed(uid=card.uid, rate=rate, before=card.settings.lr)
        card.settings.lr = (rate.lr,)
        self.taken = self.choice
        return card

    def take_back(self) -> Card | None:
        """Give the card with the chosen rate the rate that it had before; that card, None where there is none."""
        placed, self.placed = self.placed, None
        card = next((card for card in self.cards if placed is not None and placed.still_in(card)), None)
        if card is not None and placed is not None:
            card.settings.lr = placed.before
        return card

    def add_for_rate(self, stage: Stage) -> Card:
        """A new card at the beginning, for the waiting rate, which fits no other; `stage` has that rate."""
        card = Card.of(stage)
        self.cards.insert(0, card)
        self.leave_rate()
        return card

    def leave_rate(self) -> None:
        """Have the chosen rate wait no longer; it stays on offer."""
        self.taken = self.choice

    def sent(self) -> None:
        """The cards were sent to training, and leave the draft; `undo` brings them back."""
        self.replace([])
        self.leave_rate()

    def replace(self, stages: Iterable[Stage]) -> None:
        """Put other stages in place of the cards, which `undo` brings back."""
        self.before = self.cards
        self.cards = [Card.of(stage) for stage in stages]

    def undo(self) -> None:
        """Bring back the cards that a recipe replaced, or that were sent to training."""
        self.cards, self.before = self.before, []

    def add(self, stage: Stage) -> Card:
        """A new card at the end."""
        self.cards.append(Card.of(stage))
        return self.cards[-1]

    def prepare(self, stage: Stage, why: str, *, once: bool = False) -> Card:
        """A new card at the end, marked with why it is there; if `once`, the same card where there is one already."""
        for card in self.cards if once else ():
            if self.prepared.get(card.uid) == why and card.settings == settings_of(stage):
                return card
        card = self.add(stage)
        self.prepared[card.uid] = why
        return card

    def duplicate(self, uid: str) -> None:
        """A copy of a card right behind it."""
        place = self.place(uid)
        if place is not None:
            self.cards.insert(place + 1, Card(settings=self.cards[place].settings.model_copy()))

    def remove(self, uid: str) -> None:
        """Take a card away."""
        self.cards = [card for card in self.cards if card.uid != uid]

    def move(self, uid: str, by: int) -> None:
        """Move a card `by` places towards the end."""
        place = self.place(uid)
        if place is not None and 0 <= place + by < len(self.cards):
            self.cards.insert(place + by, self.cards.pop(place))

    def place(self, uid: str) -> int | None:
        """Where a card lies; None when it is gone."""
        return next((place for place, card in enumerate(self.cards) if card.uid == uid), None)

    def plan(self) -> Plan:
        """The validated plan; raises `PlanError` with the first thing that is wrong with it."""
        if not self.cards:
            raise PlanError("The plan has no stage yet. Add one, or choose a recipe.")
        return plan_of([card.settings.model_dump() for card in self.cards])


def read_draft(path: Path) -> DraftFile | None:
    """The draft on disk; None where there is none, or it is damaged."""
    try:
        return read_model(path, DraftFile)
    except (OSError, ValueError):
        return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a run's draft."""
    if not path.parent.is_dir():
        raise RunError("This run is no longer there. Choose another one on the Runs page.")
    try:
        with sentences(path), FileLock(path.with_name(LOCK), timeout=LOCK_S, poll_interval=0.01):
            yield
    except Timeout as error:
        raise WorkspaceError("Another process is writing this plan. Wait a moment and try again.") from error


def settings_of(stage: Stage) -> StageSettings:
    """A stage's settings as a copy that can be edited."""
    return StageSettings(**stage.model_dump())
