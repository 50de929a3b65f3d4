"""`predict`: files, folders, archives and patterns in; text, JSON or a table out."""

import json
import shutil

import pandas as pd
import pytest


def test_files_that_are_no_pictures_are_refused_by_predict(train, anneal, tmp_path):
    run = train().json["run"]
    (tmp_path / "text.jpg").write_text("not a picture")
    for path in (tmp_path / "text.jpg", tmp_path / "missing.jpg"):
        said = anneal("predict", run, path)
        assert (said.status, said.out) == (2, "")
        assert len(said.err.strip().splitlines()[-1]) > 0


def test_predict_goes_on_past_a_damaged_image(train, anneal, pictures, tmp_path):
    run = train().json["run"]
    good = [pictures / "red" / f"0{k}.png" for k in range(2)]
    bad = tmp_path / "IMG_42.jpg"
    bad.write_bytes(good[0].read_bytes()[:100])
    said = anneal("predict", run, good[0], bad, good[1], "--json")
    answers = json.loads(said.out)
    assert said.status == 1
    assert [answer["image"] for answer in answers] == [str(path) for path in (good[0], bad, good[1])]
    assert "class" in answers[0]
    assert "class" in answers[2]
    assert "cut short" in answers[1]["error"]
    assert "IMG_42.jpg" in said.err
    text = anneal("predict", run, good[0], bad)
    assert (text.status, text.out.count("\n")) == (1, 2)
    none = anneal("predict", run, bad, tmp_path / "gone.jpg")
    assert (none.status, none.out) == (2, "")
    assert "None of the 2 images can be read" in none.err


def test_predict_writes_a_table(train, anneal, pictures, tmp_path):
    run = train().json["run"]
    good, bad = pictures / "red" / "00.png", tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    said = anneal("predict", run, good, bad, "--csv", tmp_path / "said.csv", "--json")
    assert said.status == 1
    found, refused = json.loads(said.out)
    table = pd.read_csv(tmp_path / "said.csv")
    assert table["image"].tolist() == [str(good), str(bad)]
    assert table["class"][0] == found["class"]
    assert table["sure"].tolist()[0] is True
    assert table["error"][1] == refused["error"]
    for name, share in found["probabilities"].items():
        assert table[f"probability of {name}"][0] == pytest.approx(share, rel=1e-5)


def test_a_table_that_cannot_be_written_is_said_before_anything_is_computed(train, anneal, pictures, tmp_path):
    run, image = train().json["run"], pictures / "red" / "00.png"
    said = anneal("predict", run, image, "--csv", tmp_path)
    assert (said.status, said.out) == (2, "")
    assert "is a folder. Give the name of a file for the table" in said.err
    said = anneal("predict", run, image, "--csv", tmp_path / "no" / "said.csv")
    assert said.status == 2
    assert "There is no folder" in said.err


def test_predict_takes_folders_zips_and_patterns(train, anneal, pictures, tmp_path):
    run = train().json["run"]
    shutil.copytree(pictures / "red", tmp_path / "my photos/red")
    (tmp_path / "my photos/notes.txt").write_text("x")
    shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "my photos")
    alone = anneal("predict", run, f"'{tmp_path}/my photos/red/03.png'", "--json").json
    for asked in (tmp_path / "my photos", tmp_path / "photos.zip", tmp_path / "my photos/*/*.png"):
        found = anneal("predict", run, asked, "--json").json
        assert [answer["image"].rpartition("/")[2] for answer in found] == [f"{k:02}.png" for k in range(15)]
        assert found[3]["probabilities"] == pytest.approx(alone[0]["probabilities"], abs=1e-5)
    (tmp_path / "empty").mkdir()
    for asked, sentence in ((tmp_path / "empty", "no image in it"), (tmp_path / "*.gif", "No file fits this pattern")):
        said = anneal("predict", run, asked)
        assert said.status == 2
        assert sentence in said.err
