"""A carried run's file opened on this machine, whoever wrote it. Importing this module imports no torch."""

import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open

from core.data.dataset import DataSet
from core.data.decode import digest_of
from core.data.folders import new_folder, settle, write_manifest
from core.data.moved import relocate
from core.errors import AnnealError, ExportError
from core.export.carry_manifest import MANIFEST, VERSION, CarriedData, Kind, Manifest, damaged, json_of
from core.export.carry_parts import MOST_TEXT, Parts
from core.results.predictions import Predictions
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.draft import DraftFile
from core.runs.folder import RunFolder
from core.runs.names import checked_name, new_id
from core.runs.state import Curve, RunInfo, RunState
from core.runs.threshold import Threshold
from core.runs.trials import KeptTrials
from core.workspace import Progress, Workspace, no_progress, sentences, write_json

LONGEST_LINE = 2**16
"""Bytes of a line of a history."""

HEAD = "head.1.weight"
"""The tensor with a row for each class."""

NOT_CARRIED = "images-not-carried"
"""The folder, never made, in which the images of a run that was carried without them are looked for in vain."""

_NAME = re.compile(r"[\w.\-/]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Imported:
    """A run that was carried here; `images` says whether its images are here too."""

    run: RunFolder
    images: bool


def carry_in(file: Path | BinaryIO, workspace: Workspace, progress: Progress = no_progress) -> Imported:
    """Make a run of the workspace from a file that `carry_out` wrote; it gets an id of its own.

    Only what a carried run holds is taken, each part checked and, but for weights and images, written anew. Images
    are looked at: each must be the one that the run was made with. Raises `ExportError` with what is wrong with the
    file, `WorkspaceError` when the disk is full; nothing of it stays then.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _Import(archive, workspace, progress).made()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, UnicodeDecodeError, NotImplementedError) as error:
        raise ExportError(
            "That is no carried run: the file is no zip, or it is damaged. Choose a file that was made by "
            "`python -m core export RUN --to run`, or on the Runs page there."
        ) from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ExportError(f"There is no file {file}. Check the path.") from error


class _Import:
    """One import under way."""

    def __init__(self, archive: zipfile.ZipFile, workspace: Workspace, progress: Progress) -> None:
        self.parts, self.workspace, self.progress = Parts(archive), workspace, progress
        self.manifest = self.parts.strict(MANIFEST, Manifest)
        if self.manifest.anneal_run > VERSION:
            raise ExportError("This run was carried by a later version of Anneal. Update Anneal here, and try again.")
        if self.parts.sizes() != self.manifest.bytes:
            raise ExportError("Parts of this run's file are missing or were changed. Have the run exported again.")
        self.info, self.data = self._identity()

    def made(self) -> Imported:
        """Write the run beside the others under a hidden name, and rename it once it is whole."""
        run_id = new_id()
        path = self.workspace.runs / run_id
        making = path.with_name(f".new-{run_id}")
        try:
            with sentences(path):
                making.mkdir()
                placed = self._placed_images() if self.manifest.with_images else self._placed_nowhere(path)
                self._write(making, placed)
                making.rename(path)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        run = RunFolder(path, self.workspace)
        return Imported(run, self.manifest.with_images or self._found_at_home(run))

    def _identity(self) -> tuple[RunInfo, CarriedData]:
        info = self.parts.read("run.json", RunInfo)
        try:
            data = CarriedData.model_validate_json(self.parts.content("data.json", MOST_TEXT)).checked()
        except (ValueError, ValidationError, AnnealError) as error:
            raise damaged("data.json") from error
        fine = (
            (info.classes, info.fingerprint, info.images) == (data.classes, data.fingerprint, data.used)
            and _NAME.fullmatch(info.backbone)
            and 4 <= info.size <= 2048
            and 0 <= info.seed < 2**63
        )
        if not fine:
            raise ExportError(
                "run.json and data.json in this file are not of one run: their classes or images differ. Have the run "
                "exported again."
            )
        try:
            return info.model_copy(update={"name": checked_name(info.name)}), data
        except AnnealError as error:
            raise damaged("run.json") from error

    def _write(self, folder: Path, data: DataSet) -> None:
        info = self.info.model_copy(update={"data_spec": data.spec})
        write_json(folder / "data.json", data.to_json(), indent=None)
        write_json(folder / "state.json", self._state().model_dump(mode="json"))
        others = [(name, kind) for name, kind in self.parts.kinds.items() if kind != "image"]
        for number, (name, kind) in enumerate(others):
            self.progress("Reading the run", number, len(others))
            (folder / name).parent.mkdir(exist_ok=True)
            if kind in ("checkpoint", "snapshot", "restart", "average"):
                self._weights(name, kind, folder / name)
            elif kind == "predictions":
                self._predictions(name, folder / name)
            elif kind == "history":
                (folder / name).write_bytes(self._history(name))
            elif kind in _MODELS:
                write_json(folder / name, self._answer(name, kind))
            elif kind == "study":
                value = json_of(self.parts.content(name, MOST_TEXT), name)
                if not isinstance(value, dict):
                    raise damaged(name)
                write_json(folder / name, value)
        write_json(folder / "run.json", info.model_dump(mode="json"))

    def _state(self) -> RunState:
        state = self.parts.read("state.json", RunState)
        if not (0 <= state.plan_start <= len(state.stages) + 1 and 0 <= state.next_stage <= len(state.plan)):
            raise damaged("state.json")
        return state.ended("stopped", "It was under way when the run was carried away.")

    def _answer(self, name: str, kind: Kind) -> object:
        found = self.parts.read(name, _MODELS[kind])
        wrong_length = isinstance(found, Curve) and len(found.lrs) != len(found.losses)
        if wrong_length or getattr(found, "name", Path(name).stem) != Path(name).stem:
            raise damaged(name)
        return found.model_dump(mode="json")

    def _history(self, name: str) -> bytes:
        content = self.parts.content(name, MOST_TEXT)
        for line in content.splitlines():
            if len(line) > LONGEST_LINE or not isinstance(json_of(line, name), dict):
                raise damaged(name)
        return content

    def _weights(self, name: str, kind: Kind, path: Path) -> None:
        """Weights, if they are a safetensors file whose header says that they are of this network and classes."""
        self.parts.copy(name, path)
        try:
            with safe_open(path, framework="numpy") as file:
                heads = [key for key in file.keys() if key == HEAD or key.partition("/")[2] == HEAD]  # noqa: SIM118
                rows = {file.get_slice(key).get_shape()[0] for key in heads}
            if kind in ("checkpoint", "restart"):
                fits = read_meta(path) is not None
            else:
                meta = read_snapshot_meta(path)
                fits = (meta.backbone, meta.classes) == (self.info.backbone, self.info.classes)
        except (SafetensorError, OSError, AnnealError, IndexError, ValueError) as error:
            raise ExportError(
                f"{name} in this file is no file of weights that this version of Anneal reads, so nothing was "
                "imported. Have the run exported again."
            ) from error
        if not fits or not rows <= {len(self.info.classes)}:
            raise ExportError(
                f"{name} in this file is of another network or other classes than the run, so nothing was imported. "
                "Have the run exported again."
            )

    def _predictions(self, name: str, path: Path) -> None:
        """Predictions, if they are of this run's images; their file is a zip again, which could be a bomb."""
        images, classes = len(self.data.items), len(self.data.classes)
        words = sum(len(item.name.encode()) * 6 + 8 for item in self.data.items)
        most = images * (4 * classes + 20) + words + 2**16
        content = self.parts.content(name, most)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        try:
            with zipfile.ZipFile(part) as inner:
                fine = sum(entry.file_size for entry in inner.infolist()) <= most + 2**16
            if not fine:
                raise damaged(name)
            found = Predictions.load(part)
            self._fits(found, name)
            found.save(path)
        except (zipfile.BadZipFile, AnnealError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise damaged(name) from error
        finally:
            part.unlink(missing_ok=True)

    def _fits(self, found: Predictions, name: str) -> None:
        items = self.data.items
        places = [int(at) for at in found.indices]
        fine = (
            found.classes == self.data.classes
            and all(0 <= at < len(items) for at in places)
            and [items[at].name for at in places] == list(found.names)
            and found.probabilities.dtype == found.losses.dtype == "float32"
        )
        if not fine:
            raise damaged(name)

    def _placed_nowhere(self, run: Path) -> DataSet:
        """The data set with places where nothing lies, which a person can say better later."""
        folder = run / NOT_CARRIED
        return self.data.placed(str(folder), [folder / item.name for item in self.data.items])

    def _placed_images(self) -> DataSet:
        """Keep the images as a data set of the workspace, and give the set with their places there."""
        by_number = {name[:13]: name for name, kind in self.parts.kinds.items() if kind == "image"}
        names = [by_number.get(f"images/{number:06d}") for number in range(len(self.data.items))]
        found = [name for name in names if name is not None]
        if len(found) != len(names) or len(found) != len(by_number):
            raise ExportError("Images of this run are missing from its file. Have the run exported again.")
        key = digest_of(repr([(item.name, item.digest) for item in self.data.items]).encode())
        target = self.workspace.data / f"carried-{key}"
        if not target.is_dir():
            with new_folder(self.workspace.data) as folder:
                for number, (name, item) in enumerate(zip(found, self.data.items, strict=True)):
                    self.progress("Reading the images", number, len(found))
                    self.parts.copy(name, folder / Path(name).name)
                    if digest_of((folder / Path(name).name).read_bytes()) != item.digest:
                        raise ExportError(
                            f"{item.name} in this file is not the image that the run was made with, so nothing was "
                            "imported. Have the run exported again."
                        )
                pairs = [(item.name, Path(name).name) for item, name in zip(self.data.items, found, strict=True)]
                write_manifest(folder, self.data.title, pairs)
                settle(folder, target)
        return self.data.placed(str(target), [target / Path(name).name for name in found])

    def _found_at_home(self, run: RunFolder) -> bool:
        """Whether the data set comes with Anneal and its images, made here, are those of the run."""
        spec = self.data.offered
        if spec != "digits" and not spec.startswith("shapes:"):
            return False
        try:
            run.write_data(relocate(run.data(), spec, self.workspace, self.progress))
        except AnnealError:  # another version of a library draws them otherwise; the run stays without images
            return False
        return True


_MODELS: dict[Kind, type[BaseModel]] = {
    "draft": DraftFile,
    "threshold": Threshold,
    "curve": Curve,
    "trials": KeptTrials,
}
