"""The judge's side of a worker: starts it, talks to it within a time limit, replaces it when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from grader import backends, wire
from grader.errors import GraderError, MachineError
from grader.model import Fate, Job, Run

LOAD_SECONDS = 20.0  # static constructors included
START_SECONDS = 60.0  # a CUDA context takes 0.2 s; a cold file system takes longer
LOG = 20_000  # characters kept of what the learner printed


class WorkerError(GraderError):
    """The worker could not do what it was told, and it was not the learner's doing."""


AT_LOAD = "loading the library does not end well; what runs in a static constructor?"


class Died(Exception):
    """Loading, or a timed call, crashed or hung."""

    def __init__(self, fate: Fate, message: str) -> None:
        super().__init__(message)
        self.fate = fate


def _out_of_memory(said: str) -> None:
    """Raises MachineError when that is what the worker says: the arena did not fit, which is nobody's mistake."""
    if "OutOfMemory" in said or "out of memory" in said:
        raise MachineError("the GPU has too little free memory; close what else uses it (nvidia-smi shows what)")


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


def memory(name: str, size: int) -> int:
    """A descriptor of anonymous shared memory: it has no name, so a killed judge leaks nothing."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    os.set_inheritable(descriptor, True)
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
    arena = Arena(size)
    try:
        with Worker(backend, arena, options=options) as worker:
            yield worker
    finally:
        arena.close()


def _reap(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.wait()
    folder.cleanup()


class Worker:
    """One child process. Use as a context manager; `run` never raises for what the learner did."""

    def __init__(
        self,
        backend: str,
        arena: Arena,
        libraries: tuple[tuple[Path, str], ...] = (),
        prefix: tuple[str, ...] = (),
        options: Mapping[str, int] | None = None,
    ) -> None:
        self.backend, self.arena, self.libraries, self.prefix = backend, arena, libraries, prefix
        self.log, self.report = memory("log", 0), memory("report", 0)
        self.process: subprocess.Popen[bytes] | None = None
        self.started, self.loaded = False, 0
        self.cancelled, self.options = False, dict(options or {})
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
        ours, theirs = socket.socketpair()
        root = Path(__file__).resolve().parents[1]
        code = f"import sys; sys.path.insert(0, {str(root)!r}); from grader import worker; worker.main(sys.argv[1:])"
        numbers = (theirs.fileno(), self.arena.descriptor, self.report)
        parent = "0" if self.prefix else str(os.getpid())  # a tool in front is the parent then
        self.folder = tempfile.TemporaryDirectory(prefix="grader-worker-")
        self.process = subprocess.Popen(
            [*self.prefix, sys.executable, "-c", code, self.backend, *map(str, numbers), parent],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder.name,
            pass_fds=numbers, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self.channel, self.started, self.loaded = wire.Channel(ours), False, 0
        self.channel.send({"do": "start"})

    def settle(self) -> str:
        """Waits until the child is ready and has loaded its libraries; returns why a library cannot be used."""
        if not self.started:
            self._ask(None, START_SECONDS)  # the answer to "start"
            if self.options:
                self._ask({"do": "options", "options": self.options}, START_SECONDS)
            self.started = True
        for library, launcher in self.libraries[self.loaded :]:
            message = {"do": "load", "library": str(library), "launcher": launcher}
            if why_not := str(self.tell(message, LOAD_SECONDS)["why_not"]):
                return why_not
            self.loaded += 1
        return ""

    def add(self, library: Path, launcher: str) -> None:
        """To be loaded by this child and by those that replace it."""
        self.libraries += ((library, launcher),)

    def adjust(self, options: Mapping[str, int]) -> None:
        """Further options, for this child and for those that replace it."""
        self.options |= options
        if self.started:
            self._ask({"do": "options", "options": self.options}, START_SECONDS)

    def kill(self) -> int:
        """Ends the child and all that it started; returns its exit code."""
        if self.process is None:
            return 0
        self._strike()
        code = self.process.wait()
        self.channel.link.close()
        self.folder.cleanup()
        self.process = None
        return code

    def _strike(self) -> None:
        """SIGKILL to the child's whole group; nobody is waited for."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def cancel(self) -> None:
        """From another thread: the run under way, and any later one, raises Cancelled."""
        self.cancelled = True
        self._strike()

    def renew(self) -> None:
        """A fresh child: whatever the old one kept is gone."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Ends the child; a driver takes a while to take down a context, which nobody needs to wait for."""
        self._strike()
        if self.process is not None:
            threading.Thread(target=_reap, args=(self.process, self.folder), name="reaper").start()
            self.process = None
            self.channel.link.close()
        for descriptor in (self.log, self.report):
            if descriptor >= 0:
                os.close(descriptor)
        self.log = self.report = -1

    # -------------------------------------------------- talk

    def _ask(self, message: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        """For what cannot be the learner's fault: raises WorkerError or MachineError."""
        try:
            if message is not None:
                self.channel.send(message)
            answer = self.channel.receive(seconds)
        except wire.Lost:
            answer = {"failed": f"the worker ended ({self._ending()}): {self._printed()[-500:]}"}
        if answer is None:
            self.kill()
            raise WorkerError(f"the worker did not answer in {seconds:.0f} s; run `grader doctor`")
        if "failed" in answer:
            _out_of_memory(answer["failed"])
            raise WorkerError(f"{answer['failed']}; run `grader doctor`")
        return answer

    @property
    def pid(self) -> int:
        """0 when it does not run."""
        return self.process.pid if self.process else 0

    def settle_or_raise(self) -> None:
        if why_not := self.settle():
            raise WorkerError(f"{why_not}; run `grader doctor`")

    def tell(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """For the timing worker, which runs the learner's code: an answer, or Died."""
        try:
            self.channel.send(message)
            answer = self.channel.receive(seconds)
        except wire.Lost:
            raise Died(Fate.CRASHED, self._ending()) from None
        if answer is None:
            raise Died(Fate.TIMED_OUT, f"it did not finish in {seconds:.0f} s")
        if "failed" in answer:
            _out_of_memory(answer["failed"])
            raise Died(Fate.CRASHED, answer["failed"].removeprefix("CUDARuntimeError: "))
        return answer

    def apart(self, job: Job, seconds: float) -> None:
        """One launch with every buffer in an allocation of its own, for a tool that watches allocations."""
        self.tell({"do": "apart", "job": wire.job_to(job)}, seconds)

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
            self.channel.send({"do": "run", "job": wire.job_to(job)})
            answer = self.channel.receive(job.seconds)
            run = self._outcome(answer, job)
        except wire.Lost:
            run = Run(Fate.CRASHED, message=self._ending())
        except Died as died:
            run = Run(died.fate, message=f"{AT_LOAD}: {died}")
        if self.cancelled:
            raise Cancelled("the run is not wanted any more")
        if run.fate is not Fate.RETURNED:
            run = self._with_report(run)
            self.renew()
        return replace(run, log=self._printed())

    def _outcome(self, answer: dict[str, Any] | None, job: Job) -> Run:
        if answer is None:
            return Run(Fate.TIMED_OUT, message=f"it did not finish in {job.seconds:.0f} s")
        _out_of_memory(answer.get("failed", ""))
        if "run" not in answer:
            return Run(Fate.CRASHED, message=str(answer.get("failed", "the worker's answer is not understood")))
        return wire.run_from(answer["run"])

    def _with_report(self, run: Run) -> Run:
        """What a dying simulator still had to say."""
        read = getattr(backends.get(self.backend), "findings", None)
        if read is None:
            return run
        size = os.fstat(self.report).st_size
        findings, traffic = read(os.pread(self.report, size, 0).decode(errors="replace"))
        if any(f.kind == "timeout" for f in findings):
            run = replace(run, fate=Fate.TIMED_OUT)
        return replace(run, findings=findings, traffic=traffic)

    def _ending(self) -> str:
        """How the child ended, in words."""
        if self.process is None:
            return "it is not running"
        try:
            code = self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            return "it closed its channel"
        if code < 0:
            return f"killed by {signal.Signals(-code).name} ({signal.strsignal(-code)})"
        return f"the launcher ended the process with exit code {code}"

    def _printed(self) -> str:
        size = os.fstat(self.log).st_size
        text = os.pread(self.log, LOG, max(0, size - LOG)).decode(errors="replace")
        return text if size <= LOG else f"… {size - LOG} characters left out …\n{text}"
