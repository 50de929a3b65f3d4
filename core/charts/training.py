"""Charts of training as it goes: loss, accuracy, and the rate each layer group really had.

An axis of a chart that is drawn again and again must not move with every batch: the epochs span the whole plan from its
beginning, and losses and accuracies end at round figures that only a clearly higher or lower value changes.
"""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.charts import palette
from core.charts.lines import (
    RATE_LABEL,
    as_one,
    below,
    change_marks,
    group_colours,
    group_names,
    headline,
    log_ticks,
    round_above,
    stage_edges,
    stage_marks,
    thin,
)
from core.numbers import rate_in_words

EPOCHS = alt.Axis(tickMinStep=1)
TRAINING, VALIDATION = "training, mean of the epoch", "validation"
COLOURS = {TRAINING: palette.TRAIN, VALIDATION: palette.VALID}

ROOM = 0.015
"""Share of the axis of epochs that is left free behind its end, so that the last point is whole."""

LOWEST_ACCURACIES = (0.95, 0.9, 0.8, 0.6, 0.4, 0.2)
"""Where an axis of accuracies may begin, if not at 0."""


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


def stage_spans(
    steps: pd.DataFrame, names: Sequence[str], lengths: Mapping[int, int], changes: Mapping[int, str] | None = None
) -> pd.DataFrame:
    """Where the stages of a run lie on the axis of epochs, as `stage_edges` gives it, with the column `end`.

    `steps` comes from `on_epochs`. `names` are those of all stages by their place in the run; `lengths` has the
    epochs of the stage under way and of those to come, by place: they take as much room as they will need.
    With `changes`, there is a column `change`: what of the data is other than in the stage before, by place.
    """
    last = steps.groupby("stage", sort=True)["position"].max()
    begins: dict[int, float] = {}
    end = 0.0
    for stage, position in last.items():
        begins[int(stage)], end = end, float(position)  # type: ignore[call-overload]
    for stage in sorted(lengths):
        begin = begins.setdefault(stage, end)
        end = max(end, begin + lengths[stage])
    labels = [names[stage] if stage < len(names) else f"Stage {stage + 1}" for stage in begins]
    edges = [*begins.values(), end]
    spans = stage_edges(labels, edges).assign(end=edges[1:])
    return spans if changes is None else spans.assign(change=[changes.get(stage, "") for stage in begins])


def across(name: str, spans: pd.DataFrame) -> alt.X:
    """The axis of epochs over all of `spans`, from `stage_spans`."""
    end = float(spans["end"].max()) if len(spans) else 1.0
    return alt.X(name, title="Epoch", axis=EPOCHS, scale=alt.Scale(domain=[0, end * (1 + ROOM)], nice=False))


def loss(
    steps: pd.DataFrame,
    epochs: pd.DataFrame,
    spans: pd.DataFrame,
    *,
    log: bool = False,
    live: bool = False,
    height: int = 400,
) -> alt.LayerChart:
    """Training loss (the mean of each epoch strong, each batch faint) and validation loss, over epochs.

    `steps` comes from `on_epochs`, `spans` from `stage_spans`; `epochs` has `epoch`, `train_loss`, `valid_loss`, and
    perhaps `valid_error`: then a band shows how far other validation images would move their loss. With `log`, small
    losses can be told apart too. `live` marks the last batch. What lies above the chart is a triangle at its edge.
    """
    few, (bottom, top) = thin(steps), loss_range(steps, epochs, log=log)
    scale = alt.Scale(type="log" if log else "linear", domain=[bottom, top], nice=False)
    axis = alt.Axis(values=log_ticks(bottom, top), format="~g") if log else alt.Axis()
    up = alt.Y("shown:Q", title="Loss (cross-entropy)", scale=scale, axis=axis)
    batches = few.assign(shown=few["loss"].clip(lower=bottom), series=TRAINING)
    batch = (
        alt.Chart(batches)
        .mark_line(strokeWidth=1, opacity=0.6, clip=True)
        .encode(x=across("position:Q", spans), y=up, color=_series(), detail="stage:N", tooltip=_BATCH)
    )
    layers = [*stage_marks(spans), *_noise(epochs, spans, bottom, top), batch]
    layers += _epoch_means(epochs, spans, up, bottom, top)
    if live and len(batches):
        now = batches.tail(1).assign(shown=batches["shown"].tail(1).clip(upper=top))
        dot = alt.Chart(now).mark_point(filled=True, size=30, opacity=0.9)
        layers.append(dot.encode(x="position:Q", y=up, color=_series(), tooltip=_BATCH))
    about = "Faint: batch by batch."
    if _has_noise(epochs):
        about += " Band: one standard error of the validation loss."
    said = headline("Loss: training falls, and validation should follow it", about)
    return alt.LayerChart(layer=layers, height=height, title=said)


