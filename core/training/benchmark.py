"""The benchmark of a machine: images per second of the parts of training that take the most time.

The work does not depend on any data set: the images are generated, and the networks have random weights.
"""

import io
import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from core.augment import NONE, SIDE_ON
from core.data.decode import decode_bytes
from core.data.parallel import in_threads
from core.model.backbones import build
from core.model.catalogue import EFFICIENTNET_LITE0, SMALL_CNN
from core.model.classifier import freeze_to, set_mode
from core.model.fold import folded
from core.model.machine import device, processor
from core.process.threads import tune_allocator
from core.training.benchmark_result import BATCH, SIZE, BenchmarkResult
from core.training.feeds import Images, PixelFeed
from core.training.optimisers import build_optimiser
from core.training.stage import Stage
from core.workspace import Progress, no_progress

SECONDS = 6.0
"""Seconds for which each part is repeated, after a first time that is not counted; all parts take half a minute."""

SMALL_SIZE, SMALL_BATCH = 32, 64
PHOTO = (533, 400)
"""Width and height in pixels of the photo to decode."""

CLASSES = tuple(f"class {number}" for number in range(10))


def run_benchmark(progress: Progress = no_progress) -> BenchmarkResult:
    """Run every part, in about half a minute on a laptop; `progress` counts the parts."""
    tune_allocator()
    progress("Decoding photos", 0, 4)
    decode = _decode()
    progress("Features of photos", 1, 4)
    features = _features()
    progress("Training the whole network", 2, 4)
    train = _train(EFFICIENTNET_LITE0, SIZE, BATCH, fold=True)
    progress("Training the small network", 3, 4)
    small = _train(SMALL_CNN, SMALL_SIZE, SMALL_BATCH, fold=False)
    progress("Done", 4, 4)
    where = device()
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else processor()
    return BenchmarkResult(
        decode=decode,
        features=features,
        train=train,
        small=small,
        device=name,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def _decode() -> float:
    """Photos decoded per second: smooth colours with some noise, since JPEG compresses pure noise badly."""
    rng = np.random.default_rng(0)
    width, height = PHOTO
    small = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)).resize((width, height))
    grain = rng.normal(0, 6, (height, width, 3))
    picture = Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    content = file.getvalue()
    many = list(range(64 * (os.cpu_count() or 1)))

    def once() -> None:
        for _ in in_threads(lambda _: decode_bytes(content, SIZE, ".jpg"), many, "", no_progress):
            pass

    return len(many) / _seconds(once, SECONDS / 3)


def _features() -> float:
    network = build(EFFICIENTNET_LITE0, CLASSES, pretrained=False).to(device())
    fast, images = folded(network), _images(2 * BATCH, SIZE)

    def once() -> None:
        with torch.inference_mode():
            fast.features(images.plain(np.arange(2 * BATCH))).sum().item()

    return 2 * BATCH / _seconds(once)


def _train(backbone: str, size: int, batch: int, *, fold: bool) -> float:
    network = build(backbone, CLASSES, pretrained=False, folded=fold).to(device())
    stage = Stage(freeze_to=0, lr=(1e-5,), size=size)
    freeze_to(network, 0)
    set_mode(network, True)
    feed = PixelFeed(network, _images(batch, size), SIDE_ON if fold else NONE)
    optimiser, indices = build_optimiser(network, stage), np.arange(batch)
    draws = torch.Generator().manual_seed(0)
    labels = torch.arange(batch, device=device()) % len(CLASSES)

    def once() -> None:
        loss = F.cross_entropy(feed.logits(feed.batch(indices, draws)), labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        loss.item()

    return batch / _seconds(once)


def _images(count: int, size: int) -> Images:
    pixels = np.random.default_rng(0).integers(0, 255, (count, size, size, 3), dtype=np.uint8)
    return Images(pixels, device())


def _seconds(once: Callable[[], None], most: float = SECONDS) -> float:
    """The median seconds of one call of `once`, repeated for `most` seconds and at least three times."""
    once()
    taken: list[float] = []
    began = perf_counter()
    while len(taken) < 3 or perf_counter() - began < most:
        started = perf_counter()
        once()
        taken.append(perf_counter() - started)
    return median(taken)
