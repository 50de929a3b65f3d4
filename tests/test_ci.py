"""What CI runs: the linters are those of the commit hooks, and an environment is made anew in CI only."""

import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent


def test_the_hooks_are_the_linters_of_ci():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    linting = (ROOT / ".ci" / "run").read_text().split('step "Lint and types"\n')[1].split("\n\n")[0]
    assert [hook["entry"] for hook in hooks] == linting.splitlines()


@pytest.mark.parametrize("package", ["ruff", "mypy"])
def test_the_linters_are_those_that_are_pinned(package):
    pinned = dict(line.split("==") for line in (ROOT / "requirements-dev.txt").read_text().splitlines() if "==" in line)
    assert importlib.metadata.version(package) == pinned[package]


STUBS = {
    "chromium": "echo Chromium",
    "python3.11": """mkdir -p .venv/bin && cp "$STUBS"/{pip,ruff,mypy,python} .venv/bin/""",
    "pip": "echo pip $* >> calls",
    "ruff": "echo ruff $* >> calls",
    "mypy": "echo mypy >> calls",
    "python": "echo python $* with CI=$CI >> calls",
}


@pytest.fixture
def checkout(tmp_path):
    """A folder with the CI script and the README, and commands that only write down that they were called."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    shutil.copy(ROOT / "README.md", tmp_path)
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name, body in STUBS.items():
        (stubs / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (stubs / name).chmod(0o755)
    return tmp_path


def run_ci(checkout: Path, **variables: str) -> list[str]:
    stubs = str(checkout / "stubs")
    known = {name: value for name, value in os.environ.items() if name != "CI"}
    known |= {"PATH": f"{stubs}{os.pathsep}{os.environ['PATH']}", "STUBS": stubs, **variables}
    subprocess.run([checkout / ".ci" / "run"], env=known, check=True, capture_output=True)
    return (checkout / "calls").read_text().splitlines()


@pytest.mark.parametrize(("variables", "kept"), [({}, True), ({"CI": "true"}, False)])
def test_ci_keeps_an_environment_only_outside_ci(checkout, variables, kept):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("pip", "ruff", "mypy", "python"):
        shutil.copy(checkout / "stubs" / name, checkout / ".venv" / "bin" / name)
    (checkout / ".venv" / "mine").touch()
    run_ci(checkout, **variables)
    assert (checkout / ".venv" / "mine").exists() == kept


def test_ci_makes_an_environment_where_there_is_none_and_runs_the_readmes_tests_as_ci(checkout):
    calls = run_ci(checkout)
    assert calls == [
        "pip install -q --no-compile -r requirements-dev.txt",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pip install -q -r requirements-dev.txt",
        "python -m pytest with CI=true",
    ]
