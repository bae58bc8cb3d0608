"""The simulator: the learner's CUDA on the CPU, with every access checked. Needs a C++ compiler and nothing else."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from grader import included, marshal, veil
from grader.findings import complete, findings, launches, left
from grader.model import Buffer, Compiled, Exercise, Fate, Finding, Job, Run, Sources

__all__ = ["Device", "compiler", "device", "explain", "findings", "reported", "sources", "why_not"]

# -fsanitize plants the callbacks, and is not given to the linker: they are ours, in grader._simulator.
_SEEN = "bounds,integer-divide-by-zero"
_CHECKED = (f"-fsanitize=thread,{_SEEN}", f"-fsanitize-recover={_SEEN}")
_COMMON = (
    "-std=c++20",
    "-g1",
    "-gdwarf-5",
    "-gz=none",
    "-fno-strict-aliasing",
    "-ffp-contract=off",
    "-fwrapv",
    "-fno-optimize-sibling-calls",  # or a call's line is lost
    "-Wno-unknown-pragmas",
    "-Wno-attributes",
)
_FAST = ("-O1",)
_WATCHED = ("-O0", "-DSIM_LOCALS")  # no access is moved, so that a variable is read where the source reads it
# Vectorised or merged accesses would be counted as one where the GPU makes several.
_GCC = (
    "-fno-gnu-unique",
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-fno-store-merging",
    "-fno-tree-loop-distribute-patterns",
    "-fno-finite-loops",
    "-fstack-clash-protection",
)
_GCC_CHECKED = (
    "--param=tsan-distinguish-volatile=1",
    "--param=tsan-instrument-func-entry-exit=0",
    "-U_FORTIFY_SOURCE",  # its memcpy is in the place of ours, in sim/core.h
)
_CLANG = ("-fdeclspec", "-fno-vectorize", "-fno-slp-vectorize", "-fno-finite-loops", "-fstack-clash-protection")
_CLANG_CHECKED = tuple(
    word
    for option in ("distinguish-volatile=1", "instrument-func-entry-exit=0", "instrument-read-before-write=1")
    for word in ("-mllvm", f"-tsan-{option}")
)
_OUTPUTS = ("sincos", "sincosf", "frexp", "frexpf", "modf", "modff")  # of libm, which is not instrumented
_WRAPPED = ("memcpy", "memmove", "memset", "malloc", "exit", "_exit", "quick_exit", "__assert_fail", *_OUTPUTS)
_LINK = ("-Wl,--as-needed", "-Wl,-Bsymbolic", *(f"-Wl,--wrap={name}" for name in _WRAPPED))
_STREAM = 0x51AE  # what the launcher gets as its stream: not the default one, and never dereferenced
_ANY_STREAM = 0  # no stream is a stray one
_ARENA_RESIDUE = 1 << 16


# ---------------------------------------------------------------- is it usable?


def why_not() -> str:
    """Empty if the simulator works here, else what is missing and the remedy."""
    try:
        _runtime()
    except ImportError as error:
        return f"the extension grader._simulator does not load ({error}): run `pip install .` in the repository"
    found = compiler()
    if not found.version:
        return "no C++ compiler: install g++ (11 or newer) or clang++ (14 or newer), or name one in CXX"
    if found.version < (14 if found.clang else 11):
        name = " ".join(found.command)
        return f"{name} {found.version} is too old: install g++ 11 or clang++ 14, or name one in CXX"
    return ""


def device() -> str:
    """What the verdict calls it."""
    return "simulator"


def _runtime() -> ModuleType:
    """The extension. Its symbols must be global: the learner's library calls them."""
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    try:
        import grader._simulator as runtime  # type: ignore[import-not-found,unused-ignore]
    finally:
        sys.setdlopenflags(flags)
    return cast(ModuleType, runtime)


@dataclass(frozen=True)
class Compiler:
    """The one that torch will call."""

    command: tuple[str, ...]
    version: int = 0  # the major one; 0 when there is no such compiler
    clang: bool = False


def compiler() -> Compiler:
    """CXX, or c++."""
    return _asked(os.environ.get("CXX") or "c++")


@functools.cache
def _asked(name: str) -> Compiler:
    command = tuple(name.split())
    if not shutil.which(command[0]):
        return Compiler(command)
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return Compiler(command)
    found = re.search(r"\b(\d+)\.\d+", re.sub(r"\(.*?\)", "", said.split("\n", 1)[0]))
    return Compiler(command, int(found[1]) if found else 0, "clang" in said)


