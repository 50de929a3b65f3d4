"""What is edited and taken away, interrupted: a version of a data set in use and exported, and a carried run."""

import zipfile
from pathlib import Path

from safetensors.torch import load_file

from core.data.dataset import DataSet
from core.data.versions.edits import Action
from core.data.versions.export import write_csv, write_folders
from core.data.versions.ledger import ledger_of
from core.data.versions.version import versioned
from core.export.carry_in import carry_in
from core.export.formats import FORMATS
from core.export.kept import FOLDER, kept_export
from core.export.records import RECORDS
from core.jobs import actions
from core.jobs.records import write_record
from core.runs.folder import RunFolder, list_runs

TABLE, FOLDERS, CARRIED = "edited.csv", "edited", "taken.run.zip"
"""What is exported to a place of the user's own: here beside the workspace's folders."""

SNAPSHOT = "cycle-1"
UNDONE = 12
"""Place of the image whose edit is taken back."""


def decisions(data: DataSet) -> list[tuple[str, Action, str]]:
    """An image, what is decided about it, and the class that it gets."""
    names = [item.name for item in data.items]
    return [
        (names[0], "relabel", data.classes[1]),
        (names[4], "exclude", ""),
        (names[8], "confirm", ""),
        (names[UNDONE], "relabel", data.classes[2]),
    ]


def edit(run: RunFolder) -> None:
    """Edit the data set, take one edit back, go on with the others, export both ways; what is done already is left."""
    home, data = run.workspace.root, run.data()
    ledger = ledger_of(run.workspace, data)
    for image, action, to in decisions(data):
        ledger.decide(data, image, action, to)
    undone = data.items[UNDONE].name
    ledger.take_back([edit.id for edit in ledger.edits() if edit.image == undone])
    edited = versioned(data, ledger.edits())
    if edited.edits != data.edits:
        actions.use_version(run)
    if not (home / TABLE).exists():
        write_csv(edited, home / TABLE)
    if not any((home / FOLDERS).glob("*")):
        write_folders(edited, home / FOLDERS, "copies")


def same_edits(one: RunFolder, whole: RunFolder) -> None:
    """The same decisions, data and exported files."""
    effects = [[edit.effect for edit in ledger_of(run.workspace, run.data()).edits()] for run in (one, whole)]
    assert effects[0] == effects[1], "other edits"
    assert one.data().fingerprint == whole.data().fingerprint
    homes = [run.workspace.root for run in (one, whole)]
    assert (homes[0] / TABLE).read_text() == (homes[1] / TABLE).read_text()
    files = [{path.relative_to(home / FOLDERS): path for path in (home / FOLDERS).rglob("*.png")} for home in homes]
    assert files[0].keys() == files[1].keys()
    assert all(path.read_bytes() == files[1][name].read_bytes() for name, path in files[0].items())


def carry(run: RunFolder) -> None:
    """Carry a run away with its images, and import it again; what is done already is left."""
    file = run.workspace.root / CARRIED
    if not file.exists():
        write_record(run, RECORDS["run"], file, images=True)
    if len(list_runs(run.workspace)) == 1:
        carry_in(file, run.workspace)


def whole_exports(run: RunFolder) -> None:
    """Whatever lies under the name of an export, or was carried away, is whole."""
    for path in (run.path / FOLDER).glob("[!.]*.safetensors"):
        assert load_file(path)
    file: Path = run.workspace.root / CARRIED
    if file.exists():
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None


def same_export(one: RunFolder, whole: RunFolder) -> None:
    """The same weights, checked, with a description beside them."""
    kept = [kept_export(run, FORMATS["safetensors"], SNAPSHOT) for run in (one, whole)]
    found, wanted = kept
    assert found is not None
    assert wanted is not None
    check = found.description.check
    assert check is not None
    assert check.passed
    weights, others = load_file(found.path), load_file(wanted.path)
    assert weights.keys() == others.keys()
    assert all(bool((weights[name] == others[name]).all()) for name in weights), "other weights"
