"""What this session works on: one run, or one data set that has no run yet, and the augmentation that was chosen.

Session state holds ids and plain values only, since Streamlit imports edited modules anew; they are made into typed
values here, where they are read.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.augment import Augmentation
from core.data.catalogue import EMBEDDED
from core.data.index import DataSet, load_data, written_to
from core.data.kept_set import FEWEST
from core.data.reading import Choice
from core.errors import AnnealError
from core.kept import state_of
from core.runs.folder import open_run, run_path
from core.workspace import Progress, Workspace
from pages.ui.progress import progress_bar

RUN = "current_run"
DATA = "data_in_hand"
AUGMENTATION = "augmentation"
BY_THE_RULES = Choice()
MOST, MOST_ON_A_SERVER = 8, 40
"""Data sets in memory; 10,000 images take about 2 MB."""

CHECK_AFTER_S = 2.0
"""Seconds until every image of a large set is looked at for changes: the page is to be on show first."""


@dataclass(frozen=True)
class DataChoice:
    """A data set, how to split it where it brings no split, and what a person decided about how it is read."""

    spec: str
    valid_share: float = 0.2
    seed: int = 0
    choice: Choice = BY_THE_RULES

    def to_session(self) -> dict[str, Any]:
        """Plain values for the session."""
        return {
            "spec": self.spec,
            "valid_share": self.valid_share,
            "seed": self.seed,
            "choice": self.choice.model_dump(mode="json"),
        }

    @classmethod
    def from_session(cls, values: dict[str, Any]) -> "DataChoice":
        """What `to_session` gave; a decision about the reading that no longer fits is left out."""
        try:
            choice = Choice.model_validate(values.get("choice", {}))
        except ValidationError:
            choice = BY_THE_RULES
        return cls(values["spec"], values.get("valid_share", 0.2), values.get("seed", 0), choice)


class _Loaded:
    """The data sets last used, by the workspace and what they were loaded from; they are never changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: OrderedDict[tuple[object, ...], DataSet] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> DataSet | None:
        with self._lock:
            if key in self._sets:
                self._sets.move_to_end(key)
            return self._sets.get(key)

    def put(self, key: tuple[object, ...], data: DataSet, most: int) -> None:
        with self._lock:
            self._sets[key] = data
            while len(self._sets) > most:
                self._sets.popitem(last=False)

    def drop(self, key: tuple[object, ...]) -> None:
        with self._lock:
            self._sets.pop(key, None)

    def drop_spec(self, root: Path, spec: str) -> None:
        """Drop a data set however it was split and read."""
        with self._lock:
            for key in [key for key in self._sets if key[0] == root and getattr(key[1], "spec", None) == spec]:
                del self._sets[key]


@st.cache_resource(show_spinner=False)
def _loaded() -> _Loaded:
    return _Loaded()


def select_run(run_id: str) -> None:
    """Work on a run from now on, in this session and in the page's address; its data set is then the run's."""
    st.session_state[RUN] = run_id
    st.session_state.pop(DATA, None)
    st.query_params.pop("data", None)
    st.query_params["run"] = run_id


def select_data(choice: DataChoice) -> None:
    """Work on a data set that has no run yet; the current run is closed."""
    close_run()
    st.session_state[DATA] = choice.to_session()
    _into_address(choice.spec)


def _into_address(spec: str) -> None:
    """Put embedded data into the address, to survive a reload. Paths stay out of it: people pass addresses on."""
    if not _embedded(spec):
        st.query_params.pop("data", None)
    elif st.query_params.get("data") != spec:
        st.query_params["data"] = spec


def _embedded(spec: str) -> bool:
    return any(spec == offer.spec for offer in EMBEDDED)


def close_run() -> None:
    """Work on no run; what it holds on disk stays."""
    st.session_state.pop(RUN, None)
    st.query_params.pop("run", None)


def selected_run_id() -> str | None:
    """The run of the page's address, or else of this session."""
    run_id = st.query_params.get("run") or st.session_state.get(RUN)
    if run_id and st.session_state.get(RUN) != run_id:
        st.session_state.pop(DATA, None)
    if run_id:
        st.session_state[RUN] = run_id
        if st.query_params.get("run") != run_id:
            st.query_params["run"] = run_id
    return run_id


