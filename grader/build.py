"""From source to shared library, at most once per content, through torch.utils.cpp_extension.load.

The build runs in a child: its output is a file we can read afterwards, nothing of the learner's is loaded into the
judge, and a killed build takes its lock with it, for its folder is private until it is complete. What torch wrote for
ninja is kept (`plan`), so that the next text is compiled without it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

import platformdirs

from grader import backends, included, interrupt, plan
from grader.errors import GraderError, MachineError
from grader.model import Build, Compiled, Exercise, Request, Sources
from grader.translate import Refused

SECONDS = 120.0  # a build that takes longer is stuck
ASK_SECONDS = 2.0  # for a compiler that is told to end
WORDS = 1 << 20  # bytes: on a disk with less room than that, what a compiler says may be lost
STALE = 3600.0  # a private folder this old was left by a killed build
MADE, LIBRARY, OUTPUT = "kernel", "kernel.so", "output.txt"  # what the linker makes; what becomes of it; what was said
UNWANTED = ("c10", "c10_cuda", "torch", "torch_cpu", "torch_cuda")
SEAL = "sha256.txt"  # the library's own hash: what a full disk or a bad one left of it is not used


def cache() -> Path:
    """GRADER_CACHE, else the user's cache folder (XDG)."""
    return Path(os.environ.get("GRADER_CACHE") or platformdirs.user_cache_dir("grader"))


@dataclass
class Pending:
    """A build that is under way; `wait` ends it. Mutable: it owns a child process."""

    backend: str
    home: Path  # where it will be when complete
    folder: Path  # where it is being made
    child: int
    started: float
    sources: Sources
    plan: Path
    planned: bool = False  # by an earlier build: torch has no part in this one
    guard: int = -1  # a lock on `folder`, for as long as this build or its child lives
    began: float = field(default_factory=time.time)  # by the clock that files have

    @property
    def over(self) -> bool:
        """Whether `wait` would return at once."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return not self.child or os.waitid(os.P_PID, self.child, flags) is not None

    def wait(self) -> Build:
        """Blocks until the build is over."""
        try:
            return self._wait()
        finally:
            self._unguard()

    def _unguard(self) -> None:
        if self.guard >= 0:
            os.close(self.guard)
            self.guard = -1

    def _wait(self) -> Build:
        if not self.child:
            return _finished(self.backend, self.home, time.monotonic() - self.started, cached=True)
        try:
            code = self._reap()
        except BaseException:
            self.stop()
            raise
        if code or not (self.folder / MADE).exists():
            return self._failed(late=code is None)
        seconds = self._took(MADE)
        if refused := included.refusal(self.folder, self.sources):
            shutil.rmtree(self.folder, ignore_errors=True)
            return Build(self.home / LIBRARY, self.backend, seconds, errors=refused)
        with _room(self.home.parent):
            if not self.planned:
                plan.keep(self.plan, self.folder)
            os.rename(self.folder / MADE, self.folder / LIBRARY)
            (self.folder / SEAL).write_text(_hash(self.folder))
            _publish(self.folder, self.home)
        return _finished(self.backend, self.home, seconds, cached=False)

    def _took(self, file: str) -> float:
        """Seconds until the compiler wrote it, whenever it is asked for."""
        return max(0.0, (self.folder / file).stat().st_mtime - self.began)

    def _reap(self) -> int | None:
        """The exit code; None when the time is up. A compiler that somebody killed says nothing about the source."""
        while not (ended := os.waitpid(self.child, os.WNOHANG))[0]:
            interrupt.check()
            if time.monotonic() - self.started > SECONDS:
                _end(self.child)
                self.child = 0
                return None  # what it has said is still to be read
            time.sleep(0.005)
        self.child = 0
        if os.WIFSIGNALED(ended[1]):
            self._killed(f"by {signal.Signals(os.WTERMSIG(ended[1])).name}")
        return os.WEXITSTATUS(ended[1])

    def _killed(self, how: str) -> NoReturn:
        shutil.rmtree(self.folder, ignore_errors=True)
        raise MachineError(f"the compiler was killed ({how}); is there enough memory? try again")

    def _blameless(self, output: str, free: int) -> None:
        """Raises MachineError for what no source can be the reason of. `free`: bytes left for the compiler's words."""
        if found := re.search(r"Killed signal terminated program|signal 9|: Killed$", output, re.MULTILINE):
            self._killed(found[0].strip(": "))
        if found := re.search(r"No space left on device|Disk quota exceeded", output):
            self._full(found[0])
        if not output.strip() and free < WORDS:
            self._full(os.strerror(errno.ENOSPC))

    def _full(self, why: str) -> NoReturn:
        with _room(self.home.parent):
            raise OSError(errno.ENOSPC, why)

    def _failed(self, late: bool) -> Build:
        output = (self.folder / OUTPUT).read_text(errors="replace")
        output += f"\nthe compiler did not finish in {SECONDS:.0f} s" if late else ""
        seconds, free = self._took(OUTPUT), shutil.disk_usage(self.home.parent).free
        shutil.rmtree(self.folder, ignore_errors=True)
        self._blameless(output, free)
        compiled = backends.get(self.backend).explain(output)
        if self.planned and not late and not compiled.errors:  # not the source's fault, then: is the plan out of date?
            self.plan.unlink(missing_ok=True)
            return start(self.sources, self.backend, self.home.parents[1]).wait()
        errors = compiled.errors or compiled.warnings or output.strip() or "the compiler stopped without a word"
        return Build(self.home / LIBRARY, self.backend, seconds, errors=errors)

    def stop(self) -> None:
        """Kills the compiler with all that it started."""
        if self.child:
            _end(self.child)
            self.child = 0
        shutil.rmtree(self.folder, ignore_errors=True)
        self._unguard()


