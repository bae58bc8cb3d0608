"""Whatever breaks, there is a verdict or a clear error within the time limit and two seconds, and the next run works.

Three kinds: what a source does to its own process, what others do to ours (kill -9 of worker, compiler, judge), and
what the machine does (no room, damaged files, a lost GPU, clocks that jump). GRADER_KILLS=200 kills the judge so often.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest

from grader import build, cases, catalog, isolate, judge, overdraft, plan, sandbox, seccomp
from grader.errors import GraderError, MachineError
from grader.model import Outcome, Request, Verdict
from tests import test_judge
from tests.test_judge import children, home, request_

ROOT = Path(__file__).resolve().parents[1]
LIMIT, GRACE = 2.0, 2.0  # seconds: of one case, and what the grader may take longer
SLOW_MACHINE = 2.0  # others use the cores, too
KILLS = int(os.environ.get("GRADER_KILLS", "12"))
GUARDED = seccomp.works()

__all__ = ["home"]  # a fixture


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short limits, one worker, and nothing kept from another test."""
    monkeypatch.setattr(judge, "examples", lambda request: tmp_path / "examples")
    monkeypatch.setattr(judge, "SECONDS", {"simulator": LIMIT, test_judge.BACKEND: LIMIT})
    monkeypatch.setattr(judge, "PATIENCE", 1)  # what turns the runtime's own alarm off is waited for to the end
    monkeypatch.setattr(judge, "EXAMPLES", {"simulator": 6, test_judge.BACKEND: 6})
    monkeypatch.setattr(judge, "BUDGET", {"simulator": 1 << 16, test_judge.BACKEND: 1 << 16})
    monkeypatch.setattr(judge, "CREW", 1)
    monkeypatch.setattr(isolate, "LOAD_SECONDS", LIMIT)
    monkeypatch.setattr(cases, "SHRINK_SECONDS", 0.2)
    monkeypatch.setattr(overdraft, "ROOM", 1 << 28)
    monkeypatch.setattr(sandbox, "_distrusted", {})


# ---------------------------------------------------------------- what a source does to its own process

SOURCE = """
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/time.h>
#include <unistd.h>
#include <cuda_runtime.h>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {{
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) {{ {kernel} c[i] = a[i] + b[i]; }}
}}

{before}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {{
    if (n == 0) return cudaSuccess;
    {host}
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}}
"""


@dataclass(frozen=True)
class Fault:
    """`outcomes`: any of these is right. UNSAFE where the simulator saw why."""

    outcomes: str
    host: str = ""
    before: str = ""
    kernel: str = ""
    says: str = ""

    @property
    def text(self) -> str:
        return SOURCE.format(host=self.host, before=self.before, kernel=self.kernel)


