import pandas as pd

from core.charts import palette
from core.charts.data import MOST_CLASSES, NONE_TO_CHECK, class_bars, image_sizes
from core.charts.runs import compare_runs


def counts_of(classes: int) -> pd.DataFrame:
    rows = [(f"class {i}", split, i + 1) for i in range(classes) for split in ("train", "valid")]
    return pd.DataFrame(rows, columns=["class", "split", "images"])


def test_bars_are_coloured_by_split_and_sorted_by_size() -> None:
    spec = class_bars(counts_of(3)).to_dict()
    assert spec["encoding"]["color"]["scale"] == {
        "domain": ["training", "validation"],
        "range": [palette.TRAIN, palette.VALID],
    }
    assert spec["encoding"]["y"]["sort"] == {"field": "total", "order": "descending"}
    (rows,) = spec["datasets"].values()
    assert {row["class"]: row["total"] for row in rows} == {"class 0": 2, "class 1": 4, "class 2": 6}


def test_very_many_classes_are_cut_to_the_largest_and_smallest() -> None:
    spec = class_bars(counts_of(MOST_CLASSES + 20)).to_dict()
    (rows,) = spec["datasets"].values()
    kept = {row["class"] for row in rows}
    assert len(kept) == MOST_CLASSES
    assert {"class 0", f"class {MOST_CLASSES + 19}"} <= kept
    assert "20 classes" in spec["title"]


def test_sizes_and_runs_are_drawn_from_frames() -> None:
    sizes = pd.DataFrame({"width": [8, 16], "height": [8, 9], "images": [3, 1]})
    assert image_sizes(sizes).to_dict()["encoding"]["size"]["field"] == "images"
    epochs = pd.DataFrame({"run": ["b", "a", "b"], "epoch": [1, 1, 2], "accuracy": [0.5, 0.6, 0.7]})
    assert compare_runs(epochs).to_dict()["encoding"]["color"]["scale"]["domain"] == ["b", "a"]


def test_classes_without_validation_images_say_so_beside_their_bar() -> None:
    counts = counts_of(3)
    counts.loc[(counts["class"] == "class 1") & (counts["split"] == "valid"), "images"] = 0
    spec = class_bars(counts).to_dict()
    bars, said = spec["layer"]
    assert bars["encoding"]["y"]["sort"] == {"field": "total", "order": "descending"}
    assert said["encoding"]["text"] == {"value": NONE_TO_CHECK}
    rows = spec["datasets"][said["data"]["name"]]
    assert [(row["class"], row["total"]) for row in rows] == [("class 1", 2)]
    assert spec["title"] == "Images per class"
