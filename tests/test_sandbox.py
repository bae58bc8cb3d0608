"""What a worker can see and do, at each level of isolation."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import isolate, ranges, sandbox, seccomp
from grader.isolate import Worker
from grader.model import Argument, Buffer, Fate, Job, Run

BACKEND = "tests.scripted"
LEVELS = ("bubblewrap", "seccomp", "limits")
X, Y = Buffer("x", 4096, 64, 4, True), Buffer("y", 8192, 64, 4, False, True)


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    monkeypatch.delenv("GRADER_SANDBOX", raising=False)
    if name == "bubblewrap" and (best := sandbox.level(BACKEND)).name != name:
        pytest.skip(best.why)
    if name == "seccomp" and not seccomp.works():
        pytest.skip("no filter for system calls on this machine")
    monkeypatch.setenv("GRADER_SANDBOX", "" if name == "bubblewrap" else name)
    return name


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One library whose word can be rewritten: compiling costs more than all the rest."""
    folder = tmp_path_factory.mktemp("word")
    (folder / "word.c").write_text(f'char word[] = "{"@" * 31}";\n')
    subprocess.run(["cc", "-shared", "-fPIC", "word.c", "-o", "word.so"], cwd=folder, check=True)
    return folder / "word.so"


@pytest.fixture
def worker() -> Iterator[Worker]:
    with isolate.start(BACKEND, 1 << 20) as made:
        yield made


def run(worker: Worker, library: Path, word: str, seconds: float = 10.0) -> Run:
    """One call of the scripted launcher over 16 numbers."""
    spoken = library.with_name(f"{word}.so")
    spoken.write_bytes(library.read_bytes().replace(b"@" * 31, word.encode().ljust(31)))
    worker.add(spoken, "launch")
    worker.arena.bytes[X.offset : X.offset + X.nbytes] = struct.pack("16f", *range(16))
    arguments = (Argument("float", buffer="x", pointer=True), Argument("float", buffer="y", pointer=True))
    return worker.run(Job((X, Y), arguments, 1 << 16, seconds))


def seen(log: str) -> set[str]:
    return set(next(line for line in log.splitlines() if line.startswith("SEEN")).split()[1:])


def test_the_level_in_force_is_the_one_asked_for(level: str, worker: Worker) -> None:
    assert worker.level.name == level
    assert sandbox.level(BACKEND).why or level == "bubblewrap"


def test_a_right_launcher_is_right(level: str, worker: Worker, library: Path) -> None:
    assert run(worker, library, "right").fate is Fate.RETURNED
    assert struct.unpack("16f", worker.arena.bytes[Y.offset : Y.offset + 64]) == tuple(2.0 * n for n in range(16))


def test_what_it_sees(level: str, worker: Worker, library: Path) -> None:
    found = seen(run(worker, library, "spy").log)
    assert not found & {"secrets", "arena"}
    if level == "bubblewrap":
        assert found == set()
    else:
        assert {"solutions", "tests", "passwd"} <= found


@pytest.mark.parametrize("word", ["spawn", "bomb", "kill_judge", "kill_all", "orphan"])
def test_what_it_may_not_do_ends_it(level: str, worker: Worker, library: Path, word: str) -> None:
    if level == "limits":
        pytest.skip("not contained at this level")
    found = run(worker, library, word)
    assert found.fate is Fate.CRASHED
    assert found.message == isolate.NOT_ALLOWED
    assert run(worker, library, "right").fate is Fate.RETURNED  # the last library's word counts


def test_it_cannot_fill_the_disk(level: str, worker: Worker, library: Path) -> None:
    if level != "bubblewrap" or "--size" not in sandbox.command(BACKEND, []):
        pytest.skip("files are limited one by one here, not together")
    log = run(worker, library, "litter").log
    assert int(log.split("LITTER")[1].split()[0]) <= sandbox.SCRATCH >> 20


@pytest.mark.parametrize(("word", "says"), [("greedy", "host memory"), ("threads", "threads running")])
def test_it_cannot_use_up_the_machine(
    level: str, worker: Worker, library: Path, word: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolate.overdraft, "ROOM", 256 << 20)
    began = time.monotonic()
    found = run(worker, library, word, seconds=30.0)
    assert found.fate is Fate.CRASHED and says in found.message
    assert time.monotonic() - began < 10.0


