"""This machine -> one check a line, with the fix. Never raises; imports nothing that it checks."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader import backends, catalog, peaks, record, sandbox
from grader import gpu as gpus
from grader.errors import MachineError

PATIENCE = 10.0  # seconds for a tool to say its version; a broken driver hangs nvidia-smi
PYTORCH = "https://pytorch.org/get-started/locally"


@dataclass(frozen=True)
class Check:
    state: str  # ok | warn (the simulator still works) | fail
    name: str
    found: str
    fix: str = ""


def examine(home: Path, url: str, cache: Path) -> tuple[Check, ...]:
    """All checks, in the order in which to mend things."""
    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("python", python),
        ("packages", packages),
        ("torch", torch),
        ("bytecode", bytecode),
        ("host compiler", compiler),
        ("ninja", ninja),
        ("simulator", simulator),
        ("GPU", gpu),
        ("CuPy", cupy),
        ("nvcc", nvcc),
        ("GPU grading", grading),
        ("peaks", lambda: measured(cache)),
        ("sanitizer", sanitizer),
        ("isolation", isolation),
        ("exercises", lambda: exercises(home)),
        ("build cache", lambda: cached(cache)),
        ("records", lambda: records(url)),
    )
    return tuple(_safely(name, check) for name, check in checks)


def _safely(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken machine is what we are here for
        said = f"{type(error).__name__}: {error}"
        return Check("fail", name, said, "see CONTRIBUTING.md, or report this line")


def verdict(checks: tuple[Check, ...]) -> str:
    """One sentence: what can be graded here."""
    if wrong := [c.name for c in checks if c.state == "fail"]:
        return f"mend first: {', '.join(wrong)}"
    if lacking := [c.name for c in checks if c.state == "warn"]:
        return f"ready, on the simulator; for the GPU see: {', '.join(lacking)}"
    return "ready, on the GPU"


# ---------------------------------------------------------------- what is needed everywhere


def python() -> Check:
    return Check("ok", "python", f"{platform.python_version()} at {sys.executable}")


def packages() -> Check:
    needed = (
        "numpy", "hypothesis", "sqlalchemy", "rich", "platformdirs", "nvtx", "tomli", "jinja2", "argcomplete",
    )  # fmt: skip
    missing = [name for name in needed if not _has(name)]
    if missing:
        return Check("fail", "packages", f"{', '.join(missing)} missing", f"pip install {' '.join(missing)}")
    return Check("ok", "packages", ", ".join(f"{name} {_version(name)}" for name in needed))


def torch() -> Check:
    """Read off torch/version.py: importing torch takes seconds, and may be what is broken."""
    if not _has("torch"):
        return Check("fail", "torch", "not installed", "pip install torch, or run `make`")
    cuda = backends.get("cuda").torch_cuda()
    said = f"{_version('torch')}, {f'CUDA {cuda}' if cuda else 'CPU build'}"
    if not cuda and _visible():
        return Check("warn", "torch", said, f"install a CUDA build: {PYTORCH}")
    return Check("ok", "torch", said)


def bytecode() -> Check:
    """Without it every start compiles torch's modules anew: 2.7 s more, seen beside an H200."""
    if not (spec := importlib.util.find_spec("torch")) or not spec.origin:
        return Check("ok", "bytecode", "there is no torch to keep it of")
    kept = Path(importlib.util.cache_from_source(spec.origin))
    if kept.exists():
        return Check("ok", "bytecode", f"kept, in {kept.parent}")
    said = "none of torch is kept: each start takes seconds longer"
    if sys.dont_write_bytecode:
        return Check("ok", "bytecode", said, "unset PYTHONDONTWRITEBYTECODE")
    if not os.access(next(path for path in kept.parents if path.exists()), os.W_OK):
        return Check("ok", "bytecode", said, "set PYTHONPYCACHEPREFIX to a folder you may write")
    return Check("ok", "bytecode", "kept from the first import of torch on")


def compiler() -> Check:
    for name in filter(None, (os.environ.get("CXX"), "g++", "clang++", "c++")):
        if path := shutil.which(name):
            return Check("ok", "host compiler", f"{_first(path, '--version')} at {path}")
    return Check("fail", "host compiler", "no g++ or clang++ on PATH", "install one: apt install g++")


def ninja() -> Check:
    if not (path := shutil.which("ninja") or _beside_python("ninja")):
        return Check("fail", "ninja", "not on PATH", "pip install ninja")
    return Check("ok", "ninja", f"{_first(path, '--version')} at {path}")


def simulator() -> Check:
    spec = importlib.util.find_spec("grader._simulator")
    if spec is None:
        fix = "run `make`, or python setup.py build_ext --inplace"
        return Check("fail", "simulator", "its extension is not built", fix)
    return Check("ok", "simulator", str(spec.origin))


# ---------------------------------------------------------------- what a GPU needs


