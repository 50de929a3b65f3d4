"""A run as a lesson that repeats it, in cells of words and code: what the script and the notebook are made of.

The cells are in `core/export/lesson/parts`, in files that are read as text and are ordinary modules for the checks. A
cell begins with `# %% words` or `# %% code`; after a colon stands what a run must have for the cell to be in its
lesson. The cell `settings` is written anew. Imports are collected, and those of `core` fall away: what is taken away
needs torch, numpy, Pillow and, for most networks, timm.
"""

import ast
import base64
import json
import pprint
import re
import zlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from core.data.dataset import DataSet
from core.errors import AnnealError
from core.export.description import versions
from core.export.repeat import Repeat, command, repeat_of
from core.model.backbones import HEAD_DROPOUT, build
from core.model.catalogue import EFFICIENTNET_LITE0, SMALL_CNN
from core.model.classifier import Classifier
from core.model.fold import foldable_pairs
from core.numbers import rate_in_words
from core.results.figures import figures
from core.results.predictions import Predictions
from core.runs.folder import RunFolder
from core.runs.state import RunInfo

PARTS = ("images", "augmentation", "network", "training", "the_run")
PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")

LITE0 = (EFFICIENTNET_LITE0, "tf_efficientnet_lite0")

_CELL = re.compile(r"^# %% (words|code)(?:: (\w+))?\n", re.MULTILINE)
_FOR_CHECKS = re.compile(r"  # (?:type: ignore\[[^\]]*\]|noqa: \w+)")
_ONLY = re.compile(r"  # only: (\w+)$")


@dataclass(frozen=True)
class Cell:
    """Words (Markdown) or code."""

    kind: Literal["words", "code"]
    text: str


def lesson(run: RunFolder) -> list[Cell]:
    """The cells that repeat a run, its head first.

    Raises `ExportError` where nothing was trained, and `ModelError` for a network that cannot be built here.
    """
    info, data, again = run.info, run.data(), repeat_of(run)
    model = build(info.backbone, info.classes, seed=info.seed, pretrained=False, folded=info.folded)
    has = _has(info, again)
    inside: list[Cell] = []
    imports: set[str] = set()
    for name in PARTS:
        source = files("core.export.lesson.parts").joinpath(f"{name}.py").read_text(encoding="utf-8")
        found = [cell for cell, needs in _cells_in(source, has) if needs is None or needs in has]
        inside += found
        imports |= _imports(source) if found else set()
    used = "\n".join(cell.text for cell in inside if cell.kind == "code")
    settings = _settings(run, info, data, again, model)
    return [
        Cell("words", _head(run, info, data, again)),
        Cell("code", _sorted_imports(imports, f"{used}\n{settings}")),
        Cell("words", _about_settings()),
        Cell("code", settings),
        *inside[:-1],
        Cell("words", "## The list of images\n\nName, class number and split of each, packed because it is long."),
        Cell("code", f"IMAGES = {_wrapped(_packed(data))}"),
        inside[-1],
    ]


def _has(info: RunInfo, again: Repeat) -> set[str]:
    """What the run has that some cells are for."""
    stages = [one.stage for one in again.trained]
    network = "small_cnn" if info.backbone == SMALL_CNN else "timm"
    found = {"lite0" if info.backbone in LITE0 and info.pretrained else network}
    if info.folded:
        found.add("folded")
    if any(stage.augmentation.name != "none" for stage in stages):
        found.add("augmentation")
    if any(stage.share < 1 for stage in stages):
        found.add("share")
    if any(stage.freeze_early_after is not None for stage in stages):
        found.add("refreezing")
    found.add("growing" if any(stage.grow_from is not None for stage in stages) else "one_size")
    return found