def warm() -> None:
    """What the first build would import: half a second."""
    import torch.utils.cpp_extension  # noqa: F401


def texts(request: Request) -> list[str]:
    """What is compiled for a grading's own backend: the learner's and, where it is timed, the reference's."""
    found = [request.text]
    if request.timed and (reference := request.reference.read_text()) != request.text:
        found.append(reference)
    return found


def begin(exercise: Exercise, text: str, backend: str) -> Pending:
    """The build of one source, as the grader compiles it. Raises Refused for what cannot be translated."""
    return start(backends.get(backend).sources(exercise, text, f"{exercise.name}.cu"), backend, cache())


def start(sources: Sources, backend: str, cache: Path) -> Pending:
    """Begins the build, or finds the finished one."""
    home, place = _home(sources, backend, cache), plan.place(sources, _name(sources, backend), cache)
    if begun := _begun.pop(home, None):
        return begun
    started = time.monotonic()
    if _whole(home):
        return Pending(backend, home, home, 0, started, sources, place)
    if not place.exists():
        warm()  # before the fork, so that no later child needs to
    with _room(home.parent):
        folder = _private(home)
        guard = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(guard, fcntl.LOCK_EX)
        archives = dict.fromkeys((f"lib{name}.a" for name in UNWANTED), "!<arch>\n")
        for file, text in {**sources.files, **archives, OUTPUT: ""}.items():
            (folder / file).write_text(text)
        planned = plan.lay(place, folder)
        child = plan.run(folder, sources, OUTPUT, guard) if planned else _fork(folder, sources)
    return Pending(backend, home, folder, child, started, sources, place, planned, guard)


_begun: dict[Path, Pending] = {}


@contextlib.contextmanager
def ahead(wanted: Iterable[tuple[Exercise, str, str]]) -> Iterator[None]:
    """Begins now what `begin` will be asked for, where that needs no torch: meanwhile the judge imports it.

    `wanted`: exercise, text, backend. What goes wrong is told when it is asked for.
    """
    try:
        for exercise, text, backend in wanted:
            with contextlib.suppress(GraderError, Refused):
                sources = backends.get(backend).sources(exercise, text, f"{exercise.name}.cu")
                if plan.place(sources, _name(sources, backend), cache()).exists():
                    pending = start(sources, backend, cache())
                    if pending.child:
                        _begun[pending.home] = pending
        yield
    finally:
        while _begun:
            _begun.popitem()[1].stop()


