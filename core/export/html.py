"""Pieces of an HTML page in which every text is data: escaped once, where it is put in."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Html:
    """HTML as it is written; what is a plain `str` is a text, and is escaped."""

    code: str


Piece = Html | str


def text(piece: Piece) -> str:
    """A piece as HTML."""
    return piece.code if isinstance(piece, Html) else html.escape(piece)


def tag(name: str, /, *pieces: Piece, **attributes: str) -> Html:
    """An element with pieces in it; a trailing underscore of an attribute's name falls away (`class_`)."""
    given = "".join(f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items())
    if name in ("img", "meta", "br"):
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{''.join(map(text, pieces))}</{name}>")


def joined(pieces: Iterable[Piece]) -> Html:
    """Pieces one after another."""
    return Html("".join(map(text, pieces)))


def table(head: Sequence[str], rows: Iterable[Sequence[Piece]], *, words: int = 1) -> Html:
    """A table; all columns but the first `words` hold numbers, flush right."""

    def cell(name: str, place: int, piece: Piece) -> Html:
        return tag(name, piece) if place < words else tag(name, piece, class_="number")

    body = [tag("tr", *(cell("td", place, piece) for place, piece in enumerate(row))) for row in rows]
    top = tag("tr", *(cell("th", place, name) for place, name in enumerate(head)))
    return tag("div", tag("table", tag("thead", top), tag("tbody", *body)), class_="wide")


def page(title: str, *pieces: Piece) -> str:
    """A whole document that loads nothing and runs nothing: its own policy forbids both."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        Html(f"<style>{STYLE}</style>"),
    ]
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', tag('main', *pieces)), lang='en').code}\n"


STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #282520; font: 15px/1.5 system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { font-family: Georgia, "Times New Roman", serif; line-height: 1.2; overflow-wrap: anywhere; }
h1 { margin: 0 0 .3rem; font-size: 1.9rem; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.35rem; border-bottom: 1px solid #dfdace; padding-bottom: .25rem; }
h3 { margin: 1.4rem 0 .4rem; font-size: 1.05rem; }
p, li, figcaption { overflow-wrap: anywhere; }
.lead { font-size: 1.2rem; }
.quiet, figcaption { color: #6b655b; font-size: .88rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #e5e0d5; }
th { font-weight: 600; }
td, th { min-width: 3.2rem; overflow-wrap: break-word; }
td:first-child:not(.number) { min-width: 1.5rem; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bad { border-left: 4px solid #d55e00; padding-left: .7rem; }
.note { border-left: 4px solid #e69f00; padding-left: .7rem; }
figure { margin: 1rem 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; }
.errors { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .9rem; }
.errors figure { margin: 0; }
.errors img { width: 100%; border-radius: 4px; }
pre { background: #f3f0e9; padding: .8rem; border-radius: 6px; font-size: .82rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  tr, .bad, .note, pre { break-inside: avoid; }
  thead { display: table-header-group; }
  .errors { grid-template-columns: repeat(4, 1fr); }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
