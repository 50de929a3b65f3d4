"""Sentences of the core in the words of the Data page: its fields instead of the command line's options."""

from core.errors import AnnealError
from pages.ui.data.reading_words import PARTS
from pages.ui.errors import show

INSTEAD = (
    ("say that it is a wrapper", f"choose “{PARTS['wrapper']}”"),
    (": --classes-from names", ": choose File names below"),
    ("To read the table instead: --classes-from csv", "To read the table instead, choose A table below"),
    (": --classes-from csv", ": choose A table below"),
    ("or say that the labels are in a CSV: --labels FILE", "or say below that the labels are in a table"),
    ("Name one: on the command line with --labels FILE", "Write its path below"),
    ("Name the right one with --labels", "Choose the right one below"),
    (" On the command line: --columns label=NAME.", ""),
    (": on the command line with --pattern", ", in the field below"),
    (": on the command line with --data FOLDER", ", with the run open on this page"),
    (": on the command line, --folder valid/NAME=ignored", ", in the tree below"),
    ("the table is then chosen by --labels ", "the table can then be chosen on this page: "),
)
"""What the core says of the command line, and what to say instead."""


def on_the_page(sentence: str) -> str:
    """A sentence with the page's fields where it names options of the command line."""
    for said, instead in INSTEAD:
        sentence = sentence.replace(said, instead)
    return sentence


def show_refusal(error: AnnealError) -> None:
    """Show why a data set is refused, in the page's words."""
    show(type(error)(on_the_page(str(error))))
