"""The house stands: what may import what, read from the source of every module."""

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = {
    "errors": set(),
    "kept": set(),
    "workspace": {"errors", "kept"},
    "hosting": {"errors", "workspace"},
    "process": {"errors", "workspace"},
    "augment": {"errors"},
    "numbers": set(),
    "playground": set(),
    "charts": {"playground", "numbers"},
    "data": {"hosting"},
    "model": {"data", "augment", "process"},
    "training": {"model", "numbers"},
    "results": {"training"},
    "runs": {"results"},
    "export": {"runs", "charts"},
    "jobs": {"runs", "export"},
    "upkeep": {"jobs"},
    "cli": {"jobs", "upkeep"},
    "__main__": {"cli"},
}
"""Each floor of core, and the floors that it stands on; what those stand on is below it too."""


def below(floor: str) -> set[str]:
    """All floors that a floor may import."""
    return FLOORS[floor].union(*(below(lower) for lower in FLOORS[floor]))


CHARTS_MAY_USE = {"pandas", "altair", "numpy", "core"}

TORCH_FREE = [
    "core.errors",
    "core.workspace",
    "core.augment",
    *(f"core.hosting.{name}" for name in ("settings", "visitors", "confine", "usage")),
    "core.playground.descent",
    *(f"core.data.{name}" for name in ("sources", "catalogue", "index", "split", "decode", "pixels")),
    "core.model.catalogue",
    *(
        f"core.training.{name}"
        for name in (
            "stage",
            "schedules",
            "recipes",
            "suggestions",
            "readings",
            "chosen",
            "curve",
            "preview",
            "benchmark_result",
            "vsgd_record",
        )
    ),
    *(f"core.training.{name}" for name in ("kept_out", "trial_settings", "trial_results", "trial_words")),
    *(
        f"core.results.{name}"
        for name in ("advice", "answers", "confusion", "diagnosis", "listing", "neighbours", "predictions")
    ),
    *(
        f"core.runs.{name}"
        for name in ("folder", "create", "history", "snapshots", "draft", "rate_guard", "setbacks", "trials")
    ),
    *(
        f"core.jobs.{name}"
        for name in ("store", "queue", "pool", "limits", "actions", "worker", "warm", "benchmark", "control", "records")
    ),
    *(f"core.export.{name}" for name in ("formats", "description", "kept", "records", "carry_out", "carry_in")),
    *(f"core.process.{name}" for name in ("launch", "identity", "imports")),
    *(f"core.upkeep.{name}" for name in ("caches", "check", "keeper")),
    *(f"core.playground.{name}" for name in ("surfaces", "descent", "verdicts", "landscape", "vsgd")),
    "core.cli.main",
]

HEAVY = {"torch", "torchvision", "timm"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of ours."""
    files = [ROOT / "app.py", ROOT / "hosted.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    return {module_name(path): path for path in files if path.exists()}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def nodes(tree: ast.AST, *, at_import_only: bool):
    """All nodes; with `at_import_only` without those for the type checker and those inside functions."""
    for child in ast.iter_child_nodes(tree):
        if at_import_only and is_type_checking(child):
            continue
        if at_import_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from nodes(child, at_import_only=at_import_only)


@cache
def imports(path: Path, *, at_import_only: bool = False) -> frozenset[str]:
    """Dotted names of the modules that a file imports."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in nodes(tree, at_import_only=at_import_only):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else str(node.module) for name in full}
    return frozenset(found)


def top(name: str) -> str:
    return name.split(".")[0]


def floor(name: str) -> str | None:
    """The floor of a module of core: `core.data.index` -> `data`."""
    parts = name.split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 else None


def test_there_is_something_to_read():
    assert len(modules()) > 20


@pytest.mark.parametrize("name", sorted(modules()))
def test_only_pages_and_the_app_import_streamlit(name):
    if top(name) == "core":
        assert not {top(imported) for imported in imports(modules()[name])} & {"streamlit", "pages", "app"}


@pytest.mark.parametrize("name", sorted(name for name in modules() if floor(name)))
def test_each_floor_stands_on_the_ones_below(name):
    here = floor(name)
    assert here in FLOORS, f"core.{here} has no floor"
    above = {
        imported
        for imported in imports(modules()[name])
        if floor(imported) and floor(imported) not in below(here) | {here}
    }
    assert not above


@pytest.mark.parametrize("name", sorted(name for name in modules() if floor(name) == "charts"))
def test_charts_know_data_frames_only(name):
    """And the playground's its surfaces, which are plain numpy."""
    others = {top(imported) for imported in imports(modules()[name])} - set(sys.stdlib_module_names)
    assert others <= CHARTS_MAY_USE


@pytest.mark.parametrize("name", sorted(name for name in modules() if name.startswith("pages.ui")))
def test_what_pages_share_does_not_import_a_page(name):
    pages = {imported for imported in imports(modules()[name]) if imported.startswith("pages.")}
    assert all(imported.startswith("pages.ui") for imported in pages)


@pytest.mark.parametrize("name", sorted(name for name in modules() if top(name) in {"pages", "app"}))
def test_pages_do_not_wait_for_torch(name):
    assert not {top(imported) for imported in imports(modules()[name], at_import_only=True)} & HEAVY


def test_no_module_imports_itself_by_a_detour():
    graph = {name: {i for i in imports(path) if i in modules() and i != name} for name, path in modules().items()}
    while free := [name for name, needs in graph.items() if not needs & graph.keys()]:
        for name in free:
            del graph[name]
    assert not graph


@pytest.mark.parametrize("name", TORCH_FREE)
def test_a_page_can_read_it_without_torch(name):
    """Follows the imports as Python does, through every module of ours that is imported on the way."""
    seen, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        found = imports(modules()[module], at_import_only=True)
        assert not {top(imported) for imported in found} & HEAVY, f"{module} imports torch"
        waiting += [imported for imported in found if imported in modules() and imported not in seen]


def test_python_itself_finds_no_torch_after_importing_them():
    script = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        f"print(json.dumps(sorted({HEAVY!r} & sys.modules.keys())))"
    )
    names = [*TORCH_FREE, *(name for name in modules() if floor(name) == "charts")]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(names)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
