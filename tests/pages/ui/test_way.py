from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from core.jobs.specs import Kind
from pages.ui.frame import PAGES
from pages.ui.home.recipe import PRETRAINED, SCRATCH, Step
from pages.ui.way import WATCH, Next, Standing, next_after

ROOT = Path(__file__).parents[3]
HERE = [path for path, _, _ in PAGES if (ROOT / path).exists()]
JOBS: list[Kind | None] = [None, *WATCH]
STEPS: list[Step | None] = [None, *PRETRAINED, *SCRATCH]


def standings() -> Iterator[Standing]:
    """Every way in which a person can stand."""
    yield Standing()
    yield Standing(chosen=True)
    for job, found, trained, unfinished, coming in product(JOBS, *[(False, True)] * 3, STEPS):
        yield Standing(run=True, job=job, found=found, trained=trained, unfinished=unfinished, coming=coming)


def follow(page: str, now: Standing) -> str:
    found = next_after(page, now)
    assert found is not None
    return found.page.removeprefix("pages/").removesuffix(".py")


def label(page: str, now: Standing) -> str:
    found = next_after(page, now)
    return "" if found is None else found.label


@pytest.mark.parametrize("page", HERE)
def test_what_comes_next_is_another_page_that_is_there(page: str) -> None:
    for now in standings():
        found = next_after(page, now)
        if found is not None:
            assert found.page in HERE
            assert found.page != page
            assert found.label.startswith("Next: ")
            assert not found.label.endswith(".")


def test_nowhere_does_the_way_go_in_a_circle_of_two_before_training() -> None:
    """From each page the buttons lead to a page that has its own button, or to training, and not back and forth."""
    for now in standings():
        if now.trained:
            continue
        for start in HERE:
            page, seen = start, [start]
            while (found := next_after(page, now)) is not None:
                page = found.page
                assert page not in seen, (now, seen)
                seen.append(page)


def test_with_nothing_chosen_a_first_minute_then_the_data() -> None:
    now = Standing()
    assert next_after("app.py", now) == Next("pages/learning_rate.py", "Next: see what a learning rate does")
    assert follow("pages/learning_rate.py", now) == "data"
    assert next_after("pages/data.py", now) is None
    chosen = Standing(chosen=True)
    assert {follow(page, chosen) for page in ("app.py", "pages/learning_rate.py", "pages/runs.py")} == {"data"}


def test_digits_lead_from_the_learning_rate_to_the_results() -> None:
    new = Standing(run=True, coming=SCRATCH[0])
    assert follow("pages/learning_rate.py", new) == "data"
    assert follow("pages/data.py", new) == "lr_finder"
    found = Standing(run=True, found=True, coming=SCRATCH[1])
    assert follow("pages/lr_finder.py", found) == "training"
    assert next_after("pages/training.py", found) is None
    trained = Standing(run=True, found=True, trained=True, coming=SCRATCH[2])
    assert follow("pages/training.py", trained) == "confusion_matrix"
    assert label("pages/confusion_matrix.py", trained) == "Next: add augmentation"
    assert follow("pages/augmentation.py", trained) == "training"


def test_photos_are_augmented_before_their_rate_is_found() -> None:
    new = Standing(run=True, coming=PRETRAINED[0])
    assert follow("pages/learning_rate.py", new) == "data"
    assert follow("pages/data.py", new) == "augmentation"
    assert follow("pages/augmentation.py", new) == "lr_finder"
    assert follow("pages/lr_finder.py", new) == "training"


def test_part_way_the_next_step_of_the_recipe_is_named() -> None:
    for step in PRETRAINED[3:]:
        now = Standing(run=True, found=True, trained=True, coming=step)
        assert label("pages/confusion_matrix.py", now) == f"Next: {step.then}"
        assert label("app.py", now) == f"Next: {step.then}"
    stopped = Standing(run=True, found=True, trained=True, unfinished=True, coming=PRETRAINED[4])
    assert label("app.py", stopped) == "Next: continue the plan"


def test_at_the_end_of_the_recipe_come_the_results_then_other_images_and_other_runs() -> None:
    ended = Standing(run=True, found=True, trained=True)
    assert follow("app.py", ended) == "confusion_matrix"
    assert follow("pages/training.py", ended) == "confusion_matrix"
    assert follow("pages/confusion_matrix.py", ended) == "predict"
    assert follow("pages/predict.py", ended) == "runs"
    assert label("pages/predict.py", Standing(run=True, found=True)) == "Next: train it"
    assert follow("pages/predict.py", Standing(run=True, trained=True, job="evaluate")) == "confusion_matrix"


def test_every_kind_of_job_is_shown_somewhere() -> None:
    assert set(WATCH) == set(get_args(Kind)) - {"study"}, "a study is shown where it was asked for"


@pytest.mark.parametrize("kind", list(WATCH))
def test_a_job_at_work_is_watched_where_it_is_shown(kind: Kind) -> None:
    now = Standing(run=True, found=True, trained=True, job=kind, coming=PRETRAINED[4])
    page, words = WATCH[kind]
    assert next_after(page, now) is None
    assert next_after("app.py", now) == Next(page, f"Next: {words}")


def test_results_without_training_send_to_training() -> None:
    for coming in (PRETRAINED[0], SCRATCH[0]):
        assert label("pages/confusion_matrix.py", Standing(run=True, coming=coming)) == "Next: train it"
