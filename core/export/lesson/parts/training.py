"""Rates, and a stage of training."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.export.lesson.parts.augmentation import augment
from core.export.lesson.parts.images import batch_of, generator, listed, part_of, seed_of, shrunk
from core.export.lesson.parts.network import Classifier, group_of
from core.export.lesson.parts.settings import CLASSES, SEED

# %% words
# ## The rate of every batch
#
# A high rate explores, a low one settles. Cosine annealing goes from the highest to 0 in each cycle; a restart takes it
# up again, so that the network may leave a narrow valley for a wide one.


# %% code
def rate_and_momentum(stage: dict[str, Any], lengths: list[int], step: int) -> tuple[float, float]:
    """The share of the highest rate (0..1) of batch number `step` of a stage with cycles of `lengths` batches."""

    def cosine(start: float, end: float, position: float) -> float:
        return end + (start - end) * (1 + math.cos(math.pi * position)) / 2

    done, length, first = step, lengths[0], True
    for length in lengths:
        if done < length:
            break
        done, first = done - length, False
    momentum: float = stage["momentum"]
    if stage["schedule"] == "one-cycle":
        swing = min(0.05, momentum, (1 - momentum) / 2)
        ends = ((1 / 25, 1.0, 1 / 25 / 1e4), (momentum + swing, momentum - swing, momentum + swing))
        peak, last = 0.3 * length - 1, length - 1
        values = []
        for start, middle, end in ends:
            if length == 1 or (done <= peak and peak <= 0):
                values.append(middle)
            elif done <= peak:
                values.append(cosine(start, middle, done / peak))
            else:
                values.append(cosine(middle, end, (done - peak) / (last - peak)))
        momentum = values[1]
    if stage["gentle_start"] and first and done * 20 < length:
        return 1 / 100, momentum
    if stage["schedule"] == "one-cycle":
        return values[0], momentum
    return (1.0 if stage["schedule"] == "constant" else cosine(1.0, 0.0, done / length)), momentum


# %% words: growing
# ## Images that grow
#
# The first batches of a stage are of smaller images, which take less time; the last 3 in 10 are of the full size, on
# which the network is judged.


# %% code: growing
def side_at(stage: dict[str, Any], step: int, steps: int) -> int:
    """Side in pixels of the images of batch number `step` of a stage of `steps` batches."""
    smaller = range(stage["grow_from"] or stage["size"], stage["size"], 16)
    ends = ((side, 0.7 * number / len(smaller)) for number, side in enumerate(smaller, start=1))
    side: int = next((side for side, end in ends if step < end * steps), stage["size"])
    return side


# %% words: refreezing
# ## Early layers that are frozen again
#
# The first group that a stage trains moves least and takes most of the time. Once the first cycles are done it stays as
# it is; without a gradient the optimiser passes it by.


# %% code: refreezing
def freeze_early(model: Classifier, stage: dict[str, Any], done: int, lengths: list[int]) -> None:
    """Freeze the first group that the stage trains, once its batch number `done` is beyond the cycles for it."""
    after = stage["freeze_early_after"]
    if after is None or done != sum(lengths[:after]):
        return
    for name, parameter in model.named_parameters():
        if group_of(name, len(stage["rates"])) == stage["first_trained"]:
            parameter.requires_grad_(False)
    set_training(model, stage)


# %% words
# ## Training
#
# Frozen layers keep their weights, and batch norm in them its statistics. Where only the head learns, the backbone
# needs no gradients; without augmentation its features are even the same in every epoch. Weight decay leaves biases and
# the scales of normalisation alone.


# %% code
def prepare(model: Classifier, stage: dict[str, Any]) -> torch.optim.Optimizer:
    """Freeze what the stage does not train, and make its optimiser; a parameter group knows its layer group."""
    rates = stage["rates"]
    groups: list[dict[str, Any]] = []
    for number in range(len(rates)):
        own = [p for name, p in model.named_parameters() if group_of(name, len(rates)) == number]
        for parameter in own:
            parameter.requires_grad_(number >= stage["first_trained"])
        decayed, plain = [p for p in own if p.ndim > 1], [p for p in own if p.ndim <= 1]
        if number >= stage["first_trained"]:
            chosen = ((decayed, stage["weight_decay"]), (plain, 0.0))
            groups += [{"params": some, "weight_decay": decay, "layer_group": number} for some, decay in chosen if some]
    if stage["optimiser"] == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=stage["momentum"], fused=True)
    return torch.optim.AdamW(groups, lr=0.0, betas=(stage["momentum"], 0.99), eps=1e-5, fused=True)


def set_training(model: Classifier, stage: dict[str, Any]) -> None:
    """Training mode, but for what is frozen."""
    model.train()
    for module in model.backbone.modules():
        parameters = list(module.parameters())
        frozen = bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
        if frozen or (stage["freeze_norm"] and isinstance(module, nn.BatchNorm2d)):
            module.eval()


def in_parts(model: Classifier, pixels: np.ndarray, indices: np.ndarray, count: int) -> Tensor:
    """Features of many images, `count` at a time, without gradients."""
    starts = range(0, len(indices), count)
    return torch.cat([model.features(batch_of(pixels, indices[start : start + count])) for start in starts])


def images_for(stage: dict[str, Any], pixels: np.ndarray, indices: np.ndarray, step: int, side: int) -> Tensor:
    """The batch number `step` of images as a stage trains on them, of `side` pixels."""
    batch = batch_of(pixels, indices)
    if 2 * side < stage["size"]:  # only: growing
        batch = shrunk(batch, 2 * side)  # only: growing
    if side < stage["size"] and not stage["augmentation"]:  # only: growing
        batch = shrunk(batch, side)  # only: growing
    if stage["augmentation"]:  # only: augmentation
        draws = generator(SEED, "augmentation", step)  # only: augmentation
        batch = augment(batch, stage["augmentation"], draws, side)  # only: augmentation
    return batch


def train_stage(
    model: Classifier, stage: dict[str, Any], pixels: np.ndarray, epoch: int, step: int
) -> Iterator[tuple[int, float, float, float]]:
    """Train through a stage from epoch and batch number `epoch` and `step`; yields what each epoch came to."""
    names, labels, splits = listed()
    train = np.array([i for i, split in enumerate(splits) if split == "train"], dtype=np.int64)
    valid = np.array([i for i, split in enumerate(splits) if split == "valid"], dtype=np.int64)
    if stage["share"] < 1:  # only: share
        train = part_of(train, names, labels, stage["share"])  # only: share
    size = stage["batch_size"]
    count = len(train) // 2 if size == 2 and len(train) > 1 else math.ceil(len(train) / size)
    lengths = [epochs * count for epochs in stage["cycle_lengths"]]
    weight = None
    if stage["class_weights"]:
        images = np.maximum(np.bincount(labels[train], minlength=len(CLASSES)), 1)
        weight = torch.from_numpy((len(train) / (len(CLASSES) * images)).astype(np.float32))
    optimiser, done = prepare(model, stage), 0
    head_only = stage["first_trained"] == len(stage["rates"]) - 1
    kept = None
    for _ in range(stage["epochs"]):
        set_training(model, stage)
        if stage["precompute"] and kept is None:
            with torch.no_grad():
                kept = in_parts(model, pixels, np.arange(len(pixels)), 32)
        loss_sum = 0.0
        order = np.random.default_rng([0x0E90C4, abs(SEED), epoch]).permutation(train)
        for indices in np.array_split(order, count):
            freeze_early(model, stage, done, lengths)  # only: refreezing
            factor, momentum = rate_and_momentum(stage, lengths, done)
            for group in optimiser.param_groups:
                group["lr"] = factor * stage["rates"][group["layer_group"]]
                group.update({"betas": (momentum, 0.99)} if "betas" in group else {"momentum": momentum})
            model.dropout_draws.manual_seed(seed_of(SEED, "dropout", step))
            torch.manual_seed(seed_of(SEED, "layers", step))
            targets = torch.from_numpy(labels[indices])
            if kept is not None:
                logits = model.classify(kept[indices])
            else:
                batch = images_for(stage, pixels, indices, step, side_at(stage, done, sum(lengths)))  # only: growing
                batch = images_for(stage, pixels, indices, step, stage["size"])  # only: one_size
                with torch.set_grad_enabled(not head_only):
                    features = model.features(batch)
                logits = model.classify(features)
            loss = F.cross_entropy(logits, targets, weight=weight, label_smoothing=stage["label_smoothing"])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            loss_sum += F.cross_entropy(logits.detach(), targets).item() * len(indices)
            done, step = done + 1, step + 1
        epoch += 1
        model.eval()
        with torch.no_grad():
            logits = model.classify(in_parts(model, pixels, valid, 64) if kept is None else kept[valid])
            targets = torch.from_numpy(labels[valid])
            right = (logits.argmax(dim=1) == targets).sum().item() / len(valid)
            yield step, loss_sum / len(train), F.cross_entropy(logits, targets).item(), right
