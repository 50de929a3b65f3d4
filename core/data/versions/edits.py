"""One edit of a data set: what a person decided about one image."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Action: TypeAlias = Literal["relabel", "exclude", "confirm"]

EXCLUDED = "excluded"
"""The split of an image that a version leaves out; it keeps its place, so that pixels and activations stay valid."""


class Edit(BaseModel):
    """What was decided about one image, known by its name and the `digest` of its bytes.

    `was` is the class that the files give it, `to` the class that it gets ("" unless it is relabelled), `split` the
    side that it was on. `confirm` says that the label is right: the data stay as they are, and nobody asks again.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    when: str
    image: str
    digest: str
    action: Action
    was: str
    to: str = ""
    split: str = ""

    @property
    def changes_data(self) -> bool:
        """Whether the version is other for it."""
        return self.action != "confirm"

    @property
    def effect(self) -> tuple[str, str, str]:
        """What it does, whenever it was made."""
        return self.image, self.action, self.to

    def words(self) -> str:
        """What was decided, in a few words: "relabelled: cat → dog", "left out (cat)", "confirmed as cat"."""
        if self.action == "relabel":
            return f"relabelled: {self.was} → {self.to}"
        return f"left out ({self.was})" if self.action == "exclude" else f"confirmed as {self.was}"


def counted(edits: tuple[Edit, ...] | list[Edit]) -> str:
    """How many images were relabelled and left out: "3 relabelled, 1 left out"; "" for none."""
    relabelled = sum(edit.action == "relabel" for edit in edits)
    excluded = sum(edit.action == "exclude" for edit in edits)
    said = [f"{relabelled:,} relabelled" if relabelled else "", f"{excluded:,} left out" if excluded else ""]
    return ", ".join(filter(None, said))
