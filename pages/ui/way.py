"""The way through the pages: from a page, and from how far the run in hand has come, to the page that comes next."""

from dataclasses import dataclass

from core.jobs.specs import Kind
from pages.ui.home.recipe import AUGMENTATION, FINDER, TRAINING, Step

HOME, DATA, LEARNING_RATE = "app.py", "pages/data.py", "pages/learning_rate.py"
RESULTS, PREDICT, RUNS = "pages/confusion_matrix.py", "pages/predict.py", "pages/runs.py"

WATCH: dict[Kind, tuple[str, str]] = {
    "lr_finder": (FINDER, "watch the range test"),
    "trials": (FINDER, "watch the trials"),
    "train": (TRAINING, "watch the training"),
    "evaluate": (RESULTS, "watch the evaluation"),
    "export": (TRAINING, "watch the export"),
}
"""Where each kind of job is shown while it is at work, and what to do there; a study, where it was asked for."""


@dataclass(frozen=True)
class Standing:
    """How far a person has come.

    `chosen`: a data set without a run; `run`: a run is in hand. Of that run: `job` is the kind of its job at work,
    `found` says that a range test came to its end, `trained` that an epoch was finished, `unfinished` that its
    plan was stopped part way; `coming` is the step of its path to take next, None when the path has ended.
    """

    chosen: bool = False
    run: bool = False
    job: Kind | None = None
    found: bool = False
    trained: bool = False
    unfinished: bool = False
    coming: Step | None = None

    @property
    def fresh(self) -> bool:
        """Whether nothing has been done yet with the run in hand."""
        return self.run and not (self.job or self.found or self.trained or self.unfinished)


@dataclass(frozen=True)
class Next:
    """The page that comes next, and what to do there, as the words of a button."""

    page: str
    label: str


def next_after(page: str, now: Standing) -> Next | None:
    """What comes next after `page` (a path, such as `pages/data.py`).

    None where the page's own button is the only way on: data is still to be chosen or a run to be made on it, its job
    is at work, or the network on it is still to be trained.
    """
    if not now.run:
        return _without_run(page, chosen=now.chosen)
    page_of_job = WATCH[now.job][0] if now.job else None
    if page == page_of_job:
        return None
    if page == LEARNING_RATE and now.fresh:
        return _next(DATA, "look at the images")
    if page == TRAINING:
        return _next(RESULTS, "see where it errs") if now.trained else None
    if page == FINDER and not (now.found or now.trained or now.job or now.unfinished):
        return _after(page, now)
    if page in (RESULTS, PREDICT) and not now.trained and not now.job:
        return _next(TRAINING, "train it")
    place, words = _ahead(now)
    if place == page or (page == PREDICT and place == RESULTS and not now.job):
        return _after(page, now)
    return _next(place, words)


def _without_run(page: str, *, chosen: bool) -> Next | None:
    if page in (HOME, LEARNING_RATE, AUGMENTATION, RUNS) and chosen:
        return _next(DATA, "start a run with your data")
    if page == HOME:
        return _next(LEARNING_RATE, "see what a learning rate does")
    return _next(DATA, "choose your data") if page in (LEARNING_RATE, AUGMENTATION, RUNS) else None


def _ahead(now: Standing) -> tuple[str, str]:
    """The page where the run goes on, and what to do there."""
    if now.job:
        return WATCH[now.job]
    if now.unfinished:
        return TRAINING, "continue the plan"
    if now.coming is not None:
        return now.coming.page, now.coming.then
    return RESULTS, "see where it errs"


def _after(page: str, now: Standing) -> Next:
    """What comes after the page where the run goes on."""
    if page == AUGMENTATION and not now.found:
        return _next(FINDER, "find the rate")
    if page in (AUGMENTATION, FINDER):
        return _next(TRAINING, "plan the training")
    if page == RESULTS:
        return _next(PREDICT, "try it on other images")
    return _next(RUNS, "compare your runs")


def _next(page: str, words: str) -> Next:
    return Next(page, f"Next: {words}")
