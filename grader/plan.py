"""How torch builds, kept: another text with the same flags is compiled without it.

torch.utils.cpp_extension writes a build.ninja, and to import it takes seconds in a new process. What it wrote says
nothing of the text; so it is kept by the hash of all that it does depend on, and the next build begins at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from grader.model import Sources

FILE = "build.ninja"
FOLDER = "@folder@"  # stands for the build's own
READ = ("CC", "CXX", "NVCC", "TORCH")  # torch reads variables that begin so

# The child's own first words: it must not outlive the judge (PR_SET_PDEATHSIG).
CHILD = """import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
os.chdir(sys.argv[1])
os.execvp("ninja", ["ninja", "-v"])
"""


def place(sources: Sources, name: str, cache: Path) -> Path:
    """Where the plan for such sources is, or will be."""
    flags = {key: value for key, value in asdict(sources).items() if key != "files"}
    variables = {key: value for key, value in environment(sources).items() if key.startswith(READ)}
    text = json.dumps([flags, variables, sys.version, sys.prefix, tools()], sort_keys=True)
    return cache / "plans" / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.ninja"


def tools() -> list[str]:
    """torch and the compilers, each with its time."""
    found = [shutil.which(tool) for tool in ("nvcc", os.environ.get("CXX", "c++"), "ninja")]
    torch = importlib.util.find_spec("torch")
    version = Path(torch.origin).with_name("version.py") if torch and torch.origin else None
    return [f"{path}:{os.stat(path).st_mtime_ns}" for path in (*found, version) if path]


def environment(sources: Sources) -> Mapping[str, str]:
    """Of the compilers."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # pip's ninja
    return {**os.environ, **sources.environment, "PATH": path}


def lay(plan: Path, folder: Path) -> bool:
    """Puts the plan into a build's folder; False where there is none."""
    try:
        text = plan.read_text()
    except FileNotFoundError:
        return False
    (folder / FILE).write_text(text.replace(FOLDER, str(folder)))
    return True


def keep(plan: Path, folder: Path) -> None:
    """Keeps what torch wrote for a build that came out well; not where ninja spells the folder in its own way."""
    text = (folder / FILE).read_text().replace(str(folder), FOLDER)
    if folder.name in text:
        return
    plan.parent.mkdir(parents=True, exist_ok=True)
    making = plan.with_suffix(f".{os.getpid()}")
    making.write_text(text)
    os.replace(making, plan)


def run(folder: Path, sources: Sources, output: str, guard: int) -> int:
    """Starts ninja in a process group of its own, its words in `output`; returns its pid. `guard` stays open in it.

    Not forked: another thread may hold a lock that the child would need.
    """
    words = [sys.executable, "-ISc", CHILD, str(folder)]
    out = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(folder / output), out, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    os.set_inheritable(guard, True)
    child = os.posix_spawn(sys.executable, words, environment(sources), file_actions=actions, setpgroup=0)
    os.set_inheritable(guard, False)
    return child
