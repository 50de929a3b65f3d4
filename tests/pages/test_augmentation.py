import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.augment import SIDE_ON, TOP_DOWN, TRANSFORMS, Augmentation, rows
from pages.ui.augmentation.image import mirror_difference
from tests.pages.conftest import APP

DRAWS = 24


@pytest.fixture
def letters(tmp_path):
    """A small folder of images; one class has a hostile name."""
    folder = tmp_path / "letters"
    for name, colour in (("b", "red"), ("![x](http:evil)", "blue"), ("six", "green")):
        for number in range(3):
            (folder / name).mkdir(parents=True, exist_ok=True)
            image = Image.new("RGB", (40 + number, 30), colour)
            image.save(folder / name / f"{number}.png")
    return folder


def images_of(at):
    return at.get("image")


def set_value(at, label, value):
    widgets = {w.label: w for w in (*at.selectbox, *at.number_input, *at.slider, *at.toggle, *at.button_group)}
    widgets[label].set_value(value)
    at.run()
    assert not at.exception
    return at


def press(at, label):
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception
    return at


def with_data(folder):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/augmentation.py")
    at.session_state["data_in_hand"] = {"spec": str(folder), "valid_share": 0.34, "seed": 0}
    return at.run()


def test_the_named_settings_show_their_rows(letters):
    at = with_data(letters)
    assert len(images_of(at)) == 1 + DRAWS + 6 * len(rows(SIDE_ON))
    set_value(at, "Settings", "top-down")
    captions = [caption.value for caption in at.caption]
    assert all(words in captions for _, words in rows(TOP_DOWN))
    set_value(at, "Settings", "none")
    assert len(images_of(at)) == 1 + DRAWS
    assert "as it is" in at.info[0].value


def test_own_settings_have_a_control_for_each_transform_can_be_chosen_and_are_kept(letters):
    at = set_value(with_data(letters), "Settings", "custom")
    assert len(images_of(at)) == 1 + DRAWS + 6 * len(TRANSFORMS)
    set_value(at, "**Rotation**", 45.0)
    set_value(at, "**Horizontal flip**", False)
    assert "−45° to +45°" in [caption.value for caption in at.caption]
    press(at, "Use for training")
    chosen = Augmentation.model_validate(at.session_state["augmentation"])
    assert chosen == SIDE_ON.model_copy(update={"rotate": 45.0, "horizontal_flip": False})
    assert "Chosen" in at.success[0].value
    at.switch_page("app.py").run()
    at.switch_page("pages/augmentation.py").run()
    assert {slider.label: slider.value for slider in at.slider}["**Rotation**"] == 45.0


def test_it_opens_on_the_image_that_a_flip_changes_most(tmp_path):
    """An even ring, off the centre, hides a flip; an L shows it; a plain picture has nothing to show."""
    pixels = np.zeros((3, 32, 32), dtype=np.uint8)
    pixels[0, 4:14, 2:12] = 255
    pixels[0, 7:11, 5:9] = 0
    pixels[1, 4:28, 4:10] = 255
    pixels[1, 22:28, 4:24] = 255
    pixels[2] = 128
    for name, picture in zip(("a ring", "b L", "c plain"), pixels, strict=True):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for number in range(3):
            bright = (picture * (1 - number / 10)).astype(np.uint8)
            Image.fromarray(bright).convert("RGB").save(tmp_path / "shapes" / name / f"{number}.png")
    at = with_data(tmp_path / "shapes")
    assert at.selectbox[0].value == 1
    ring, corner, plain = (np.repeat(picture[..., None], 3, axis=2) for picture in pixels)
    assert mirror_difference(ring) == pytest.approx(0, abs=1e-9)
    assert mirror_difference(corner) > 0.1
    assert mirror_difference(plain) == 0


def test_the_embedded_digits_open_on_a_seven_or_a_two():
    assert with_data("digits").selectbox[0].value in (2, 7)


def test_a_flip_that_is_warned_of_is_switched_off_beside_the_warning(tmp_path):
    at = with_data(tmp_path / "nowhere")
    assert "arrow left" in at.warning[0].value
    assert at.selectbox[0].value in (0, 1), "it opens on one of the arrows"
    press(at, "Switch flip off")
    assert not at.warning
    assert all(button.label != "Switch flip off" for button in at.button)
    assert {toggle.label: toggle.value for toggle in at.toggle}["**Horizontal flip**"] is False
    press(at, "Use for training")
    chosen = Augmentation.model_validate(at.session_state["augmentation"])
    assert chosen == SIDE_ON.model_copy(update={"horizontal_flip": False})
    set_value(at, "Settings", "top-down")
    press(at, "Switch horizontal flip and quarter turns off")
    assert not at.warning
    chosen = Augmentation.model_validate(at.session_state["own_augmentation"])
    assert chosen == TOP_DOWN.model_copy(update={"horizontal_flip": False, "quarter_turns": False})


def test_every_picture_says_what_it_is(letters):
    at = with_data(letters)
    said = [
        image.proto.imgs[0].alt if hasattr(image.proto.imgs[0], "alt") else image.proto.alt for image in images_of(at)
    ]
    assert said[0].startswith("The original, of the class ")
    assert "Rotation alone, draw 6" in said
    assert all(said)


def test_draw_again_draws_others_of_the_same_image(letters):
    at = with_data(letters)
    before = [image.proto.SerializeToString() for image in images_of(at)]
    press(at, "Draw again")
    after = [image.proto.SerializeToString() for image in images_of(at)]
    assert len(after) == len(before)
    assert after != before
    assert at.session_state["augmentation_seed"] == 1


def test_an_image_is_chosen_by_class_and_number(letters):
    at = with_data(letters)
    assert at.selectbox[0].options == ["![x](http:evil)", "b", "six"]
    set_value(at, "Class", 2)
    set_value(at, "Image number", 3)
    assert any("six/2.png" in text.value for text in at.text)


def test_an_image_that_went_away_is_said(letters):
    at = with_data(letters)
    (letters / "six" / "0.png").unlink()
    set_value(at, "Class", 2)
    assert "six/0" in at.error[0].value.replace("\\", "")


def test_a_data_set_that_went_away_is_said_and_the_shapes_are_shown(tmp_path):
    at = with_data(tmp_path / "nowhere")
    assert not at.exception
    assert at.error
    assert any("embedded shapes" in caption.value for caption in at.caption)
    assert "arrow left" in at.warning[0].value
    assert "arrow right" in at.warning[0].value
