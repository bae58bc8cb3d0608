"""Who may import whom. Imports inside functions count; those under TYPE_CHECKING do not."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GRADER = Path(__file__).resolve().parents[1] / "grader"

# From the bottom up. A module that is not listed fails the test: give it a place first.
MAY_IMPORT: dict[str, set[str]] = {
    # values
    "__init__": set(),
    "model": set(),
    "errors": set(),
    "interrupt": set(),
    # what an exercise says
    "declaration": {"errors", "model"},
    "catalog": {"declaration", "errors", "model"},
    "spec": {"errors"},
    "paged": {"spec"},
    # running code: nothing here may know the answer
    "wire": {"model"},
    "symbols": {"model", "nvcc"},
    "seccomp": set(),
    "ranges": set(),
    "sandbox": {"ranges", "seccomp"},
    "overdraft": set(),
    "veil": set(),
    "marshal": {"model"},
    "conditions": set(),
    "peaks": set(),
    "roofline": {"model", "peaks"},
    "gpu": {"conditions"},
    "turns": {"errors", "gpu", "interrupt"},
    "backends": {"errors"},
    "nvcc": {"model"},
    "graph": {"model", "nvcc"},
    "included": {"model"},
    "shared": set(),
    "stopwatch": {"graph", "model", "ranges"},
    "backends.cuda": {
        "declaration", "gpu", "graph", "included", "marshal", "model", "nvcc", "ranges", "shared", "stopwatch", "veil",
    },
    "findings": {"model"},
    "backends.simulator": {"findings", "included", "marshal", "model", "translate", "veil"},
    "lexer": set(),
    "scope": {"lexer"},
    "inline": set(),
    "unset": {"lexer"},
    "translate": {"inline", "lexer", "scope", "unset"},
    "worker": {"backends", "seccomp", "veil", "wire"},
    "isolate": {"backends", "errors", "model", "overdraft", "sandbox", "wire"},
    "plan": {"model"},
    "build": {"backends", "errors", "included", "interrupt", "model", "plan", "translate"},
    # knowing the answer
    "layout": {"errors", "model"},
    "check": {"layout", "model"},
    "patterns": {"check", "layout", "model"},
    "multiple": {"model", "patterns"},
    "precision": {"model", "patterns"},
    "diagnose": {"model", "multiple", "patterns", "precision"},
    "case": {"errors", "model", "spec"},
    "timing": set(),
    "clocks": {"timing"},
    "cases": {"case", "check", "conditions", "gpu", "interrupt", "isolate", "layout", "model", "spec"},
    "explain": {"case", "cases", "check", "diagnose", "isolate", "model", "spec"},
    "exchange": {"isolate", "shared"},
    "warmup": {
        "cases", "check", "errors", "exchange", "gpu", "isolate", "layout", "model", "peaks", "spec", "turns",
    },
    "measure": {
        "cases", "check", "clocks", "conditions", "gpu", "isolate", "layout", "model",
        "roofline", "spec", "timing", "turns", "warmup", "wire",
    },
    "calibrate": {"errors", "gpu", "peaks", "turns", "warmup"},
    "blame": {"backends", "build", "cases", "isolate", "model", "spec"},
    "strict": {"backends", "blame", "build", "case", "cases", "isolate", "model", "spec", "translate"},
    "sanitize": {"isolate", "model"},
    "folder": {"check", "layout", "model", "spec"},
    "expect": {"errors", "model"},
    "template": {"errors"},
    "data": {"folder", "layout"},
    "author": {"catalog", "data", "errors", "expect", "folder", "model", "pristine"},
    "prove": {
        "author", "backends", "backends.cuda", "build", "cases", "check", "errors", "expect", "folder", "isolate",
        "judge", "model", "translate",
    },
    "efficiency": {"model"},
    "shrink": {"cases", "isolate", "model", "spec"},
    "large": {"case", "cases", "isolate", "model", "shrink", "spec"},
    "simulate": {"backends", "build", "case", "cases", "errors", "isolate", "model", "spec", "translate"},
    "judge": {
        "backends", "blame", "build", "case", "cases", "efficiency", "explain", "interrupt", "isolate", "large",
        "measure", "model", "sandbox", "sanitize", "shrink", "spec", "strict", "symbols", "translate", "warmup",
    },
    # records and screens
    "record": {"errors", "model"},
    "score": {"model", "record"},
    "plain": {"model"},
    "pristine": {"errors", "model", "record"},
    "screen": {"errors"},
    "occupancy": set(),
    "sass": {"model", "nvcc"},
    "advice": set(),
    "counters": {"advice"},
    "estimate": {"advice", "efficiency", "model", "occupancy", "sass"},
    "profile": {
        "advice", "backends", "build", "cases", "counters", "efficiency", "errors", "estimate", "gpu", "isolate",
        "model", "sass", "simulate", "spec", "warmup",
    },
    "figures": {"model"},
    "show": {"figures", "model"},
    "tables": {"efficiency", "figures", "model", "record", "score", "show"},
    "gauges": {"advice", "efficiency", "figures"},
    "compare": {"figures", "model", "occupancy", "sass", "tables"},
    "doctor": {"backends", "catalog", "errors", "gpu", "peaks", "record", "sandbox"},
    # the command line
    "choose": {"catalog", "errors", "model", "pristine"},
    "bench": {
        "__init__", "backends", "build", "choose", "errors", "gpu", "isolate", "judge", "model", "plain", "pristine",
        "record", "score", "screen", "show",
    },
    "watch": set(),
    "editor": {"errors"},
    "workspace": {"errors", "model", "pristine"},
    "export": {"model", "plain", "record"},
    "charts": {"model", "record", "score"},
    "report": {"charts", "model", "record", "score", "show"},
    "pages": {
        "catalog", "choose", "errors", "model", "plain", "pristine", "record", "report", "score", "screen", "show",
    },
    "serve": {"choose", "editor", "errors", "model", "pages", "report", "screen", "watch"},
    "session": {
        "bench", "build", "catalog", "choose", "errors", "judge", "model", "screen", "watch",
    },
    "verbs": {
        "author", "backends", "bench", "build", "calibrate", "catalog", "choose", "compare", "doctor", "efficiency",
        "errors", "folder", "gpu", "model", "plain", "pristine", "prove", "record", "sass", "score", "screen",
        "simulate", "tables", "template",
    },
    "desk": {
        "advice", "backends", "bench", "catalog", "choose", "editor", "errors", "export", "gauges", "model", "pages",
        "pristine", "profile", "record", "report", "score", "screen", "serve", "session", "verbs", "workspace",
    },
    "cli": {"__init__", "catalog", "desk", "errors", "score", "screen", "verbs"},
    "__main__": {"cli", "ranges"},
}  # fmt: skip

# Heavy or single-purpose packages, and the only modules that may import them.
ONLY_IN = {
    "torch": {
        "build", "calibrate", "cases", "check", "data", "diagnose", "exchange", "explain", "folder", "judge", "layout",
        "measure", "multiple", "paged", "patterns", "precision", "profile", "spec", "warmup",
    },
    "hypothesis": {"case", "cases"},
    "cupy_backends": {"backends.cuda"},
    "pynvml": {"gpu"},
    "argcomplete": {"cli", "desk"},
    "jinja2": {"report"},
    "markdown_it": {"report"},
    "http": {"serve"},
    "matplotlib": {"charts"},
    "sqlalchemy": {"record"},
    "rich": {"compare", "figures", "gauges", "screen", "show", "tables"},
    "argparse": {"cli", "session", "worker"},  # session: a Namespace, as if typed
}  # fmt: skip
MAY_PRINT = {"build", "cli", "screen"}  # build: in the forked child, into output.txt


def modules() -> dict[str, ast.Module]:
    paths = sorted([*GRADER.glob("*.py"), *GRADER.glob("backends/*.py")])
    return {_name(path): ast.parse(path.read_text()) for path in paths}


def _name(path: Path) -> str:
    if path.parent == GRADER:
        return path.stem
    return "backends" if path.stem == "__init__" else f"backends.{path.stem}"


def imports(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that is imported, wherever the statement stands."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imports(node)


def ours(tree: ast.AST) -> set[str]:
    """grader.backends.cuda.Device -> backends.cuda; grader.__version__ -> __init__."""
    found = set()
    for dotted in imports(tree):
        package, _, rest = dotted.partition(".")
        names = rest.split(".")
        if package == "grader" and rest != "_simulator":
            two = ".".join(names[:2])
            found.add("__init__" if rest == "__version__" else two if two in MAY_IMPORT else names[0])
    return found


MODULES = modules()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_its_place(name: str) -> None:
    assert name in MAY_IMPORT, f"{name} is new: give it a line in MAY_IMPORT, as low as possible"


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_downwards_only(name: str) -> None:
    assert ours(MODULES[name]) <= MAY_IMPORT[name]


def test_the_table_has_no_cycle() -> None:
    left = {name: set(below) for name, below in MAY_IMPORT.items()}
    while free := {name for name, below in left.items() if not below & left.keys()}:
        left = {name: below for name, below in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("name", ["worker", "backends", "backends.cuda", "backends.simulator"])
def test_the_worker_cannot_reach_the_answer(name: str) -> None:
    reached, todo = set(), [name]
    while todo:
        if (one := todo.pop()) not in reached:
            reached.add(one)
            todo += MAY_IMPORT[one]
    assert not reached & {"spec", "check", "diagnose", "case", "cases", "measure", "judge"}
    assert not reached & ONLY_IN["torch"]


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_stays_where_it_belongs(package: str) -> None:
    users = {name for name, tree in MODULES.items() if any(d.split(".")[0] == package for d in imports(tree))}
    assert users <= ONLY_IN[package]


@pytest.mark.parametrize("name", sorted(MODULES.keys() - MAY_PRINT))
def test_only_the_command_line_prints(name: str) -> None:
    calls = [n.lineno for n in ast.walk(MODULES[name]) if isinstance(n, ast.Call) and _is_print(n.func)]
    assert not calls


def _is_print(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == "print"


def test_pybind11_stays_in_one_file(root: Path) -> None:
    users = [p.name for p in sorted((root / "csrc").rglob("*.*")) if "pybind11" in p.read_text(errors="replace")]
    assert len(users) == 1


# ---------------------------------------------------------------- what is really imported

HEAVY = ("torch", "cupy_backends", "numpy", "hypothesis")
PROBE = """
import contextlib, io, sys
from grader.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main({arguments!r})
print([name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["scoreboard"], ["show", "7"], ["hint", "7"], ["--help"], ["run", "--help"]],
    ids=" ".join,
)
def test_quick_verbs_import_nothing_heavy(root: Path, arguments: list[str]) -> None:
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


def test_the_worker_imports_nothing_heavy(root: Path) -> None:
    code = "import sys, grader.worker; print([n for n in ('torch', 'hypothesis', 'cupy_backends') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
