"""What the documents say is true: paths, names in the code, links, commands, environment variables, the drawing."""

import ast
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from core.cli.options import Options, command_line
from core.workspace import Workspace
from tests.test_imports import FLOORS

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "core/README.md",
    "HOSTING.md",
    "tests/benchmarks/README.md",
)
GUIDES = tuple(name for name in DOCUMENTS if name != "CHANGELOG.md")
"""Documents that speak of the code as it is now; a changelog also names what is gone."""

TOPS = ("core/", "pages/", "tests/", ".ci/", ".streamlit/")
PATH = re.compile(r"[\w./-]+")
PLACEHOLDER = "NAME"
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
VARIABLE_COLUMN = re.compile(r"^\| `([A-Z0-9_]+)` \|", re.MULTILINE)


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[str]:
    """The fenced blocks of a document, without their fences."""
    return re.findall(r"^```[a-z]*\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)


def code_of(name: str) -> list[str]:
    """Everything that a document shows as code: words in backticks, and the words of its fenced blocks."""
    prose = re.sub(r"^```.*?^```", "", text_of(name), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose) + " ".join(blocks(name)).replace(",", " ").split()


def paths(name: str) -> set[tuple[str, str]]:
    """(path, name in that file or "") of the files and folders of the repository that a document names."""
    found = set()
    for word in code_of(name):
        path, _, symbol = word.partition("::" if "::" in word else ":")
        inside = path.startswith((*TOPS, "requirements")) or Path(path).suffix in {".py", ".md", ".toml", ".yaml"}
        if inside and PATH.fullmatch(path) and PLACEHOLDER not in path:
            found.add((path, symbol))
    return found


def names_defined(path: Path) -> set[str]:
    """Functions, classes and variables of a module."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def modules_named(name: str) -> set[str]:
    return set(re.findall(r"\b(?:core|pages|tests)(?:\.[a-z]\w*)+", text_of(name))) - {"tests.benchmarks"}


NAMED = sorted({(name, path, symbol) for name in GUIDES for path, symbol in paths(name)})
MODULES = sorted({(name, module) for name in GUIDES for module in modules_named(name)})


def test_there_is_something_to_check():
    assert len(NAMED) > 80
    assert len(MODULES) > 5


@pytest.mark.parametrize(("document", "path", "symbol"), NAMED)
def test_what_a_document_names_exists(document, path, symbol):
    assert (ROOT / path).exists(), f"{document} names {path}, which is not there"
    assert not symbol or symbol in names_defined(ROOT / path), f"{document} names {symbol}, which {path} does not have"


@pytest.mark.parametrize(("document", "module"), MODULES)
def test_a_module_that_a_document_names_exists(document, module):
    file = ROOT / module.replace(".", "/")
    assert file.with_suffix(".py").exists() or (file / "__init__.py").exists(), f"{document} names {module}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text_of(name))
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not ((ROOT / name).parent / link).exists()]


def test_every_document_is_reached_from_the_readme():
    seen, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for link in re.findall(r"\]\(([^)#]+\.md)\)", text_of(name)):
            target = os.path.relpath(((ROOT / name).parent / link).resolve(), ROOT)
            waiting += [target] if target not in seen else []
    assert seen >= set(DOCUMENTS)


def commands(name: str, module: str) -> list[list[str]]:
    """The arguments of each `python -m MODULE` that a document shows, comments left out."""
    shown = [line for block in blocks(name) for line in block.splitlines()]
    shown += re.findall(r"`([^`\n]+)`", text_of(name))
    found = (re.search(rf"python -m ({module})( .*)?$", line) for line in shown)
    return [[match[1], *shlex.split(match[2] or "", comments=True)] for match in found if match]


CORE_COMMANDS = sorted({tuple(words[1:]) for name in GUIDES for words in commands(name, "core")})
BENCHMARKS = sorted({tuple(words) for name in GUIDES for words in commands(name, r"tests\.benchmarks\.\w+")})


def test_the_readme_shows_every_command():
    shown = {words[1] for words in commands("README.md", "core")}
    choices = next(action.choices for action in command_line()._actions if action.dest == "command")
    assert shown == set(choices or ())


@pytest.mark.parametrize("arguments", CORE_COMMANDS, ids=" ".join)
def test_a_command_that_is_shown_is_one(arguments):
    assert command_line().parse_args(list(arguments), namespace=Options()).command == arguments[0]


@pytest.mark.parametrize("command", sorted({words[0] for words in CORE_COMMANDS}))
def test_every_command_explains_itself(command):
    said = subprocess.run(
        [sys.executable, "-m", "core", command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0
    assert said.stdout.startswith(f"usage: python -m core {command}")


@pytest.mark.parametrize("words", BENCHMARKS, ids=" ".join)
def test_a_benchmark_that_is_shown_takes_what_it_is_given(words):
    source = text_of(f"{words[0].replace('.', '/')}.py")
    takes_photos = "photos=True" in source or '"photos"' in source
    assert takes_photos == ("photos/" in words)


def test_every_benchmark_is_in_their_readme():
    files = {path.stem for path in (ROOT / "tests" / "benchmarks").glob("[!_]*.py")}
    assert files == {module.rpartition(".")[2] for module in modules_named("tests/benchmarks/README.md")}


def test_the_headline_figures_are_those_of_the_benchmarks_readme():
    """The same row says the same in both."""
    rows = {
        line.split("|")[1].strip(): line.split("|")[2:5] for line in text_of("README.md").splitlines() if " s |" in line
    }
    full = {
        line.split("|")[1].strip(): line.split("|")[2:5] for line in text_of(GUIDES[-1]).splitlines() if "|" in line
    }
    shared = rows.keys() & full.keys()
    assert len(shared) >= 3
    assert all(rows[what] == full[what] for what in shared)


def variables_in_code() -> set[str]:
    """Environment variables that the code looks up or sets: words in capitals asked of a mapping."""
    files = [ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    files += (ROOT / "tests" / "browser").glob("*.py")
    found: set[str] = set()
    for path in files:
        source = path.read_text(encoding="utf-8")
        if "os.environ" in source:
            found |= {name for name in asked_of_mappings(ast.parse(source)) if VARIABLE.fullmatch(name)}
    return found


def asked_of_mappings(tree: ast.AST) -> set[str]:
    """Constants in `mapping.get(x)`, `mapping.setdefault(x, y)`, `mapping[x]`, `x in mapping`, and keys of literals."""
    asked: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("get", "setdefault", "getenv", "pop"):
                asked += node.args[:1]
        elif isinstance(node, ast.Subscript):
            asked.append(node.slice)
        elif isinstance(node, ast.Compare):
            asked.append(node.left)
            asked += node.comparators
        elif isinstance(node, ast.Dict):
            asked += node.keys
    return {node.value for node in asked if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_readme_lists_the_environment_variables_of_the_code():
    assert set(VARIABLE_COLUMN.findall(text_of("README.md"))) == variables_in_code()


def test_every_variable_of_ours_anywhere_is_in_the_readme():
    """Also in strings, help texts and other documents."""
    files = [*(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / name for name in DOCUMENTS)]
    files += [ROOT / ".ci" / "run", *(ROOT / "tests").rglob("*.py")]
    used = {name for path in files for name in re.findall(r"\bANNEAL_[A-Z]+\b", path.read_text(encoding="utf-8"))}
    assert used == {name for name in VARIABLE_COLUMN.findall(text_of("README.md")) if name.startswith("ANNEAL_")}


def drawing() -> str:
    """The floors as a mermaid graph, the top ones first."""
    edges = [f"    {upper.strip('_')} --> {lower}" for upper in reversed(FLOORS) for lower in sorted(FLOORS[upper])]
    return "\n".join(["graph TD", *edges]) + "\n"


def test_the_drawing_is_what_the_imports_obey():
    assert drawing() in blocks("core/README.md"), f"the drawing in core/README.md is to be\n{drawing()}"


def test_every_floor_is_explained():
    explained = set(re.findall(r"`core/(\w+)(?:\.py)?`", text_of("core/README.md").split("## How data flows")[0]))
    assert explained >= FLOORS.keys() - {"__main__"}


def section(title: str) -> str:
    return re.split(r"^## ", text_of("core/README.md").split(f"## {title}\n")[1], flags=re.MULTILINE)[0]


def first_column(title: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE))


def test_the_workspaces_folders_are_all_there(tmp_path):
    workspace = Workspace.at(tmp_path)
    names = [name for name, value in vars(Workspace).items() if isinstance(value, property)]
    folders = [value for name in names if isinstance(value := getattr(workspace, name), Path)]
    assert {folder.relative_to(tmp_path).as_posix() + "/" for folder in folders} == {
        name for name in first_column("The workspace") if name.endswith("/")
    }


def test_files_of_a_run_are_named_as_in_the_code():
    folders = [ROOT / "core" / floor for floor in ("runs", "jobs", "export")]
    sources = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.py"))
    named = first_column("A run's folder")
    assert len(named) >= 13
    assert not [name for name in named if f'"{name.rstrip("/")}"' not in sources]
