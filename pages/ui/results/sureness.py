"""How far the figures and the probabilities can be trusted: calibration, "not sure", and the luck of the split."""

import streamlit as st

from core.charts.calibration import answered_chart, reliability_chart
from core.jobs.specs import StudySpec
from core.results.calibration import Scaled, answered, calibration_error, reliability, scaled
from core.results.predictions import Predictions
from core.results.split_luck import SplitLuckAnswer
from core.results.studies import SplitLuck
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.runs.threshold import keep_threshold, threshold_of
from pages.ui.study import answer_or_ask
from pages.ui.text import percent


def sureness_view(run: RunFolder, info: RunInfo, predictions: Predictions) -> None:
    """All three, below the matrix."""
    st.subheader("How far can these figures be trusted?", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        _calibration(run, predictions)
    with right:
        _threshold(run, predictions)
    if info.pretrained:
        _split_luck(run)


def _calibration(run: RunFolder, predictions: Predictions) -> None:
    right = predictions.predicted == predictions.labels
    chart = reliability_chart(reliability(predictions.confidence, right))
    st.altair_chart(chart, key="reliability", alt="Accuracy against the model's probability")
    error = calibration_error(predictions.confidence, right)
    st.markdown(
        f"It says {percent(float(predictions.confidence.mean()))} on average and is right in "
        f"{percent(predictions.accuracy)}. Expected calibration error: **{percent(error)}**."
    )
    found = _scaled(str(run.path), predictions.about.model_dump_json(), predictions.loss, predictions)
    if found is None:
        st.caption("There are too few images to correct it with one half and judge that on the other.")
        return
    st.caption(
        f"Temperature scaling, fitted on {found.fitted:,} of these images: with the network's scores divided by "
        f"{found.temperature:.2f}, the error on {found.judged:,} others goes from {percent(found.before)} to "
        f"{percent(found.after)}, and their loss from {found.loss_before:.3f} to {found.loss_after:.3f}. "
        f"{_worth(found)}"
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _scaled(run: str, about: str, loss: float, _predictions: Predictions) -> Scaled | None:
    del run, about, loss  # the key: whose predictions they are, and of which weights
    return scaled(_predictions)


def _worth(found: Scaled) -> str:
    """Whether scaling is worth it on the images that judge it."""
    if found.after < found.before and found.loss_after < found.loss_before:
        return "So its probabilities become more honest; the classes stay the same."
    return "So it does not help here: these probabilities are best left as they are."


def _threshold(run: RunFolder, predictions: Predictions) -> None:
    table, kept = answered(predictions), threshold_of(run)
    slot = st.container()
    chosen = st.slider(
        "Say “not sure” below",
        0,
        99,
        round(100 * kept),
        format="%d%%",
        key=f"threshold-{run.id}",
        on_change=_keep,
        args=(run,),
        help="Kept with the run: predictions of other images then say “not sure” too.",
    )
    probability = chosen / 100
    slot.altair_chart(answered_chart(table, probability), key="answered", alt="Accuracy against the share answered")
    rows = table[table["threshold"] >= probability - 1e-9]
    if rows.empty:
        st.markdown(f"At {chosen}% no image would be answered.")
        return
    row = rows.iloc[0]
    share, accuracy = percent(row["share"]), percent(row["accuracy"])
    st.markdown(
        f"At {chosen}% it answers **{share}** of these images and is right in **{accuracy}** of them "
        f"(95% interval {percent(row['accuracy_low'])} to {percent(row['accuracy_high'])})."
    )
    if chosen:
        st.caption("Both are of these images, which the threshold was chosen on: expect less on others.")


def _keep(run: RunFolder) -> None:
    """In the slider's callback: only a person who moves it changes what is kept."""
    keep_threshold(run, st.session_state[f"threshold-{run.id}"] / 100)


def _split_luck(run: RunFolder) -> None:
    question = SplitLuck()
    found = answer_or_ask(
        run, StudySpec(question=question), SplitLuckAnswer, "How much is luck of the split?", followed=True
    )
    if found is None:
        st.caption(f"Trains a head on {question.splits} other random splits: how far does that move the accuracy?")
        return
    st.markdown(
        f"Another split alone moves the accuracy of a head by **±{100 * 2 * found.deviation:.1f} points**, two "
        "standard deviations "
        f"({percent(min(found.accuracies))} to {percent(max(found.accuracies))} over {len(found.accuracies)} splits, "
        f"{found.valid_images:,} images held out each time)."
    )
