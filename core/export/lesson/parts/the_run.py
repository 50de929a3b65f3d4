"""All stages, compared with the run."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from core.export.lesson.parts.images import decode, listed
from core.export.lesson.parts.network import Classifier
from core.export.lesson.parts.settings import DATA, EXPECTED, STAGES
from core.export.lesson.parts.training import train_stage

# %% words
# ## The run
#
# All stages, one after another. After each epoch stand its figures, and in brackets those of the run that is repeated.


# %% code
def main(folder: str) -> None:
    """Train through all stages, compare with the run, and keep the weights."""
    names = listed()[0]
    missing = [name for name in names if not (Path(folder) / name).is_file()]
    if missing:
        sys.exit(f"{folder} lacks {len(missing)} of the {len(names)} images, such as {missing[0]}. Give their folder.")
    model = Classifier().to(memory_format=torch.channels_last)
    epoch = step = 0
    apart = [0.0, 0.0, 0.0]
    for number, stage in enumerate(STAGES, start=1):
        print(f"Stage {number}: {stage['name'] or 'training'}, images of {stage['size']} px")
        pixels = np.stack([decode(Path(folder) / name, stage["size"]) for name in names])
        for last, *figures in train_stage(model, stage, pixels, epoch, step):
            expected = EXPECTED[epoch] if epoch < len(EXPECTED) else figures
            epoch, step = epoch + 1, last
            apart = [max(a, abs(f - e)) for a, f, e in zip(apart, figures, expected, strict=True)]
            said = [f"{f:.4f} ({e:.4f})" for f, e in zip(figures, expected, strict=True)]
            print(f"Epoch {epoch}: training loss {said[0]}, validation loss {said[1]}, accuracy {said[2]}")
    torch.save(model.state_dict(), "model.pt")
    print(
        "Largest differences from the run:", json.dumps(dict(zip(("train", "valid", "accuracy"), apart, strict=True)))
    )


if __name__ == "__main__":
    in_notebook = "ipykernel" in sys.modules
    main(sys.argv[1] if len(sys.argv) > 1 and not in_notebook else DATA)
