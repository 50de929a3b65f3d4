import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.augment import (
    NAMED,
    NONE,
    SIDE_ON,
    TOP_DOWN,
    TRANSFORMS,
    WITHOUT_FLIPS,
    Augmentation,
    augment,
    keeping_labels,
    left_out,
    only,
    rows,
    warnings,
)

augmentations = st.builds(
    Augmentation,
    horizontal_flip=st.booleans(),
    vertical_flip=st.booleans(),
    quarter_turns=st.booleans(),
    crop=st.floats(0.05, 1),
    rotate=st.floats(0, 180),
    zoom=st.floats(1, 3),
    shift=st.floats(0, 0.5),
    warp=st.floats(0, 0.5),
    brightness=st.floats(0, 1),
    contrast=st.floats(0, 1),
)
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=8, height=16, width=None, seed=0):
    shape = (count, 3, height, width or height)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=seeded(seed))


def alike(images):
    """The same image many times."""
    return images[:1].expand(64, -1, -1, -1)


@settings(max_examples=60, deadline=None)
@given(
    how=augmentations, seed=st.integers(0, 2**32), count=st.integers(0, 5), height=st.integers(4, 20),
    width=st.integers(4, 20), layout=st.sampled_from(LAYOUTS), as_float=st.booleans(),
)  # fmt: skip
def test_shape_layout_range_and_draws_are_kept(how, seed, count, height, width, layout, as_float):
    images = pictures(count, height, width).contiguous(memory_format=layout)
    given_images = images.float() / 255 if as_float else images
    before = given_images.clone()
    out = augment(given_images, how, generator=seeded(seed))
    assert out.shape == images.shape
    assert out.dtype == torch.float32
    assert out.is_contiguous(memory_format=layout)
    assert not len(out) or (out.min() >= -1e-6 and out.max() <= 1 + 1e-6)
    assert torch.equal(given_images, before)
    assert torch.equal(out, augment(given_images, how, generator=seeded(seed)))


def test_none_only_converts_and_draws_nothing():
    images, generator = pictures(), seeded()
    state = generator.get_state()
    assert torch.equal(augment(images, NONE, generator=generator), images.float() / 255)
    assert torch.equal(generator.get_state(), state)


def test_the_process_random_state_is_untouched():
    before = torch.get_rng_state()
    augment(pictures(), TOP_DOWN, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("how", "variants"),
    [
        (Augmentation(horizontal_flip=True), lambda x: [x, x.flip(-1)]),
        (Augmentation(vertical_flip=True), lambda x: [x, x.flip(-2)]),
        (Augmentation(quarter_turns=True), lambda x: [x.rot90(k, (-2, -1)) for k in range(4)]),
        (
            Augmentation(horizontal_flip=True, quarter_turns=True),
            lambda x: [y.rot90(k, (-2, -1)) for y in (x, x.flip(-1)) for k in range(4)],
        ),
    ],
    ids=["horizontal", "vertical", "quarters", "dihedral"],
)
def test_flips_and_quarter_turns_move_pixels_exactly_and_each_is_drawn(how, variants):
    image = pictures(1)
    wanted = variants(image[0].float() / 255)
    drawn = augment(alike(image), how, generator=seeded())
    seen = [next(i for i, variant in enumerate(wanted) if torch.equal(one, variant)) for one in drawn]
    assert set(seen) == set(range(len(wanted)))


@pytest.mark.parametrize("how", [TOP_DOWN, SIDE_ON], ids=["top-down", "side-on"])
def test_the_resampled_way_composes_the_same_flips_and_turns(how):
    """With a rotation too small to see, the grid must land where the exact way moves the pixels."""
    plain = how.model_copy(update={"rotate": 0.0, "zoom": 1.0, "brightness": 0.0, "contrast": 0.0})
    images = pictures(32)
    exact = augment(images, plain, generator=seeded(3))
    resampled = augment(images, plain.model_copy(update={"rotate": 1e-5}), generator=seeded(3))
    assert torch.allclose(exact, resampled, atol=1e-3)


