"""The charts of a report as pictures that stand by themselves: the app's own charts, drawn once as SVG."""

import base64
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.charts import confusion as matrix_chart
from core.charts import training as charts
from core.charts.lr_finder import PRESENT, finder
from core.charts.lr_marks import Marks
from core.export.html import Html, tag
from core.results.confusion import as_frame, confusion_matrix, order_by_confusion
from core.results.predictions import Predictions
from core.runs.data_changes import changes_of
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.curves import smoothed
from core.training.stage import Stage

WIDTH = 640
"""Pixels across of a plot."""

SMALL_LOSS = 0.05
"""A loss below this share of the highest can be told from 0 only on a log scale."""

MOST_CLASSES = 120
"""Classes of the largest matrix that is drawn."""


def figure(chart: alt.LayerChart, said: str, alternative: str) -> Html:
    """A chart as a picture with a caption, and a text for those who cannot see it.

    The SVG is a picture of its own and not part of the page: the ids in it cannot meet those of another chart, and
    nothing in it is run.
    """
    import vl_convert

    drawn = chart.properties(width=WIDTH).configure(background="white", font="Arial, Helvetica, sans-serif")
    svg: str = vl_convert.vegalite_to_svg(drawn.to_dict(), allowed_base_urls=[])
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return tag("figure", tag("img", src=source, alt=alternative), *([tag("figcaption", said)] if said else []))


def of_training(run: RunFolder, groups: tuple[str, ...]) -> list[Html]:
    """Losses, accuracy and rates over the epochs; nothing where no batch was trained."""
    history, state = run.history, run.state
    epochs = history.epochs
    steps = charts.on_epochs(history.steps, epochs)
    if steps.empty:
        return []
    names = [own.stage.name if isinstance(own.stage, Stage) else "" for own in state.stages]
    named = [name or f"Stage {number}" for number, name in enumerate(names, start=1)]
    spans = charts.stage_spans(steps, named, {}, changes_of(state))
    found = [figure(charts.loss(steps, epochs, spans, log=_small(steps, epochs)), "", "Training and validation loss")]
    if len(epochs):
        found.append(figure(charts.accuracy(epochs, spans), "", "Validation accuracy after each epoch"))
    return [*found, figure(charts.rate(steps, spans, groups=groups), "", "The learning rate of each layer group")]


def _small(steps: pd.DataFrame, epochs: pd.DataFrame) -> bool:
    means = epochs["train_loss"]
    return bool(len(means) and means.iloc[-1] < SMALL_LOSS * charts.loss_range(steps, epochs)[1])


def of_range_test(curve: Curve, said: str) -> Html | None:
    """A range test's curve with the rates that Anneal suggests; None where its file holds no curve."""
    try:
        smooth = smoothed(curve.lrs, curve.losses)
    except ValueError:
        return None
    columns: dict[str, Any] = {
        "lr": smooth.lrs,
        "loss": curve.losses[: len(smooth.lrs)],
        "centred": smooth.losses,
        "low": smooth.low,
        "high": smooth.high,
        "fastai": np.full(len(smooth.lrs), np.nan),
    }
    frame = pd.DataFrame(columns, dtype="float64").assign(curve="this curve", role=PRESENT)
    found = curve.suggestion
    rates = (
        {} if found is None else {"rate": found.lr, "low": found.low, "high": found.high, "collapse": found.collapse}
    )
    title = found.headline if found else "Loss against the learning rate"
    chart = finder(frame, marks=Marks(**rates, chosen=curve.chosen), pickable=False, title=title)  # type: ignore[arg-type]
    return figure(chart, said, "Training loss against the learning rate")


def of_matrix(predictions: Predictions) -> Html | None:
    """The confusion matrix, confused classes beside each other; None where there are too many classes."""
    if len(predictions.classes) > MOST_CLASSES:
        return None
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    order = order_by_confusion(matrix)
    frame = as_frame(matrix, predictions.classes, order=order)
    classes = [predictions.classes[at] for at in order]
    chart = matrix_chart.confusion(frame, classes=classes, title="Off the diagonal are the errors")
    return figure(chart, "Rows are the true classes, columns the predicted ones.", "Confusion matrix")
