import pytest

from core.cli.options import command_line

COMMANDS = ("inspect", "find-lr", "train", "evaluate", "predict", "benchmark")


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
        ("train", "digits", "--plan", "no-such-plan.json"),
        ("train", "digits", "--precompute", "--unfreeze"),
        ("train", "digits", "--precompute", "--augment", "side-on"),
        ("train", "digits", "--cycles", "0"),
        ("train", "digits", "--schedule", "constant", "--cycles", "3"),
        ("train", "digits", "--share", "2"),
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
