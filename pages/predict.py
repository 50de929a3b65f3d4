"""Predict: what the run's network says of other images, how sure it is, where it looks, and what it is reminded of."""

import streamlit as st

from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.first_view import first_view
from pages.ui.frame import begin, end
from pages.ui.predict.answering import answer_one, answer_uploads
from pages.ui.predict.example import example
from pages.ui.predict.given import of_item
from pages.ui.predict.inputs import choose_way, drawn, dropped, photographed
from pages.ui.predict.live import live_view
from pages.ui.predict.ready import ready_network
from pages.ui.predict.results import answers_view, one_answer, untrained
from pages.ui.results.choice import choose_weights
from pages.ui.results.evaluation import link_to_training

context = begin(
    "Predict",
    ":material/center_focus_strong:",
    lead="Give it images that it has never seen: what it says, how sure it is, where it looks, and which training "
    "images they are most like. They stay on this machine.",
    words=("activations",),
)
run = context.run
if run is None:
    first_view(context, "predict", example, what="what a trained network says of an image.")
    end(context)
    st.stop()

with shown(stop=True):
    data = context.data()
assert data is not None
jobs.say_how_it_ended(run, "study")
jobs.follow(context.workspace, run, link_to_training)
if not run.checkpoint.exists():
    untrained(example)
    end(context)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    snapshot = choose_weights(run, "Weights", "predict-snapshot")
    way = choose_way()
with shown() as loaded:
    ready = ready_network(run, snapshot)
if not loaded.ok:
    end(context)
    st.stop()
if way == "own":
    item = drawn(data, run.id)
    if item is not None:
        answer = answer_one(ready, of_item(run.id, item))
        one_answer(run, data, ready, answer, data.classes[item.label])
elif way == "live":
    live_view(run, ready)
else:
    uploads = dropped() if way == "files" else photographed()
    if uploads:
        answers_view(run, data, ready, answer_uploads(ready, uploads, context.workspace))
end(context)
