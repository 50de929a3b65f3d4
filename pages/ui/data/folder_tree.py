"""The folders of a data set as a tree: what each of them is, how many images it holds, and why it was read so."""

import re
from collections import defaultdict
from dataclasses import dataclass

import streamlit as st

from core.data.folder_names import in_order
from core.data.reading import ChosenPart, Folder, Reading
from pages.ui.data.correction import choose_part
from pages.ui.data.reading_words import PARTS
from pages.ui.session import DataChoice
from pages.ui.text import literal, plain

FEW_ROWS = 24
"""Folders that are all listed; of more, classes that nobody asks about are put together."""
FEW_ALIKE = 4
"""Classes in one folder that are listed one by one in any case."""
INDENT = "\u2060\u2003"
"""One level of the tree: a wide space, after a mark of no width that keeps it from being trimmed away."""

ICONS = {
    "class": ":material/folder:",
    "split": ":material/call_split:",
    "wrapper": ":material/folder_open:",
    "ignored": ":material/block:",
}
AS_READ = "As Anneal read it"


@dataclass(frozen=True)
class Row:
    """One line of the tree: a folder, or several classes of one folder that are put together."""

    folder: Folder
    doubtful: bool = False
    together: tuple[Folder, ...] = ()
    unread: str = ""
    """What is said of a class of which half of the images or more cannot be read."""


def part_of(folder: Folder) -> ChosenPart:
    """What a folder is, in the words of a person's choice."""
    for part in ("train", "valid", "test"):
        if folder.part == "split" and folder.means == part:
            return part
    return "wrapper" if folder.part == "split" else folder.part


def doubtful(reading: Reading, question: str | None = None) -> list[Folder]:
    """The folders that a question names, or any question."""
    asked = [question] if question is not None else list(reading.questions)
    return [folder for folder in reading.folders if any(_names(text, folder.path) for text in asked)]


def _names(question: str, path: str) -> bool:
    """Whether a question names a folder, as such: a folder called `a` is not the "a" of a sentence."""
    around = rf"(?:^|folders? |in |, ){re.escape(path)}(?= is | holds |,|:|\.| \(| and )"
    return path in question and re.search(around, question) is not None


def spoken(path: str) -> str:
    """A path for the label of a widget that is read aloud, without what markdown would act on."""
    return re.sub(r"[^\w\s./-]", " ", plain(path))


def rows_of(reading: Reading, choice: DataChoice | None) -> list[Row]:
    """The lines of the tree: folders that are asked about first where there are many, the others in their order."""
    asked = {folder.path for folder in doubtful(reading)}
    ordered = sorted(reading.folders, key=lambda folder: [in_order(part) for part in folder.path.split("/")])
    unread = {
        lost.name: f"of the class, {lost.readable:,} of {lost.files:,} can be read"
        for lost in reading.lost
        if lost.files
    }
    said = {folder.path: unread.get(folder.means, "") for folder in ordered if folder.part == "class"}
    if len(ordered) <= FEW_ROWS:
        return [Row(folder, folder.path in asked, unread=said.get(folder.path, "")) for folder in ordered]
    asked |= {path for path, words in said.items() if words}
    by_hand = {path for path, _ in choice.choice.parts} if choice else set()
    alike: dict[tuple[str, str, str], list[Folder]] = defaultdict(list)
    for folder in ordered:
        if folder.path not in asked | by_hand and folder.part in ("class", "ignored", "wrapper"):
            alike[folder.path.rpartition("/")[0], folder.part, folder.why].append(folder)
    grouped = {folder.path: group for group in alike.values() if len(group) > FEW_ALIKE for folder in group}
    first = [Row(folder, doubtful=True, unread=said.get(folder.path, "")) for folder in ordered if folder.path in asked]
    rest = []
    for folder in ordered:
        group = grouped.get(folder.path)
        if folder.path in asked or (group is not None and group[0] is not folder):
            continue
        rest.append(Row(folder, together=tuple(group or ())))
    return first + rest


def folder_tree(reading: Reading, choice: DataChoice | None) -> None:
    """Draw the tree; with `choice`, each folder's part can be changed."""
    rows = rows_of(reading, choice)
    many = len(reading.folders) > FEW_ROWS
    with st.container(gap="xxsmall"):
        for row in rows:
            if row.together:
                _together(row, choice)
            else:
                _one(row, choice, whole_path=many and row.doubtful)


def _one(row: Row, choice: DataChoice | None, *, whole_path: bool) -> None:
    folder = row.folder
    left, right = st.columns([3, 2], vertical_alignment="center", wrap=False)
    left.markdown(_line(row, whole_path=whole_path))
    if choice is not None and (folder.images or folder.part != "ignored"):
        with right:
            _part_select(folder, choice, f"part-{folder.path}")
    else:
        right.caption(PARTS[part_of(folder)])


def _line(row: Row, *, whole_path: bool) -> str:
    folder = row.folder
    depth = 0 if whole_path else folder.path.count("/")
    name = folder.path if whole_path else folder.path.rpartition("/")[2]
    icon = ":orange[:material/help:]" if row.doubtful else f":gray[{ICONS[folder.part]}]"
    facts = [f"{folder.images:,} images" if folder.images != 1 else "1 image"] if folder.images else []
    facts += [literal(folder.why, None)] if folder.why and folder.why != "a folder of images" else []
    said = f" :small[:gray[{', '.join(facts)}]]" if facts else ""
    said += f" :small[:red[{row.unread}]]" if row.unread else ""
    return f"{INDENT * depth}{icon} {literal(f'{name}/', 48)}{said}"


def _part_select(folder: Folder, choice: DataChoice, key: str) -> None:
    """What a folder is, to be changed; for a folder that was changed, also back to what the rules say."""
    now = part_of(folder)
    by_hand = choice.choice.part_of(folder.path) is not None
    options: list[ChosenPart | None] = [*PARTS, *([None] if by_hand else [])]
    key = f"{key}-{now}-{by_hand}"
    st.selectbox(
        f"What {spoken(folder.path)}/ is",
        options,
        index=options.index(now),
        format_func=lambda part: PARTS[part] if part else AS_READ,
        key=key,
        label_visibility="collapsed",
        on_change=choose_part,
        args=(choice, folder.path, key),
    )


def _together(row: Row, choice: DataChoice | None) -> None:
    """Many folders alike on one line, and a way to change any one of them."""
    group = row.together
    first, last = group[0], group[-1]
    depth = first.path.count("/")
    least, most = min(folder.images for folder in group), max(folder.images for folder in group)
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    what = "class folders" if first.part == "class" else "folders"
    names = f"{literal(first.path.rpartition('/')[2], 24)}/ … {literal(last.path.rpartition('/')[2], 24)}/"
    why = "" if first.why == "a folder of images" else f", {literal(first.why, None)}"
    left, right = st.columns([3, 2], vertical_alignment="center", wrap=False)
    images = f"{each} images each" if most else "no images"
    left.markdown(
        f"{INDENT * depth}:gray[{ICONS[first.part]}] **{len(group):,} {what}** {names} :small[:gray[{images}{why}]]"
    )
    if choice is None or not most:
        right.caption(PARTS[part_of(first)])
        return
    with right:
        place = st.selectbox(
            "Change one of them",
            range(len(group)),
            index=None,
            format_func=lambda at: plain(f"{group[at].path}/"),
            placeholder="Change one of them",
            key=f"one-of-{first.path}-{len(group)}",
            label_visibility="collapsed",
        )
        if place is not None:
            _part_select(group[place], choice, f"part-{group[place].path}")
