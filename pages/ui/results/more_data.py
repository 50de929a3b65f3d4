"""What would help more: other images of which class, larger images, or neither."""

import pandas as pd
import streamlit as st

from core.charts.learning_curve import learning_curve
from core.jobs.specs import StudySpec
from core.results.learning_curve import LearningCurveAnswer
from core.results.studies import LearningCurve
from core.runs.folder import RunFolder
from pages.ui.study import answer_or_ask
from pages.ui.text import PERCENT, literal, plain

ABOUT = (
    "Heads are trained on shares of the images, on activations of the backbone that this run began with. A curve that "
    "still rises where the images end says that more of them would help."
)


def more_data_view(run: RunFolder) -> None:
    """The question, and once it was asked its sentences, the curve, and the classes."""
    st.subheader("What would help more?", anchor=False)
    st.caption(ABOUT)
    spec = StudySpec(question=LearningCurve())
    found = answer_or_ask(run, spec, LearningCurveAnswer, "Draw the learning curve", followed=True)
    if found is not None:
        _answer(found)


def _answer(found: LearningCurveAnswer) -> None:
    st.markdown("\n".join(f"- {literal(sentence, None)}" for sentence in found.sentences()))
    used = found.curves[0]
    title = "More images: does the curve still rise at its end?"
    chart = learning_curve(_points(found), _ahead(found), title)
    st.altair_chart(chart, key="learning-curve", alt="Accuracy against the number of training images")
    st.caption(
        f"Each point: the mean of {len(used.points[0].accuracies)} random draws of so many images (all of them: one), "
        f"judged on the same {found.valid_images:,} validation images. The band is from the lowest to the highest draw."
    )
    with st.expander("Class by class", icon=":material/list:"):
        _classes(found)


def _points(found: LearningCurveAnswer) -> pd.DataFrame:
    rows = [
        (f"{curve.size} px", point.images, point.mean, min(point.accuracies), max(point.accuracies))
        for curve in found.curves
        for point in curve.points
    ]
    return pd.DataFrame(rows, columns=["size", "images", "accuracy", "low", "high"])


def _ahead(found: LearningCurveAnswer) -> pd.DataFrame:
    last, twice = found.curves[0].points[-1], found.twice
    low, high = (min(1.0, last.mean + gain / 100) for gain in (twice.low, twice.high))
    middle = min(1.0, last.mean + twice.gain / 100)
    rows = [(last.images, last.mean, last.mean, last.mean), (twice.images, middle, low, high)]
    return pd.DataFrame(rows, columns=["images", "accuracy", "low", "high"])


def _points_of(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _classes(found: LearningCurveAnswer) -> None:
    shares = [point.share for point in found.curves[0].points]
    table = pd.DataFrame(
        {
            "Class": [plain(one.name) for one in found.classes],
            "Images": [one.images for one in found.classes],
            **{
                f"{share:.0%} of them": [_points_of(one.recalls[place]) for one in found.classes]
                for place, share in enumerate(shares)
            },
            "Second half": [100 * one.gain for one in found.classes],
        }
    )
    columns = {f"{share:.0%} of them": st.column_config.NumberColumn(format=PERCENT) for share in shares}
    columns["Second half"] = st.column_config.NumberColumn("Gain of the second half, points", format="%+.1f")
    columns["Images"] = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table,
        hide_index=True,
        column_config=columns,
        height=min(38 + 35 * len(table), 600),
        alt="Recall of each class by share of the images",
    )