IDLE = "static void* idle(void*) { for (;;) pause(); }"
START = "pthread_t t; if (pthread_create(&t, nullptr, idle, nullptr)) usleep(1000);"
FILL = """
for (int f = 0; f < 64; ++f) {
    static char name[64], junk[1 << 20];
    snprintf(name, 64, "fill%d", f);
    FILE* file = fopen(name, "w");
    for (int k = 0; file && k < 32; ++k) if (!fwrite(junk, sizeof junk, 1, file)) break;
    if (file) fclose(file);
}
"""
BLOCKED = "sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, nullptr); for (;;) sleep(1);"
NO_ALARM = "itimerval none = {}; setitimer(ITIMER_REAL, &none, nullptr); pause();"
DEEP = "int deep(volatile int n) { volatile char room[4096] = {}; return deep(n + 1) + room[0]; }"
EVERY = "for (int fd = 3; fd < 64; ++fd) if ({}) {{}}"
READS = "int ends[2]; char byte; if (pipe(ends) == 0 && read(ends[0], &byte, 1)) {}"
AT_LOAD = "static const int at_load = [] {{ {} return 0; }}();"
FAULTS = {
    # hangs
    "hang_in_kernel": Fault("TIMEOUT", kernel="while (clock64()) c[i] = 0;"),
    "hang_in_kernel_without_memory": Fault("TIMEOUT", kernel="for (;;) asm volatile(\"\");"),
    "hang_in_barrier": Fault("UNSAFE TIMEOUT", kernel="if (threadIdx.x == 0) __syncthreads();", says="__syncthreads"),
    "hang_in_launcher": Fault("TIMEOUT", "for (volatile int i = 0;; i = 1 - i) {}"),
    "sleeps": Fault("TIMEOUT", "sleep(600);"),
    "pauses": Fault("TIMEOUT", "pause();"),
    "stops_itself": Fault("TIMEOUT", "raise(SIGSTOP);"),
    "hangs_with_the_alarm_off": Fault("TIMEOUT", NO_ALARM),
    "hangs_with_signals_blocked": Fault("TIMEOUT", BLOCKED),
    "hangs_while_reading": Fault("TIMEOUT", READS),
    "ends_the_main_thread": Fault("TIMEOUT CRASH UNSAFE", "pthread_exit(nullptr);"),
    "hangs_at_load": Fault("TIMEOUT", before=AT_LOAD.format("for (;;) sleep(1);"), says="static constructor"),
    # ends
    "segfault": Fault("UNSAFE CRASH", "*(volatile int*)8 = 1;", says="crashed"),
    "segfault_with_handlers_ignored": Fault("UNSAFE CRASH", "signal(SIGSEGV, SIG_IGN); *(volatile int*)8 = 1;"),
    "division_by_zero": Fault("UNSAFE CRASH", "volatile int zero = 0, one = 1; volatile int two = one / zero;"),
    "abort": Fault("UNSAFE CRASH", "abort();"),
    "exit_0": Fault("UNSAFE CRASH", "exit(0);"),
    "_exit_0": Fault("UNSAFE CRASH", "_exit(0);"),
    "throws": Fault("UNSAFE CRASH", 'throw std::runtime_error("thrown");'),
    "terminates": Fault("UNSAFE CRASH", "std::terminate();"),
    "kills_itself": Fault("CRASH", "raise(SIGKILL);", says="SIGKILL"),
    "stack_overflow": Fault("UNSAFE CRASH", "deep(1);", DEEP),
    "stack_overflow_in_kernel": Fault("UNSAFE", kernel="volatile char room[1 << 19]; room[0] = 1; c[i] = room[0];"),
    "segfault_at_load": Fault("CRASH", before=AT_LOAD.format("*(volatile int*)8 = 1;"), says="static constructor"),
    "exit_at_load": Fault("CRASH UNSAFE", before=AT_LOAD.format("_exit(0);"), says="static constructor"),
    "throws_at_load": Fault("CRASH UNSAFE", before=AT_LOAD.format('throw std::runtime_error("thrown");')),
    "jumps_out": Fault("UNSAFE CRASH", "longjmp(nowhere, 1);", "static jmp_buf nowhere;"),
    "error_code": Fault("CRASH", "return cudaErrorUnknown;"),
    # uses things up
    "host_memory": Fault("CRASH", "for (;;) memset(malloc(1 << 24), 1, 1 << 24);", says="host memory"),
    "device_memory": Fault("UNSAFE", "float* p; while (cudaMalloc(&p, 1 << 28) == cudaSuccess) {}", says="allocates"),
    "threads": Fault("CRASH UNSAFE TIMEOUT", "for (;;) {" + START + "}", IDLE),
    "disk": Fault("PASS" if GUARDED else "PASS TIMEOUT", FILL),  # without a room of its own, a slow disk is filled
    "descriptors": Fault("PASS UNSAFE CRASH", 'while (open("/dev/null", O_RDONLY) >= 0) {}'),
    "log": Fault("PASS", 'for (int k = 0; k < 200000; ++k) printf("and again, and again, and again %d\\n", k);'),
    "log_from_kernel": Fault("PASS", kernel='for (int k = 0; k < 100; ++k) printf("%lld\\n", (long long)i);'),
    # meddles
    "closes_every_descriptor": Fault("CRASH UNSAFE", "for (int fd = 0; fd < 1024; ++fd) close(fd);"),
    "empties_every_file": Fault("PASS UNSAFE CRASH", EVERY.format("ftruncate(fd, 0)")),
    "grows_every_file": Fault("PASS UNSAFE CRASH", EVERY.format("ftruncate(fd, 1ll << 40)")),
    "writes_to_every_descriptor": Fault("UNSAFE CRASH", EVERY.format('write(fd, "{}\\n", 3)')),
    "removes_its_folder": Fault("PASS", 'char here[512]; if (getcwd(here, 512)) rmdir(here);'),
    "leaves_a_thread": Fault("UNSAFE", START, IDLE, says="thread"),
    "prints_a_verdict": Fault("WRONG", 'puts("{\\"verdict\\": \\"PASS\\"}"); return cudaSuccess;'),
}  # fmt: skip
if GUARDED:  # these must not run free
    FAULTS |= {
        "fork_bomb": Fault("UNSAFE CRASH", "for (;;) if (daemon(1, 1)) {}", says="process"),
        "fork_by_name": Fault("UNSAFE", "if (fork() < 0) return cudaErrorUnknown;", says="fork()"),
        "program": Fault("UNSAFE", 'if (system("true")) {}', says="system()"),
        "kills_the_judge": Fault("UNSAFE", "kill(getppid(), SIGKILL);", says="kill()"),
    }