_BATCH = [
    alt.Tooltip("step:Q", title="Batch", format=","),
    alt.Tooltip("loss:Q", title="Training loss of this batch", format=".3f"),
]


def _has_noise(epochs: pd.DataFrame) -> bool:
    return "valid_error" in epochs and bool(epochs["valid_error"].notna().any())


def _noise(epochs: pd.DataFrame, spans: pd.DataFrame, bottom: float, top: float) -> list[alt.Chart]:
    """A band of one standard error around the validation loss; none where no epoch has one."""
    if not _has_noise(epochs):
        return []
    few = thin(epochs)[["epoch", "valid_loss", "valid_error"]].dropna()
    low, high = few["valid_loss"] - few["valid_error"], few["valid_loss"] + few["valid_error"]
    band = few.assign(shown=low.clip(bottom, top), high=high.clip(bottom, top))
    area = alt.Chart(band).mark_area(color=palette.VALID, opacity=0.28, clip=True)
    return [area.encode(x=across("epoch:Q", spans), y="shown:Q", y2="high:Q")]


def _epoch_means(epochs: pd.DataFrame, spans: pd.DataFrame, up: alt.Y, bottom: float, top: float) -> list[alt.Chart]:
    """The two losses of each epoch, as lines and as points."""
    columns = {"train_loss": TRAINING, "valid_loss": VALIDATION}
    both = thin(epochs)[["epoch", *columns]].rename(columns=columns)
    long = both.melt(id_vars="epoch", value_vars=list(COLOURS), var_name="series", value_name="value").dropna()
    place = np.where(long["value"] > top, "above", "inside")
    long = long.assign(shown=long["value"].clip(bottom, top), place=place)
    x = across("epoch:Q", spans)
    line = alt.Chart(long).mark_line(strokeWidth=2.2).encode(x=x, y=up, color=_series())
    shape = alt.Scale(domain=["inside", "above"], range=["circle", "triangle-up"])
    points = (
        alt.Chart(long)
        .mark_point(size=45, filled=True, opacity=1)
        .encode(
            x=x,
            y=up,
            color=_series(),
            shape=alt.Shape("place:N", scale=shape, legend=None),
            tooltip=[
                alt.Tooltip("series:N", title="Loss"),
                alt.Tooltip("epoch:Q", title="Epochs done"),
                alt.Tooltip("value:Q", title="Loss", format=".3f"),
            ],
        )
    )
    return [line, points]


def _series() -> alt.Color:
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return alt.Color("series:N", title=None, scale=scale, legend=below())


def loss_range(steps: pd.DataFrame, epochs: pd.DataFrame, *, log: bool = False) -> tuple[float, float]:
    """Lowest and highest loss to draw: round figures, which change only where a loss lasts beyond them.

    `steps` has `smoothed`, `epochs` has `train_loss` and `valid_loss`. One wild batch or epoch does not flatten the
    rest; two epochs in a row count. As the series grow, the upper end never falls and the lower one never rises.
    """
    smoothed, valid = _finite(steps["smoothed"]), _finite(epochs["valid_loss"])
    highest = float(smoothed.max(initial=0.0))
    lasting = float(np.minimum(valid[:-1], valid[1:]).max(initial=0.0))
    first = min(float(valid[0]), 1.3 * highest) if len(valid) else 0.0
    top = round_above(1.1 * max(highest, lasting, first, 1e-6))
    if not log:
        return 0.0, top
    means = np.concatenate([smoothed[:1], valid, _finite(epochs["train_loss"])])
    lowest = float(means[means > 0].min(initial=top))
    return 1 / round_above(1 / (0.8 * lowest)), top


