"""A cold start in processes of its own: images are decoded by a child, and what is wrong with them is said at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SCRIPT = """
import json, sys, time
from core.cli import prefetch
from core.cli.network import Network
from core.cli.options import command_line
from core.cli.output import Reporter

load, told = prefetch.import_modules, []

def watched(modules, wanted):
    def slowly():
        time.sleep(1.5 if told else 0)  # torch takes longer than the child needs to fail
        told.append(wanted())
        return told[-1]
    load(["json", "string", "queue"], slowly)

prefetch.import_modules = watched
options = command_line().parse_args(["train", sys.argv[1], "--home", sys.argv[2]])
prefetch.get_ready(options, Network("small_cnn", False, 16), Reporter(sys.stderr))
print(json.dumps(told))
"""


def cold(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)


def test_the_images_are_decoded_by_the_time_that_torch_is_there(pictures, tmp_path):
    said = cold(SCRIPT, pictures, tmp_path)
    assert "Decoding images: 45 of 45 (100%)" in said.stderr
    assert len(list((tmp_path / "pixels").glob("*.npy"))) == 1
    assert json.loads(said.stdout) == [True, True, True]


def test_a_folder_that_cannot_be_read_ends_the_imports(tmp_path):
    said = cold(SCRIPT, tmp_path / "nowhere", tmp_path)
    assert json.loads(said.stdout) == [True, False, False]
    assert "Traceback" not in said.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_a_computing_command_begins_with_a_workers_environment(tmp_path):
    """Both show in the process's own environment, which only `exec` can change for the allocator."""
    probe = """
import runpy, sys, core.cli.main
from pathlib import Path
core.cli.main.main = lambda: print(Path("/proc/self/environ").read_text().replace(chr(0), chr(10))) or 0
sys.argv = ["core", "train"]
sys.orig_argv = [sys.executable, "-c", "import os; print(os.environ['GLIBC_TUNABLES'], os.environ['GOMP_SPINCOUNT'])"]
runpy.run_module("core", run_name="__main__")
"""
    plain = {name: value for name, value in os.environ.items() if name not in ("GLIBC_TUNABLES", "GOMP_SPINCOUNT")}
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, env=plain, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["glibc.malloc.hugetlb=1", "10000"]
