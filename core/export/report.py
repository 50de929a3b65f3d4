"""A run's report: one HTML file that opens without a network and prints well."""

import base64
import io
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import starmap
from typing import Any

import pandas as pd
from PIL import Image

from core.data.dataset import DataSet
from core.data.decode import decode
from core.data.health import findings
from core.errors import AnnealError, DataError
from core.export.carry_manifest import Private
from core.export.description import versions
from core.export.html import Html, Piece, joined, page, table, tag
from core.export.repeat import Repeat, command, repeat_of
from core.export.report_charts import MOST_CLASSES, of_matrix, of_range_test, of_training
from core.model.catalogue import BACKBONES, GROUPS
from core.numbers import rate_in_words
from core.results.confusion import confusion_matrix, most_confused
from core.results.figures import Figures, class_table, figures
from core.results.listing import listed
from core.results.predictions import Predictions
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo, RunState, StageState
from core.runs.threshold import threshold_of
from core.training.refreezing import frozen_in_words
from core.training.stage import Stage
from core.workspace import Progress, no_progress, timestamp

PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "scikit-learn")
WORST, SIDE = 12, 160
"""Pictures of errors, and their side in pixels."""

OPTIMISERS = {"sgd": "SGD", "adamw": "AdamW"}
MOST_CURVES = 6
CONFUSED = 10
SHOWN = 200
"""Rows of a table of classes at most."""


def report(run: RunFolder, progress: Progress = no_progress) -> str:
    """The report as a document; it needs `vl_convert`, which `core.export.records` asks for.

    Raises `RunError` for a damaged run and `ExportError` for one that has not trained. Places on this machine are not
    in it; images that are gone are named instead of shown.
    """
    info, state, data, again = run.info, run.state, run.data(), repeat_of(run)
    offer = BACKBONES.get(info.backbone)
    groups = offer.groups if offer else GROUPS
    predictions = _predictions(run)
    private = Private(run.workspace, run.path, data)
    parts: list[tuple[str, Callable[[], Iterator[Piece]]]] = [
        ("The data", lambda: _data(data)),
        ("The plan", lambda: _plan(info, state, groups, private)),
        ("The training", lambda: iter(of_training(run, groups))),
        ("The range tests", lambda: _range_tests(run.curves())),
        ("The figures", lambda: _figures(predictions)),
        ("The worst errors", lambda: _errors(data, predictions)),
        ("To repeat it", lambda: _again(info, data, again, private)),
    ]
    pieces: list[Piece] = list(_top(run, info, predictions))
    for number, (title, made) in enumerate(parts):
        progress("Writing the report", number, len(parts))
        inside = list(made())
        if inside:
            pieces += [tag("h2", title), *inside]
    progress("Writing the report", len(parts), len(parts))
    return page(f"{info.name}: report", *pieces)


def _predictions(run: RunFolder) -> Predictions | None:
    """Those of the present weights on the validation images; None where they were not evaluated."""
    try:
        found = Predictions.load(run.predictions_path())
    except AnnealError:
        return None
    return found if len(found) else None


def _top(run: RunFolder, info: RunInfo, predictions: Predictions | None) -> Iterator[Piece]:
    yield tag("h1", info.name)
    yield tag("p", f"{info.data_title}, {info.backbone}. Made on {timestamp()[:10]} with Anneal.", class_="quiet")
    if predictions is None:
        yield tag(
            "p",
            "The present weights have not been evaluated, so this report has no matrix and no errors. Evaluate the run "
            "(Confusion matrix in the app, or python -m core evaluate RUN) and make it again.",
            class_="note",
        )
        accuracy = run.state.figures.get("accuracy")
        if accuracy is not None:
            yield tag("p", f"Accuracy on validation images after the last epoch: {accuracy:.1%}.", class_="lead")
        return
    found = figures(predictions)
    yield tag(
        "p",
        f"Accuracy {found.accuracy:.1%} on {found.images:,} validation images. For images of this kind: "
        f"{found.low:.1%} to {found.high:.1%} (95% interval).",
        class_="lead",
    )
    threshold = threshold_of(run)
    if threshold:
        yield tag("p", f"Below a probability of {threshold:.0%} the model says “not sure”.")