# ---------------------------------------------------------------- what is compiled, and how


def flags(checked: bool = True, watched: bool = False) -> tuple[str, ...]:
    """The compiler's flags, without those that name a folder. `watched`: reads of unset locals are seen."""
    found = compiler()
    own, own_checked = (_CLANG, _CLANG_CHECKED) if found.clang else (_GCC, _GCC_CHECKED)
    speed = _WATCHED if watched else _FAST
    return (*speed, *_COMMON, *own, *((*_CHECKED, *own_checked) if checked else ()))


def headers() -> Path:
    """The folder of the shim headers: beside this package when installed, in csrc/ in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "include"
    return installed if installed.is_dir() else package.parent / "csrc" / "include"


def sources(exercise: Exercise, text: str, name: str, checked: bool = True, watched: bool = False) -> Sources:
    """The translated file, and the learner's own beside it for the compiler's messages. Raises translate.Refused.

    Precompiles the headers on first use.
    """
    from grader.translate import translate  # not in the worker, which starts the sooner

    _precompile(checked, watched)
    stem = name.removesuffix(".cu")
    return Sources(
        files={f"{stem}.cpp": _preamble(exercise) + f'#line 1 "{name}"\n' + translate(text, watched), name: text},
        compile=(f"{stem}.cpp",),
        cflags=(*flags(checked, watched), "-include", "sim.h", *included.CFLAGS, *_assembler()),
        ldflags=_LINK,
        include_paths=(str(precompiled(checked, watched)), str(headers())),
    )


def _assembler() -> tuple[str, ...]:
    flag = included.assembler("clang" if compiler().clang else "")
    return (flag,) if flag else ()


def _preamble(exercise: Exercise) -> str:
    """The launcher's declaration, so that another signature does not compile."""
    text = exercise.declaration.text.strip()
    needed = {"half": "cuda_fp16.h", "bfloat16": "cuda_bf16.h", "__nv_fp8": "cuda_fp8.h"}
    lines = [f"#include <{header}>" for word, header in needed.items() if word in text]
    return "\n".join([*lines, '#line 1 "declaration"', text if text.endswith(";") else text + ";", ""])


# ---------------------------------------------------------------- the precompiled header


