import io
import zipfile
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data import kept_set, sources, stamps
from core.data.downloads import stored_folder
from core.data.folders import write_manifest
from core.data.stamps import stamp
from core.errors import DataError, WeightsUnavailableError
from core.runs.folder import list_runs
from core.workspace import Workspace
from pages.ui import session
from pages.ui.session import DATA, RUN
from tests.pages.builders import folder_of, picture, run_on
from tests.pages.conftest import open_page
from tests.pages.looking import click, figures, lines, look_at


def test_the_first_visit_offers_data_that_comes_along() -> None:
    at = open_page("data")
    assert not at.exception
    assert "Use Digits" in {button.label for button in at.button}
    assert not at.metric


def test_a_folder_is_looked_at_and_its_faults_are_named(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 30, "dog": 4})
    (root / "cat" / "broken.png").write_bytes(b"no picture")
    (root / "dog" / "copy.png").write_bytes((root / "dog" / "0.png").read_bytes())
    at = look_at(root)
    assert not at.exception
    assert not at.error
    assert figures(at)["Classes"] == "2"
    titles = " ".join(expander.label for expander in at.expander)
    assert "1 file was skipped" in titles
    assert "1 image is a copy of another" in titles
    assert "fewer than 10 training images" in titles
    assert at.session_state[DATA]["spec"] == str(root)