def _data(data: DataSet) -> Iterator[Piece]:
    counts = Counter(zip(data.labels.tolist(), data.items.splits(), strict=True))
    splits = [name for name in ("train", "valid", "test") if any(name == split for _, split in counts)]
    yield tag(
        "p",
        f"{len(data.items):,} images of {len(data.classes):,} classes. Validation: {data.split_origin}. "
        f"Fingerprint {data.fingerprint}.",
    )
    wrong = [finding for finding in findings(data) if finding.level != "good"]
    for finding in wrong:
        yield tag("p", tag("strong", f"{finding.title}."), f" {finding.advice}", class_=finding.level)
    if not wrong:
        yield tag("p", "Nothing was found to be wrong with it.")
    named = list(enumerate(data.classes))[:SHOWN]
    rows = [[name, *(f"{counts[label, split]:,}" for split in splits)] for label, name in named]
    yield table(["Class", *splits], rows)
    yield from _more(len(data.classes))
    if data.broken:
        yield tag("h3", "Files that were skipped")
        yield table(["File", "Why"], [[one.path, one.reason] for one in data.broken[:50]], words=2)


def _more(classes: int) -> Iterator[Piece]:
    if classes > SHOWN:
        yield tag("p", f"And {classes - SHOWN:,} more classes.", class_="quiet")


def _plan(info: RunInfo, state: RunState, groups: tuple[str, ...], private: Private) -> Iterator[Piece]:
    begun = "pretrained weights" if info.pretrained else "random weights"
    norm = " Batch norm is folded into the convolutions." if info.folded else ""
    yield tag("p", f"{info.backbone} from {begun}.{norm} {state.seconds:,.0f} seconds of training.")
    head = ["", "Stage", "Trained", "Rates", "Epochs", "Images", "Accuracy", "Valid loss"]
    yield table(head, [_stage_row(own, groups) for own in state.stages], words=4)
    for own in state.stages:
        said = [_settings(own, groups), own.rate_reason, own.message]
        sentences = " ".join(private.text(one) for one in said if one)
        yield tag("p", tag("strong", f"Stage {own.index + 1}: "), sentences)


def _stage_row(own: StageState, groups: tuple[str, ...]) -> list[Piece]:
    stage = own.settings
    rates = stage.group_rates(len(groups)) if stage.lr and len(stage.lr) in (1, len(groups)) else (stage.lr or ())
    used = ", ".join(dict.fromkeys(rate_in_words(rate) for rate in rates if rate))
    epochs = str(own.epochs) if own.epochs == stage.epochs else f"{own.epochs} of {stage.epochs}"
    name = stage.name or f"Stage {own.index + 1}"
    share = "" if stage.share == 1 else f", {stage.share:.0%}"
    figures_of = [_figure(own.accuracy, ".1%"), _figure(own.valid_loss, ".3f")]
    return [str(own.index + 1), name, stage.scope(groups), used, epochs, f"{stage.sizes_in_words}{share}", *figures_of]


def _settings(own: StageState, groups: Sequence[str]) -> str:
    stage = own.settings
    cycles = " + ".join(str(length) for length in stage.cycle_lengths)
    how = "no augmentation" if stage.augmentation.name == "none" else f"augmentation {stage.augmentation.name}"
    extra = [
        "precomputed activations" if stage.precompute else "",
        frozen_in_words(stage, groups),
        f"label smoothing {stage.label_smoothing:g}" if stage.label_smoothing else "",
        "class weights" if stage.class_weights else "",
        "gentle start" if stage.gentle_start else "",
    ]
    plural = "s" if stage.epochs > 1 else ""
    said = [
        f"{stage.schedule} schedule with cycles of {cycles} epoch{plural}",
        f"batches of {stage.batch_size}",
        how,
        f"{OPTIMISERS[stage.optimiser]}, weight decay {stage.weight_decay:g}",
        *filter(None, extra),
    ]
    return f"{said[0].capitalize()}; {'; '.join(said[1:])}. {own.seconds:,.0f} seconds, {own.status}."