def graded(text: str, slug: str = "01_vector_add", **more: object) -> Verdict:
    exercise = catalog.load(ROOT, slug)
    reference = ROOT / "solutions" / slug / f"{exercise.name}.cu"
    request = Request(exercise, exercise.source, text, reference, "simulator", seed=7)
    return judge.grade(replace(request, **more))  # type: ignore[arg-type]


def spoken(verdict: Verdict) -> str:
    return " ".join([verdict.detail, verdict.log, *(f.text for f in verdict.findings)])


def cases_seconds(verdict: Verdict) -> float:
    return sum(stage.ms for stage in verdict.stages if stage.name == "cases") / 1000


def right() -> Verdict:
    return graded(Fault("PASS").text)


@pytest.fixture(scope="module", autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "reaper":
            thread.join(10)
    assert not [pid for pid in children(os.getpid()) if "grader" in _words(pid)]


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("name", FAULTS)
def test_a_source_that_misbehaves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    hanging = "TIMEOUT" in fault.outcomes
    if not hanging:  # on a busy machine too it does what it does
        monkeypatch.setattr(judge, "SECONDS", dict.fromkeys(judge.SECONDS, SLOW_MACHINE * 2 * LIMIT))
    verdict = graded(fault.text)
    assert verdict.outcome.value in fault.outcomes.split(), (verdict.outcome, spoken(verdict)[-600:])
    assert fault.says in spoken(verdict)
    assert cases_seconds(verdict) < SLOW_MACHINE * (LIMIT * (1 if hanging else 2) + GRACE)
    assert right().outcome is Outcome.PASS


# ---------------------------------------------------------------- what others do to ours


def test_a_worker_that_is_killed_at_any_moment_costs_no_verdict(home: Path) -> None:
    """kill -9 from outside, or the kernel's for want of memory: the case is tried again."""
    random_, over = random.Random(3), threading.Event()

    def hunt() -> None:
        for _ in range(3):
            time.sleep(random_.uniform(0.8, 1.6))
            for pid in children(os.getpid()):
                if "grader import worker" in _words(pid) and not over.is_set():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    break

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        for _ in range(3):
            assert judge.grade(request_(home, "slow", examples=20)).outcome is Outcome.PASS
    finally:
        over.set()
        hunter.join()


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05])  # a quick one is done in 0.1 s
@pytest.mark.parametrize(("place", "name"), [(plan, "run"), (build, "_fork")])
def test_a_compiler_that_is_killed_says_nothing_about_the_source(
    place: ModuleType, name: str, delay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = getattr(place, name)

    def killed(*words: object) -> int:
        child: int = begin(*words)
        time.sleep(delay)
        os.killpg(child, signal.SIGKILL)
        return child

    text = Fault("PASS").text + f"// {delay} {time.time()}\n"
    graded(Fault("PASS").text)  # it has a plan now
    with monkeypatch.context() as patch:
        patch.setattr(place, name, killed)
        if place is build:
            patch.setattr(plan, "place", lambda *_: Path("/nowhere"))
        with pytest.raises(MachineError, match="compiler was killed"):
            graded(text)
    assert graded(text).outcome is Outcome.PASS


RUNS = ("run", "1", "--file", "{source}", "--backend", "simulator", "--examples", "12", "--json")


def command(folder: Path, *more: str) -> subprocess.Popen[str]:
    words = [word.format(source=folder / "vector_add.cu") for word in RUNS]
    environment = {**os.environ, "GRADER_DB": f"sqlite:///{folder}/attempts.db", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *words, *more], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def rows(folder: Path) -> int:
    """Of the database, which must be whole."""
    path = folder / "attempts.db"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        return connection.execute("SELECT count(*) FROM attempts").fetchone()[0] if "attempts" in tables else 0


NURSERY = """
import os, sys
import torch.utils.cpp_extension, hypothesis, sqlalchemy
from grader import cli, judge
for line in sys.stdin:
    if not (child := os.fork()):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for n in (0, 1, 2):
            os.dup2(nowhere, n)
        os._exit(cli.main(sys.argv[1:]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Judges:
    """Judges that have imported everything already: the kills then fall on what they do."""

    def __init__(self, folder: Path) -> None:
        words = [word.format(source=folder / "vector_add.cu") for word in RUNS]
        environment = {**os.environ, "GRADER_DB": f"sqlite:///{folder}/attempts.db", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, *words], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)

    def start(self) -> int:
        """Its process id."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._number()

    def end(self) -> int:
        """Its exit code; negative for a signal."""
        return self._number()

    def _number(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


def lasting(pid: int, seconds: float) -> list[int]:
    """Its family after so long."""
    time.sleep(seconds)
    return children(pid)


def test_kill_9_of_the_judge_at_any_moment_leaves_the_database_whole(tmp_path: Path) -> None:
    """The kills fall anywhere between the beginning and the end; every run that ended well has its row."""
    (tmp_path / "vector_add.cu").write_text(Fault("PASS").text)
    random_, ended, before = random.Random(11), 0, 0
    with Judges(tmp_path) as judges:
        lengths = []
        for _ in range(2):  # the first one compiles
            began = time.monotonic()
            judges.start()
            assert judges.end() == 0
            lengths.append(time.monotonic() - began)
        before = ended = rows(tmp_path)
        assert ended == 2
        for _ in range(KILLS):
            pid = judges.start()
            family = lasting(pid, random_.uniform(0.0, 1.2) * lengths[-1])
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            ended += judges.end() == 0
            after = rows(tmp_path)
            assert before <= after <= before + 1 and after >= ended
            before = after
            assert all_gone(family)
        judges.start()
        assert judges.end() == 0 and rows(tmp_path) == before + 1
    print(f"{KILLS} kills within {1.2 * lengths[-1]:.1f} s each: {before} rows, {ended} runs ended by themselves")


def all_gone(family: list[int]) -> bool:
    """Within five seconds."""
    over = time.monotonic() + 5
    while any(map(test_judge.alive, family)) and time.monotonic() < over:
        time.sleep(0.01)
    return not any(map(test_judge.alive, family))


# ---------------------------------------------------------------- what the machine does


@pytest.mark.parametrize("damage", ["cut", "empty", "zeros", "gone", "no output"])
def test_a_damaged_build_is_made_again(damage: str) -> None:
    text = Fault("PASS").text + f"// {damage}\n"
    graded(text)
    made = max((build.cache() / "builds").glob("vector_add-simulator-*"), key=lambda p: p.stat().st_mtime)
    library = made / build.LIBRARY
    data = library.read_bytes()
    if damage == "gone":
        library.unlink()
    elif damage == "no output":
        (made / "output.txt").unlink()
    else:
        library.write_bytes({"cut": data[:5000], "empty": b"", "zeros": bytes(len(data))}[damage])
    assert graded(text).outcome is Outcome.PASS


def test_damaged_examples_are_not_used(home: Path, tmp_path: Path) -> None:
    judge.grade(request_(home, "tail"))
    for file in (tmp_path / "examples").rglob("*"):
        if file.is_file():
            file.write_bytes(os.urandom(64))
    assert judge.grade(request_(home, "tail")).outcome is Outcome.WRONG


@pytest.mark.parametrize("damage", ["rubbish", "cut", "folder"])
def test_a_damaged_database_is_one_clear_error_and_nothing_is_overwritten(damage: str, tmp_path: Path) -> None:
    (tmp_path / "vector_add.cu").write_text(Fault("PASS").text)
    path = tmp_path / "attempts.db"
    if damage == "folder":
        path.mkdir()
    else:
        command(tmp_path).communicate()
        path.write_bytes(b"rubbish" * 1000 if damage == "rubbish" else path.read_bytes()[:5000])
    before = path.read_bytes() if path.is_file() else b""
    process = command(tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3 and str(path) in said and "Traceback" not in said
    assert not path.is_file() or path.read_bytes() == before
    path.rmdir() if path.is_dir() else path.rename(tmp_path / "old")
    for left in tmp_path.glob("attempts.db-*"):
        left.unlink()
    next_ = command(tmp_path)
    next_.communicate()
    assert next_.returncode == 0 and rows(tmp_path) == 1


@pytest.mark.parametrize("step", [86400.0, -86400.0, 1e9])
def test_a_clock_that_jumps(step: float, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits hang on no wall clock; here it jumps with every look at it."""
    true, jumps = time.time, iter(range(1, 1 << 30))
    monkeypatch.setattr(time, "time", lambda: true() + step * (next(jumps) % 2))
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS
    assert judge.grade(request_(home, "hang")).outcome is Outcome.TIMEOUT


@pytest.mark.parametrize(
    ("word", "error", "says"),
    [("exhausted", MachineError, "free memory"), ("lost", None, "busy or unavailable"), ("throw", None, "thrown")],
)
def test_a_device_that_fails_under_way(home: Path, word: str, error: type[GraderError] | None, says: str) -> None:
    if error:
        with pytest.raises(error, match=says):
            judge.grade(request_(home, word))
    else:
        verdict = judge.grade(request_(home, word))
        assert verdict.outcome is Outcome.CRASH and says in verdict.detail
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS


@pytest.mark.parametrize("word", ["abort", "stop", "recurse", "close_all", "babble", "drown", "lie"])
def test_a_scripted_launcher_that_misbehaves(home: Path, word: str) -> None:
    outcome = judge.grade(request_(home, word)).outcome
    assert outcome in {Outcome.CRASH, Outcome.TIMEOUT, Outcome.UNSAFE, Outcome.WRONG}
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS


def test_a_gpu_that_is_not_there_is_an_error_with_its_reason() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "grader", "run", "1", "--solution", "--backend", "cuda", "--no-record"],
        cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3 and "GPU" in done.stderr and "Traceback" not in done.stderr


def test_a_device_that_cannot_be_made_is_an_error_within_its_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU fell off the bus between two runs: no worker gets ready."""
    command = isolate.Worker._command

    def elsewhere(worker: isolate.Worker, numbers: tuple[int, ...]) -> list[str]:
        words = command(worker, numbers)
        return [*words[:-5], "tests.nowhere", *words[-4:]]

    with monkeypatch.context() as patch:
        patch.setattr(isolate.Worker, "_command", elsewhere)
        with pytest.raises(isolate.WorkerError, match="grader doctor"):
            judge.grade(request_(home, "right"))
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS


def test_a_worker_that_never_gets_ready(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(isolate, "START_SECONDS", 0.5)
        patch.setattr(isolate.Worker, "_command", lambda self, numbers: ["sleep", "60"])
        began = time.monotonic()
        with pytest.raises(isolate.WorkerError, match="did not finish"):
            judge.grade(request_(home, "right"))
        assert time.monotonic() - began < 2 * 0.5 + GRACE * SLOW_MACHINE
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS


@pytest.mark.parametrize("script", ["exit 1", "sleep 60", "echo no permission >&2; exit 1"])
def test_a_bubblewrap_that_does_not_work(
    script: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User namespaces may be off, or a policy in the way: a lower level, and why."""
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\nexec >/dev/null\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "PATIENCE", 0.2)
    sandbox._tool.cache_clear()
    try:
        verdict = judge.grade(request_(home, "right"))
        assert verdict.outcome is Outcome.PASS
        assert verdict.isolation != "bubblewrap" and "cannot make a room" in verdict.isolation_why
    finally:
        sandbox._tool.cache_clear()


def test_no_folder_for_temporary_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", "/nowhere/at/all")
        with pytest.raises(MachineError, match="TMPDIR"):
            judge.grade(request_(home, "right"))
    assert judge.grade(request_(home, "right")).outcome is Outcome.PASS


@pytest.mark.parametrize("room", ["4k", "20k", "100k"])
def test_a_disk_that_is_full_while_compiling(room: str, tmp_path: Path) -> None:
    """A file system that small, in a namespace of its own: sources, objects or the library do not fit."""
    trial = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    (tmp_path / "vector_add.cu").write_text(Fault("PASS").text + f"// {room}\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    words = " ".join(word.format(source=tmp_path / "vector_add.cu") for word in RUNS)
    line = f"mount -t tmpfs -o size={room} none {cache} && exec {sys.executable} -m grader {words} --no-record"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", line], cwd=ROOT, env={**os.environ, "GRADER_CACHE": str(cache)},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 3 and "disk space" in done.stderr and "Traceback" not in done.stderr
    again = command(tmp_path)
    again.communicate()
    assert again.returncode == 0


def test_a_limit_on_files_that_is_too_low(tmp_path: Path) -> None:
    (tmp_path / "vector_add.cu").write_text(Fault("PASS").text)
    words = " ".join(word.format(source=tmp_path / "vector_add.cu") for word in RUNS)
    line = f"ulimit -f 1000; exec {sys.executable} -m grader {words} --no-record"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=100)
    assert done.returncode == 3 and "ulimit -f" in done.stderr and "Traceback" not in done.stderr


def test_there_are_forty(request: pytest.FixtureRequest) -> None:
    here = [item for item in request.session.items if item.path == Path(__file__)]
    assert len(here) >= 40 or len(request.session.items) < 40  # fewer where some were picked by hand
