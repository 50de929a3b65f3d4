"""Changes to a run that are refused while a job works on it. Importing this module does not import torch."""

import secrets
import shutil
from copy import deepcopy

from core.data.dataset import DataSet
from core.data.growth import Growth, grown
from core.data.moved import relocate
from core.data.versions.ledger import carry, ledger_of
from core.data.versions.version import versioned
from core.errors import RunError
from core.hosting.usage import refuse_full
from core.jobs import queue, store
from core.results.restarts import AVERAGED, ENSEMBLE, Gain
from core.runs.checkpoint import (
    CheckpointMeta,
    SnapshotMeta,
    checkpoint_to_restart,
    checkpoint_to_snapshot,
    join_members,
    read_meta,
    read_snapshot_meta,
    snapshot_to_checkpoint,
)
from core.runs.folder import RunFolder
from core.runs.names import LATEST, checked_name, checked_new_snapshot
from core.runs.snapshots import Snapshot, snapshot_meta
from core.runs.state import RunState
from core.runs.studies import average_path
from core.workspace import Progress, no_progress, sentences, timestamp, write_json

TRASH = ".trash-"
"""What the name of a folder that is being deleted begins with."""


def rename(run: RunFolder, name: str) -> None:
    """Give a run another name; raises `RunError` while a job is at work on it."""
    name = checked_name(name)
    with store.locked(run.workspace):
        _refuse_while_live(run, "renamed")
        write_json(run.path / "run.json", run.info.model_copy(update={"name": name}).model_dump(mode="json"))


def point_to(run: RunFolder, spec: str, progress: Progress = no_progress) -> None:
    """Let a run find its images in `spec`, a folder or an archive, because they have moved; its classes and split stay.

    Every image is compared with the one that the run was made with. Raises `DataError` when one is not there, and
    `RunError` while a job is at work on the run.
    """
    before = run.data()
    data = relocate(before, spec, run.workspace, progress)
    with store.locked(run.workspace):
        _refuse_while_live(run, "pointed to other files")
        carry(run.workspace, before, data)
        run.write_data(data)


def add_images(run: RunFolder, spec: str, progress: Progress = no_progress) -> Growth:
    """Add the images of `spec`, a folder or an archive, to the run's data set; the next stage trains on them too.

    Those that were held out for validation stay held out. Raises `DataError` when nothing is new or a class is
    unknown, and `RunError` while a job is at work on the run, or where it was stopped within a stage: the batches of
    that stage are of the images that it began with. For the same reason branches cannot begin from earlier cycles
    afterwards.
    """
    growth = grown(run.data(), spec, run.workspace, progress)
    with store.locked(run.workspace):
        _refuse_while_live(run, "given more images")
        _refuse_within_stage(run, "add images")
        run.write_data(growth.data)
        _forget_what_was_of_the_data(run)
    return growth


def use_version(run: RunFolder) -> DataSet:
    """Let the run go on with the edits of its data set that stand now (`core.data.versions`), and no others.

    Images keep their side of the split, so validation images stay validation images. Raises `DataError` when an edit
    does not fit or leaves a class with too few images, and `RunError` where the run has these edits already, while a
    job is at work on it, or where it was stopped within a stage. Branches cannot begin from earlier cycles afterwards.
    """
    before = run.data()
    after = versioned(before, ledger_of(run.workspace, before).edits())
    if after.edits == before.edits:
        raise RunError("The run goes on with these edits already. Edit an image, or take an edit back, first.")
    with store.locked(run.workspace):
        _refuse_while_live(run, "given other data")
        if after.fingerprint != before.fingerprint:
            _refuse_within_stage(run, "use the edits")
        run.write_data(after)
        if after.fingerprint != before.fingerprint:
            _forget_what_was_of_the_data(run)
    return after


def _refuse_within_stage(run: RunFolder, then: str) -> None:
    """Raise `RunError` where the run was stopped within a stage, which goes on with the batches it began with."""
    meta = read_meta(run.checkpoint)
    if meta is not None and meta.learner.position.due != "nothing":
        raise RunError(
            "The run was stopped within a stage, whose batches are of the images that it began with. Continue it "
            f"to the stage's end, or load a snapshot, and then {then}."
        )


def _forget_what_was_of_the_data(run: RunFolder) -> None:
    for folder in ("restarts", "predictions"):
        shutil.rmtree(run.path / folder, ignore_errors=True)


def delete(run: RunFolder) -> None:
    """Delete a run and all that it holds; raises `RunError` while a job is at work on it."""
    with store.locked(run.workspace):
        _refuse_while_live(run, "deleted")
        trash = run.path.with_name(f"{TRASH}{run.path.name}-{secrets.token_hex(2)}")
        with sentences(run.path):
            run.path.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def save_snapshot(run: RunFolder, name: str) -> Snapshot:
    """Keep the present weights under a name of a person's own; raises `RunError` when it is taken or reserved."""
    name = checked_new_snapshot(name)
    refuse_full(run.workspace)
    with store.locked(run.workspace):
        _refuse_while_live(run, "saved under a name")
        _keep_checkpoint(run, name)
    return next(snapshot for snapshot in run.snapshots() if snapshot.name == name)


