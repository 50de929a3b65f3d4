"""Augmentation: what random changes make of one image, all together and each alone."""

import streamlit as st

from pages.ui.augmentation.gain import gain_view
from pages.ui.augmentation.image import choose_image, data_shown
from pages.ui.augmentation.settings import choose_settings
from pages.ui.augmentation.view import all_together, one_at_a_time
from pages.ui.errors import shown
from pages.ui.frame import begin, end

context = begin(
    "Augmentation",
    ":material/auto_awesome_motion:",
    lead="Each time an image is used it is changed a little, so that the network **cannot learn it by heart**. "
    "Choose changes that keep the label.",
    words=("augmentation", "overfitting"),
)
with shown(stop=True):
    data = data_shown(context)
settings = choose_settings()
left, right = st.columns([2, 5], gap="medium")
with left:
    picture = choose_image(data)
with right, shown():
    all_together(context, data, picture, settings.how)
if picture is not None:
    with shown():
        one_at_a_time(picture, settings)
with shown():
    gain_view(context.run, settings.how)
end(context)