def _finite(values: pd.Series) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = values.to_numpy(dtype=np.float64)
    return numbers[np.isfinite(numbers)]


ROOM_PX = 28
"""Pixels above a point in which its ring and its number have room."""


def accuracy(epochs: pd.DataFrame, spans: pd.DataFrame, *, height: int = 320) -> alt.LayerChart:
    """Validation accuracy after each epoch, the best one marked with its number; `spans` comes from `stage_spans`."""
    x, scale = across("epoch:Q", spans), alt.Scale(domain=[lowest_accuracy(epochs), 1.0], nice=False)
    y = alt.Y("accuracy:Q", title="Validation accuracy", axis=alt.Axis(format=".0%"), scale=scale)
    colour = alt.Color(
        "series:N", title=None, scale=alt.Scale(domain=[VALIDATION], range=[palette.VALID]), legend=below()
    )
    line = (
        alt.Chart(thin(epochs).assign(series=VALIDATION))
        .mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("epoch:Q", title="Epochs done"),
                alt.Tooltip("accuracy:Q", title="Validation accuracy", format=".1%"),
                alt.Tooltip("seconds:Q", title="Seconds", format=".1f"),
            ],
        )
    )
    highest = epochs.sort_values(["accuracy", "valid_loss"], ascending=[False, True]).head(1)
    best, at_edge = alt.Chart(highest), float(highest["epoch"].max()) > 0.9 * float(spans["end"].max())
    ring = best.mark_point(size=160, color=palette.GREEN, strokeWidth=2.2, opacity=1).encode(x=x, y=y)
    room = (1 - float(highest["accuracy"].max())) / (1 - lowest_accuracy(epochs)) if len(highest) else 1.0
    number = best.mark_text(  # above the highest point no line runs
        dy=-17 if room * height > ROOM_PX else 18,
        align="right" if at_edge else "center",
        fontWeight="bold",
        color=palette.GREEN,
    ).encode(x=x, y=y, text=alt.Text("accuracy:Q", format=".1%"))
    return alt.LayerChart(
        layer=[*change_marks(spans), line, ring, number],
        height=height,
        title=headline("Accuracy on images not trained on"),
    )


def lowest_accuracy(epochs: pd.DataFrame) -> float:
    """Where the axis of accuracies begins: below all of `epochs`, at a figure that seldom changes."""
    lowest = float(epochs["accuracy"].min()) if len(epochs) else 0.0
    below_it = lowest - max(0.3 * (1 - lowest), 0.01)
    return next((figure for figure in LOWEST_ACCURACIES if figure <= below_it), 0.0)


def rate(
    steps: pd.DataFrame,
    spans: pd.DataFrame,
    *,
    groups: Sequence[str] = (),
    planned: float = 0.0,
    height: int = 320,
) -> alt.LayerChart:
    """The learning rate that each layer group had, over epochs.

    `steps` comes from `on_epochs`, `spans` from `stage_spans`. `planned` is the highest rate that is known to come: the
    axis has room for it from the beginning.
    """
    columns = [name for name in steps.columns if name.startswith("lr_")]
    names = group_names(len(columns), groups)
    few = thin(steps)[["position", "step", "stage", *columns]].rename(columns=dict(zip(columns, names, strict=True)))
    long = few.melt(id_vars=["position", "step", "stage"], value_vars=names, var_name="group", value_name="lr")
    long = long[long["lr"] > 0]  # frozen otherwise
    long = as_one(long, names)
    trained = list(dict.fromkeys(long["group"]))
    top = round_above(1.05 * max(planned, float(long["lr"].max()) if len(long) else 0.0, 1e-9))
    long = long.assign(rate=long["lr"].map(rate_in_words))
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=1.8)
        .encode(
            x=across("position:Q", spans),
            y=alt.Y(
                "lr:Q",
                title="Learning rate",
                axis=alt.Axis(labelExpr=RATE_LABEL),
                scale=alt.Scale(domain=[0, top], nice=False),
            ),
            color=group_colours(trained or names, always=True),
            detail="stage:N",
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("step:Q", title="Batch", format=","),
                alt.Tooltip("rate:N", title="Learning rate"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[*change_marks(spans), lines], height=height, title=headline("Learning rate of each batch")
    )
