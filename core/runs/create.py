"""Making a run: its folder with the data set as it is now. Importing this module does not import torch."""

import shutil
from pathlib import Path

from core.data.index import DataSet
from core.hosting.confine import check_backbone
from core.hosting.usage import refuse_full
from core.model.catalogue import BACKBONES
from core.runs.folder import RunFolder
from core.runs.names import checked_name, new_id
from core.runs.state import RunInfo, RunState
from core.workspace import Workspace, sentences, timestamp, write_json


def create_run(
    workspace: Workspace,
    data: DataSet,
    *,
    backbone: str,
    size: int,
    seed: int = 0,
    pretrained: bool = True,
    folded: bool | None = None,
    name: str = "",
) -> RunFolder:
    """Make a run on `data`, whose items and split it keeps as they are now. Nothing is built or trained yet.

    Nothing stays of a run that cannot be written.

    `pretrained` is taken for what it is where the backbone has no such weights: a network begun from random ones.
    `folded` (by default, for pretrained networks) trains with batch norm folded into the convolutions. Raises
    `ModelError` for a network that a server does not offer to its visitors.
    """
    check_backbone(backbone, list(BACKBONES), workspace)
    refuse_full(workspace)
    offer = BACKBONES.get(backbone)
    pretrained = pretrained and (offer is None or offer.has_weights)
    held_out, trained = len(data.indices("valid")), len(data.indices("train"))
    info = RunInfo(
        name=checked_name(name or f"{data.title}, {backbone}"[:80]),
        created=timestamp(),
        data_spec=data.spec,
        data_title=data.title,
        fingerprint=data.fingerprint,
        given=data.given,
        classes=data.classes,
        images=len(data.used),
        backbone=backbone,
        pretrained=pretrained,
        folded=pretrained if folded is None else folded and pretrained,
        seed=seed,
        valid_share=held_out / max(1, held_out + trained),
        size=size,
    )
    path = workspace.runs / new_id()
    _write(path, data, info)
    return RunFolder(path, workspace)


def _write(path: Path, data: DataSet, info: RunInfo) -> None:
    """Make the folder of a run, whole or not at all."""
    making = path.with_name(f".new-{path.name}")
    try:
        with sentences(path):
            making.mkdir()
            write_json(making / "data.json", data.to_json(), indent=None)
            write_json(making / "state.json", RunState().model_dump(mode="json"))
            write_json(making / "run.json", info.model_dump(mode="json"))
            making.rename(path)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
