"""A folder to work in: exercises and solutions out of an installed package, and what editors need to know.

clangd gets the simulator's headers (clangd.h) with or without a CUDA toolkit: it knows toolkits only up to its own age.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader import pristine
from grader.errors import MachineError
from grader.model import Exercise

CUDA = Path("/usr/local/cuda/include")


def lay(home: Path, folder: Path, exercises: Iterable[Exercise], headers: Path) -> list[Path]:
    """Writes what is not there yet; returns what was written. A learner's file is never touched."""
    try:
        made = [path for exercise in exercises for path in _exercise(home, folder, exercise)]
        return made + [path for name, text in _files(folder, headers).items() if (path := _write(folder / name, text))]
    except OSError as error:
        raise MachineError(f"{error}; name a folder that you may write to") from error


def _exercise(home: Path, folder: Path, exercise: Exercise) -> list[Path]:
    if home.resolve() == folder.resolve():
        return []
    made = []
    for part in ("exercises", "solutions"):
        for source in sorted((home / part / exercise.id).rglob("*")):
            target = folder / source.relative_to(home)
            if source.is_file() and "__pycache__" not in source.parts and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                if source == exercise.source:  # whoever ran the installed one may have edited it
                    target.write_text(pristine.skeleton(home, exercise), encoding="utf-8")
                else:
                    shutil.copyfile(source, target)
                made.append(target)
    return made


def _files(folder: Path, headers: Path) -> Mapping[str, str]:
    """What editors read; compile_commands.json for clangd, tasks for VS Code."""
    sources = sorted(path for path in folder.glob("*/*/*.cu") if path.parts[-3] in ("exercises", "solutions"))
    return {
        "compile_commands.json": _json(commands(folder.resolve(), sources, headers)),
        ".clangd": CLANGD,
        ".vscode/tasks.json": _json(tasks(sys.executable)),
        ".vscode/extensions.json": _json({"recommendations": ["llvm-vs-code-extensions.vscode-clangd"]}),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


DERIVED = ("compile_commands.json",)  # made anew each time; the rest belongs to whoever changed it


def _write(path: Path, text: str) -> Path | None:
    if path.exists() and (path.name not in DERIVED or path.read_text(encoding="utf-8") == text):
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------- what editors read

CLANGD = """\
# How clangd reads .cu files is in compile_commands.json; `grader init .` makes that anew.
Diagnostics:
  UnusedIncludes: None
"""


def commands(folder: Path, sources: Iterable[Path], headers: Path) -> list[dict[str, object]]:
    """compile_commands.json: one entry a source, the same flags for all."""
    return [
        {"directory": str(folder), "file": str(path.resolve()), "arguments": _command(path, headers)}
        for path in sources
    ]


def _command(path: Path, headers: Path) -> list[str]:
    toolkit = ["-isystem", str(CUDA)] if CUDA.is_dir() else []  # for headers that the simulator does not have
    dialect = ["-x", "cuda", "-std=c++20", "--cuda-host-only", "--cuda-path=/nonexistent", "-nocudainc", "-nocudalib"]
    dialect += ["-Xclang", "-fcuda-allow-variadic-functions"]  # clangd before 20 takes <type_traits> for device code
    shim = [f"-I{headers}", *toolkit, "-include", str(headers / "clangd.h")]
    return ["clang++", *dialect, *shim, "-fsyntax-only", str(path.resolve())]


def tasks(python: str) -> dict[str, object]:
    """.vscode/tasks.json: grade the open file, or watch it; compiler's errors and findings become problems."""
    known = [_task(python, "run", background=False), _task(python, "watch", background=True)]
    return {"version": "2.0.0", "tasks": known}


def _task(python: str, verb: str, background: bool) -> dict[str, object]:
    where: dict[str, object] = {"owner": "grader", "fileLocation": ["autoDetect", "${workspaceFolder}"]}
    matchers = [where | {"source": "compiler", "pattern": COMPILER}, where | {"source": "grader", "pattern": FINDING}]
    if background:
        ends = {"activeOnStart": True, "beginsPattern": "grading on", "endsPattern": "^next: "}
        matchers = [matcher | {"background": ends} for matcher in matchers]
    return {
        "label": f"grader: {verb} this exercise",
        "type": "process",
        "command": python,
        "args": ["-m", "grader", verb, "${fileDirname}"],
        "options": {"cwd": "${workspaceFolder}", "env": {"NO_COLOR": "1", "COLUMNS": "500"}},
        "isBackground": background,
        "group": "test",
        "presentation": {"panel": "dedicated", "clear": not background},
        "problemMatcher": matchers,
    }


COMPILER = {
    "regexp": r"^\s*(\S+\.cu):(\d+):(\d+): (?:fatal )?(error|warning): (.*)$",
    "file": 1,
    "line": 2,
    "column": 3,
    "severity": 4,
    "message": 5,
}
FINDING = [
    {"regexp": r"^\s*(\S+\.cu):(\d+):(\d+)$", "file": 1, "line": 2, "column": 3},
    {"regexp": r"^\s+([\w-]+): (.*)$", "code": 1, "message": 2},
]
