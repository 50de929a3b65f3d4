"""`version`: the edits of a data set: list, make and take back; let a run go on with them; export the result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.cli.inspect import opened
from core.cli.jobs import run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter, one_line, table
from core.data.dataset import DataSet
from core.data.versions.edits import Action, Edit, counted
from core.data.versions.export import write_csv, write_folders
from core.data.versions.ledger import Ledger, ledger_of
from core.data.versions.version import as_given, unfit, versioned
from core.errors import AnnealError, DataError
from core.jobs.actions import use_version
from core.runs.folder import RunFolder
from core.workspace import Workspace

DECISIONS: dict[str, Action] = {"relabel": "relabel", "exclude": "exclude", "confirm": "confirm"}


def version(options: Options, reporter: Reporter) -> Answer:
    """Do one thing with the edits of a run's data set, or of a data set that was not trained on yet."""
    workspace = Workspace.at(options.home)
    run = _run(str(options.data), workspace)
    data = opened(options, reporter) if run is None else run.data()
    ledger = ledger_of(workspace, data)
    action = options.action
    if action in DECISIONS:
        return _decided(ledger, data, DECISIONS[action], options)
    _refuse_idle(options)
    others: dict[str, Callable[[], Answer]] = {
        "list": lambda: _listed(ledger, data, run),
        "undo": lambda: _taken_back(ledger, data, options.arguments),
        "use": lambda: _used(run, options.arguments),
        "export": lambda: _exported(ledger, data, options, reporter),
    }
    return others[action]()


def _run(text: str, workspace: Workspace) -> RunFolder | None:
    """The run that is meant, if one is."""
    inside = "/" not in text and (workspace.runs / text / "run.json").is_file()
    if inside or (Path(text).expanduser() / "run.json").is_file():
        return run_named(text, workspace)
    return None


def _refuse_idle(options: Options) -> None:
    if options.to is not None:
        raise DataError("--to is the class of images that are relabelled. Leave it out, or say relabel.")
    if options.action == "list" and options.arguments:
        raise DataError("list takes nothing more. Leave out what follows it.")


def _decided(ledger: Ledger, data: DataSet, action: Action, options: Options) -> Answer:
    """One edit for each image named; none at all where one of them is refused."""
    if not options.arguments:
        raise DataError(f"Name the images to {action}, as the data set calls them (inspect and suspects list names).")
    if action == "relabel" and options.to is None:
        raise DataError("Say which class the images are of: --to CLASS.")
    if action != "relabel" and options.to is not None:
        raise DataError("--to is the class of images that are relabelled. Leave it out, or say relabel.")
    before = {edit.id for edit in ledger.edits()}
    made: list[Edit] = []
    try:
        for image in options.arguments:
            edit = ledger.decide(data, image, action, options.to or "")
            made += [edit]
    except AnnealError:
        ledger.take_back([edit.id for edit in made if edit.id not in before])
        raise
    return Answer({"edits": _rows(made)}, _table(made))


def _taken_back(ledger: Ledger, data: DataSet, asked: list[str]) -> Answer:
    """Edits taken back: by id, the last one, those that do not fit any more, or all."""
    edits = ledger.edits()
    if not asked:
        raise DataError("Say which edits to take back: their ids, or last, unfit or all.")
    if not edits:
        raise DataError("There is no edit to take back.")
    if asked == ["unfit"]:
        back = ledger.take_back_unfit(data)
    else:
        ids = {"last": [edits[-1].id], "all": [edit.id for edit in edits]}
        back = ledger.take_back(ids[asked[0]] if len(asked) == 1 and asked[0] in ids else asked)
    said = f"Taken back: {len(back):,} edit{'' if len(back) == 1 else 's'}."
    return Answer({"taken_back": _rows(back)}, "\n".join([said, *([_table(back)] if back else [])]))


def _listed(ledger: Ledger, data: DataSet, run: RunFolder | None) -> Answer:
    edits, given = ledger.edits(), as_given(data)
    wrong = unfit(given, edits)
    in_use = run is not None and {edit.id for edit in data.edits} == {edit.id for edit in edits}
    value: dict[str, Any] = {
        "data": data.spec,
        "file": str(ledger.path),
        "images": len(given.items),
        "edits": _rows(edits),
        "unfit": [{"id": one.edit.id, "image": one.edit.image, "reason": one.reason} for one in wrong],
        "in_use": in_use if run is not None else None,
    }
    said = [f"{len(edits):,} edit{'' if len(edits) == 1 else 's'} of {data.title} ({ledger.path})."]
    said += [_table(edits)] if edits else []
    said += [f"! {one_line(one.edit.image)} does not fit: {one.reason}" for one in wrong]
    if wrong:
        said.append("Take them back with undo unfit, or put the files back as they were.")
    if run is not None and edits and not in_use:
        said.append("The run does not go on with all of these yet: version RUN use.")
    return Answer(value, "\n".join(said))


def _used(run: RunFolder | None, arguments: list[str]) -> Answer:
    if run is None:
        raise DataError("Only a run can go on with edits. Give a run's id, or begin one: train DATA --mended.")
    if arguments:
        raise DataError("use takes nothing more: a run goes on with all edits. Take back those that it should not.")
    data = use_version(run)
    train, valid = len(data.indices("train")), len(data.indices("valid"))
    said = (
        f"The run goes on with {counted(data.edits) or 'no edits'}: {train:,} training and {valid:,} validation images."
    )
    value = {"run": run.id, "train": train, "valid": valid, "fingerprint": data.fingerprint}
    return Answer({**value, "edits": _rows(data.edits)}, said)


def _exported(ledger: Ledger, data: DataSet, options: Options, reporter: Reporter) -> Answer:
    if len(options.arguments) != 1:
        raise DataError("Give one place to export to: a file that ends in .csv, or a folder.")
    target = Path(options.arguments[0]).expanduser().absolute()
    edited = versioned(data, ledger.edits())
    if target.suffix.lower() == ".csv":
        if options.copies:
            raise DataError("A table holds no copies. Leave out --copies, or give a folder.")
        images = write_csv(edited, target)
    else:
        images = write_folders(edited, target, "copies" if options.copies else "links", reporter)
    value = {"written": str(target), "images": images, "fingerprint": edited.fingerprint}
    return Answer(value, f"Wrote {images:,} images to {target}.")


def _rows(edits: list[Edit] | tuple[Edit, ...]) -> list[dict[str, Any]]:
    return [edit.model_dump(mode="json") for edit in edits]


def _table(edits: list[Edit] | tuple[Edit, ...]) -> str:
    return table([[edit.id, edit.when, edit.split, one_line(edit.image), edit.words()] for edit in edits], right=False)
