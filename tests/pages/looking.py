"""Steps that tests of the Data page share."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import open_page


def look_at(folder: Path | str) -> AppTest:
    """The Data page with a folder chosen as a person would."""
    at = open_page("data")
    at.segmented_control(key="data-way").set_value("folder").run()
    at.text_input(key="data-path").set_value(str(folder))
    click(at, "Look at it")
    return at


def click(at: AppTest, label: str) -> None:
    """Click the first button of that label, and run the page."""
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception


def figures(at: AppTest) -> dict[str, str]:
    """The figures of the page by their label."""
    return {metric.label: metric.value for metric in at.metric}


def lines(at: AppTest) -> list[str]:
    """Every line of text on the page, without what escapes it."""
    found = [*at.markdown, *at.caption, *at.error, *at.warning, *at.success]
    return [element.value.replace("\\", "").replace("\u2060", "") for element in found]


def line_with(at: AppTest, words: str) -> str:
    """The first line of text with these words in it; fails where there is none."""
    found = [line for line in lines(at) if words in line]
    assert found, f"no line has {words!r}: {lines(at)}"
    return found[0]


def part(at: AppTest, folder: str, name: str) -> None:
    """Choose what a folder is, and run the page."""
    box = next(box for box in at.selectbox if box.label == f"What {folder}/ is")
    box.select(name).run()
    assert not at.exception


def parts(at: AppTest) -> dict[str, str]:
    """What each folder is said to be."""
    return {
        box.label.removeprefix("What ").removesuffix("/ is"): str(box.value)
        for box in at.selectbox
        if box.label.startswith("What ")
    }
