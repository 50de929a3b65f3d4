"""What the augmentation on show buys, measured on the run in hand."""

import pandas as pd
import streamlit as st

from core.augment import NONE, Augmentation
from core.jobs.specs import StudySpec
from core.results.augmentation_gain import AugmentationAnswer
from core.results.studies import AugmentationGain
from core.runs.folder import RunFolder
from core.training.proportions import p_in_words
from pages.ui.study import answer_or_ask
from pages.ui.text import PERCENT, literal, plain

COLUMNS = {
    "Without": st.column_config.NumberColumn(format=PERCENT),
    "With it": st.column_config.NumberColumn(format=PERCENT),
    "Change": st.column_config.NumberColumn("Change, points", format="%+.1f"),
}


def gain_view(run: RunFolder | None, how: Augmentation) -> None:
    """The question, and its answer once it was asked; nothing without a run or an augmentation."""
    if run is None or how == NONE:
        return
    st.subheader("What does it gain?", anchor=False)
    st.caption("Two short trainings with it and two without, from where this run began. The run itself stays as it is.")
    spec = StudySpec(question=AugmentationGain(augmentation=how))
    found = answer_or_ask(run, spec, AugmentationAnswer, "Measure it on this run")
    if found is not None:
        _answer(found)


def _answer(found: AugmentationAnswer) -> None:
    st.markdown(literal(found.sentence(), None))
    st.caption(
        f"Loss {found.loss_without:.3f} without, {found.loss_with:.3f} with. Augmentation pays in long trainings, "
        "where a network would otherwise learn its images by heart: in a short one it may cost a little."
    )
    falling = [change for change in found.classes if change.falls]
    for change in falling:
        st.warning(
            f"{literal(change.name)} is recognised less often with it: {change.with_it:.1%} instead of "
            f"{change.without:.1%} of {change.images:,} images, more than chance ({p_in_words(change.p)}, corrected "
            f"for {len(found.classes):,} classes). Does it still look like its class?",
            icon=":material/warning:",
        )
    if not falling:
        st.caption(":material/check: No class is recognised less often with it by more than chance.")
    with st.expander("Class by class", icon=":material/list:"):
        rows = pd.DataFrame(
            {
                "Class": [plain(change.name) for change in found.classes],
                "Without": [100 * change.without for change in found.classes],
                "With it": [100 * change.with_it for change in found.classes],
                "Change": [100 * (change.with_it - change.without) for change in found.classes],
                "Images": [change.images for change in found.classes],
            }
        )
        alt = "Accuracy of each class without and with the augmentation"
        st.dataframe(rows, hide_index=True, column_config=COLUMNS, height="content", alt=alt)