def cache() -> Path:
    """GRADER_CACHE, or the user's cache folder."""
    base = os.environ.get("GRADER_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grader"


def precompiled(checked: bool = True, watched: bool = False) -> Path:
    """Where the precompiled header for these headers, flags and compiler is, or would be."""
    return _home(cache(), compiler(), flags(checked, watched), headers())


@functools.cache
def _home(cache: Path, compiler: Compiler, flags: tuple[str, ...], headers: Path) -> Path:
    digest = hashlib.sha256(repr((flags, compiler, _stamp(compiler), str(headers))).encode())
    for file in sorted(headers.rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return cache / "headers" / digest.hexdigest()[:16]


def _stamp(compiler: Compiler) -> int:
    path = shutil.which(compiler.command[0])
    return os.stat(path).st_mtime_ns if path else 0


def _precompile(checked: bool, watched: bool) -> None:
    """Makes it once, whole or not at all. Without it everything works, only slower."""
    home = precompiled(checked, watched)
    if home.exists():
        return
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".making-", ignore_cleanup_errors=True) as making:
            target = Path(making) / "made"
            target.mkdir()
            _compile_header(target / ("sim.h.pch" if compiler().clang else "sim.h.gch"), flags(checked, watched))
            os.rename(target, home)
    except (OSError, subprocess.SubprocessError):
        return


def _compile_header(target: Path, options: tuple[str, ...]) -> None:
    command = [
        *compiler().command,
        "-fPIC",
        *options,
        "-x",
        "c++-header",
        f"-I{headers()}",
        str(headers() / "sim.h"),
    ]
    subprocess.run([*command, "-o", str(target)], check=True, capture_output=True, timeout=120)


# ---------------------------------------------------------------- what the compiler said

_PLACE = re.compile(
    r"^(?P<file>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?P<kind>fatal error|error|warning|note): (?P<text>.*)$"
)


def explain(output: str) -> Compiled:
    """The learner's errors first and whole; our headers' own lines are left out."""
    groups = _groups(output)
    ours = [g for g in groups if _learners(g)]
    errors = [g for g in ours if _kind(g) in ("error", "fatal error")] or [g for g in groups if "error" in _kind(g)]
    warnings = [g for g in ours if _kind(g) == "warning"]
    return Compiled(_join(errors), _join(warnings))


_BETWEEN = re.compile(r"^(In file included|\s+from |\S+: In |ninja:|FAILED:|\[\d+/\d+\]|grader: )")  # no part of one


def _groups(output: str) -> list[list[str]]:
    """Messages, each with the lines that belong to it: context before, caret lines and notes after."""
    groups: list[list[str]] = []
    for line in output.splitlines():
        found = _PLACE.match(line)
        if found and found["kind"] != "note":
            groups.append([line])
        elif groups and not _BETWEEN.match(line):
            groups[-1].append(line)
    return groups


def _kind(group: list[str]) -> str:
    found = _PLACE.match(group[0])
    return found["kind"] if found else ""


def _learners(group: list[str]) -> bool:
    found = _PLACE.match(group[0])
    return bool(found) and "/" not in found["file"]  # type: ignore[index]


def _join(groups: list[list[str]]) -> str:
    return _tidy("\n".join(line for group in groups for line in _shown(group)))


def _shown(group: list[str]) -> list[str]:
    """Without the notes that point into our headers."""
    shown, hidden = [], False
    for line in group:
        found = _PLACE.match(line)
        if found:
            hidden = found["kind"] == "note" and "/" in found["file"]
        if not hidden:
            shown.append(line)
    return shown


def _tidy(text: str) -> str:
    text = re.sub(r"::?sim::shared<(.*?)>\(\[\]\{\}, \"(\w+)\"\)", r"__shared__ \2", text)
    return text.replace("GCC error ", "").strip()


# ---------------------------------------------------------------- running


class Device:
    """The CPU as a CUDA device. Made in the worker only."""

    def __init__(self, arena: mmap.mmap, report: int) -> None:
        self.arena, self.report = arena, report
        self.runtime: Any = _runtime()
        self.runtime.report_to(report)
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(arena))
        self.launcher: Any = None
        self.threads = _threads()
        self.options(True)

    def options(
        self,
        checking: bool = True,
        traced: int = 1 << 31,
        pedantic: bool = False,
        threads: int = 0,
        multiprocessors: int = 4,  # few, so that grids sized by them stay small
        rubbish: int = 0,  # in local variables without a value: 0 to 3 give each thread another kind, 4 is zero
        patience: int = 1,  # times the limit that a checked launch may take while each of its blocks keeps to it
    ) -> None:
        """Whether accesses are checked, for how many blocks traffic is counted, whether shuffles order no memory.

        An unchecked launch runs on so many OS threads, never more than 8; 0 is one per core.
        """
        self.checking, self.traced = checking, traced
        self.runtime.options(checking, pedantic, threads, multiprocessors, rubbish, patience)

    def load(self, library: Path, launcher: str) -> str:
        """Empty, or why the launcher cannot be called."""
        try:
            loaded = ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_LOCAL)
            self.launcher = getattr(loaded, launcher)
        except OSError as error:
            return f"the library does not load: {error}"
        except AttributeError:
            return f"the symbol {launcher} is not there"
        self.launcher.restype = ctypes.c_int
        self.runtime.use(str(library), _load_address(self.launcher))
        return ""

    def run(self, job: Job) -> Run:
        """Launches once; the arena then holds what the launcher left."""
        os.ftruncate(self.report, 0)
        os.lseek(self.report, 0, os.SEEK_SET)
        untyped = {a.buffer for a in job.arguments if a.ctype == "void"}
        places = {b.name: self._allocate(b, 0 if b.name in untyped else b.itemsize) for b in job.buffers}
        try:
            if not all(places.values()):
                return Run(Fate.REFUSED, message="the simulator has not enough memory for this case")
            return self._launch(job, places)
        finally:
            self.runtime.free_all()

    def _allocate(self, buffer: Buffer, itemsize: int) -> int:
        place = int(self.runtime.allocate(buffer.nbytes, itemsize, buffer.offset % _ARENA_RESIDUE, buffer.name))
        if place:
            ctypes.memmove(place, self.base + buffer.offset, buffer.nbytes)
            if buffer.initialised and self.checking:
                self.runtime.initialise(place, buffer.nbytes)
        return place

    def _table(self, pointers: bytes) -> int:
        place = int(self.runtime.allocate(len(pointers), 8, 0, "pointers"))
        ctypes.memmove(place, pointers, len(pointers))
        self.runtime.initialise(place, len(pointers))
        return place

    def _launch(self, job: Job, places: dict[str, int]) -> Run:
        values = marshal.arguments(job, lambda b: places[b.name], self._table)
        if job.streamed:
            values.append(ctypes.c_void_p(_STREAM))
        traced = self.traced if job.counted else 0
        self.runtime.begin(job.seconds, _STREAM if job.recorded else _ANY_STREAM, traced)
        with veil.hidden(self.base, len(self.arena)):  # host memory too is a copy
            status = self.launcher(*values)
            left = 0 if job.recorded else self.runtime.leave()
        self.runtime.finish()
        self._report_left(left)
        for b in job.buffers:
            ctypes.memmove(self.base + b.offset, places[b.name], b.nbytes)
        return Run(Fate.RETURNED, status or self.runtime.error())  # what was found is in the report: see `reported`

    def _report_left(self, streams: int) -> None:
        """Work that waits, and threads that run, when the launcher has returned."""
        if streams:
            os.write(self.report, b'{"left":%d}\n' % streams)
        if not self.checking:  # such launches keep helpers of their own
            self.threads = _threads()
        elif _threads() > self.threads:
            os.write(self.report, _LEFT)


