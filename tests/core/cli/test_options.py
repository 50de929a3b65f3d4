import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.augment import TOP_DOWN
from core.cli.conflicts import refuse_conflicts
from core.cli.options import Options, command_line
from core.cli.train import _keeping_labels, _network_and_plan
from core.errors import AnnealError

COMMANDS = ("inspect", "find-lr", "try-rates", "train", "evaluate", "predict", "benchmark")


def refused(said):
    """Exit status 2, nothing on stdout, and one sentence on stderr."""
    lines = said.err.strip().splitlines()
    return said.status == 2 and not said.out and len(lines) == 1 and lines[0][0].isupper() and lines[0].endswith(".")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(anneal, command):
    said = anneal(command, "--help")
    assert said.status == 0
    for parser in command_line()._subparsers._group_actions[0].choices.values():
        assert all(action.help for action in parser._actions)
    assert "--home" in said.out
    assert "--json" in said.out


def test_help_names_every_command(anneal):
    said = anneal("--help")
    assert all(command in said.out for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("tain",),
        ("inspect",),
        ("inspect", "digits", "--frobnicate"),
        ("train", "digits", "--lr", "fast"),
        ("train", "digits", "--lr", "-1"),
        ("train", "digits", "--lr", "nan"),
        ("train", "digits", "--lr", "0.1,,0.2"),
        ("train", "digits", "--size", "7"),
        ("train", "digits", "--size", "12.5"),
        ("train", "digits", "--recipe", "lesson3"),
        ("train", "digits", "--valid-share", "1"),
        ("train", "digits", "--augment", "sideways"),
        ("train", "digits", "--seed", "-3"),
        ("predict", "some-run"),
    ],
)
def test_arguments_that_cannot_be_read_are_refused(anneal, arguments):
    assert refused(anneal(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("train",),
        ("train", "digits", "--continue", "some-run"),
        ("train", "--continue", "some-run", "--backbone", "resnet18"),
        ("train", "digits", "--recipe", "lesson2", "--plan", "plan.json"),
        ("train", "digits", "--recipe", "lesson2", "--lr", "0.1"),
        ("train", "digits", "--plan", "plan.json", "--unfreeze"),
        ("train", "digits", "--unfreeze", "--freeze-to", "-1"),
        ("train", "digits", "--scratch"),
        ("train", "digits", "--unfolded"),
        ("train", "photos", "--backbone", "small_cnn", "--scratch"),
        ("train", "photos", "--scratch", "--unfolded"),
        ("train", "photos", "--recipe", "quick", "--unfolded"),
        ("train", "digits", "--cycle-mult", "2"),
        ("train", "digits", "--cycles", "1", "--cycle-mult", "3"),
        ("train", "--continue", "some-run", "--unfolded"),
        ("train", "--continue", "some-run", "--seed", "0"),
        ("train", "--continue", "some-run", "--from", "best"),
        ("train", "digits", "--from", "best"),
        ("train", "--continue", "some-run", "--size", "64"),
        ("train", "--continue", "some-run", "--batch-size", "8"),
        ("train", "--continue", "some-run", "--augment", "none"),
        ("train", "--continue", "some-run", "--plan", "plan.json", "--size", "64"),
        ("find-lr", "digits", "--scratch"),
        ("find-lr", "digits", "--unfolded"),
        ("train", "digits", "--plan", "no-such-plan.json"),
        ("train", "digits", "--precompute", "--unfreeze"),
        ("train", "digits", "--precompute", "--augment", "side-on"),
        ("train", "digits", "--cycles", "0"),
        ("train", "digits", "--schedule", "constant", "--cycles", "3"),
        ("train", "digits", "--share", "2"),
        ("train", "digits", "--grow-from", "64"),
        ("train", "digits", "--precompute", "--grow-from", "16"),
        ("train", "digits", "--unfreeze", "--freeze-early-after", "1"),
        ("train", "digits", "--freeze-to", "-1", "--cycles", "2", "--freeze-early-after", "1"),
        ("find-lr", "digits", "--precompute", "--unfrozen"),
        ("inspect", "no/such/folder"),
        ("evaluate", "no-such-run"),
        ("evaluate", "no/such/folder"),
        ("evaluate", "../../etc"),
        ("train", "--continue", "no-such-run"),
        ("predict", "no-such-run", "a.jpg"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(anneal, home, arguments):
    before = set(home.glob("runs/*"))
    assert refused(anneal(*arguments))
    assert set(home.glob("runs/*")) == before


def test_a_plan_that_is_none_is_refused(anneal, tmp_path):
    (tmp_path / "plan.json").write_text('{"stages": [{"lr": 0.1, "warp_speed": 9}]}')
    said = anneal("train", "digits", "--plan", tmp_path / "plan.json")
    assert refused(said)
    assert "warp_speed" in said.err


def test_a_share_is_refused_where_the_data_set_is_split_already(anneal, pictures, home, tmp_path):
    shutil.copytree(pictures, tmp_path / "set" / "train")
    shutil.copytree(pictures, tmp_path / "set" / "valid")
    before = set(home.glob("runs/*"))
    for command in ("train", "find-lr"):
        said = anneal(command, tmp_path / "set", "--valid-share", "0.3", "--backbone", "small_cnn")
        assert (said.status, said.out) == (2, "")
        assert "validation images of its own. Leave out --valid-share." in said.err.splitlines()[-1]
    assert set(home.glob("runs/*")) == before


def test_continue_with_a_size_alone_says_what_to_do(anneal):
    said = anneal("train", "--continue", "some-run", "--size", "64")
    assert "Leave out --size, or say what to train with it instead" in said.err


EFFECTS = {
    "--size 24": lambda network, plan: network.size == 24 and all(one.size == 24 for one in plan.stages),
    "--batch-size 7": lambda _, plan: all(one.batch_size == 7 for one in plan.stages),
    "--augment top-down": lambda _, plan: all(
        one.augmentation == TOP_DOWN for one in plan.stages if not one.precompute
    ),
    "--backbone small_cnn": lambda network, _: network.backbone == "small_cnn",
    "--backbone resnet18": lambda network, _: network.backbone == "resnet18",
    "--scratch": lambda network, _: network.has_weights and not network.pretrained,
    "--unfolded": lambda network, _: network.pretrained and not network.folded,
    "--recipe lesson2": lambda _, plan: plan.name == "Lesson 2",
    "--recipe quick": lambda _, plan: plan.name == "Quick",
    "--lr 0.02": lambda _, plan: [one.lr for one in plan.stages] == [(0.02,)],
    "--cycles 3": lambda _, plan: [one.cycles for one in plan.stages] == [3],
    "--cycle-len 2": lambda _, plan: plan.stages[0].cycle_lengths[0] == 2 and len(plan.stages) == 1,
    "--cycle-mult 2": lambda _, plan: plan.stages[0].cycle_lengths[1] == 2 * plan.stages[0].cycle_lengths[0],
    "--precompute": lambda _, plan: [(one.precompute, one.freeze_to) for one in plan.stages] == [(True, -1)],
    "--unfreeze": lambda _, plan: [one.freeze_to for one in plan.stages] == [0],
    "--freeze-to 1": lambda _, plan: [one.freeze_to for one in plan.stages] == [1],
    "--schedule one-cycle": lambda _, plan: [one.schedule for one in plan.stages] == ["one-cycle"],
    "--gentle-start": lambda _, plan: [one.gentle_start for one in plan.stages] == [True],
    "--optimiser sgd": lambda _, plan: [one.optimiser for one in plan.stages] == ["sgd"],
    "--weight-decay 0": lambda _, plan: [one.weight_decay for one in plan.stages] == [0],
    "--label-smoothing 0.1": lambda _, plan: [one.label_smoothing for one in plan.stages] == [0.1],
    "--class-weights": lambda _, plan: [one.class_weights for one in plan.stages] == [True],
    "--stop-overfitting": lambda _, plan: [one.stop_overfitting for one in plan.stages] == [True],
    "--no-measure-after-cycle": lambda _, plan: not any(one.measure_after_cycle for one in plan.stages),
    "--share 0.5": lambda _, plan: [one.share for one in plan.stages] == [0.5],
    "--freeze-early-after 1": lambda _, plan: any(one.freeze_early_after == 1 for one in plan.stages),
    "--freeze-early-after 0": lambda _, plan: all(one.freeze_early_after is None for one in plan.stages),
    "--grow-from 16": lambda _, plan: all(
        one.grow_from == (None if one.freeze_to == -1 and len(plan.stages) > 1 else 16) for one in plan.stages
    ),
}
"""What each option does where it acts; `data`, `name`, `seed`, `valid-share` and `plan` are tested elsewhere."""


@given(st.sampled_from(["digits", "photos"]), st.sets(st.sampled_from(sorted(EFFECTS)), max_size=5))
@settings(max_examples=1000, deadline=None)
def test_an_option_acts_or_is_refused(data, chosen):
    words = [word for option in sorted(chosen) for word in option.split()]
    options = command_line().parse_args(["train", data, *words], namespace=Options())
    last_backbone = max((option for option in chosen if option.startswith("--backbone")), default="")
    last_recipe = max((option for option in chosen if option.startswith("--recipe")), default="")
    last_freezing = max((option for option in chosen if option.startswith("--freeze-early")), default="")
    said = []
    try:
        refuse_conflicts(options)
        network, plan = _network_and_plan(options)
    except AnnealError as refusal:
        said.append(str(refusal))
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in said)
    for option in () if said else chosen:
        last = (last_backbone, last_recipe, last_freezing)
        replaced = option.startswith(("--backbone", "--recipe", "--freeze-early")) and option not in last
        assert replaced or EFFECTS[option](network, plan), option


class Said(list):
    """A reporter that keeps what is said."""

    def say(self, sentence):
        self.append(sentence)


def planned(words, classes):
    """The plan of a new run on data with these classes, and what is said about it."""
    options, said = command_line().parse_args(["train", *words], namespace=Options()), Said()
    _, plan = _network_and_plan(options)
    return [one.augmentation.name for one in _keeping_labels(options, plan, classes, said).stages], said


ARROWS = ("arrow left", "arrow right")


def test_a_recipe_plans_no_flip_that_changes_the_class_and_says_so():
    used, said = planned(["photos", "--recipe", "lesson2"], ARROWS)
    assert used == ["none", "without-flips", "without-flips"]
    assert said == [
        f"Stage {number}: Without flips: a flip turns one class into another (“arrow left” into “arrow right”)."
        for number in (2, 3)
    ]
    assert planned(["photos", "--recipe", "lesson2"], ("cat", "dog")) == (["none", "side-on", "side-on"], [])
    used, said = planned(["digits", "--recipe", "lesson2"], tuple("0123456789"))
    assert used[1:] == ["without-flips"] * 2
    assert "no meaning when mirrored" in said[0]


def test_the_quick_recipe_leaves_digits_and_shapes_as_they_are():
    assert planned(["shapes:easy"], ARROWS) == (["none"], [])
    assert planned(["photos", "--recipe", "quick"], ARROWS)[0] == ["without-flips"]


def test_a_flip_that_was_asked_for_is_used_with_a_warning():
    used, said = planned(["photos", "--lr", "0.1", "--augment", "side-on"], ARROWS)
    assert used == ["side-on"]
    assert said[0].startswith("Warning: A horizontal flip turns “arrow left” into “arrow right”")


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ([], 1),
        (["--freeze-early-after", "2"], 2),
        (["--freeze-early-after", "0"], None),
        (["--grow-from", "64"], None),
        (["--grow-from", "64", "--freeze-early-after", "1"], 1),
    ],
)
def test_lesson_2_freezes_early_layers_again_unless_its_images_grow(words, after):
    """Frozen after a cycle of small images alone they would not suit the large ones; who asks for both gets both."""
    options = command_line().parse_args(["train", "photos", "--recipe", "lesson2", *words], namespace=Options())
    _, plan = _network_and_plan(options)
    assert [stage.freeze_early_after for stage in plan.stages] == [None, None, after]
