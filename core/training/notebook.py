"""The progress bar that `Learner.train` shows, and the data frames that it returns."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from core.training.records import EpochRecord, Record, StepRecord

if TYPE_CHECKING:
    import pandas as pd


def epochs_frame(records: Iterable[Record]) -> "pd.DataFrame":
    """One row for each epoch, with the columns that `Learner.history` describes.

    >>> epochs_frame([EpochRecord(0, 1, 40, 0.7, 0.5, 0.9, 2.5)])
       stage  epoch  step  train_loss  valid_loss  accuracy  seconds
    0      0      1    40         0.7         0.5       0.9      2.5
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
    return pd.DataFrame(rows, columns=[name for name in columns if name != "kind"])


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
