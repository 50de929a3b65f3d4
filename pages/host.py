"""Host: who uses this server for several people, what runs and what is on its disk. Not in the menu."""

import streamlit as st

from core.hosting.settings import is_hosted
from core.workspace import Workspace
from pages.ui.errors import shown
from pages.ui.hosting.admin import admit, overview
from pages.ui.logo import ICON
from pages.ui.style import put_on

st.set_page_config(page_title="Host · Anneal", page_icon=ICON, layout="wide")
put_on()
st.title("Host", anchor=False, icon=":material/dns:")
with shown():
    if not is_hosted():
        st.info("Anneal runs for one person here, so there is nothing to host.", icon=":material/info:")
    elif admit(Workspace.at()):
        overview(Workspace.at())
st.page_link("app.py", label="Back to Anneal", icon=":material/arrow_back:")
