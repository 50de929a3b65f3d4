"""Making a run: its folder with the data set as it is now. Importing this module does not import torch."""

from core.data.index import DataSet
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

    `pretrained` is taken for what it is where the backbone has no such weights: a network begun from random ones.
    `folded` (by default, for pretrained networks) trains with batch norm folded into the convolutions.
    """
    offer = BACKBONES.get(backbone)
    pretrained = pretrained and (offer is None or offer.has_weights)
    run_id = new_id()
    held_out, trained = len(data.indices("valid")), len(data.indices("train"))
    info = RunInfo(
        name=checked_name(name or f"{data.title}, {backbone}"[:80]),
        created=timestamp(),
        data_spec=data.spec,
        data_title=data.title,
        fingerprint=data.fingerprint,
        classes=data.classes,
        images=len(data.items),
        backbone=backbone,
        pretrained=pretrained,
        folded=pretrained if folded is None else folded and pretrained,
        seed=seed,
        valid_share=held_out / max(1, held_out + trained),
        size=size,
    )
    path = workspace.runs / run_id
    making = path.with_name(f".new-{run_id}")
    with sentences(path):
        making.mkdir()
        write_json(making / "data.json", data.to_json())
        write_json(making / "state.json", RunState().model_dump(mode="json"))
        write_json(making / "run.json", info.model_dump(mode="json"))
        making.rename(path)
    return RunFolder(path, workspace)