def _range_tests(curves: list[Curve]) -> Iterator[Piece]:
    for curve in curves[-MOST_CURVES:]:
        scope = curve.stage.scope() if isinstance(curve.stage, Stage) else "an unreadable stage"
        reason = curve.suggestion.reason if curve.suggestion else ""
        drawn = of_range_test(curve, f"After {curve.epoch} epochs, training {scope}. {reason}")
        if drawn is not None:
            yield drawn


def _figures(predictions: Predictions | None) -> Iterator[Piece]:
    if predictions is None:
        return
    found = figures(predictions)
    yield table(["", "", "95% interval"], _figure_rows(found))
    rows = class_table(predictions).head(SHOWN).to_dict("records")
    yield tag("h3", "Each class")
    head = ["Class", "Images", "Recall", "", "Precision", "", "F1", ""]
    yield table(head, [[str(row["class"]), f"{int(row['images']):,}", *_ratios(row)] for row in rows])
    yield from _more(len(predictions.classes))
    drawn = of_matrix(predictions)
    yield drawn or tag("p", f"The matrix of more than {MOST_CLASSES} classes is not drawn.", class_="quiet")
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    pairs = most_confused(matrix, predictions.classes, CONFUSED)
    if len(pairs):
        yield tag("h3", "Taken for each other most often")
        cells = pairs[["true", "predicted", "images", "share"]].itertuples(index=False)
        rows_of = [[str(t), str(p), f"{int(i):,}", f"{float(s):.1%}"] for t, p, i, s in cells]
        yield table(["True class", "Taken for", "Images", "Of the class"], rows_of, words=2)


def _figure_rows(found: Figures) -> list[list[Piece]]:
    return [
        ["Accuracy", f"{found.accuracy:.1%}", f"{found.low:.1%} to {found.high:.1%}"],
        ["Mean recall of the classes (balanced accuracy)", f"{found.balanced:.1%}", ""],
        ["Mean F1 of the classes", f"{found.macro_f1:.3f}", ""],
    ]


def _ratios(row: dict[Hashable, Any]) -> Iterator[str]:
    for name in ("recall", "precision", "f1"):
        value, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
        known = pd.notna(value) and pd.notna(low)
        yield f"{value:.1%}" if pd.notna(value) else "–"
        yield f"{low:.0%} to {high:.0%}" if known else ""


def _errors(data: DataSet, predictions: Predictions | None) -> Iterator[Piece]:
    if predictions is None:
        return
    worst = listed(predictions).head(WORST)
    if worst.empty:
        yield tag("p", "No validation image gets a wrong class.")
        return
    yield tag("p", "The wrong answers of which the model was surest against the true class, worst first.")
    rows = worst[["item", "name", "true", "predicted", "confidence", "loss"]].itertuples(index=False, name=None)
    shown = list(starmap(lambda *row: _error(data, *row), rows))
    yield tag("div", *shown, class_="errors")


def _error(data: DataSet, item: int, name: str, true: str, predicted: str, confidence: float, loss: float) -> Html:
    said: list[Piece] = [
        f"{true}, taken for {predicted} ({confidence:.0%}), loss {loss:.2f}",
        tag("br"),
        tag("span", name),
    ]
    try:
        pixels = decode(data.items[item].path, SIDE, data.fit)
    except (DataError, IndexError):
        picture: Html = tag("p", "The image is not here.", class_="note")
    else:
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "JPEG", quality=85)
        source = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
        picture = tag("img", src=source, alt=f"{true}, taken for {predicted}")
    return tag("figure", picture, tag("figcaption", *said))


def _again(info: RunInfo, data: DataSet, again: Repeat, private: Private) -> Iterator[Piece]:
    rows: list[list[Piece]] = [[name, number] for name, number in versions(*PACKAGES).items()]
    yield tag("p", f"Seed {info.seed}. The same seed gives the same run again on the same machine.")
    yield tag("p", "Versions where this report was made:")
    yield table(["Package", "Version"], rows)
    yield tag("p", "With the stages below in a file plan.json, and the images at DATA unless they come with Anneal:")
    yield tag("pre", command(info, data))
    yield tag("pre", again.plan())
    gaps = [tag("li", private.text(gap)) for gap in again.gaps]
    if gaps:
        yield joined([tag("p", "What a repetition does not have:"), tag("ul", *gaps)])


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
