"""What a notebook shows: the progress bar of `Learner.train`, the data frames that it returns, a range test's chart."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.training.curves import smoothed
from core.training.records import EpochRecord, Record, StepRecord

if TYPE_CHECKING:
    import pandas as pd


def epochs_frame(records: Iterable[Record]) -> "pd.DataFrame":
    """One row for each epoch, with the columns that `Learner.history` describes.

    >>> epochs_frame([EpochRecord(0, 1, 40, 0.7, 0.5, 0.9, 2.5, 0.02)])
       stage  epoch  step  train_loss  valid_loss  accuracy  seconds  valid_error
    0      0      1    40         0.7         0.5       0.9      2.5         0.02
    """
    import pandas as pd  # a third of a second, which a training job need not wait for

    names = [field.name for field in fields(EpochRecord) if field.name != "kind"]
    rows = [record.row() for record in records if isinstance(record, EpochRecord)]
    return pd.DataFrame(rows, columns=names)


def steps_frame(records: Iterable[Record]) -> "pd.DataFrame":
    """One row for each batch, with the columns that `Learner.steps` describes.

    >>> steps_frame([StepRecord(0, 1, 1, (1e-4, 1e-3), 0.9, 2.3, 2.3, 500.0)])
       stage  epoch  step    lr_0   lr_1  momentum  loss  smoothed  images_per_s
    0      0      1     1  0.0001  0.001       0.9   2.3       2.3         500.0
    """
    import pandas as pd

    steps = [record for record in records if isinstance(record, StepRecord)]
    groups = max((len(step.lrs) for step in steps), default=0)
    columns: list[str] = []
    for field in fields(StepRecord):
        columns += [f"lr_{group}" for group in range(groups)] if field.name == "lrs" else [field.name]
    rows = [step.row() | {f"lr_{group}": rate for group, rate in enumerate(step.lrs)} for step in steps]
    return pd.DataFrame(rows, columns=[name for name in columns if name not in ("kind", "grads", "moved")])


def with_progress_bar(records: Iterable[Record], steps: int, done: int = 0) -> Iterator[Record]:
    """`records` unchanged, while a bar counts their batches from `done` to `steps` and shows the last epoch's figures.

    The bar is shown in a notebook and in a terminal; where the output goes to a file, nothing is written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's advice to install ipywidgets: without it, the bar is text
        from tqdm.auto import tqdm
    shown = "ipykernel" in sys.modules or sys.stderr.isatty()
    with tqdm(total=steps, initial=done, unit="batch", disable=not shown) as bar:
        for record in records:
            if isinstance(record, StepRecord):
                bar.update()
            elif isinstance(record, EpochRecord):
                bar.set_description(f"epoch {record.epoch}")
                bar.set_postfix(valid_loss=f"{record.valid_loss:.3f}", accuracy=f"{record.accuracy:.1%}")
            yield record


def range_chart(sweeps: Sequence[tuple[Sequence[float], Sequence[float]]], rates: Mapping[str, float | None]) -> Any:
    """An Altair chart of range tests, each its rates (N,) and raw losses (N,), nats, with lines at the `rates` by name.

    The first sweep is drawn with its batches and the band of their scatter, the others as thin curves.
    """
    import altair as alt
    import pandas as pd

    curves = [smoothed(lrs, losses) for lrs, losses in sweeps]
    frames = [
        pd.DataFrame({"lr": c.lrs, "loss": c.losses, "low": c.low, "high": c.high, "seed": f"seed {number}"})
        for number, c in enumerate(curves, start=1)
    ]
    first = frames[0].assign(batch=list(sweeps[0][1])[: len(frames[0])])
    top = 1.6 * max(float(first["loss"].iloc[0]), float(first["loss"].min()))
    x = alt.X("lr:Q", title="Learning rate (log scale)", scale=alt.Scale(type="log", nice=False))
    y = alt.Scale(domain=[0, min(top, float(first["high"].max())) or 1], nice=False)
    title = alt.Y("loss:Q", title="Training loss (nats)", scale=y)
    present = alt.Chart(first).encode(x=x)
    marks = pd.DataFrame([{"lr": rate, "rule": name} for name, rate in rates.items() if rate], columns=["lr", "rule"])
    lines = (
        alt.Chart(marks)
        .mark_rule(strokeDash=[4, 3])
        .encode(
            x=x, color=alt.Color("rule:N", title="Suggested by"), tooltip=["rule:N", alt.Tooltip("lr:Q", format=".1~e")]
        )
    )
    layers = [
        present.mark_area(opacity=0.15, clip=True).encode(y=alt.Y("low:Q", scale=y, title=""), y2="high:Q"),
        present.mark_point(size=12, filled=True, opacity=0.35, clip=True).encode(y=alt.Y("batch:Q", title="")),
        *(
            alt.Chart(frame).mark_line(strokeWidth=1, opacity=0.6, clip=True).encode(x=x, y=title)
            for frame in frames[1:]
        ),
        present.mark_line(strokeWidth=2.5, clip=True).encode(y=title),
        lines,
    ]
    return alt.layer(*layers).properties(width=560, height=320, title="Range test")
