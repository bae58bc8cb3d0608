"""The judge's side of a worker: starts it, talks to it within a time limit, replaces it when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import mmap
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from grader import backends, overdraft, sandbox, wire
from grader.errors import GraderError, MachineError
from grader.model import Fate, Finding, Job, Run

LOAD_SECONDS = 20.0  # static constructors included
START_SECONDS = 60.0  # a CUDA context takes 0.2 s; a cold file system takes longer
LOG = 20_000  # characters kept of what the learner printed
REPORT = 8 << 20  # bytes read of what the simulator found
GLANCE = 0.1  # seconds between two looks at what a running worker uses


class WorkerError(GraderError):
    """The worker could not do what it was told, and it was not the learner's doing."""


class Slow(WorkerError):
    """It does not answer at all: trying again would take as long."""


KILLED = "killed by SIGKILL"
AT_LOAD = "loading the library does not end well; what runs in a static constructor?"


class Died(Exception):
    """Loading, or a timed call, crashed or hung."""

    def __init__(self, fate: Fate, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.fate, self.findings = fate, findings


FORGED = Finding(
    "forged",
    "an answer came that the grader's own code did not write: the launcher wrote into a channel that is not its own",
)
NOT_ALLOWED = (
    "it was ended because it asked for what a launcher may not do: start a process or a program, "
    "or send a signal to another one"
)


def _out_of_memory(said: str) -> None:
    """Raises MachineError when that is what the worker says: the arena did not fit, which is nobody's mistake."""
    if "OutOfMemory" in said or "out of memory" in said:
        raise MachineError("the GPU has too little free memory; close what else uses it (nvidia-smi shows what)")


def killed(run: Run) -> bool:
    """Whether somebody else ended the worker, or the kernel did for want of memory: worth a second try."""
    return run.fate is Fate.CRASHED and KILLED in run.message


def caught(message: str) -> bool:
    """Whether a launch ended as one can that a fault in another process's kernel takes along.

    Seen on an H200 with ten graders: one right kernel in 875 gradings; of kernels whose assert failed beside each
    other, one got this error instead of its own.
    """
    return "cudaErrorLaunchFailure" in message


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


def memory(name: str, size: int) -> int:
    """A descriptor of anonymous shared memory: it has no name, so a killed judge leaks nothing."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.truncate(descriptor, size)
    except OSError as error:
        os.close(descriptor)
        said = f"no {size >> 20} MiB of shared memory ({error.strerror})"
        raise MachineError(f"{said}; raise the limit: ulimit -f") from error
    if size and hasattr(fcntl, "F_ADD_SEALS"):  # a launcher that shortens it would crash the judge, which maps it
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


class Arena:
    """Shared memory for contents, sparse until it is written to."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = memory("arena", size)
        self.bytes = mmap.mmap(self.descriptor, size)

    def close(self) -> None:
        os.close(self.descriptor)
        try:
            self.bytes.close()
        except BufferError:  # a numpy view still looks at it; it goes with that
            pass


@contextlib.contextmanager
def start(backend: str, size: int, options: Mapping[str, int] | None = None) -> Iterator[Worker]:
    """A worker with an arena of its own, both gone at the end."""
    worker = _stand_in(backend, size) or Worker(backend, Arena(size))
    worker.options.update(options or {})  # told when it is settled
    try:
        with worker:
            yield worker
    finally:
        worker.arena.close()


AMPLE = 1 << 36  # bytes of an arena whose contents are not known yet: sparse, so mere addresses
_standing: list[Worker] = []


@contextlib.contextmanager
def standing(wanted: Mapping[str, int], settled: bool = False) -> Iterator[None]:
    """Starts so many workers of each backend now, for later calls of `start`: meanwhile the judge imports torch.

    With `settled` they are waited for, so that none is still starting while something is timed.
    """
    try:
        with contextlib.suppress(MachineError):  # too narrow a limit for these: `start` says so if it has to
            for backend, count in wanted.items():
                _standing.extend(Worker(backend, Arena(AMPLE)) for _ in range(count))
        for worker in _standing if settled else ():
            worker.settle_or_raise()
        yield
    finally:
        while _standing:
            worker = _standing.pop()
            worker.close()
            worker.arena.close()


def _stand_in(backend: str, size: int) -> Worker | None:
    found = next((w for w in _standing if w.backend == backend and w.arena.size >= size), None)
    if found:
        _standing.remove(found)
    return found


_running: set[Worker] = set()
_struck: set[int] = set()  # the driver may still be taking down their contexts


def contexts() -> frozenset[int]:
    """Our processes that hold a context on the GPU, or may: this one and its workers'."""
    _struck.difference_update([pid for pid in _struck if not os.path.exists(f"/proc/{pid}")])
    return frozenset({os.getpid(), *_struck, *(overdraft.last(w.pid) for w in _running if w.backend == "cuda")})


@functools.cache
def _cradle() -> ThreadPoolExecutor:
    """The one thread that starts children: they die with the thread that made them, so it must outlive all others."""
    return ThreadPoolExecutor(1, "cradle")


class Worker:
    """One child process. Use as a context manager; `run` never raises for what the learner did."""

    def __init__(
        self,
        backend: str,
        arena: Arena,
        libraries: tuple[tuple[Path, str], ...] = (),
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.backend, self.arena, self.libraries, self.prefix = backend, arena, libraries, prefix
        self.log, self.report = memory("log", 0), memory("report", 0)
        self.process: subprocess.Popen[bytes] | None = None
        self.started, self.loaded = False, 0
        self.cancelled, self.options = False, dict[str, int]()
        self.excused = False  # whether a crash was put down to another process: cases.launch
        self.shared: tuple[int, int] | None = None  # descriptor and bytes of device memory
        for descriptor in (self.log, self.report):  # emptied between runs, while the child keeps them open
            fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
        self.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -------------------------------------------------- life and death

    def start(self) -> None:
        """Returns at once; the child gets ready while the judge does other things."""
        try:
            self._start()
        except OSError as error:
            remedy = "free some disk space and memory, or set TMPDIR to a folder you may write"
            raise MachineError(f"cannot start a worker: {error}; {remedy}") from error

    def _start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="grader-worker-", ignore_cleanup_errors=True)
        ours, theirs = socket.socketpair()
        self.level = sandbox.Level("limits", "a tool stands in front") if self.prefix else sandbox.level(self.backend)
        numbers = (theirs.fileno(), self.arena.descriptor, self.report)
        self.process = _cradle().submit(
            subprocess.Popen, self._command(numbers),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder.name,
            env=None if self.prefix else sandbox.environment(), pass_fds=numbers, start_new_session=True,
        ).result()  # fmt: skip
        theirs.close()
        _running.add(self)
        self.channel, self.started, self.loaded = wire.Channel(ours), False, 0
        with contextlib.suppress(wire.Lost):  # it died at once: the first question says so
            self._say({"do": "start"})

    def _command(self, numbers: tuple[int, ...]) -> list[str]:
        root = Path(__file__).resolve().parents[1]
        code = f"import sys; sys.path.insert(0, {str(root)!r}); from grader import worker; worker.main(sys.argv[1:])"
        between = self.prefix or self.level.name == "bubblewrap"  # the parent is then another, and dies with us
        words = [sys.executable, "-c", code, self.backend, *map(str, (*numbers, 0 if between else os.getpid()))]
        return [*self.prefix, *words] if self.prefix else sandbox.command(self.backend, words)

    def settle(self) -> str:
        """Waits until the child is ready and has loaded its libraries; returns why a library cannot be used."""
        try:
            return self._settle()
        except Died as died:
            if KILLED not in str(died):
                raise
            self.renew()
            return self._settle()

    def _settle(self) -> str:
        if not self.started:
            self._awake()
            if self.options:
                self._ask({"do": "options", "options": self.options})
            self.started = True
            if why_not := self._share():
                raise WorkerError(why_not)  # the child before this one could
        for library, launcher in self.libraries[self.loaded :]:
            if why_not := self._load(library, launcher):
                return why_not
            self.loaded += 1
        return ""

    def _awake(self) -> None:
        """Waits until it is ready. Nothing of the learner's is in it yet: what fails is tried with lower walls."""
        for attempt in itertools.count():
            try:
                self._ask(None)  # the answer to "start"
                return self._seal()
            except Slow:
                raise
            except WorkerError as error:
                again = KILLED in str(error) and not attempt  # by somebody else: the walls are not the reason
                if self.prefix or not (again or sandbox.distrust(self.backend, self.level.name, str(error))):
                    raise
                self.renew()

    def _seal(self) -> None:
        if self.level.name != "limits":
            self._ask({"do": "seal"})

    def _load(self, library: Path, launcher: str) -> str:
        descriptor = os.open(library, os.O_RDONLY)
        try:
            return str(self.tell({"do": "load", "launcher": launcher}, LOAD_SECONDS, descriptor)["why_not"])
        finally:
            os.close(descriptor)

    def add(self, library: Path, launcher: str) -> None:
        """To be loaded by this child and by those that replace it."""
        self.libraries += ((library, launcher),)

    def share(self, descriptor: int, size: int) -> str:
        """Hands over device memory; returns why that cannot be. Those that replace this child get it too."""
        self.settle_or_raise()
        self.shared = (descriptor, size)
        try:
            why_not = self._share()
        except WorkerError as error:  # its walls are too narrow for that
            why_not = str(error)
            self.renew()
        if why_not:
            self.shared = None
        return why_not

    def _share(self) -> str:
        if self.shared is None:
            return ""
        descriptor, size = self.shared
        return str(self._ask({"do": "share", "size": size}, descriptor)["why_not"])

    def adjust(self, options: Mapping[str, int]) -> None:
        """Further options, for this child and for those that replace it."""
        self.options |= options
        if self.started:
            self._ask({"do": "options", "options": self.options})

    def _strike(self) -> None:
        """SIGKILL to the child's whole group; nobody is waited for."""
        if self.process is not None:
            if self.backend == "cuda":
                _struck.add(overdraft.last(self.pid))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def cancel(self) -> None:
        """From another thread: the run under way, and any later one, raises Cancelled."""
        self.cancelled = True
        self._strike()

    def renew(self) -> None:
        """A fresh child: whatever the old one kept is gone."""
        self._leave()
        self.start()

    def _leave(self) -> None:
        """Ends the child; a driver takes a while to take down a context, which nobody needs to wait for."""
        self._strike()
        if self.process is not None:
            threading.Thread(target=self.process.wait, name="reaper", daemon=True).start()
            self.folder.cleanup()
            self.process = None
            _running.discard(self)
            self.channel.link.close()

    def close(self) -> None:
        self._leave()
        for descriptor in (self.log, self.report):
            if descriptor >= 0:
                os.close(descriptor)
        self.log = self.report = -1

    # -------------------------------------------------- talk

    def _say(self, message: dict[str, Any], *descriptors: int) -> None:
        """Each question has a number that cannot be guessed, and its answer must bear it. Raises wire.Lost."""
        self.number = secrets.token_hex(8)
        self.channel.send(message | {"number": self.number}, *descriptors)

    def _hear(self, seconds: float, span: int = 0) -> dict[str, Any]:
        """The answer to the last question, or Died; meanwhile the worker is watched."""
        over, answer = time.monotonic() + seconds, None
        while answer is None and (left := over - time.monotonic()) > 0:
            answer = self.channel.receive(min(left, GLANCE))
            if answer is None and (why := overdraft.found(self.pid, span)):
                raise Died(Fate.CRASHED, why)
        if answer is None:
            raise Died(Fate.TIMED_OUT, f"it did not finish in {seconds:.0f} s")
        if answer.pop("number", None) != self.number:
            raise Died(Fate.CRASHED, FORGED.text, (FORGED,))
        _out_of_memory(str(answer.get("failed", "")))
        return answer

    def _talk(self, message: dict[str, Any] | None, seconds: float, *descriptors: int, span: int = 0) -> dict[str, Any]:
        """A question (None: one that was put before) and its answer, or Died."""
        try:
            if message is not None:
                self._say(message, *descriptors)
            answer = self._hear(seconds, span)
        except wire.Lost:
            raise Died(Fate.CRASHED, self._ending()) from None
        if "failed" in answer:
            raise Died(Fate.CRASHED, str(answer["failed"]).removeprefix("CUDARuntimeError: "))
        return answer

    def _ask(self, message: dict[str, Any] | None, *descriptors: int) -> dict[str, Any]:
        """For what cannot be the learner's fault: raises WorkerError or MachineError."""
        try:
            return self._talk(message, START_SECONDS, *descriptors)
        except Died as died:
            said = f"{died} {self._printed()[-500:]}".strip()
            self._leave()
            kind = Slow if died.fate is Fate.TIMED_OUT else WorkerError
            raise kind(f"the worker did not start: {said}; run `grader doctor`") from None

    @property
    def pid(self) -> int:
        """0 when it does not run."""
        return self.process.pid if self.process else 0

    def settle_or_raise(self) -> None:
        if why_not := self.settle():
            raise WorkerError(f"{why_not}; run `grader doctor`")

    def tell(self, message: dict[str, Any], seconds: float, *descriptors: int) -> dict[str, Any]:
        """For what runs the learner's code: an answer, or Died."""
        return self._talk(message, seconds, *descriptors)

    def apart(self, job: Job, seconds: float) -> None:
        """One launch with every buffer in an allocation of its own, for a tool that watches allocations."""
        self.tell({"do": "apart", "job": wire.job_to(job)}, seconds)

    def profile(self, job: Job, seconds: float) -> None:
        """Two launches, of which a profiler in front sees the second."""
        self._talk({"do": "profile", "job": wire.job_to(job)}, seconds, span=job.span)

    def finish(self, seconds: float) -> None:
        """Hangs up and lets the child end by itself, so that a tool in front can write its log."""
        self.channel.link.close()
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)

    def run(self, job: Job) -> Run:
        """One judged run; a child that died or hangs is replaced for the next one."""
        os.truncate(self.log, 0)
        os.truncate(self.report, 0)
        try:
            self.settle_or_raise()
            run = self._launch(job)
        except Died as died:
            run = Run(died.fate, message=f"{AT_LOAD}: {died}", findings=died.findings)
        if self.cancelled:
            raise Cancelled("the run is not wanted any more")
        run = self._with_report(run, job)
        if run.fate is not Fate.RETURNED:
            self.renew()
        return replace(run, log=self._printed())

    def _launch(self, job: Job) -> Run:
        try:
            seconds = job.seconds * self.options.get("patience", 1)
            answer = self._talk({"do": "run", "job": wire.job_to(job)}, seconds, span=job.span)
            return wire.run_from(answer["run"])
        except Died as died:
            return Run(died.fate, message=str(died), findings=died.findings)
        except (KeyError, wire.Lost):
            return Run(Fate.CRASHED, message="the worker's answer is not understood")

    def _with_report(self, run: Run, job: Job) -> Run:
        """What the simulator found, read where it wrote it: the worker's own words may be the learner's."""
        read = getattr(backends.get(self.backend), "reported", None)
        if read is None:
            return run
        size = min(os.fstat(self.report).st_size, REPORT)
        text = os.pread(self.report, size, 0).decode(errors="replace")
        told: Run = read(run, text, job)
        return told

    def _ending(self) -> str:
        """How the child ended, in words."""
        if self.process is None:
            return "it is not running"
        try:
            code = self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            return "it closed its channel"
        if code > 128 and self.level.name == "bubblewrap":
            code = 128 - code  # so it hands on a signal
        if code == -signal.SIGSYS:
            return NOT_ALLOWED
        if code < 0:
            return f"killed by {signal.Signals(-code).name} ({signal.strsignal(-code)})"
        return f"the launcher ended the process with exit code {code}"

    def _printed(self) -> str:
        size = os.fstat(self.log).st_size
        text = os.pread(self.log, LOG, max(0, size - LOG)).decode(errors="replace")
        return text if size <= LOG else f"… {size - LOG} characters left out …\n{text}"