def _cells_in(source: str, has: set[str]) -> list[tuple[Cell, str | None]]:
    """The cells of a file, each with what it is for; a line that ends with `# only: NAME` is for such runs alone."""
    marks = list(_CELL.finditer(source))
    ends = [*(mark.start() for mark in marks[1:]), len(source)]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        body = source[mark.end() : end].strip("\n")
        if mark[1] == "words":
            words = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.splitlines())
            found.append((Cell("words", words.strip()), mark[2]))
        else:
            lines = [line for line in body.splitlines() if not (for_some := _ONLY.search(line)) or for_some[1] in has]
            code = "\n".join(_ONLY.sub("", _FOR_CHECKS.sub("", line)) for line in lines)
            found.append((Cell("code", code), mark[2]))
    return found


def _imports(source: str) -> set[str]:
    """The imports at the head of a file, one a line, but for those of `core`."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and not str(node.module).startswith("core"):
            found |= {f"from {node.module} import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {ast.unparse(ast.Import([alias])) for alias in node.names}
    return found


def _sorted_imports(imports: set[str], used: str) -> str:
    """The imports of which something is used; the standard library's first."""
    import sys

    wanted = [line for line in imports if re.search(rf"\b{re.escape(line.split()[-1])}\b", used)]
    groups: tuple[list[str], list[str]] = ([], [])
    for line in sorted(wanted, key=lambda line: (line.startswith("from"), line)):
        groups[line.split()[1].partition(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)


def _head(run: RunFolder, info: RunInfo, data: DataSet, again: Repeat) -> str:
    name = _plain(info.name)
    reached = [_reached(run), f"It was trained with seed {info.seed} on {len(data.indices('train')):,} images."]
    needed = ", ".join(f"{package} {number}" for package, number in versions(*PACKAGES).items())
    gaps = [*again.gaps, *_other_gaps(info, data)]
    listed = "\n".join(f"- {_plain(gap)}" for gap in gaps) or "Nothing is known that it leaves out."
    stages, epochs = len(again.trained), sum(one.epochs for one in again.trained)
    length = f"{stages} stage{'s' * (stages > 1)} of {epochs} epoch{'s' * (epochs > 1)} together"
    return (
        f"# {name}\n\n"
        f"{_plain(info.data_title)}, {_plain(info.backbone)}: {length}. {' '.join(filter(None, reached))}\n\n"
        "This is the whole training, written out: the same images in the same order, with the same augmentation and "
        "the same rates. On the same machine its losses are those of the run up to rounding. It needs no Anneal, but "
        f"what the run had: {needed}. Give it the folder of the images:\n\n"
        "    python THIS_FILE.py FOLDER\n\n"
        "The short form, with Anneal and the stages in plan.json (the report has them):\n\n"
        f"    {command(info, data)}\n\n"
        f"What it does not repeat:\n\n{listed}"
    )


def _reached(run: RunFolder) -> str:
    try:
        found = figures(Predictions.load(run.predictions_path()))
    except AnnealError:  # not evaluated: the head of a lesson can do without
        return ""
    return (
        f"It reached an accuracy of {found.accuracy:.1%} on {found.images:,} validation images (95% interval "
        f"{found.low:.1%} to {found.high:.1%})."
    )


def _other_gaps(info: RunInfo, data: DataSet) -> list[str]:
    found = []
    if info.backbone in LITE0 and not info.pretrained:
        found.append("The random first weights of this network are drawn in another order, so figures differ more.")
    if any(name.lower().endswith((".heic", ".heif")) for name in data.items.names):
        found.append("HEIC images: Pillow reads them only with pi-heif, registered before.")
    found.append("Training that is taken back when the loss explodes, and pictures with more than 8 bits a colour.")
    return found


def _about_settings() -> str:
    return (
        "## Settings\n\n`rates` has the highest learning rate of each layer group, from the first layers to the head; "
        "`first_trained` is the first group that is not frozen."
    )


def _settings(run: RunFolder, info: RunInfo, data: DataSet, again: Repeat, model: Classifier) -> str:
    """The cell `settings`: plain literals alone, whatever is in the run's names."""
    stages = [_stage(one.stage.model_dump(mode="json"), one.epochs, len(model.groups)) for one in again.trained]
    rates = " ".join(rate_in_words(max(stage["rates"])) for stage in stages)
    values: dict[str, Any] = {
        "SEED": info.seed,
        "SPLIT_SEED": data.seed,
        "CLASSES": list(info.classes),
        "FIT": data.fit,
        "BACKBONE": info.backbone,
        "PRETRAINED": info.pretrained,
        "MEAN": _colour(model.mean.flatten().tolist()),
        "STD": _colour(model.std.flatten().tolist()),
        "DROPOUT": 0.0 if info.backbone == SMALL_CNN else HEAD_DROPOUT,
        "INPUT_SIZE": model.input_size,
        "EARLY": early_prefixes(model),
        "PAIRS": _pairs(info),
        "STAGES": stages,
        "EXPECTED": _expected(run, [one.epochs for one in again.trained]),
    }
    lines = [f"{name} = {pprint.pformat(value, width=110, sort_dicts=False)}" for name, value in values.items()]
    return "\n".join(['DATA = "photos"  # the folder of the images', *lines, f"# highest rates: {rates}"])


def _stage(values: dict[str, Any], epochs: int, groups: int) -> dict[str, Any]:
    from core.augment import NONE, Augmentation
    from core.training.stage import stage_of

    stage = stage_of(values)
    how = stage.augmentation
    kept = ("name", "size", "batch_size", "share", "schedule", "gentle_start", "optimiser", "momentum", "weight_decay",
            "label_smoothing", "class_weights", "precompute", "freeze_norm", "grow_from",
            "freeze_early_after")  # fmt: skip
    return {
        **{name: getattr(stage, name) for name in kept},
        "epochs": epochs,
        "cycle_lengths": list(stage.cycle_lengths),
        "rates": list(stage.group_rates(groups)),
        "first_trained": stage.first_trained(groups),
        "augmentation": None if how == NONE else {name: getattr(how, name) for name in Augmentation.model_fields},
    }


def _expected(run: RunFolder, epochs: list[int]) -> list[tuple[float, float, float]]:
    """Training loss, validation loss and accuracy of each epoch of each stage."""
    rows = run.history.rows("epoch")
    found = []
    for place, count in enumerate(epochs):
        own = [row for row in rows if row["stage"] == place][:count]
        found += [(row["train_loss"], row["valid_loss"], row["accuracy"]) for row in own]
    return found


def _pairs(info: RunInfo) -> list[tuple[str, str]]:
    if not info.folded:
        return []
    plain = build(info.backbone, info.classes, seed=info.seed, pretrained=False)
    prefix = "backbone."
    return [
        (first.removeprefix(prefix), second.removeprefix(prefix))
        for first, second in foldable_pairs(plain)
        if first.startswith(prefix)
    ]


def early_prefixes(model: Classifier) -> tuple[str, ...]:
    """The fewest beginnings of names that all parameters of the first of three layer groups have, and no others."""
    groups = model.groups
    if len(groups) < 3:
        return ()
    early = set(map(id, groups[0].parameters()))

    def found(module: Any, prefix: str) -> list[str]:
        own = list(module.parameters())
        if own and all(id(parameter) in early for parameter in own):
            return [prefix]
        loose = [prefix + name for name, p in module.named_parameters(recurse=False) if id(p) in early]
        return loose + [at for name, child in module.named_children() for at in found(child, f"{prefix}{name}.")]

    return tuple(found(model.backbone, ""))


def _packed(data: DataSet) -> str:
    rows = [[item.name, item.label, item.split] for item in data.items]
    return base64.b85encode(zlib.compress(json.dumps(rows).encode(), 9)).decode()


def _wrapped(text: str, width: int = 110) -> str:
    """A long text as a literal of several lines."""
    parts = [text[start : start + width] for start in range(0, len(text), width)] or [""]
    return "(\n" + "\n".join(f"    {part!r}" for part in parts) + "\n)"


def _colour(values: list[float]) -> tuple[float, ...]:
    return tuple(round(value, 6) for value in values)


def _plain(text: str) -> str:
    """A text on one line, of which neither Python nor Markdown makes anything else."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return re.sub(r"([\\`*_\[\]<>|~$#!])", r"\\\1", line)