def test_each_image_draws_its_own():
    drawn = augment(alike(pictures(1)), Augmentation(rotate=20), generator=seeded())
    assert len({one.numpy().tobytes() for one in drawn}) == 64


def test_one_setting_leaves_the_other_draws_alone():
    images = pictures(16)
    flipped = augment(images, Augmentation(horizontal_flip=True), generator=seeded(5))
    same = augment(images, Augmentation(horizontal_flip=True, brightness=1e-9), generator=seeded(5))
    assert torch.allclose(flipped, same, atol=1e-6)


def test_rotation_goes_both_ways_and_no_farther_than_asked():
    """The angle read off a blob's place right of the middle."""
    image = torch.zeros(1, 3, 65, 65)
    image[..., 30:35, 52:57] = 1
    drawn = augment(alike(image), Augmentation(rotate=30), generator=seeded())[:, 0]
    place = torch.arange(65.0) - 32
    mass = drawn.sum((1, 2))
    x, y = (drawn.sum(1) * place).sum(1) / mass, (drawn.sum(2) * place).sum(1) / mass
    angles = torch.rad2deg(torch.atan2(-y, x))
    assert angles.abs().max() < 31
    assert angles.min() < -20
    assert angles.max() > 20


def test_zoom_enlarges_up_to_the_factor():
    image = torch.zeros(1, 3, 64, 64)
    image[..., 24:40, 24:40] = 1
    areas = augment(alike(image), Augmentation(zoom=2), generator=seeded()).mean((1, 2, 3)) / image.mean()
    assert areas.min() >= 0.98
    assert 3 < areas.max() <= 4.1


def test_shift_moves_up_to_the_share_of_the_side():
    image = torch.zeros(1, 3, 64, 64)
    image[..., 30:34, 30:34] = 1
    drawn = augment(alike(image), Augmentation(shift=0.25), generator=seeded())[:, 0]
    place = torch.arange(64.0) - 31.5
    moved = (drawn.sum(1) * place).sum(1) / drawn.sum((1, 2))
    assert 12 < moved.abs().max() <= 16.1


@pytest.mark.parametrize("field", ["rotate", "zoom", "shift", "warp"])
def test_an_even_image_stays_even_for_its_border_is_reflected(field):
    how = Augmentation(**{field: {"rotate": 180, "zoom": 3, "shift": 0.5, "warp": 0.5}[field]})
    grey = torch.full((8, 3, 20, 20), 0.5)
    assert torch.allclose(augment(grey, how, generator=seeded()), grey, atol=1e-5)


def test_lighting_is_fastais():
    image = torch.rand(1, 3, 12, 12, generator=seeded(1)) * 0.2 + 0.4
    bright = augment(alike(image), Augmentation(brightness=0.1), generator=seeded()) - image
    assert bright.std((1, 2, 3)).max() < 1e-6
    assert -0.1 <= bright.min() < -0.08
    assert 0.08 < bright.max() <= 0.1
    contrast = augment(alike(image), Augmentation(contrast=0.5), generator=seeded())
    assert torch.allclose(contrast.mean((1, 2, 3)), image.mean().expand(64), atol=1e-6)
    factors = contrast.std((1, 2, 3)) / image.std()
    assert 1 / 1.5 - 1e-4 <= factors.min() < 0.72
    assert 1.4 < factors.max() <= 1.5 + 1e-4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rotate", -1), ("rotate", 181), ("zoom", 0.9), ("zoom", 4), ("shift", 0.6), ("warp", 1), ("brightness", 2),
        ("contrast", -0.1), ("rotate", math.nan), ("blur", 1),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ValidationError):
        Augmentation(**{field: value})


def test_what_is_no_batch_is_refused():
    with pytest.raises(ValueError, match="batch"):
        augment(torch.zeros(3, 8, 8), SIDE_ON, generator=seeded())


def test_named_settings_are_fastais_and_know_their_names():
    assert (SIDE_ON.rotate, SIDE_ON.zoom, SIDE_ON.brightness, SIDE_ON.contrast) == (10, 1.1, 0.05, 0.05)
    assert not SIDE_ON.vertical_flip
    assert TOP_DOWN.vertical_flip
    assert TOP_DOWN.quarter_turns
    assert {name: how.name for name, how in NAMED.items()} == {name: name for name in NAMED}
    assert Augmentation(rotate=3).name == "custom"


