"""What the theme cannot say: contrast of at least 4.5:1 for all text, in charts too, and a focus that can be seen.

Streamlit sets `color-scheme` on the app, so `light-dark()` follows the theme that is on.
"""

import streamlit as st

from core.charts import palette

MUTED = "light-dark(#625D53, #B8B3A8)"
"""Text that stands back: captions, axes and legends."""

_CSS = f"""
<style>
/* Streamlit draws captions at 60 % of the text's strength, 4.1:1 on this paper. */
[data-testid="stCaptionContainer"] {{ color: {MUTED}; opacity: 1; }}
[data-testid="stCaptionContainer"] :is(p, li) {{ opacity: 1; }}

/* So are the titles of compact expanders. */
[data-testid="stExpander"] summary {{ opacity: 1; }}

/* The dark theme's accent is bright, so that text in it can be read; text on it is dark. */
[data-testid="stApp"] button:is([kind="primary"], [kind="primaryFormSubmit"]):not(:disabled) {{
  color: light-dark(#FFFFFF, #181715);
}}

[data-testid="stApp"] :is(a, button, summary, label, canvas, [role], [tabindex]):focus-visible {{
  outline: 2px solid light-dark(#B0421A, #E8854F); outline-offset: 2px;
}}

/* One primary button a page: the one to the next page stands back while the page has its own. */
[data-testid="stMain"]:has(
  [data-testid="stElementContainer"]:not(.st-key-next) button:is([kind="primary"], [kind="primaryFormSubmit"]):enabled
) .st-key-next button[kind="primary"] {{
  background: transparent; border-color: light-dark(#DFDACE, #3A3732); color: inherit;
}}

/* The row of words that explain themselves: as close together as words are. */
.st-key-words {{ row-gap: 0; column-gap: 0.75rem; }}
.st-key-words button {{ min-height: 1.75rem; padding: 0; }}
.st-key-words [data-testid="stCaptionContainer"], .st-key-words [data-testid="stCaptionContainer"] p {{ margin: 0; }}
.st-key-words button:is(:hover, [aria-expanded="true"]) {{ color: light-dark(#B0421A, #E8854F); }}
.st-key-words button p {{
  font-size: 0.875rem; text-decoration: underline dotted; text-underline-offset: 0.2em;
}}

/* A chart's own buttons stay inside it: above it they would lie on what stands there. */
[data-testid="stFullScreenFrame"]:has([data-testid="stVegaLiteChart"]) [data-testid="stElementToolbar"] {{ top: 0; }}

/* The charts' blue is too dark for points and lines on charcoal. */
[data-testid="stVegaLiteChart"] svg path[fill="{palette.BLUE}"] {{ fill: light-dark({palette.BLUE}, #2E95D3); }}
[data-testid="stVegaLiteChart"] svg path[stroke="{palette.BLUE}"] {{ stroke: light-dark({palette.BLUE}, #2E95D3); }}

/* Text in charts (drawn as SVG): the axes' own grey, and marks' text in a colour meant for marks. */
[data-testid="stVegaLiteChart"] svg :is(.role-axis-label, .role-axis-title, .role-legend-label, .role-legend-title,
  .role-title-subtitle) text {{ fill: {MUTED}; }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.GREY}"] {{ fill: {MUTED}; }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.GREEN}"] {{ fill: light-dark(#006B4E, #2FBF96); }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.VERMILLION}"] {{
  fill: light-dark(#A84A00, #F0813A);
}}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.BLUE}"] {{ fill: light-dark(#00629A, #56A8DC); }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.PURPLE}"] {{ fill: light-dark(#8F3F6E, #DE97BC); }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.SKY}"] {{ fill: light-dark(#1B6A9C, #56B4E9); }}
[data-testid="stVegaLiteChart"] svg .role-mark text[fill="{palette.ORANGE}"] {{ fill: light-dark(#7D5600, #E69F00); }}
</style>
"""


def put_on() -> None:
    """Put the rules on the page; they take no room.

    What opens above the page (popovers, dialogs) lies outside the app's element, so the theme is said for it too.
    """
    theme = st.context.theme.type
    st.html(_CSS + (f"<style>:root {{ color-scheme: {theme}; }}</style>" if theme else ""))
