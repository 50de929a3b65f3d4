"""A workspace with pictures of three colours, and the command line called as a shell calls it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main

SIDE = 16
COLOURS = {"blue": (30, 40, 200), "green": (30, 190, 50), "red": (210, 40, 40)}


@dataclass
class Said:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out)


def paint(path: Path, colour: tuple[int, int, int], seed: int) -> Path:
    pixels = np.random.default_rng(seed).normal(colour, 40, size=(SIDE, SIDE, 3)).clip(0, 255)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed, (name, colour) in enumerate(COLOURS.items()):
        for number in range(15):
            paint(folder / name / f"{number:02}.png", colour, 100 * seed + number)
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def anneal(home, capfd, monkeypatch):
    """Calls the command line in this process, on a workspace that all tests share."""
    monkeypatch.setenv("ANNEAL_HOME", str(home))

    def call(*arguments: object) -> Said:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        wrote = capfd.readouterr()
        return Said(status, wrote.out, wrote.err)

    return call


@pytest.fixture
def train(anneal, pictures):
    """Trains a small network on the pictures; options are for a stage."""

    def call(*options: object) -> Said:
        own = ("--backbone", "small_cnn", "--size", SIDE, "--batch-size", 16)
        return anneal("train", pictures, *own, "--json", *(options or ("--lr", 0.01, "--cycles", 1)))

    return call