def selected_data() -> DataChoice | None:
    """The data set chosen in this session, where there is no current run."""
    values = st.session_state.get(DATA)
    if values:
        _into_address(values["spec"])
        return DataChoice.from_session(values)
    spec = st.query_params.get("data", "")
    return DataChoice(spec) if _embedded(spec) else None


def selected_title(workspace: Workspace, choice: DataChoice) -> str:
    """The title of a data set that has been looked at, else the last part of its path; not escaped."""
    known = _loaded().get((_root(workspace, choice.spec), choice))
    return known.title if known else Path(choice.spec).name


def load(workspace: Workspace, choice: DataChoice, report: Progress | None = None) -> DataSet:
    """The data set of a choice, from memory where it has been looked at; a first look shows a progress bar.

    Raises `DataError` with what is wrong with it.
    """
    key = (_root(workspace, choice.spec), choice)
    known = _loaded().get(key)
    if known is None:
        with progress_bar() as bar:
            known = load_data(
                choice.spec,
                workspace,
                valid_share=choice.valid_share,
                seed=choice.seed,
                choice=choice.choice,
                trusting=True,
                progress=report or bar,
            )
        _loaded().put(key, known, _most(workspace))
        if len(known.items) >= FEWEST:
            _check_soon(workspace, choice, key)
    return known


def _check_soon(workspace: Workspace, choice: DataChoice, key: tuple[object, ...]) -> None:
    timer = threading.Timer(CHECK_AFTER_S, _check, (_loaded(), workspace, choice, key))
    timer.daemon = True
    timer.start()


def _check(loaded: _Loaded, workspace: Workspace, choice: DataChoice, key: tuple[object, ...]) -> None:
    """Forget a data set of which an image was written to in place: the next run of a page reads it anew."""
    how: dict[str, Any] = {"valid_share": choice.valid_share, "seed": choice.seed, "choice": choice.choice}
    if written_to(choice.spec, workspace, **how):
        loaded.drop(key)


def _root(workspace: Workspace, spec: str) -> Path:
    """Where a data set is at home: what comes with Anneal is the same for all visitors of a server."""
    return workspace.shared.root if _embedded(spec) else workspace.root


def _most(workspace: Workspace) -> int:
    return MOST if workspace.host is None else MOST_ON_A_SERVER


def forget(workspace: Workspace, spec: str) -> None:
    """Forget what is in memory of a data set, however it was split and read: the next look goes to the disk."""
    _loaded().drop_spec(_root(workspace, spec), spec)


def data_of_run(workspace: Workspace, run_id: str) -> DataSet:
    """The data set of a run as its folder has it now, also where another process changed it.

    Raises `RunError`, `DataError`.
    """
    key = _key_of_run(workspace, run_id)
    known = _loaded().get(key)
    if known is None:
        known = open_run(workspace, run_id).data()
        _loaded().put(key, known, _most(workspace))
    return known


def forget_run(workspace: Workspace, run_id: str) -> None:
    """Forget what is in memory of a run's data set, which was changed on disk."""
    _loaded().drop(_key_of_run(workspace, run_id))


def _key_of_run(workspace: Workspace, run_id: str) -> tuple[object, ...]:
    """What the data of a run are kept by: the run, and the state of its file."""
    try:
        size, changed, _ = state_of(run_path(workspace, run_id) / "data.json")
    except (OSError, AnnealError):
        size, changed = 0, ()
    return workspace.root, "run", run_id, size, changed


def choose_augmentation(how: Augmentation) -> None:
    """Have the stages that are planned next begin with these settings."""
    st.session_state[AUGMENTATION] = how.model_dump()


def chosen_augmentation() -> Augmentation | None:
    """What was chosen on the Augmentation page in this session."""
    values = st.session_state.get(AUGMENTATION)
    try:
        return Augmentation.model_validate(values) if values else None
    except ValidationError:
        return None
