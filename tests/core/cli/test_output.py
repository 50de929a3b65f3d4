import io
import json

import pytest

from core.cli.output import Answer, Reporter, finite, one_line, table, write


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_progress_is_one_line_that_changes():
    stream = Terminal()
    reporter = Reporter(stream)
    for done in range(11):
        reporter("Reading images", done, 10)
    reporter.say("Done.")
    assert stream.getvalue().count("\n") == 2
    assert stream.getvalue().endswith("\rReading images: 10 of 10 (100%)\nDone.\n")


def test_a_shorter_line_covers_the_longer_one_before():
    stream = Terminal()
    reporter = Reporter(stream)
    reporter("A long piece of work", 0, 0)
    reporter("Short", 0, 0)
    assert len(stream.getvalue().split("\r")[-1]) == len("A long piece of work")


def test_in_a_file_progress_is_a_few_lines():
    stream = io.StringIO()
    reporter = Reporter(stream)
    for done in range(1001):
        reporter("Reading images", done, 1000)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[-1] == "Reading images: 1,000 of 1,000 (100%)"


def test_json_is_one_line_without_numbers_that_json_does_not_have():
    stream = io.StringIO()
    write(stream, Answer({"loss": float("nan"), "rates": (1.0, float("inf"))}, "text"), as_json=True)
    assert json.loads(stream.getvalue()) == {"loss": None, "rates": [1.0, None]}
    assert stream.getvalue().count("\n") == 1


def test_names_of_files_do_not_steer_the_terminal():
    stream = io.StringIO()
    write(stream, Answer([], "\x1b[2J é\n\udcff"), as_json=False)
    assert stream.getvalue() == "\\x1b[2J é\n\\udcff\n"


@pytest.mark.parametrize("value", [1, "a", None, True, [1.5], {"a": {"b": []}}])
def test_other_values_stay_as_they_are(value):
    assert finite(value) == value


def test_columns_of_a_table_line_up():
    assert table([["a", "1"], ["long", "100"]]) == "a       1\nlong  100"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "shift_jis", "utf-8"])
def test_consoles_of_any_encoding_get_all_of_the_text(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    write(stream, Answer({}, "猫 Äpfel \x1b[31m 5"), as_json=False)
    said = raw.getvalue().decode(encoding)
    assert said.endswith("\\x1b[31m 5\n")
    assert ("猫" in said) == (encoding in ("shift_jis", "utf-8"))
    assert "\\u732b" in said or "猫" in said


def test_a_name_is_one_line_whatever_is_in_it():
    assert one_line("a\nb\u202egpj.exe\x1b[31m") == "a\\nb\\u202egpj.exe\\x1b[31m"
    assert one_line("кот 😀 Äpfel, مرحبا") == "кот 😀 Äpfel, مرحبا"
