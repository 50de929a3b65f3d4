"""What `from core import ...` gives, and the example of the README."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import core

ROOT = Path(core.__file__).parents[1]


def python(code, **environment):
    """Run code in a new process from the repository's root; gives its standard output."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_importing_core_is_cheap():
    heavy = "{'torch', 'pandas', 'numpy', 'streamlit', 'pydantic'}"
    code = f"import sys, core; dir(core); print(sorted({heavy} & sys.modules.keys()))"
    assert python(code).strip() == "[]"


def test_a_name_is_imported_when_it_is_used():
    code = "import sys\nfrom core import Stage, load_data\nprint('torch' in sys.modules, Stage(cycles=3).epochs)"
    assert python(code).split() == ["False", "3"]


def test_every_name_is_the_one_of_its_module():
    from core.training.learner import Learner

    assert core.Learner is Learner
    assert all(getattr(core, name).__name__ == name for name in core.__all__)
    assert set(core.__all__) == set(core._MODULES)
    assert set(core.__all__) <= set(dir(core))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        core.nothing  # noqa: B018


def test_the_readmes_example_runs(tmp_path):
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## As a library")[1].split("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert len(example.strip().splitlines()) <= 10
    said = python(example, ANNEAL_HOME=str(tmp_path))
    assert re.search(r"epoch +train_loss +valid_loss +accuracy +seconds", said)
    last = re.search(r"^2 +3 +\S+ +\S+ +(\S+)", said, flags=re.MULTILINE)
    assert last
    assert float(last[1]) > 0.9
