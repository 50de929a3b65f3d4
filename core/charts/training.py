"""Charts of training as it goes: loss, accuracy, and the rate each layer group really had."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.lines import (
    RATE_FORMAT,
    as_one,
    below,
    group_colours,
    group_names,
    headline,
    stage_marks,
    starts,
    thin,
)

EPOCHS = alt.Axis(tickMinStep=1)
TRAINING, VALIDATION = "training", "validation"


def on_epochs(steps: pd.DataFrame, epochs: pd.DataFrame, per_epoch: int = 0) -> pd.DataFrame:
    """`steps` with a column `position`: epochs gone by at each step, as a fraction.

    Between the ends of epochs (`epochs["step"]`) it is exact; in the one under way it counts `per_epoch`
    batches an epoch, or, when that is not given, as many as the epoch before had.
    """
    if steps.empty:
        return steps.assign(position=np.zeros(0))
    at = steps["step"].to_numpy(dtype=np.float64)
    first = float(at[0]) - 1
    ends = np.concatenate([[first], epochs["step"].to_numpy(dtype=np.float64)])
    counts = np.concatenate([[0.0], epochs["epoch"].to_numpy(dtype=np.float64)])
    last = ends[-1] - ends[-2] if len(ends) > 1 else float(len(at))
    length = float(per_epoch or last or 1)
    position = np.interp(at, ends, counts)
    beyond = at > ends[-1]
    position[beyond] = counts[-1] + (at[beyond] - ends[-1]) / length
    return steps.assign(position=position)


def loss(
    steps: pd.DataFrame, epochs: pd.DataFrame, *, stages: Sequence[str] = (), log: bool = False, height: int = 340
) -> alt.LayerChart:
    """Training loss (each batch faint, smoothed strong) and validation loss, over epochs.

    `steps` comes from `on_epochs`; `epochs` has `epoch`, `train_loss`, `valid_loss`. With `log`, small losses
    can be told apart too.
    """
    few = thin(steps)
    x = alt.X("position:Q", title="Epoch", axis=EPOCHS, scale=alt.Scale(nice=False, zero=True))
    base = alt.Chart(few).transform_calculate(series=f"'{TRAINING}'")
    batch = base.mark_line(strokeWidth=1, opacity=0.4, clip=True).encode(x=x, y="loss:Q", color=_series())
    smooth = base.mark_line(strokeWidth=2.2, clip=True).encode(
        x=x,
        y=alt.Y("smoothed:Q", title="Loss (cross-entropy)", scale=_losses_scale(few, epochs, log)),
        color=_series(),
        tooltip=[
            alt.Tooltip("step:Q", title="Batch", format=","),
            alt.Tooltip("smoothed:Q", title="Training loss, smoothed", format=".4f"),
            alt.Tooltip("loss:Q", title="Training loss of this batch", format=".4f"),
        ],
    )
    marks = stage_marks(starts(few, stages, x="position"))
    return alt.LayerChart(
        layer=[*marks, batch, smooth, _validation(epochs)],
        height=height,
        title=headline("Loss: training falls, and validation should follow it"),
    )


def _validation(epochs: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(epochs)
        .transform_calculate(series=f"'{VALIDATION}'")
        .mark_line(strokeWidth=2.2, clip=True, point=alt.OverlayMarkDef(size=45, filled=True, color=palette.VALID))
        .encode(
            x="epoch:Q",
            y="valid_loss:Q",
            color=_series(),
            tooltip=[
                alt.Tooltip("epoch:Q", title="Epochs done"),
                alt.Tooltip("valid_loss:Q", title="Validation loss", format=".4f"),
                alt.Tooltip("train_loss:Q", title="Training loss of the epoch", format=".4f"),
            ],
        )
    )
    return chart


def _series() -> alt.Color:
    return alt.Color(
        "series:N",
        title=None,
        scale=alt.Scale(domain=[TRAINING, VALIDATION], range=[palette.TRAIN, palette.VALID]),
        legend=below(),
    )


def _losses_scale(steps: pd.DataFrame, epochs: pd.DataFrame, log: bool) -> alt.Scale:
    """Room for the smoothed loss and the last validation loss: one wild batch or epoch must not flatten the rest."""
    smoothed, valid = steps["smoothed"].to_numpy(float), epochs["valid_loss"].to_numpy(float)
    smoothed, valid = smoothed[np.isfinite(smoothed)], valid[np.isfinite(valid)]
    values = np.concatenate([smoothed, valid])
    if not len(values) or values.max() <= 0:
        return alt.Scale(domain=[0, 1])
    enough = max(1.3 * smoothed.max(initial=0), float(np.median(valid)) if len(valid) else 0, *valid[-1:])
    highest = 1.1 * float(min(values.max(), enough))
    positive = values[values > 0]
    if log:
        return alt.Scale(type="log", domain=[0.7 * float(positive.min()), highest], nice=False)
    return alt.Scale(domain=[0, highest], nice=False)


def accuracy(epochs: pd.DataFrame, *, height: int = 300) -> alt.LayerChart:
    """Validation accuracy after each epoch, the best one marked with its number."""
    x = alt.X("epoch:Q", title="Epoch", axis=EPOCHS, scale=alt.Scale(zero=True, nice=False))
    y = alt.Y("accuracy:Q", title="Validation accuracy", axis=alt.Axis(format="%"), scale=_accuracy_scale(epochs))
    line = (
        alt.Chart(epochs)
        .mark_line(
            color=palette.VALID, strokeWidth=2.2, point=alt.OverlayMarkDef(size=45, filled=True, color=palette.VALID)
        )
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("epoch:Q", title="Epochs done"),
                alt.Tooltip("accuracy:Q", title="Validation accuracy", format=".2%"),
                alt.Tooltip("seconds:Q", title="Seconds", format=".1f"),
            ],
        )
    )
    best = alt.Chart(epochs.sort_values(["accuracy", "valid_loss"], ascending=[False, True]).head(1))
    ring = best.mark_point(size=160, color=palette.GREEN, strokeWidth=2.2).encode(x=x, y=y)
    number = best.mark_text(dy=17, fontWeight="bold", color=palette.GREEN).encode(
        x=x, y=y, text=alt.Text("accuracy:Q", format=".1%")
    )
    return alt.LayerChart(
        layer=[line, ring, number], height=height, title=headline("Accuracy on images not trained on")
    )


def _accuracy_scale(epochs: pd.DataFrame) -> alt.Scale:
    lowest = float(epochs["accuracy"].min()) if len(epochs) else 0.0
    room = (1 - lowest) * 0.35
    return alt.Scale(domain=[max(0.0, lowest - max(room, 0.02)), 1.0], nice=False)


def rate(steps: pd.DataFrame, *, groups: Sequence[str] = (), height: int = 300) -> alt.Chart:
    """The learning rate that each layer group had, over epochs; `steps` comes from `on_epochs`."""
    columns = [name for name in steps.columns if name.startswith("lr_")]
    names = group_names(len(columns), groups)
    few = thin(steps)[["position", "step", "stage", *columns]].rename(columns=dict(zip(columns, names, strict=True)))
    long = few.melt(id_vars=["position", "step", "stage"], value_vars=names, var_name="group", value_name="lr")
    long = long[long["lr"].groupby([long["group"], long["stage"]]).transform("max") > 0]
    long = as_one(long, names)
    trained = list(dict.fromkeys(long["group"]))
    chart: alt.Chart = (
        alt.Chart(long)
        .mark_line(strokeWidth=1.8)
        .encode(
            x=alt.X("position:Q", title="Epoch", axis=EPOCHS, scale=alt.Scale(nice=False, zero=True)),
            y=alt.Y("lr:Q", title="Learning rate", axis=alt.Axis(format=RATE_FORMAT), scale=alt.Scale(zero=True)),
            color=group_colours(trained or names),
            detail="stage:N",
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("step:Q", title="Batch", format=","),
                alt.Tooltip("lr:Q", title="Learning rate", format=RATE_FORMAT),
            ],
        )
        .properties(height=height, title=headline("Learning rate as it was"))
    )
    return chart
