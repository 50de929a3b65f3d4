"""Anneal as a server for several people: `ANNEAL_HOSTED=1 streamlit run hosted.py`.

The pages are those of `app.py`. Around them stands an ASGI application that gives each browser a cookie of its own,
says at an address of its own whether jobs run, and looks after the server.
"""

import streamlit as st

from pages.ui.hosting.around import lifespan, middleware, routes

app = st.App("app.py", middleware=middleware(), routes=routes(), lifespan=lifespan)