def _whole(home: Path) -> bool:
    """Whether the finished folder is there and is what was put there; a damaged one is thrown away."""
    try:
        if (home / SEAL).read_text() == _hash(home) and (home / OUTPUT).exists():
            return True
    except OSError:
        pass
    shutil.rmtree(home, ignore_errors=True)
    return False


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / LIBRARY).read_bytes()).hexdigest()


def kept(sources: Sources, backend: str, cache: Path) -> Path | None:
    """The finished library of these sources, where there is one; nothing is built."""
    home = _home(sources, backend, cache)
    return home / LIBRARY if _whole(home) else None


def _home(sources: Sources, backend: str, cache: Path) -> Path:
    """Where the build of this content is, or will be: by texts, flags, torch and the compilers themselves."""
    text = json.dumps([asdict(sources), plan.tools()], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:20]
    return cache / "builds" / f"{_name(sources, backend)}-{key}"


def _name(sources: Sources, backend: str) -> str:
    return f"{Path(sources.compile[0]).stem}-{backend}"


@contextlib.contextmanager
def _room(folder: Path) -> Iterator[None]:
    """What cannot be written is the machine's fault."""
    try:
        yield
    except OSError as error:
        said = f"cannot write to {folder}: {error.strerror}; free some disk space"
        raise MachineError(f"{said}, or set GRADER_CACHE to another folder") from error


def _private(home: Path) -> Path:
    home.parent.mkdir(parents=True, exist_ok=True)
    for left in home.parent.glob(".making-*"):
        with contextlib.suppress(FileNotFoundError):  # another run was quicker
            if time.time() - left.stat().st_mtime > STALE and _abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))


def _abandoned(folder: Path) -> bool:
    """Whether nobody holds its lock: age alone tells nothing where a clock jumps."""
    guard = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(guard)
    return True


def _fork(folder: Path, sources: Sources) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python 3.12 warns of forking with threads: the child only starts ninja and leaves by _exit.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _compile(folder, sources)
    with contextlib.suppress(OSError):  # whichever of the two comes first
        os.setpgid(child, child)
    return child


def _end(child: int) -> None:
    """Asks first: ninja gives each compiler a process group of its own, and a killed ninja leaves them running."""
    deadline = time.monotonic() + ASK_SECONDS
    os.killpg(child, signal.SIGTERM)
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _runs(group: int) -> bool:
    """Whether a process of that group is more than a zombie: init may take a second to bury an orphan."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just gone
            state, _, its_group = path.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def _compile(folder: Path, sources: Sources) -> None:
    """In the child; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the judge does on it, this process just ends
        os.setpgid(0, 0)  # so that the compiler can be killed as one
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: not to outlive the judge
        output = os.open(folder / OUTPUT, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(plan.environment(sources))
        _load(folder, sources)
        code = 0
    except BaseException as error:
        print(f"grader: {error}", flush=True)
    finally:
        os._exit(code)


def _load(folder: Path, sources: Sources) -> None:
    """`is_standalone` with `-shared` makes a library and, unlike the other modes, does not load it here.

    The linker finds empty archives where torch wants its libraries linked: a kernel needs none of them, and to read
    their symbols takes as long as all the rest of linking.
    """
    from torch.utils import cpp_extension

    cpp_extension.load(
        MADE,
        [str(folder / name) for name in sources.compile],
        extra_cflags=list(sources.cflags),
        extra_cuda_cflags=list(sources.cuda_cflags),
        extra_ldflags=["-shared", "-Wl,--as-needed", "-L.", *sources.ldflags],  # ninja runs in the folder
        extra_include_paths=list(sources.include_paths),
        build_directory=str(folder),
        verbose=True,  # the compiler's words go to output.txt
        is_python_module=False,
        is_standalone=True,
    )


def _publish(folder: Path, home: Path) -> None:
    """Rename is atomic: two builds of one content cannot harm each other."""
    try:
        os.rename(folder, home)
    except OSError:
        if not (home / SEAL).exists():
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _finished(backend: str, home: Path, seconds: float, cached: bool) -> Build:
    output = (home / OUTPUT).read_text(errors="replace")
    compiled: Compiled = backends.get(backend).explain(output)
    return Build(home / LIBRARY, backend, seconds, cached, "", compiled.warnings, compiled.resources)
