"""Exercises in host code: their launcher is called, waits itself, and finds some of its pointers in host memory."""

from __future__ import annotations

import ctypes
import mmap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from grader import catalog, layout, marshal, measure, wire
from grader.backends.cuda import Device, Library
from grader.errors import SpecError
from grader.model import Case, Exercise, Fate
from grader.stopwatch import Called

TOML = """
title = "Overlap"
summary = "y = 2 x"
track = "systems"
difficulty = 1
minutes = 5
declaration = 'extern "C" cudaError_t run_overlap(const float* h_x, float* h_y, int64_t n, float* d_buf);'
hints = ["a", "b", "c"]
[tolerance]
why = "exact"
[speed]
threshold = 0.8
excellent = 0.9
timed = [{ n = 1024 }]
[host]
pinned = ["h_x", "h_y"]
scratch = ["d_buf"]
"""
STREAMED = TOML.replace("run_", "launch_").replace("float* d_buf", "cudaStream_t stream").split("[host]")[0]
STREAMED += "[host]\n"


def load(home: Path, text: str = TOML) -> Exercise:
    folder = home / "exercises" / "01_overlap"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exercise.toml").write_text(text)
    return catalog.load(home, "01_overlap")


def lay(exercise: Exercise, n: int = 5) -> layout.Layout:
    values = {"h_x": torch.arange(n, dtype=torch.float32)}
    return layout.lay(exercise, Case({"n": n}), values, {"h_y": (n,)}, workspace=64, seconds=1.0)


# ---------------------------------------------------------------- what the author says