def test_a_large_folder_is_opened_again_without_looking_at_its_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on a rerun, nor by a server that has not seen it: of 200,000 images that would take seconds."""
    monkeypatch.setattr(kept_set, "FEWEST", 1)
    monkeypatch.setattr(kept_set, "SETTLED_NS", 0)
    root = folder_of(tmp_path / "pets", {"cat": 20, "dog": 20})
    before = figures(look_at(root))
    asked: list[str] = []
    monkeypatch.setattr(stamps, "stamp", lambda path: asked.append(path) or stamp(path))
    monkeypatch.setattr(sources, "walk", lambda *rest: pytest.fail("the folder was walked"))
    st.cache_resource.clear()
    at = look_at(root)
    assert figures(at) == before
    assert sorted(asked) == [str(root), str(root / "cat"), str(root / "dog")]
    asked.clear()
    assert figures(at.run()) == before
    assert not asked


def test_an_image_written_in_place_is_found_a_moment_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (kept_set, session):
        monkeypatch.setattr(module, "FEWEST", 1)
    monkeypatch.setattr(kept_set, "SETTLED_NS", 0)
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(session, "_check_soon", lambda *what: asked.append(what))
    root = folder_of(tmp_path / "pets", {"cat": 20, "dog": 20})
    at = look_at(root)
    session._check(session._loaded(), *asked[-1])
    assert figures(at.run())["Training images"] == "32"
    (root / "cat" / "0.png").write_bytes(b"no picture")
    assert figures(at.run())["Training images"] == "32"
    session._check(session._loaded(), *asked[-1])
    assert "1 file" in " ".join(lines(at.run()))


def test_splitting_again_changes_the_shares(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 20, "dog": 20}))
    assert figures(at)["Validation images"] == "8"
    at.slider[0].set_value(50)
    next(button for button in at.button if button.label == "Split again").click().run()
    assert figures(at)["Validation images"] == "20"
    assert at.session_state[DATA]["valid_share"] == 0.5


def test_a_folder_with_a_split_of_its_own_keeps_it(tmp_path: Path) -> None:
    for split, count in (("train", 6), ("valid", 2)):
        folder_of(tmp_path / "pets" / split, {"cat": count, "dog": count})
    at = look_at(tmp_path / "pets")
    assert figures(at)["Training images"] == "12"
    assert not at.slider


@pytest.mark.parametrize("kind", ["missing", "empty", "one class", "file"])
def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path: Path, kind: str) -> None:
    root = tmp_path / kind
    if kind == "empty":
        root.mkdir()
    elif kind == "one class":
        folder_of(root, {"cat": 3})
    elif kind == "file":
        root.write_text("hello")
    at = look_at(root)
    assert not at.exception
    assert len(at.error) == 1
    assert not at.metric


def zipped(root: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root.parent))
    return content.getvalue()


def test_an_uploaded_zip_is_the_chosen_data(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "mine", {"cat": 5, "dog": 5})
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("upload").run()
    at.file_uploader(key="data-zip-0").upload("mine.zip", zipped(root), "application/zip")
    at.run()
    assert not at.exception
    assert not at.error
    assert figures(at)["Classes"] == "2"
    assert at.session_state[DATA]["spec"].startswith(str(Workspace.at().data))


def test_several_archives_are_dropped_at_once(tmp_path: Path) -> None:
    for name, kind in (("one", "cat"), ("two", "dog")):
        folder_of(tmp_path / name, {kind: 5})
    for number, path in enumerate(sorted((tmp_path / "two").rglob("*.png"))):
        picture(200 + number).save(path)
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("upload").run()
    files = [(f"{name}.zip", zipped(tmp_path / name), "application/zip") for name in ("one", "two")]
    at.file_uploader(key="data-zip-0").set_value(files)
    at.run()
    assert not at.exception
    assert not at.error
    assert figures(at)["Classes"] == "2"


def test_an_archive_that_is_not_read_is_named(tmp_path: Path) -> None:
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("upload").run()
    at.file_uploader(key="data-zip-0").upload("pets.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "application/x-7z")
    at.run()
    assert not at.exception
    assert "pets.7z" in at.error[0].value.replace("\\", "").replace("\u2060", "")
    assert not at.metric


def test_hostile_names_of_classes_and_files_stay_literal(tmp_path: Path) -> None:
    hostile = "![x](http:a.test)"
    root = folder_of(tmp_path / "pets", {hostile: 6, "dog": 6})
    (root / hostile / f"{hostile}.png").write_bytes(b"")
    at = look_at(root)
    assert not at.exception
    rendered = [*at.markdown, *at.caption, *at.subheader, *at.error, *at.warning]
    assert all(hostile not in element.value for element in rendered)
    assert hostile in {element.value for element in at.text}


def test_a_refused_download_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataError("The download of Imagenette was refused. Check the network, or choose a folder.")

    monkeypatch.setattr("pages.ui.session.load_data", refuse)
    monkeypatch.setattr("pages.ui.data.sources.open_source", lambda *_: pytest.fail("it is tried once more"))
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("download").run()
    at.button(key="data-use-imagenette").click().run()
    assert not at.exception
    assert "was refused" in at.error[0].value


def test_starting_a_run_goes_on_with_it(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 8, "dog": 8}))
    at.text_input(key="new-run-name").set_value("My pets")
    at.button(key="new-run-go").click().run()
    assert not at.exception
    (run,) = list_runs(Workspace.at())
    assert (run.info.name, run.info.backbone, run.info.size) == ("My pets", "small_cnn", 12)
    assert at.session_state[RUN] == run.id


def test_weights_that_cannot_be_had_are_said_and_scratch_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(backbone: str, *, pretrained: bool) -> None:
        assert (backbone, pretrained) == ("resnet18", True)
        raise WeightsUnavailableError("The weights of resnet18 could not be downloaded.")

    monkeypatch.setattr("core.model.fetch.fetch", refuse)
    monkeypatch.setattr("pages.ui.data.new_run.fetch", refuse)
    at = look_at(folder_of(tmp_path / "pets", {"cat": 8, "dog": 8}))
    at.selectbox(key="new-run-backbone").set_value("resnet18").run()
    at.button(key="new-run-go").click().run()
    assert "could not be downloaded" in at.error[0].value
    assert not list_runs(Workspace.at())
    at.button(key="new-run-scratch").click().run()
    (run,) = list_runs(Workspace.at())
    assert (run.info.backbone, run.info.pretrained) == ("resnet18", False)


def test_the_current_run_shows_its_data_as_it_was(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 5, "dog": 5})
    run = run_on(root, "Pets")
    picture(99).save(root / "cat" / "later.png")
    at = open_page("data", run=run.id)
    assert not at.exception
    assert int(figures(at)["Training images"]) + int(figures(at)["Validation images"]) == 10


def test_a_download_says_its_size_until_it_is_here() -> None:
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("download").run()
    assert at.button(key="data-use-pets").label == "Download Cats v dogs (Oxford-IIIT Pet)"
    assert any("810 MB to download" in caption.value for caption in at.caption)
    folder_of(stored_folder("pets", Workspace.at()) / "train", {"cat": 3, "dog": 3})
    names = [f"train/{kind}/{number}.png" for kind in ("cat", "dog") for number in range(3)]
    write_manifest(stored_folder("pets", Workspace.at()), "Pets", [(name, name) for name in names])
    at.run()
    assert not at.exception
    assert at.button(key="data-use-pets").label == "Use Cats v dogs (Oxford-IIIT Pet)"
    assert not any("810 MB" in caption.value for caption in at.caption)


def test_the_suggested_name_follows_the_data_and_a_typed_one_stays(tmp_path: Path) -> None:
    at = look_at(folder_of(tmp_path / "pets", {"cat": 8, "dog": 8}))
    assert at.text_input(key="new-run-name").value == "pets, Small CNN"
    at = other_data(at, folder_of(tmp_path / "birds", {"owl": 8, "tit": 8}))
    assert at.text_input(key="new-run-name").value == "birds, Small CNN"
    at.text_input(key="new-run-name").set_value("Mine").run()
    at = other_data(at, tmp_path / "pets")
    assert at.text_input(key="new-run-name").value == "Mine"


def test_model_and_size_follow_the_data_too(tmp_path: Path) -> None:
    large = tmp_path / "large"
    for number in range(8):
        for place, kind in enumerate(("cat", "dog")):
            (large / kind).mkdir(parents=True, exist_ok=True)
            picture(2 * number + place).resize((90, 90)).save(large / kind / f"{number}.png")
    at = look_at(folder_of(tmp_path / "small", {"cat": 8, "dog": 8}))
    assert (at.selectbox(key="new-run-backbone").value, at.number_input(key="new-run-size").value) == ("small_cnn", 12)
    at = other_data(at, large)
    assert at.selectbox(key="new-run-backbone").value == "efficientnet_lite0"
    assert at.number_input(key="new-run-size").value == 128


def other_data(at: AppTest, folder: Path) -> AppTest:
    """Choose another folder on the page that is open."""
    click(at, "Choose other data")
    at.segmented_control(key="data-way").set_value("folder").run()
    at.text_input(key="data-path").set_value(str(folder))
    click(at, "Look at it")
    return at
