"""The logo: a learning rate that anneals, restarts, and anneals for longer."""

_CURVE = "M3 5C7.4 5 10.6 27 15 27V5C23 5 29 27 37 27"
_EMBER = "#C9561F"
"""Readable on a light and on a dark background."""


def _svg(width: int, words: str) -> str:
    stroke = f'fill="none" stroke="{_EMBER}" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="32" viewBox="0 0 {width} 32">'
        f'<path d="{_CURVE}" {stroke}/>{words}</svg>'
    )


ICON = _svg(40, "")
_WORDS = (
    f'<text x="48" y="25" font-family="Georgia, serif" font-size="25" font-weight="600" fill="{_EMBER}">Anneal</text>'
)
LOGO = _svg(156, _WORDS)