@pytest.mark.parametrize("word", ["shrink", "grow", "babble", "drown", "close_all"])
def test_descriptors_that_are_not_its_own(level: str, worker: Worker, library: Path, word: str) -> None:
    """The judge lives, and hears nothing that it takes for an answer."""
    found = run(worker, library, word, seconds=5.0)
    assert len(worker.arena.bytes) == 1 << 20
    assert worker.arena.bytes[0] == 0  # mapped and readable
    if word in ("babble", "drown", "close_all"):
        assert found.fate is not Fate.RETURNED


def test_a_worker_outlives_the_thread_that_replaced_it(level: str, worker: Worker, library: Path) -> None:
    """The death signal follows the thread that made a child: cases run side by side in threads that end."""
    assert run(worker, library, "right").fate is Fate.RETURNED
    thread = threading.Thread(target=lambda: (worker.renew(), worker.settle()))
    thread.start()
    thread.join()
    pid = worker.pid
    time.sleep(0.1)
    assert run(worker, library, "tail").fate is Fate.RETURNED and worker.pid == pid


def test_a_room_that_does_not_start_a_worker_is_left(monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    """A driver that needs more than the room has must not stop anybody: the level falls, and says why."""
    if sandbox.level(BACKEND).name != "bubblewrap":
        pytest.skip("there is no room here")
    monkeypatch.setattr(sandbox, "_room", lambda backend: ("--ro-bind", "/nowhere", "/nowhere"))
    monkeypatch.setattr(sandbox, "_distrusted", {})
    with isolate.start(BACKEND, 1 << 20) as worker:
        assert run(worker, library, "right").fate is Fate.RETURNED
        assert worker.level.name != "bubblewrap"
    assert "does not start" in sandbox.level(BACKEND).why


def test_a_device_that_cannot_do_without_a_system_call_gets_it_back(
    monkeypatch: pytest.MonkeyPatch, library: Path
) -> None:
    """As long as nothing of the learner's is in the worker."""
    monkeypatch.setattr(sandbox, "_distrusted", {})
    monkeypatch.setenv("GRADER_NEEDY", "1")
    monkeypatch.setattr(sandbox, "KEPT", (*sandbox.KEPT, "GRADER_NEEDY"))
    with isolate.start(BACKEND, 1 << 20) as worker:
        assert run(worker, library, "right").fate is Fate.RETURNED
        assert worker.level.name == "limits"
    assert isolate.NOT_ALLOWED in sandbox.level(BACKEND).why or not seccomp.works()


def test_the_room_is_made_quickly() -> None:
    """Of the budget of a warm loop, 30 ms at most; the best of several, for others use the machine."""
    if sandbox.level(BACKEND).name != "bubblewrap":
        pytest.skip("there is no room here")
    words = sandbox.command("simulator", [sys.executable, "-S", "-c", ""])
    bare = words[words.index("--") + 1 :]
    assert min(map(_seconds, [words] * 5)) - min(map(_seconds, [bare] * 5)) < 0.03


def _seconds(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True, env=sandbox.environment())
    return time.perf_counter() - began


@pytest.mark.parametrize("name", ["GRADER_DB", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY"])
def test_what_the_environment_does_not_hand_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    assert name not in sandbox.environment() and sandbox.environment()["LD_LIBRARY_PATH"] == "/somewhere"


def test_a_profiler_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVTX_INJECTION64_PATH", "/opt/nsight/libToolsInjection64.so")
    assert sandbox.level("cuda").name == "limits" and "profiler" in sandbox.level("cuda").why


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_ends_in_allowing(machine: str) -> None:
    code = seccomp.program(machine, os.getpid())
    steps = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    assert steps[-1] == (0x06, 0, 0, seccomp.ALLOW)
    jumps = [(at, max(yes, no)) for at, (kind, yes, no, _) in enumerate(steps) if kind & 7 == 5]
    assert all(at + 1 + far < len(steps) for at, far in jumps)


def test_ranges_are_named_where_a_profiler_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NVTX_INJECTION64_PATH", raising=False)
    monkeypatch.delenv("CUDA_INJECTION64_PATH", raising=False)
    assert isinstance(ranges.named("x"), contextlib.nullcontext)
    monkeypatch.setenv("NVTX_INJECTION64_PATH", "/nosuch.so")
    with ranges.named("x") as made:
        assert made is not None and not isinstance(made, contextlib.nullcontext)
