"""The choice of how pictures that are not square become so, when a run is made."""

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.pages.conftest import APP


def folder(root, width):
    draws = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(6):
            pixels = draws.integers(0, 255, (20, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


def opened(root):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/data.py")
    at.session_state["data_in_hand"] = {"spec": str(root), "valid_share": 0.34, "seed": 0}
    at.run()
    assert not at.exception
    return at


def test_long_pictures_are_shown_in_each_way_and_the_run_keeps_the_choice(home, tmp_path):
    at = opened(folder(tmp_path / "long", 50))
    (control,) = [one for one in at.button_group if one.label == "Pictures that are not square"]
    control.set_value("pad").run()
    next(button for button in at.button if button.label == "Start a run").click().run()
    assert not at.exception
    (run,) = list_runs(Workspace.at(home))
    assert run.data().fit == "pad"


def test_square_pictures_leave_nothing_to_choose(home, tmp_path):
    at = opened(folder(tmp_path / "square", 20))
    assert "Pictures that are not square" not in [one.label for one in at.button_group]
