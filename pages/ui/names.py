"""Names that others chose (classes, files, folders, runs), shown as they are and never as markdown."""

import re

LONGEST = 60
"""Characters of a name that are shown where there is little room."""

_MARKS = re.compile(
    r"[\\`*_\[\]<>|~$&@^{}]"  # emphasis, code, links, tags, tables, formulas, entities, addresses
    r"|:(?=\S)"  # colours, icons, emoji, addresses
    r"|-(?=[->])"  # arrows and dashes
    r"|^[#+=-]"  # headings, lists, rules
    r"|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]"  # numbered lists
)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff]+")
_ADDRESS = re.compile(r"www(?=\.)", re.IGNORECASE)
_JOINER = "\u2060"
"""Invisible; parts what is looked for after the escapes are read: emoji, icons, bare addresses."""


def plain(text: object, longest: int | None = LONGEST) -> str:
    """`text` on one line, without control characters, cut in the middle to `longest` characters.

    For widgets that show text literally: `st.text`, `selectbox`, `multiselect`, `dataframe`.
    """
    line = _INVISIBLE.sub(" ", str(text)).strip() or "(no name)"
    if longest is None or len(line) <= longest:
        return line
    head = (longest - 1) * 2 // 3
    return f"{line[:head]}…{line[len(line) - (longest - 1 - head) :]}"


def literal(text: object, longest: int | None = LONGEST) -> str:
    """`text` escaped so that markdown shows it as it is: no image, link, colour, icon or formula comes of it.

    For all that renders markdown: markdown, captions, buttons, radios, metrics, tabs, alerts, toasts. Not for
    the widgets of `plain`, which would show the backslashes.
    """
    escaped = _MARKS.sub(_escape, plain(text, longest))
    return _ADDRESS.sub(rf"\g<0>{_JOINER}", escaped)


def _escape(found: re.Match[str]) -> str:
    mark = found.group()
    return f"\\{mark}{_JOINER}" if mark in ":@-<>" else f"\\{mark}"
