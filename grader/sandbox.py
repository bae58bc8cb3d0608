"""The room a worker runs in: bubblewrap's own where that works, else only fewer system calls and limits.

In the room: the interpreter, the grader's code, system and CUDA libraries, the GPU's devices, all read-only, and an
empty /tmp and /dev/shm. Not in it: solutions, tests, records, the home folder, the network, other processes. The
learner's library comes in as a descriptor. What a worker gives up by itself, in every room, is seccomp.py's.
"""

from __future__ import annotations

import functools
import glob
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grader import ranges, seccomp

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = 64 << 20  # bytes a worker may write into its /tmp, and into its /dev/shm
PATIENCE = 1.0  # seconds for the trial
INSTALL = "install bubblewrap (apt install bubblewrap)"
KEPT = ("CUDA", "CUPY", "LANG", "LC_", "LD_LIBRARY_PATH", "NVIDIA", "NVTX", "OMP_", "PATH", "PYTHON", "TZ")


@dataclass(frozen=True)
class Level:
    """How far a worker is shut in: bubblewrap > seccomp > limits."""

    name: str
    why: str = ""  # why no further; with the remedy


LEVELS = ("bubblewrap", "seccomp", "limits")
_distrusted: dict[str, Level] = {}  # backend -> the highest level at which its workers start here


def level(backend: str) -> Level:
    """The best that works here. GRADER_SANDBOX names a lower one, for those who look for a mistake."""
    wanted = os.environ.get("GRADER_SANDBOX", "")
    second = "seccomp" if seccomp.works() else "limits"
    if wanted in LEVELS[1:]:
        return _lower(Level(wanted, f"GRADER_SANDBOX is {wanted}; unset it"), Level(second))
    if profiler := ranges.attached():
        return Level("limits", f"a profiler is attached ({profiler})")
    why = _why_not(backend)
    best = Level(second, why) if why else Level("bubblewrap")
    return _lower(best, _distrusted.get(backend, best))


def _lower(one: Level, other: Level) -> Level:
    return max(one, other, key=lambda level: LEVELS.index(level.name))


def distrust(backend: str, name: str, why: str) -> bool:
    """This backend's workers do not start at this level here: not tried again in this process. False: no lower one."""
    if name == LEVELS[-1]:
        _distrusted.pop(backend, None)  # it was not the walls, then
        return False
    lower = LEVELS[LEVELS.index(name) + 1]
    _distrusted[backend] = Level(lower, f"a worker does not start under {name}: {why}")
    return True


def command(backend: str, words: list[str]) -> list[str]:
    """The words that run `words` inside."""
    if level(backend).name != "bubblewrap":
        return words
    return [*_tool(), *_room(backend), "--", *words]


def environment() -> dict[str, str]:
    """Without the user's secrets, and without what would load code before ours (LD_PRELOAD)."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return kept | {"HOME": "/tmp", "TMPDIR": "/tmp", "CUDA_CACHE_DISABLE": "1"}


# ---------------------------------------------------------------- does it work here


def _why_not(backend: str) -> str:
    if not shutil.which("bwrap"):
        return f"bubblewrap is not installed; {INSTALL}"
    if not _tool():
        return f"bubblewrap cannot make a room here ({_refusal()}); allow user namespaces"
    if backend == "cuda" and not os.path.exists("/dev/nvidia-uvm") and os.path.exists("/dev/nvidiactl"):
        return "/dev/nvidia-uvm is not there yet; nvidia-modprobe -u makes it"
    return ""


@functools.cache
def _tool() -> tuple[str, ...]:
    """bwrap with all of these that it can do here: a limit on /tmp (from 0.7 on), processes of its own. () if none."""
    sizes = (("--size", str(SCRATCH)), ())
    processes = (("--unshare-pid", "--proc", "/proc"), ("--ro-bind", "/proc", "/proc"))  # containers mask /proc
    for process, size in itertools.product(processes, sizes):
        tool = ("bwrap", *_WALLS, *process, *size, "--tmpfs", "/tmp", *size, "--tmpfs", "/dev/shm")
        if _trial(tool).returncode == 0:
            return tool
    return ()


_WALLS = (
    "--die-with-parent",
    "--unshare-user-try",
    "--unshare-ipc",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--cap-drop",
    "ALL",
)


def _trial(tool: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    words = [*tool, *_system(), "--", shutil.which("true") or "/bin/true"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))


def _refusal() -> str:
    said = _trial(("bwrap", *_WALLS, "--ro-bind", "/proc", "/proc")).stderr.strip()
    return said.splitlines()[-1] if said else "it says nothing"


# ---------------------------------------------------------------- what is in it


@functools.cache
def _room(backend: str) -> tuple[str, ...]:
    """Folders first, then what must not be seen of them; the root itself can be written by nobody."""
    words = [*_system(), *_devices(backend)]
    shown = [*_libraries(), ROOT / "grader", *_module(backend)]
    for path in sorted({str(p) for p in shown}, key=len):
        words += ["--ro-bind", path, path]
    for folder in _secrets(shown):
        words += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return (*words, "--remount-ro", "/", "--chdir", "/tmp")


@functools.cache
def _system() -> tuple[str, ...]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            words += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            words += ["--ro-bind", name, name]
    for name in ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"):
        words += ["--ro-bind-try", name, name]
    for name in ("null", "zero", "full", "random", "urandom"):
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    return tuple(words)


def _devices(backend: str) -> list[str]:
    if backend != "cuda":
        return []
    nodes = sorted([*glob.glob("/dev/nvidia*"), *glob.glob("/dev/dxg")])  # dxg: WSL
    words = [word for node in nodes for word in ("--dev-bind", node, node)]
    return [*words, "--ro-bind-try", "/sys", "/sys"]


def _libraries() -> list[Path]:
    """Of the interpreter and of CUDA, where they do not lie under /usr."""
    own = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(os.path.realpath(sys.executable)).parents[1])]
    paths = {Path(os.path.abspath(name)) for name in own} | set(_searched())
    return [p for p in paths if Path("/usr") not in p.parents and not any(q in paths for q in p.parents)]


def _searched() -> list[Path]:
    """What the user's own paths add, but no folder in or around the repository, and none around the home folder."""
    names = [*sys.path, *(os.environ.get(name, "") for name in ("CUDA_HOME", "CUDA_PATH"))]
    names += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    paths = [Path(os.path.abspath(name)) for name in names if name and os.path.isdir(name)]
    private = (ROOT, Path.home(), Path.cwd(), Path("/"))
    return [p for p in paths if ROOT not in p.parents and not any(p == q or p in q.parents for q in private)]


def _module(backend: str) -> list[Path]:
    """A backend outside the package: a test's."""
    found = importlib.util.find_spec(backend) if "." in backend else None
    return [Path(found.origin)] if found and found.origin else []


def _secrets(shown: list[Path]) -> list[Path]:
    """Answers that lie in a folder that is shown: an installed grader has them in the package."""
    homes = [ROOT, *map(Path, sys.path)]
    names = ("grader/solutions", "grader/exercises", "solutions", "exercises", "tests/attempts", ".git")
    found = [home / name for home in dict.fromkeys(homes) for name in names if (home / name).is_dir()]
    seen = [*shown, Path("/usr")]
    return [path for path in found if any(folder in path.parents for folder in seen)]
