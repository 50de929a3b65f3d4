"""Data: choose a data set, see how it was read, what is in it and what is wrong with it, and start a run with it."""

import streamlit as st

from pages.ui.data.choice import change_button, choose_data
from pages.ui.data.gallery import gallery
from pages.ui.data.moved import moved_notice
from pages.ui.data.new_run import new_run_form
from pages.ui.data.overview import overview
from pages.ui.data.reading_view import put_right
from pages.ui.data.sources import forget_source
from pages.ui.errors import shown
from pages.ui.frame import begin
from pages.ui.text import plain

context = begin(
    "Data",
    ":material/photo_library:",
    lead="Pictures sorted into classes: most to learn from, some held out to judge by. Look at them before you train.",
)
refused = choose_data(context)
if refused is not None and put_right(context.workspace, refused):
    st.stop()
data = None
with shown() as outcome:
    data = context.data()
if not outcome.ok:
    change_button()
    if context.choice is not None:
        forget_source(context.workspace, context.choice.spec)
        put_right(context.workspace, context.choice)
if data is not None:
    moved_notice(context, data)
    overview(context, data)
    pictures, start = st.columns([3, 2], gap="medium")
    with pictures:
        st.subheader("Pictures", anchor=False)
        gallery(data, f"gallery-{plain(data.fingerprint)}")
    with start, st.container(border=True):
        st.subheader("Start a run with this data", anchor=False)
        new_run_form(context, "new-run")
