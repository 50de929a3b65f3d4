"""`python -m tests.fuzz.readers READER --seconds 60`: a coverage-guided fuzzer (atheris) on what reads foreign bytes.

It is not among the requirements: `pip install atheris` first. Ends at the first error that is not a sentence.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODULES = (
    "core.kept",
    "core.data.archives",
    "core.data.zip_names",
    "core.data.folders",
    "core.data.decode",
    "core.data.formats",
    "core.data.deep_colours",
    "core.data.tables",
    "core.data.columns",
    "core.data.table_labels",
    "core.runs",
    "core.training.stage",
    "core.training.position",
    "core.results.predictions",
    "zipfile",
    "tarfile",
    "PIL",
)
"""Those whose branches guide the fuzzer."""


def main() -> None:
    """Fuzz one reader, and exit with libFuzzer's status."""
    import atheris

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=sorted(READERS))
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with atheris.instrument_imports(include=list(MODULES)):
        read, seeds = READERS[options.reader]()
    with tempfile.TemporaryDirectory(prefix="anneal-fuzz-") as folder:
        for number, seed in enumerate(seeds):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        warnings.simplefilter("ignore")
        limits = [f"-max_total_time={options.seconds}", "-max_len=8192", "-rss_limit_mb=4000", "-timeout=60"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", folder], read)
        atheris.Fuzz()


Reader = tuple[Callable[[bytes], None], list[bytes]]


def _json() -> Reader:
    from core.kept import parse_json

    def read(content: bytes) -> None:
        with contextlib.suppress(ValueError):
            parse_json(content)

    return read, [b'{"a": [1, 2.5, null, "\\u00e9"]}', b"[NaN]"]


def _plan() -> Reader:
    from core.errors import AnnealError
    from core.training.stage import plan_from_json

    def read(content: bytes) -> None:
        with contextlib.suppress(AnnealError):
            plan_from_json(content)

    return read, [b'{"stages": [{"lr": [0.01], "cycles": 2, "augmentation": {"rotate": 10}}]}']


def _run_files() -> Reader:
    """Content for any file of a run: the first byte says of which."""
    from core.data.dataset import DataSet
    from core.errors import AnnealError
    from core.jobs.store import Job
    from core.kept import parse_json
    from core.runs.checkpoint import CheckpointMeta, SnapshotMeta
    from core.runs.draft import DraftFile
    from core.runs.state import Curve, RunInfo, RunState
    from core.runs.trials import KeptTrials

    kinds = (RunInfo, RunState, Curve, KeptTrials, DraftFile, Job, CheckpointMeta, SnapshotMeta)

    def read(content: bytes) -> None:
        with contextlib.suppress(ValueError, AnnealError):
            value = parse_json(content[1:])
            place = content[0] % (len(kinds) + 1)
            if place == len(kinds):
                DataSet.from_json(value)
            else:
                kinds[place].model_validate(value).model_dump(mode="json")

    stage = b'{"index": 0, "stage": {"lr": [0.01]}, "status": "done", "accuracy": 0.5}'
    return read, [
        b'\x00{"name": "a", "created": "2026-01-01T00:00:00", "data_spec": "a", "data_title": "a", "fingerprint": "a", '
        b'"classes": ["a"], "images": 1, "backbone": "small_cnn"}',
        b'\x01{"stages": [' + stage + b'], "plan": [{"lr": [0.1]}]}',
        b'\x02{"name": "0001", "created": "", "stage": {}, "lrs": [0.1], "losses": [1], "smoothed": [1]}',
        b'\x04{"cards": [{"settings": {"lr": [0.1]}, "uid": "a"}]}',
        b'\x06{"learner": {"version": 1, "seed": 0, "position": {}}, "stages": [' + stage + b"]}",
        b'\x08{"spec": "a", "title": "a", "classes": ["a"], "items": [["a", "b", 0, "train", "c", 1, 1]], '
        b'"broken": [], "fingerprint": "a", "split_origin": "a", "seed": 0}',
    ]


def _history() -> Reader:
    from core.runs.history import HistoryReader

    path = Path(tempfile.mkdtemp(prefix="anneal-fuzz-")) / "history.jsonl"

    def read(content: bytes) -> None:
        path.write_bytes(content + b"\n")
        found = HistoryReader(path).refresh()
        for frame in (found.steps, found.epochs, found.cycles, found.groups):
            assert frame is not None

    return read, [
        b'{"kind": "step", "stage": 0, "epoch": 1, "step": 1, "momentum": 0.9, "loss": 1, "smoothed": 1, '
        b'"images_per_s": 9, "lrs": [0.1, 0.2], "grads": [1, 2], "moved": [0.1, 0.2]}\n{"kind": "epoch"}'
    ]


def _archives() -> Reader:
    import io
    import tarfile
    import zipfile

    from core.data.folders import Store, new_folder
    from core.errors import AnnealError

    home = Path(tempfile.mkdtemp(prefix="anneal-fuzz-"))

    def read(content: bytes) -> None:
        from core.data.archives import unpack

        path = home / "a.zip"
        path.write_bytes(content)
        with new_folder(home) as folder, contextlib.suppress(AnnealError):
            unpack(path, "a.zip", Store(folder), lambda what, done, total: None)

    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/0.png", b"0" * 50)
        archive.writestr("dog/1.png", b"1" * 50)
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("cat/0.png"))
    return read, [zipped.getvalue(), tarred.getvalue()]


def _images() -> Reader:
    import io

    from PIL import Image

    from core.data.decode import decode_bytes
    from core.errors import AnnealError

    def read(content: bytes) -> None:
        with contextlib.suppress(AnnealError):
            assert decode_bytes(content, 8).shape == (8, 8, 3)

    seeds = []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000"):
        content = io.BytesIO()
        Image.new("RGB", (9, 7), (200, 30, 60)).save(content, kind)
        seeds.append(content.getvalue())
    return read, seeds


def _tables() -> Reader:
    from core.data.tables import read_table
    from core.errors import AnnealError

    path = Path(tempfile.mkdtemp(prefix="anneal-fuzz-"))
    endings = (".csv", ".tsv", ".json", ".jsonl", ".txt")

    def read(content: bytes) -> None:
        table = path / f"labels{endings[content[0] % len(endings)] if content else '.csv'}"
        table.write_bytes(content[1:])
        with contextlib.suppress(AnnealError):
            read_table(table, table.name)

    return read, [b"\x00id,label\na.png,cat\n", b'\x02[{"file": "a.png", "label": "cat"}]', b'\x03{"file": "a"}\n']


READERS: dict[str, Callable[[], Any]] = {
    "archives": _archives,
    "history": _history,
    "images": _images,
    "json": _json,
    "plan": _plan,
    "run-files": _run_files,
    "tables": _tables,
}


def changed(seed: bytes, draws: random.Random) -> bytes:
    """A seed with a few of its bytes changed, left out or doubled; for the test, which has no atheris."""
    content = bytearray(seed)
    for _ in range(draws.randint(1, 6)):
        at = draws.randrange(len(content) + 1)
        match draws.randrange(3):
            case 0 if at < len(content):
                content[at] = draws.randrange(256)
            case 1:
                del content[at : at + draws.randint(1, 8)]
            case _:
                content[at:at] = content[at : at + draws.randint(1, 8)]
    return bytes(content)


if __name__ == "__main__":
    main()