def gpu() -> Check:
    if not (smi := shutil.which("nvidia-smi")):
        return Check("warn", "GPU", "nvidia-smi is not here: no NVIDIA driver", "install it, or use the simulator")
    query = "--query-gpu=name,compute_cap,driver_version,utilization.gpu"
    done = _run(smi, query, "--format=csv,noheader")
    if done.returncode or not done.stdout.strip():
        said = " ".join((done.stdout + done.stderr).split()) or "nvidia-smi failed"
        return Check("warn", "GPU", said, "reinstall the driver, or reboot after its update")
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return Check("warn", "GPU", "CUDA_VISIBLE_DEVICES hides all GPUs", "unset CUDA_VISIBLE_DEVICES")
    return Check("ok", "GPU", "; ".join(_gpu(line) for line in done.stdout.strip().splitlines()))


def _gpu(line: str) -> str:
    name, capability, driver, busy = (word.strip() for word in (line + ",,,").split(",")[:4])
    return f"{name}, compute {capability}, driver {driver}, {busy} busy"


def cupy() -> Check:
    if _has("cupy"):
        names = [d for d in ("cupy-cuda13x", "cupy-cuda12x", "cupy") if _version(d)]
        return Check("ok", "CuPy", " ".join(f"{d} {_version(d)}" for d in names) or "found")
    return Check("warn", "CuPy", "not installed", "pip install cupy-cuda13x, or cupy-cuda12x for CUDA 12")


def nvcc() -> Check:
    if not (path := shutil.which("nvcc")):
        fix = "install the CUDA toolkit, or add its bin folder to PATH"
        return Check("warn", "nvcc", "not on PATH", fix)
    release = re.search(r"release ([\d.]+)", _run(path, "--version").stdout)
    if not release:
        return Check("warn", "nvcc", f"{path} does not run", "reinstall the CUDA toolkit")
    return Check("ok", "nvcc", f"{release[1]} at {path}")


def grading() -> Check:
    """What `run` will decide, by the same rule: also that nvcc is not newer than the driver."""
    if why_not := backends.get("cuda").why_not():
        found, fix = _split(why_not)
        return Check("warn", "GPU grading", found, fix)
    return Check("ok", "GPU grading", "cuda is used")


def measured(cache: Path) -> Check:
    """What % of roofline is a percentage of."""
    if (found := gpus.find()) is None:
        return Check("ok", "peaks", "there is no GPU to measure")
    known = peaks.read(cache, found.uuid)
    if known is None or not known.calibrated:
        said = f"copy {known.copy_gb_s:,.0f} GB/s, {known.measured[:10]}" if known else "not measured yet"
        return Check("ok", "peaks", said, "for the rest:  python -m grader doctor --calibrate")
    return Check("ok", "peaks", peaks.words(known))


def sanitizer() -> Check:
    if path := shutil.which("compute-sanitizer"):
        return Check("ok", "sanitizer", path)
    return Check("warn", "sanitizer", "compute-sanitizer is not on PATH", "it comes with the CUDA toolkit; optional")


def isolation() -> Check:
    """How far a worker is shut in. Less is no hindrance: it matters where the sources are others'."""
    level = sandbox.level("cuda" if not backends.get("cuda").why_not() else "simulator")
    found, fix = _split(level.why)
    return Check("ok", "isolation", f"{level.name}: {_ISOLATION[level.name]}{f' ({found})' * bool(found)}", fix)


_ISOLATION = {
    "bubblewrap": "no network, no processes, and no files but the interpreter's and CUDA's",
    "seccomp": "no processes and no network; but all your files can be read",
    "limits": "limits on memory, files and time only",
}


# ---------------------------------------------------------------- what we keep


def exercises(home: Path) -> Check:
    ids = catalog.discover(home)
    if not ids:
        return Check("fail", "exercises", f"none under {home}", "set GRADER_ROOT to the folder with exercises/")
    for slug in ids:
        catalog.load(home, slug)  # SpecError says which file and line
    return Check("ok", "exercises", f"{len(ids)} under {home}")


def cached(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("fail", "build cache", f"{folder}: {error}", "set GRADER_CACHE to a folder you may write")
    free = shutil.disk_usage(folder).free / 2**30
    if free < 1:
        return Check("warn", "build cache", f"{folder}, {free:.1f} GB free", "free some disk space")
    return Check("ok", "build cache", f"{folder}, {free:.0f} GB free")


def records(url: str) -> Check:
    """Readable, whole and writable; the message brings its own remedy."""
    try:
        if wrong := record.sound(url):
            return Check("fail", "records", *_split(wrong))
        record.ready(url)
    except MachineError as error:
        return Check("fail", "records", *_split(str(error)))
    where = record.file(url) or "the database in GRADER_DB"
    own = sum(not a.solution for a in record.attempts(url))
    return Check("ok", "records", f"{where}, {own} attempts")


def _split(message: str) -> tuple[str, str]:
    found, _, fix = message.partition("; ")
    return found, fix


# ---------------------------------------------------------------- asking


def _has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _visible() -> bool:
    return shutil.which("nvidia-smi") is not None


def _beside_python(name: str) -> str | None:
    """The virtual environment's own script, where it was not activated."""
    path = Path(sys.executable).parent / name
    return str(path) if path.exists() else None


def _first(path: str, option: str) -> str:
    return (_run(path, option).stdout.splitlines() or ["?"])[0]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