def keep_average(run: RunFolder) -> Snapshot:
    """Make the averaged weights of the study of restarts a snapshot; raises `RunError` when there are none."""
    source = average_path(run)
    with store.locked(run.workspace):
        _refuse_while_live(run, "changed")
        if not source.exists():
            raise RunError("The averaged weights are no longer there. Ask again what the restarts did.")
        with sentences(run.path):
            target = run.snapshot_path(AVERAGED)
            target.parent.mkdir(exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            shutil.copyfile(source, part)
            part.replace(target)
        run.forget_predictions(AVERAGED)
    return next(snapshot for snapshot in run.snapshots() if snapshot.name == AVERAGED)


def keep_ensemble(run: RunFolder, gain: Gain) -> Snapshot:
    """Make the ensemble that a study of restarts has measured a snapshot, with its figures.

    Raises `RunError` when one of its members is gone, or its place is taken by weights of another kind.
    """
    refuse_full(run.workspace)
    path = run.snapshot_path(ENSEMBLE)
    with store.locked(run.workspace):
        _refuse_while_live(run, "changed")
        if path.exists() and not read_snapshot_meta(path).members:
            raise RunError(f"There is a snapshot called {ENSEMBLE} of your own. Delete its file first.")
        about = read_snapshot_meta(run.snapshot_path(gain.members[-1]))
        figures = {"accuracy": gain.accuracy, "valid_loss": gain.loss, "created": timestamp()}
        meta = about.model_copy(update={**figures, "members": gain.members})
        join_members([run.snapshot_path(name) for name in gain.members], path, meta)
        run.forget_predictions(ENSEMBLE)
    return next(snapshot for snapshot in run.snapshots() if snapshot.name == ENSEMBLE)


def load_snapshot(run: RunFolder, name: str) -> None:
    """Make a snapshot's weights those that the next stage begins from; "latest" changes nothing.

    The optimiser starts afresh, a plan under way is given up, and the history goes on counting.
    """
    with store.locked(run.workspace):
        _refuse_while_live(run, "loaded into")
        if name != LATEST:
            put_in_place(run, name)


def _refuse_while_live(run: RunFolder, what: str) -> None:
    """Raise `RunError` when a job of this run is queued or running; the caller holds the lock on jobs."""
    if queue.live_job(run.workspace, run.id) is not None:
        raise RunError(f"This run is at work, so it cannot be {what} now. Stop it first, or wait until it has ended.")


def _keep_checkpoint(run: RunFolder, name: str) -> None:
    """Write the checkpoint's weights as a snapshot; raises `RunError` when there are none or the name is taken."""
    path, meta = run.snapshot_path(name), read_meta(run.checkpoint)
    if meta is None:
        raise RunError("Nothing has been trained yet, so there is nothing to save. Train a stage first.")
    if path.exists():
        raise RunError(f"There is a snapshot called {name} already. Choose another name.")
    checkpoint_to_restart(run.checkpoint, run.restart_path(name), meta)
    checkpoint_to_snapshot(run.checkpoint, path, snapshot_meta(run.info, meta.learner, meta.figures, meta.size))


def put_in_place(run: RunFolder, name: str) -> None:
    """Make a snapshot the checkpoint; the caller makes sure that nobody else works on the run."""
    snapshot = run.snapshot_path(name)
    about, info = read_snapshot_meta(snapshot), run.info
    if (about.backbone, about.classes) != (info.backbone, info.classes):
        raise RunError(f"The snapshot {name} is of another network or other classes, so this run cannot load it.")
    if about.members:
        raise RunError(
            f"The snapshot {name} is an ensemble of several networks, which cannot be trained on as one. Load one of "
            f"its members: {', '.join(about.members)}."
        )
    before = _meta_to_go_on_from(run, about)
    figures = {"accuracy": about.accuracy, "valid_loss": about.valid_loss}
    kept = {
        "stages": [stage.ended() for stage in before.stages],
        "figures": {name: value for name, value in figures.items() if value is not None},
        "loaded": name,
        "size": about.size,
    }
    learner = before.learner.between_stages()
    snapshot_to_checkpoint(snapshot, run.checkpoint, before.model_copy(update={**kept, "learner": learner}))
    plan = {"plan": [], "plan_name": "", "plan_start": len(before.stages), "next_stage": 0}
    run.forget_predictions(LATEST)
    run.write_state(RunState.model_validate({**run.state.model_dump(), **kept, **plan}))


def _meta_to_go_on_from(run: RunFolder, about: SnapshotMeta) -> CheckpointMeta:
    """The checkpoint's header or, when that is missing or damaged, one made from the run's history and state."""
    try:
        meta = read_meta(run.checkpoint)
    except RunError:
        meta = None
    if meta is not None:
        return meta
    if about.learner is None:
        raise RunError("This snapshot does not say where it was taken, and the run has no checkpoint to go on from.")
    history, state = run.history, run.state
    position = deepcopy(about.learner.position)
    position.step = int(max([position.step, *history.steps["step"]]))
    position.epoch = int(max([position.epoch, *history.epochs["epoch"]]))
    position.cycle = int(max([position.cycle, *history.cycles["cycle"]]))
    return CheckpointMeta(
        learner=about.learner.model_copy(update={"position": position}),
        history_bytes=history.path.stat().st_size if history.path.exists() else 0,
        stages=state.stages,
        best=state.best,
        seconds=state.seconds,
    )