def test_host_says_where_pointers_lie(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert not found.recorded and not found.declaration.streamed
    assert [p.name for p in found.declaration.params if p.output] == ["h_y"]
    assert [p.memory for p in found.declaration.params] == ["host", "host", "", "scratch"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[host]", "[hots]", "takes no stream; add a table"),
        ('"h_y"]', '"h_z"]', "h_z: only pinned and scratch"),
        ("scratch", "scraps", "scraps: only pinned and scratch"),
        ("run_overlap", "launch_overlap", "last parameter"),
    ],
)
def test_an_authors_mistake_is_explained(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        load(tmp_path, TOML.replace(old, new))


def test_an_empty_table_keeps_the_stream(tmp_path: Path) -> None:
    found = load(tmp_path, STREAMED)
    assert not found.recorded and found.declaration.streamed


# ---------------------------------------------------------------- where it lies


def test_the_job_carries_it(tmp_path: Path) -> None:
    job = lay(load(tmp_path)).job
    assert [(b.name, b.nbytes, b.host, b.output) for b in job.buffers] == [
        ("h_x", 20, True, False),
        ("h_y", 20, True, True),
        ("d_buf", 64, False, False),
    ]
    assert wire.job_from(wire.job_to(job)) == job


def test_regions_hold_device_memory_and_half_of_the_red_zones(tmp_path: Path) -> None:
    job = lay(load(tmp_path)).job
    ((start, stop),) = marshal.regions(job)
    _, y, d = job.buffers
    assert y.offset + y.nbytes + 1000 < start < d.offset - 1000
    assert stop == job.span


# ---------------------------------------------------------------- the GPU's side, with a runtime that is no GPU


class Runtime:
    """What Device asks of CUDA, in host memory; `late` is done when somebody waits."""

    CUDARuntimeError = RuntimeError

    def __init__(self) -> None:
        self.late: list[Callable[[], None]] = []
        self.held: list[Any] = []
        self.ticks, self.events = 0, list[int]()  # ms of `stream`: one passes at each event

    def malloc(self, nbytes: int) -> int:
        self.held.append(ctypes.create_string_buffer(nbytes))
        return ctypes.addressof(self.held[-1])

    def memcpy(self, to: int, at: int, nbytes: int, kind: int) -> None:
        ctypes.memmove(to, at, nbytes)

    def memset(self, to: int, value: int, nbytes: int) -> None:
        ctypes.memset(to, value, nbytes)

    def hostRegister(self, at: int, nbytes: int, flags: int) -> None:
        pass

    def deviceSynchronize(self) -> None:
        while self.late:
            self.late.pop(0)()

    def eventCreate(self) -> int:
        self.events.append(0)
        return len(self.events) - 1

    def eventDestroy(self, event: int) -> None:
        self.events[event] = -1

    def eventRecord(self, event: int, stream: int) -> None:
        assert stream == STREAM
        self.events[event] = self.ticks
        self.ticks += 1

    def eventSynchronize(self, event: int) -> None:
        pass

    def eventElapsedTime(self, start: int, stop: int) -> float:
        return float(self.events[stop] - self.events[start])


STREAM = 77


class Prepared:
    """A Device over an arena that holds the case, and its one launcher."""

    def __init__(self, home: Path, double: Callable[..., int], toml: str = TOML) -> None:
        self.plan = lay(load(home, toml))
        self.arena = mmap.mmap(-1, 64 << 20)
        values = {"h_x": torch.arange(5, dtype=torch.float32)}
        self.arena[: self.plan.job.span] = layout.image(self.plan, values, 1).tobytes()
        self.runtime = Runtime()
        device = object.__new__(Device)  # __init__ wants CuPy
        device.runtime, device.arena = self.runtime, self.arena
        device.host = ctypes.addressof(ctypes.c_char.from_buffer(self.arena))
        device.memory = device.capacity = device.pinned = 0
        device.stream, self.device = STREAM, device
        self.launch(double)

    def launch(self, double: Callable[..., int]) -> None:
        """This is the launcher from now on."""
        called = lambda *words: double(self.runtime, *(word.value for word in words))  # noqa: E731
        self.device.libraries = [Library(Path("double.so"), called, int, b"")]

    def y(self) -> list[float]:
        b = self.plan.buffer("h_y")
        return list((ctypes.c_float * 5).from_address(self.device.host + b.offset))


def floats(at: int, n: int) -> Any:
    return (ctypes.c_float * n).from_address(at)


def right(runtime: Runtime, x: int, y: int, n: int, d: int) -> int:
    floats(d, n)[:] = [2 * v for v in floats(x, n)]
    floats(y, n)[:] = floats(d, n)[:]
    return 0


def early(runtime: Runtime, x: int, y: int, n: int, d: int) -> int:
    runtime.late.append(lambda: right(runtime, x, y, n, d) and None)
    return 0


def test_it_is_called_on_the_arena_itself(tmp_path: Path) -> None:
    made = Prepared(tmp_path, right)
    before = bytes(made.arena[: made.plan.job.span])
    run = made.device.run(made.plan.job)
    assert (run.fate, run.findings, made.y()) == (Fate.RETURNED, (), [0, 2, 4, 6, 8])
    d, y = made.plan.buffer("d_buf"), made.plan.buffer("h_y")
    assert bytes(made.arena[: y.offset]) == before[: y.offset]
    assert floats(made.device.host + d.offset, 5)[:] == [0, 2, 4, 6, 8]  # brought back for the check of red zones
    assert bytes(made.arena[d.offset + 20 : made.plan.job.span]) == before[d.offset + 20 :]


def test_who_returns_early_is_found_out(tmp_path: Path) -> None:
    run = Prepared(tmp_path, early)
    assert [f.kind for f in run.device.run(run.plan.job).findings] == ["sync"]


def test_a_sample_starts_from_poison_and_waits_for_the_device(tmp_path: Path) -> None:
    made = Prepared(tmp_path, early)
    made.device.reserve(made.plan.job.span, pin=True)
    timed = Called(made.device, made.plan.job)
    assert made.y() == [0, 2, 4, 6, 8]
    assert timed.sample(0, poison=0x40, kept=True) > 0
    assert made.y() == [0, 2, 4, 6, 8]
    made.launch(lambda *_: 0)
    timed.sample(0, poison=0x40, kept=True)
    assert made.y() == [3.0039215087890625] * 5  # bytes 0x40


def linger(runtime: Runtime, x: int, y: int, n: int, stream: int) -> int:
    """Right; but a quarter of a second's work is on a stream of its own."""
    assert stream == STREAM
    runtime.ticks += 3
    floats(y, n)[:] = [2 * v for v in floats(x, n)]
    runtime.late.append(lambda: time.sleep(0.25))
    return 0


def test_a_call_on_a_stream_is_timed_by_events_and_what_lingers_by_the_host(tmp_path: Path) -> None:
    made = Prepared(tmp_path, lambda runtime, *words: linger(runtime, *words) or runtime.late.clear() or 0, STREAMED)
    made.device.reserve(made.plan.job.span, pin=True)
    timed = Called(made.device, made.plan.job)
    assert 4000 <= timed.sample(0, poison=0x40, kept=True) < 100_000  # three ticks of work, and one
    made.launch(linger)
    assert timed.sample(0, poison=0x40, kept=True) >= 254_000
    timed.close()
    assert made.runtime.events == [-1, -1]


@pytest.mark.parametrize(("text", "says"), [(STREAMED, "events around each call"), (TOML, "until the device is idle")])
def test_how_a_call_was_timed_is_said(text: str, says: str, tmp_path: Path) -> None:
    exercise = load(tmp_path, text)
    (said,) = measure.clock(exercise)
    assert says in said and said.endswith("this launcher is called, not recorded")
    assert measure.clock(replace(exercise, recorded=True)) == ()


def test_an_error_of_the_launcher_is_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Prepared(tmp_path, lambda *_: 1)
    monkeypatch.setattr("grader.backends.cuda._name", lambda runtime, status: "invalid argument")
    run = made.device.run(made.plan.job)
    assert (run.fate, run.status, run.message) == (Fate.CRASHED, 1, "invalid argument")