_LEFT = b'{"finding":"host","what":"thread","variable":"","note":""}\n'


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _allowed(finding: Finding, job: Job) -> bool:
    """Where host code is the exercise it may wait, and use what lies in host memory."""
    if job.recorded:
        return False
    host = {b.name for b in job.buffers if b.host}
    return finding.kind == "sync" or (finding.kind == "host" and finding.variable in host)


def _early(left: int) -> Finding:
    which = "one of its streams" if left == 1 else f"{left} of its streams"
    text = f"the launcher returned and had not waited for the work on {which}; wait for every stream before returning"
    return Finding("sync", text)


def _load_address(function: Any) -> int:
    """Where the library that holds the function was loaded."""

    class Info(ctypes.Structure):
        _fields_ = [
            ("name", ctypes.c_char_p),
            ("base", ctypes.c_void_p),
            ("symbol", ctypes.c_char_p),
            ("at", ctypes.c_void_p),
        ]

    info = Info()
    dladdr = ctypes.CDLL(None).dladdr
    dladdr(ctypes.cast(function, ctypes.c_void_p), ctypes.byref(info))
    return int(info.base or 0)


def _run_of(job: Job, text: str, status: int) -> Run:
    found, traffic = findings(text)
    found = tuple(f for f in found if not _allowed(f, job))
    if not job.streamed and (operations := left(text)):
        found += (_early(operations),)
    return Run(_fate(found), status, _message(found, status), launches(text), findings=found, traffic=traffic)


def reported(run: Run, text: str, job: Job) -> Run:
    """In the judge: the run as the runtime's own report has it, whatever the worker says; also of one that died."""
    told = _run_of(job, text, run.status)
    if run.fate is not Fate.RETURNED:
        fate = told.fate if told.fate is Fate.TIMED_OUT else run.fate
        message = "" if told.findings and run.message.endswith(_GIVEN_UP) else run.message  # the findings say it
        return replace(run, fate=fate, message=message, findings=(*run.findings, *told.findings), traffic=told.traffic)
    return told if complete(text) else replace(told, findings=(_SILENCED, *told.findings))


_GIVEN_UP = "exit code 98"  # of the runtime, after its findings
_SILENCED = Finding("forged", "the simulator's report is gone: the launcher wrote into a file that is not its own")


def _fate(found: tuple[Finding, ...]) -> Fate:
    kinds = [f.kind for f in found]
    if "timeout" in kinds:
        return Fate.TIMED_OUT
    return Fate.REFUSED if kinds and set(kinds) == {"unsupported"} else Fate.RETURNED


_ERRORS = {
    1: "invalid argument",
    2: "out of memory",
    9: "invalid launch configuration",
    700: "illegal memory access",
    710: "assertion failed in a kernel",
    716: "misaligned address",
    719: "unspecified launch failure",
    720: "too many blocks in a cooperative launch",
    801: "not supported",
}


def _message(found: tuple[Finding, ...], status: int) -> str:
    said = next((f.text for f in found if f.kind in ("unsupported", "timeout")), "")
    return said or (_ERRORS.get(status, f"CUDA error {status}") if status else "")
