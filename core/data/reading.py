"""How a data set's files were read: each folder's part and why, what is doubtful, and a person's own choice."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.data.folder_names import one_form
from core.errors import DataError

Part = Literal["class", "split", "wrapper", "ignored"]
ChosenPart = Literal["class", "train", "valid", "test", "wrapper", "ignored"]

CHOSEN_PARTS: tuple[ChosenPart, ...] = ("class", "train", "valid", "test", "wrapper", "ignored")


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Kept):
    """What a person decided about the reading; the default leaves it to the rules.

    `parts` are (folder, part) pairs, the folder as a posix path inside the data set.
    """

    parts: tuple[tuple[str, ChosenPart], ...] = ()

    def part_of(self, folder: str) -> ChosenPart | None:
        """The part that was chosen for a folder, if one was."""
        wanted = one_form(folder.strip("/"))
        return next((part for path, part in self.parts if one_form(path.strip("/")) == wanted), None)

    def with_part(self, folder: str, part: ChosenPart | None) -> "Choice":
        """The choice with another part for a folder; None leaves it to the rules again."""
        wanted = one_form(folder.strip("/"))
        others = tuple((path, kept) for path, kept in self.parts if one_form(path.strip("/")) != wanted)
        return self.model_copy(update={"parts": others if part is None else (*others, (wanted, part))})


class Folder(_Kept):
    """One folder of the tree: its posix path, its part, the class or split that it stands for, and why.

    `images` counts the files below it that may be images.
    """

    path: str
    part: Part
    means: str = ""
    images: int = 0
    why: str = ""


class LostClass(_Kept):
    """A class folder of whose `files` only `readable` can be read; `reason` is that of the first that cannot."""

    name: str
    files: int
    readable: int
    reason: str


class Reading(_Kept):
    """How the files became classes: where the classes come from, every folder's part, and what to ask a person.

    `questions` are sentences; the reading is certain when there are none. `lost` are classes of which half or
    more could not be read, those without any image included.
    """

    classes_from: Literal["folder", "names", "csv", "list"] = "folder"
    source: str = ""
    folders: tuple[Folder, ...] = ()
    questions: tuple[str, ...] = ()
    lost: tuple[LostClass, ...] = ()
    choice: Choice = Choice()

    @property
    def certain(self) -> bool:
        """Whether nothing needs to be asked."""
        return not self.questions


def chosen_part(text: str) -> tuple[str, ChosenPart]:
    """A folder's part as it is typed, `photos/old=ignored`; raises `DataError`."""
    folder, sign, typed = text.rpartition("=")
    for part in CHOSEN_PARTS:
        if sign and folder.strip("/ ") and typed.strip().casefold() == part:
            return one_form(folder.strip("/ ")), part
    raise DataError(f"{text!r} is not FOLDER=PART, where PART is one of: {', '.join(CHOSEN_PARTS)}.")
