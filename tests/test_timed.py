"""Timed pairs from end to end, judge's side and worker's, on a CUDA runtime in host memory: who is judged by what."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from grader import clocks, graph, measure, spec, stopwatch, worker
from grader.backends.cuda import Device, Library
from grader.measure import Wrong
from grader.peaks import Peaks
from grader.warmup import Ready
from tests.test_judge import SPEC, TOML, double

N, SIZE = 1000, 1 << 20
INPLACE_TOML = TOML.replace("const float* x, float* y", "float* y").replace('misaligned = ["x"]', "")
INPLACE_SPEC = SPEC.replace('{"x": draw', '{"y": draw').replace("(x, **_)", "(y, **_)").replace("2 * x", "2 * y")


class Runtime:
    """cupy_backends' runtime, as far as Device and Timed call it; a graph is a list of calls, a stream has no queue."""

    CUDARuntimeError = RuntimeError

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.recording: list[Callable[[], None]] | None = None
        self.graphs: list[list[Callable[[], None]]] = []
        self.now = 0.0  # ms

    def malloc(self, nbytes: int) -> int:
        self.held.append(ctypes.create_string_buffer(nbytes))
        return ctypes.addressof(self.held[-1])

    def free(self, at: int) -> None:
        pass

    def memcpy(self, to: int, at: int, nbytes: int, kind: int) -> None:
        ctypes.memmove(to, at, nbytes)

    def memcpyAsync(self, to: int, at: int, nbytes: int, kind: int, stream: int) -> None:
        ctypes.memmove(to, at, nbytes)

    def memsetAsync(self, to: int, value: int, nbytes: int, stream: int) -> None:
        ctypes.memset(to, value, nbytes)

    def hostRegister(self, at: int, nbytes: int, flags: int) -> None:
        pass

    def getDeviceProperties(self, device: int) -> dict[str, int]:
        return {"l2CacheSize": 4096}

    def streamBeginCapture(self, stream: int, mode: int) -> None:
        self.recording = []

    def streamEndCapture(self, stream: int) -> int:
        self.graphs.append(self.recording or [])
        self.recording = None
        return len(self.graphs)  # 0 would be none

    def graphInstantiate(self, recorded: int) -> int:
        return recorded

    def graphLaunch(self, executable: int, stream: int) -> None:
        for call in self.graphs[executable - 1]:
            call()
            self.now += 1.0
        self.now += 0.5

    def graphExecDestroy(self, executable: int) -> None:
        pass

    def streamSynchronize(self, stream: int) -> None:
        pass

    def deviceSynchronize(self) -> None:
        pass

    def eventCreate(self) -> list[float]:
        return [0.0]

    def eventRecord(self, event: list[float], stream: int) -> None:
        event[0] = self.now

    def eventSynchronize(self, event: list[float]) -> None:
        pass

    def eventElapsedTime(self, start: list[float], stop: list[float]) -> float:
        return stop[0] - start[0]


def floats(at: int) -> Any:
    return (ctypes.c_float * N).from_address(at)


Work = Callable[[int, int], None]  # of one launch: from x to y


def right(x: int, y: int) -> None:
    floats(y)[:] = [2 * v for v in floats(x)]


def wrong(x: int, y: int) -> None:
    floats(y)[:] = [2 * v + 1 for v in floats(x)]


def nothing(x: int, y: int) -> None:
    """Whatever lies in the output is handed in: another kernel's answer, say."""


def hoarder() -> Work:
    """Right once; what it found then it writes again and again."""
    found: list[float] = []

    def work(x: int, y: int) -> None:
        found[:] = found or [2 * v for v in floats(x)]
        floats(y)[:] = found

    return work


class Bench:
    """A timed shape with its worker in this process; `shared` says where contents are exchanged."""

    def __init__(self, home: Path, works: tuple[Work, ...], inplace: bool, shared: bool, judged: int = 1) -> None:
        exercise = double(home, *((INPLACE_TOML, INPLACE_SPEC) if inplace else ()))
        folder = exercise.folder
        self.runtime, self.inplace = Runtime(), inplace
        arena = mmap.mmap(-1, SIZE)
        device = object.__new__(Device)  # __init__ wants CuPy
        device.runtime, device.arena, device.stream = self.runtime, arena, 7
        device.host = ctypes.addressof(ctypes.c_char.from_buffer(arena))
        device.memory = device.capacity = device.pinned = 0
        device.timed, device.tables = None, {}
        device.common = self.runtime.malloc(SIZE) if shared else 0
        device.libraries = [Library(folder / "spec.py", self.launcher(work), int, b"") for work in works]
        self.device = device
        place = (ctypes.c_uint8 * SIZE).from_address(device.common or device.host)
        exchange = SimpleNamespace(reach=lambda _: torch.frombuffer(place, dtype=torch.uint8))
        answered = SimpleNamespace(
            tell=lambda message, _: worker.answer(lambda: device, message), settle_or_raise=lambda: None
        )
        self.timed = measure._Timed(
            exercise, spec.load(folder), answered, Ready(exchange, Peaks("", "")), {"n": N}, 1,  # type: ignore[arg-type]
            libraries=len(works), judged=judged,
        )  # fmt: skip

    def launcher(self, work: Work) -> Callable[..., int]:
        """Records it, as a launch on a capturing stream does."""

        def launch(*words: Any) -> int:
            x, y = (words[0].value, words[0].value) if self.inplace else (words[0].value, words[1].value)
            assert self.runtime.recording is not None
            self.runtime.recording.append(lambda: work(x, y))
            return 0

        return launch


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = SimpleNamespace(cuCtxGetLimit=lambda *_: 1, cuCtxResetPersistingL2Cache=lambda: pytest.fail("asked"))
    monkeypatch.setattr(stopwatch, "_driver", lambda: driver)
    monkeypatch.setattr(graph, "inspect", lambda _: graph.Nodes(()))
    monkeypatch.setattr(measure, "on_gpu", lambda values: dict(values))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)


