import json

import pytest

from core.runs.history import HistoryReader, HistoryWriter, reader


def step(number, stage=0, epoch=1, **more):
    values = {"kind": "step", "stage": stage, "epoch": epoch, "step": number, "lrs": (0.0, 0.1), "momentum": 0.9}
    return {**values, "loss": 1 / number, "smoothed": 1 / number, "images_per_s": 100.0 + number, **more}


def epoch(number, at):
    values = {"kind": "epoch", "stage": 0, "epoch": number, "step": at, "train_loss": 0.5, "valid_loss": 0.6}
    return {**values, "accuracy": 0.9, "seconds": 1.5}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def write(path, rows, keep=10**9):
    with HistoryWriter(path, keep) as writer:
        for row in rows:
            writer.append(row)
        return writer.sync()


def test_rows_come_back_as_frames_with_a_rate_for_each_group(path):
    write(path, [step(1), step(2), epoch(1, 2), step(3, epoch=2)])
    history = HistoryReader(path).refresh()
    assert list(history.steps.columns) == [
        *("stage", "epoch", "step", "lr_0", "lr_1", "momentum", "loss", "smoothed", "images_per_s")
    ]
    assert history.steps["step"].tolist() == [1, 2, 3]
    assert history.steps["lr_1"].tolist() == [0.1] * 3
    assert history.epochs.iloc[0].to_dict() == {k: v for k, v in epoch(1, 2).items() if k != "kind"}
    assert history.cycles.empty


def test_nothing_yet_is_empty_frames_with_their_columns(path):
    history = HistoryReader(path).refresh()
    assert history.steps.empty
    assert {"step", "loss"} <= set(history.steps.columns)
    assert list(history.cycles.columns) == ["stage", "cycle", "epoch", "step", "valid_loss", "accuracy"]


def test_only_what_is_new_is_read(path):
    write(path, [step(1)])
    history = HistoryReader(path).refresh()
    with path.open("r+b") as file:  # a change in what was read already would be seen by a second reading
        file.seek(path.read_bytes().index(b'"loss":1.0'))
        file.write(b'"loss":9.0')
    history._mark = b""
    write(path, [step(2)])
    assert history.refresh().steps["loss"].tolist() == [1.0, 0.5]


def test_half_a_line_waits_for_its_other_half(path):
    write(path, [step(1)])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    history = HistoryReader(path).refresh()
    assert len(history.steps) == 1
    path.write_bytes(whole + whole)
    assert len(history.refresh().steps) == 2


def test_a_file_cut_back_is_read_anew(path):
    keep = write(path, [step(1), step(2)])
    write(path, [step(3), step(4)])
    history = HistoryReader(path).refresh()
    write(path, [step(3, loss=7.0)], keep=keep)
    assert history.refresh().steps["step"].tolist() == [1, 2, 3]
    assert history.steps["loss"].tolist()[-1] == 7.0


def test_a_file_cut_back_and_grown_beyond_what_was_read_is_read_anew(path):
    keep = write(path, [step(1)])
    write(path, [step(n, loss=1.0) for n in range(2, 6)])
    history = HistoryReader(path).refresh()
    write(path, [step(n, loss=2.0) for n in range(2, 12)], keep=keep)
    assert history.refresh().steps["step"].tolist() == list(range(1, 12))
    assert history.steps["loss"].tolist() == [1.0] + [2.0] * 10


def test_a_deleted_file_is_an_empty_history(path):
    write(path, [step(1)])
    history = HistoryReader(path).refresh()
    path.unlink()
    assert history.refresh().steps.empty


def test_lines_that_are_no_rows_are_left_out(path):
    path.write_bytes(b'\n{}\n[1]\n{"kind":"later"}\n{"kind":"step"}\nnonsense\n')
    write(path, [step(1, loss=float("nan"))])
    history = HistoryReader(path).refresh()
    assert history.steps["step"].tolist() == [1]
    assert history.steps["loss"].isna().all()


