"""The plan that a person is putting together for a run, kept on disk so that a reload loses nothing of it."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.augment import NONE, SIDE_ON, Augmentation, warnings
from core.errors import PlanError
from core.training.recipes import suggested_plan
from core.training.stage import Plan, Stage, plan_of, stage_of
from core.workspace import read_json, write_json

FILE = "draft.json"


@dataclass
class Card:
    """One stage being edited: `settings` may contradict each other until they are put right."""

    settings: dict[str, Any]
    uid: str = field(default_factory=lambda: secrets.token_hex(4))

    def stage(self) -> Stage:
        """The stage; raises `PlanError` with what is wrong with it."""
        return stage_of(self.settings)


@dataclass
class Rate:
    """The learning rate in hand: chosen on the LR finder page, ready for a stage."""

    lr: float
    freeze_to: int = -1
    chosen_by: str = "you"


@dataclass
class Draft:
    """Cards in their order, the ones that a preset replaced, and the rate in hand."""

    path: Path
    cards: list[Card] = field(default_factory=list)
    before: list[Card] = field(default_factory=list)
    rate: Rate | None = None

    @classmethod
    def load(cls, folder: Path, default: Sequence[Stage] = ()) -> "Draft":
        """The draft in a run's folder; a run without one, or with a damaged one, begins with `default`."""
        path = folder / FILE
        try:
            values = read_json(path)
            cards = [Card(**card) for card in values["cards"]]
            before = [Card(**card) for card in values["before"]]
            rate = Rate(**values["rate"]) if values["rate"] else None
        except (OSError, json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
            return cls(path, [Card(settings_of(stage), f"first-{place}") for place, stage in enumerate(default)])
        return cls(path, cards, before, rate)

    def save(self) -> None:
        """Write it; raises `WorkspaceError` when the disk is full."""
        values = {
            "cards": [asdict(card) for card in self.cards],
            "before": [asdict(card) for card in self.before],
            "rate": asdict(self.rate) if self.rate else None,
        }
        write_json(self.path, values)

    def replace(self, stages: Iterable[Stage]) -> None:
        """Put other stages in place of the cards, which `undo` brings back."""
        self.before = self.cards
        self.cards = [Card(settings_of(stage)) for stage in stages]

    def undo(self) -> None:
        """Bring back the cards that a preset replaced, or that were sent off to train."""
        self.cards, self.before = self.before, []

    def add(self, stage: Stage) -> Card:
        """A new card at the end."""
        self.cards.append(Card(settings_of(stage)))
        return self.cards[-1]

    def duplicate(self, uid: str) -> None:
        """A copy of a card right behind it."""
        place = self.place(uid)
        if place is not None:
            self.cards.insert(place + 1, Card(dict(self.cards[place].settings)))

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
        return plan_of([card.settings for card in self.cards])


def settings_of(stage: Stage) -> dict[str, Any]:
    """A stage as plain JSON values."""
    return stage.model_dump(mode="json")


def suited(classes: Sequence[str]) -> Augmentation:
    """Side-on augmentation, unless the names of the classes say that it would make one look like another."""
    return NONE if warnings(SIDE_ON, classes) else SIDE_ON


def first_plan(backbone: str, pretrained: bool, size: int, classes: Sequence[str]) -> Plan:
    """The plan to begin with for a run that has none yet."""
    return suggested_plan(pretrained, size, suited(classes) if pretrained else NONE)
