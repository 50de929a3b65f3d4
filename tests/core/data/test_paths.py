"""Paths as people paste them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.paths import typed_path


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PHOTOS", str(tmp_path / "my photos"))
    (tmp_path / "my photos/cats & dogs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my photos"


@pytest.mark.parametrize(
    "text",
    [
        "{0}/my photos",
        '"{0}/my photos"',
        "'{0}/my photos'",
        "“{0}/my photos”",
        "  '{0}/my photos' ",
        "file://{0}/my%20photos",
        "file://localhost{0}/my%20photos",
        '"file://{0}/my%20photos"',
        "~/my photos",
        "'~/my photos'",
        "$PHOTOS",
        "${{PHOTOS}}/",
        "%PHOTOS%",
        "$HOME/my photos",
        "my photos",
        ".\\my photos",
        "{0}\\my photos",
        "{0}/my\\ photos",
    ],
)
def test_a_folder_is_found_however_it_is_pasted(photos: Path, text: str) -> None:
    assert typed_path(text.format(photos.parent)) == photos


def test_what_is_really_called_so_comes_first(photos: Path) -> None:
    for name in ("'quoted'", "a%20b", "$PHOTOS", "back\\slash"):
        (photos / name).mkdir()
        assert typed_path(str(photos / name)) == photos / name


def test_a_path_that_is_nowhere_is_said_without_its_quotation_marks(photos: Path) -> None:
    assert typed_path(f'"{photos}/x"') == photos / "x"
    assert typed_path(f"{photos}/x") == photos / "x"
    assert typed_path("file:///no%20where") == Path("/no where")
    assert typed_path("$NOT_SET/x") == photos.parent / "$NOT_SET/x"


@given(st.text(max_size=30))
def test_any_text_is_some_path(text: str) -> None:
    assert typed_path(text).is_absolute()