@given(how=augmentations)
@settings(deadline=None)
def test_rows_name_what_is_used_and_only_takes_it_apart(how):
    assert Augmentation.model_validate(how.model_dump()) == how
    together = {}
    for transform, words in rows(how):
        assert words
        alone = only(how, transform)
        assert [name for name, _ in rows(alone)] == [transform]
        together |= alone.model_dump(exclude_defaults=True)
    assert Augmentation(**together) == how
    assert {name for name, _ in rows(how)} <= set(TRANSFORMS)


@pytest.mark.parametrize(
    ("how", "classes", "words"),
    [
        (SIDE_ON, ["arrow left", "arrow right", "star"], ["horizontal flip", "“arrow left”", "“arrow right”"]),
        (Augmentation(horizontal_flip=True), ["ArrowLeft", "ArrowRight"], ["“ArrowLeft”"]),
        (Augmentation(vertical_flip=True), ["thumb_up", "thumb_down"], ["vertical flip", "“thumb_up”"]),
        (Augmentation(rotate=180), list("0123456789"), ["Half a turn", "“6”", "“9”"]),
        (TOP_DOWN, ["n", "u"], ["Half a turn", "“n”"]),
        (Augmentation(quarter_turns=True), ["up", "left"], ["quarter turn", "“left”", "“up”"]),
        (SIDE_ON, ["zero", "one", "two"], ["digits or letters"]),
    ],
)
def test_a_word_where_the_meaning_changes(how, classes, words):
    said = " ".join(warnings(how, classes))
    assert all(word in said for word in words)


@pytest.mark.parametrize(
    ("how", "classes"),
    [
        (SIDE_ON, ["cat", "dog"]),
        (NONE, ["left", "right"]),
        (Augmentation(rotate=10), ["left", "right", "6", "9"]),
        (SIDE_ON, ["up", "down"]),
        (TOP_DOWN, ["upright piano", "bright star", "left"]),
        (TOP_DOWN, []),
    ],
)
def test_no_word_where_it_does_not(how, classes):
    assert warnings(how, classes) == []


def test_importing_it_does_not_import_torch():
    code = "import sys, core.augment; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


SCRIPTED = [
    "left",
    "right",
    "up",
    "down",
    "arrow left",
    "arrow right",
    "6",
    "9",
    "b",
    "d",
    "p",
    "q",
    "n",
    "z",
    "cat",
    "",
]


@given(augmentations, st.lists(st.sampled_from(SCRIPTED), max_size=6))
def test_what_keeps_the_labels_has_no_warning_and_changes_nothing_else(how, classes):
    kept = keeping_labels(how, classes)
    assert warnings(kept, classes) == []
    assert (kept.zoom, kept.brightness) == (how.zoom, how.brightness)
    assert kept.rotate in (how.rotate, SIDE_ON.rotate)
    if not warnings(how, classes):
        assert kept == how


def test_without_flips_is_side_on_but_for_the_flip():
    assert keeping_labels(SIDE_ON, ["arrow left", "arrow right", "star"]) == NAMED["without-flips"]
    assert keeping_labels(SIDE_ON, ["cat", "dog"]) == SIDE_ON
    assert NAMED["without-flips"].name == "without-flips"


@pytest.mark.parametrize(
    ("how", "classes", "said"),
    [
        (WITHOUT_FLIPS, ["turn left", "turn right"], "(“turn left” into “turn right”)"),
        (WITHOUT_FLIPS, list("0123456789"), "most digits and letters have no meaning when mirrored"),
        (WITHOUT_FLIPS, ["cat", "dog"], ""),
        (NONE, ["turn left", "turn right"], ""),
        (SIDE_ON, ["turn left", "turn right"], ""),
    ],
)
def test_it_is_said_why_there_are_no_flips_only_where_one_would_harm(how, classes, said):
    found = left_out(how, classes)
    assert bool(found) == bool(said)
    assert said in found