@pytest.fixture(params=["out of place", "in place"])
def inplace(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "in place")


@pytest.fixture(params=["shared", "arena"])
def shared(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "shared")


def test_right_kernels_are_timed(tmp_path: Path, inplace: bool, shared: bool) -> None:
    """One launch takes a tick, an empty graph half of one, which is subtracted."""
    bench = Bench(tmp_path, (right, right), inplace, shared)
    assert bench.timed.rounds(8) is None
    assert bench.timed.times == [[1000.0] * 8] * 2
    assert {True, False} == set(bench.timed.learner_first)


@pytest.mark.parametrize("learner", [wrong, nothing, hoarder()], ids=["wrong", "nothing", "hoarder"])
def test_the_references_answer_saves_nobody(tmp_path: Path, inplace: bool, shared: bool, learner: Work) -> None:
    """Whichever of the two comes first."""
    bench = Bench(tmp_path, (learner, right), inplace, shared)
    found = [bench.timed.pair() for _ in range(8)]
    assert {True, False} == set(bench.timed.learner_first)
    assert all(isinstance(one, Wrong) for one in found[1:])  # a hoarder's first contents are right, or were
    assert isinstance(found[0], Wrong) or learner not in (wrong, nothing)


def test_the_references_answer_is_nowhere_to_be_seen(tmp_path: Path, shared: bool) -> None:
    """What a learner finds where answers are exchanged is its own, also right after the reference's call."""
    seen: list[float] = []
    bench = Bench(tmp_path, (right, lambda x, y: wrong(x, y)), False, shared)
    y = bench.device.common or bench.device.host
    for _ in range(8):
        assert bench.timed.pair() is None
        seen.append(floats(y + bench.timed.plan.buffer("y").offset)[0])
        x = floats(y + bench.timed.plan.buffer("x").offset)[0]
        assert seen[-1] == pytest.approx(2 * x)
    assert len(set(seen)) > 2


def test_a_reference_that_errs_is_nobodys_mistake(tmp_path: Path, inplace: bool, shared: bool) -> None:
    """Its own tests hold that it does not; the learner is judged alone."""
    assert Bench(tmp_path, (right, wrong), inplace, shared).timed.rounds(8) is None


def test_in_a_walk_all_are_judged(tmp_path: Path, inplace: bool, shared: bool) -> None:
    good = Bench(tmp_path / "good", (right, right, right), inplace, shared, judged=3)
    bad = Bench(tmp_path / "bad", (right, right, wrong), inplace, shared, judged=3)
    assert good.timed.rounds(6) is None and isinstance(bad.timed.rounds(1), Wrong)


def test_what_is_set_aside_in_the_cache_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def limit(value: Any, which: int) -> int:
        value._obj.value = 1 << 20 if which == stopwatch.PERSISTING else 0
        return 0

    driver = SimpleNamespace(cuCtxGetLimit=limit, cuCtxResetPersistingL2Cache=lambda: asked.append("reset"))
    monkeypatch.setattr(stopwatch, "_driver", lambda: driver)
    bench = Bench(tmp_path, (right, right), False, True)
    assert bench.timed.rounds(2) is None
    before = len(asked)
    assert bench.timed.rounds(4) is None and len(asked) == before + 4


@pytest.mark.parametrize(("crowded", "rounds", "said"), [(False, clocks.ROUNDS, ""), (True, clocks.CROWDED, "forged")])
def test_the_other_clock_looks_harder_beside_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crowded: bool, rounds: int, said: str
) -> None:
    """What is said once is no evidence on a GPU of one's own; beside others it is none either, and enough to doubt."""
    bench, asked, left = Bench(tmp_path, (right, right), False, True), list[int](), ["forged", ""]
    bench.timed.rounds(8)
    bench.timed.crowded = crowded
    monkeypatch.setattr(measure, "batches", lambda _, count: (asked.append(count), None))
    monkeypatch.setattr(clocks, "outrun", lambda *_: left.pop(0))
    assert bench.timed.outrun() == said
    assert set(asked) == {rounds}