def test_a_frame_taken_is_ones_own(path):
    write(path, [step(1)])
    history = HistoryReader(path).refresh()
    frame = history.steps
    frame["loss"] = 0.0
    frame["more"] = 1
    assert history.steps["loss"].tolist() == [1.0]
    assert "more" not in history.steps


def test_all_share_one_reader_of_a_file(path):
    write(path, [step(1)])
    assert reader(path) is reader(path)
    assert len(reader(path).steps) == 1


def test_batches_that_were_measured_give_a_row_for_each_layer_group(path):
    write(path, [step(1, grads=(0.0, 2.5), moved=(0.01, 1.0)), step(2), epoch(1, 2)])
    history = HistoryReader(path).refresh()
    assert history.groups.values.tolist() == [[0, 1, 1, 0, 0.0, 0.0, 0.01], [0, 1, 1, 1, 0.1, 2.5, 1.0]]
    assert len(history.steps) == 2
    assert "grads" not in history.steps


@pytest.mark.parametrize("grads", ["x", [None, 1.0], 3, {"a": 1}])
def test_damaged_figures_of_layer_groups_are_left_out(path, grads):
    write(path, [step(1), step(2, grads=grads, moved=(0.1, 0.2))])
    history = HistoryReader(path).refresh()
    assert set(history.groups["group"]) <= {1}
    assert history.steps["step"].tolist()[0] == 1


def test_a_long_history_with_lines_that_are_no_rows_keeps_every_row(path):
    steps = [json.dumps(step(number)).encode() for number in range(1, 1201)]
    steps[700] = b"{half a line"
    steps[10] = b"[1, 2]"
    path.write_bytes(b"\n".join(steps) + b"\n")
    found = HistoryReader(path).refresh().steps["step"].tolist()
    assert found == [number for number in range(1, 1201) if number not in (11, 701)]


def test_a_group_that_earlier_rows_lack_has_no_rate_there(path):
    path.write_text("".join(json.dumps(step(n) | {"lrs": [0.1] * n}) + "\n" for n in (1, 2)))
    frame = HistoryReader(path).refresh().steps
    assert frame["lr_0"].tolist() == [0.1, 0.1]
    assert frame["lr_1"].isna().tolist() == [True, False]


LINE = {
    "kind": "line",
    "stage": 0,
    "cycle": 2,
    "first": "cycle-1",
    "second": "cycle-2",
    "size": 16,
    "images": 12,
    "seconds": 0.2,
    "line": {
        "first": "cycle-1",
        "second": "cycle-2",
        "losses": [0.5, 0.9, 0.4],
        "accuracies": [0.8, 0.6, 0.9],
        "ridge": 0.4,
        "error": 0.05,
    },
}


def test_lines_between_snapshots_are_read_and_damaged_ones_left_out(path):
    odd = [
        {"line": LINE["line"] | {"losses": [0.5, float("inf"), 0.4]}},
        {"line": LINE["line"] | {"accuracies": [0.5]}},
        {"first": "x" * 99},
        {"cycle": -1},
        {"size": "many"},
    ]
    left_out = {"skipped": "Not measured.", "line": None, "cycle": 3}
    write(path, [LINE, *(LINE | one for one in odd), LINE | left_out])
    found = HistoryReader(path).refresh().lines
    assert [line.cycle for line in found] == [2, 3]
    assert found[0].line.losses == (0.5, 0.9, 0.4)
    assert found[0].sentence().startswith("cycle-1 to cycle-2: the loss rises to 0.900")
    assert found[1].sentence() == "Not measured."


def test_the_error_of_the_validation_loss_is_there_where_an_epoch_has_it(path):
    write(path, [epoch(1, 2), epoch(2, 4) | {"valid_error": 0.25}])
    found = HistoryReader(path).refresh().epochs["valid_error"]
    assert found.isna().tolist() == [True, False]
    assert found.iloc[1] == 0.25
