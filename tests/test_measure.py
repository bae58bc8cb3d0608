"""In which order the shapes are timed, what is concluded from doubts, and how contents travel; needs no GPU."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from grader import cases, catalog, exchange, measure, shared, spec, warmup
from grader.conditions import State
from grader.model import Build, Finding
from grader.model import Shape as Times
from grader.timing import Decision, Rule

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Shape:
    """What `_rounds` asks of a timed shape; `after` says how each look at it ends."""

    name: str
    after: list[Decision]
    slow_when_clear: bool = False
    decision: Decision = Decision.MORE
    rule = Rule(0.8)

    @property
    def slow(self) -> bool:
        return self.slow_when_clear and self.decision is Decision.CLEAR


def looks(*shapes: Shape) -> list[tuple[str, int]]:
    """(shape, pairs asked for), as it goes."""
    found = []
    for one, enough in measure._rounds(shapes):  # type: ignore[arg-type]
        one.decision = one.after.pop(0)  # type: ignore[attr-defined]
        found.append((one.name, enough))  # type: ignore[attr-defined]
    return found


LEAST, MOST = Rule(0.8).least, Rule(0.8).most
MORE, CLEAR, NOISY = Decision.MORE, Decision.CLEAR, Decision.NOISY


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([Shape("a", [CLEAR]), Shape("b", [CLEAR])], [("a", LEAST), ("b", LEAST)]),
        ([Shape("a", [MORE, NOISY]), Shape("b", [CLEAR])], [("a", LEAST), ("b", LEAST), ("a", MOST)]),
        ([Shape("a", [MORE]), Shape("b", [CLEAR], slow_when_clear=True)], [("a", LEAST), ("b", LEAST)]),
        (
            [Shape("a", [MORE, CLEAR], slow_when_clear=True), Shape("b", [MORE])],
            [("a", LEAST), ("b", LEAST), ("a", MOST)],
        ),
    ],
    ids=["clear at once", "one more look", "one is too slow already", "the second look settles it"],
)
def test_no_more_is_timed_than_the_verdict_needs(shapes: list[Shape], expected: list[tuple[str, int]]) -> None:
    assert looks(*shapes) == expected


# ---------------------------------------------------------------- doubts

WALL = Finding("suspicious", "the judge's clock says otherwise")
FLOOR = Finding("suspicious", "less than this GPU needs")


@pytest.mark.parametrize(
    ("doubt", "others", "decision", "suspicious"),
    [
        (measure.Doubt((WALL,), shaky=True), 0, CLEAR, (WALL,)),
        (measure.Doubt((WALL,), shaky=True), 1, NOISY, ()),  # it may have had the GPU meanwhile
        (measure.Doubt((FLOOR,)), 1, CLEAR, (FLOOR,)),
        (None, 0, CLEAR, ()),
    ],
)
def test_two_clocks_accuse_nobody_on_a_gpu_that_others_use(
    monkeypatch: pytest.MonkeyPatch, doubt: measure.Doubt | None, others: int, decision: Decision, suspicious: Any
) -> None:
    times = Times({"n": 1}, 1.0, (0.99, 1.01), 10.0, 10.0, 10.0, 8, "1 GB/s", 50.0, "memory")
    timed = SimpleNamespace(
        sizes={"n": 1}, rule=Rule(0.8), decision=CLEAR, slow=False, run=lambda _: doubt, shape=lambda: times
    )
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(measure, "_Timed", lambda *words: (made.append(words), timed)[1])
    monkeypatch.setattr(measure.gpu, "state", lambda _: State(1000, 50, 300.0, 0, others))
    exercise, build = catalog.load(ROOT, "07_softmax"), Build(Path("x.so"), "cuda", 1.0)
    worker, ready = SimpleNamespace(add=lambda *_: None), SimpleNamespace(exchange=None, peaks=None)
    found = measure.measure(exercise, None, worker, build, build, 1, ready, lambda _: None)  # type: ignore[arg-type]
    assert (found.decision, found.suspicious) == (decision, suspicious)
    assert {words[-1] for words in made} == {bool(others)}
    assert (found.speed is None) == bool(suspicious)
    assert found.speed is None or (WALL.text in found.speed.notes) == (decision is NOISY)


def test_timing_is_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first look at the GPU's state to the last; what can be had before is had before."""
    seen: list[str] = []

    @contextlib.contextmanager
    def turn(progress: Any) -> Iterator[None]:
        seen.append("begins")
        yield
        seen.append("ends")

    monkeypatch.setattr(measure.turns, "alone", turn)
    monkeypatch.setattr(measure.gpu, "state", lambda _: seen.append("state"))
    times = Times({"n": 1}, 1.0, (0.99, 1.01), 10.0, 10.0, 10.0, 8, "1 GB/s", 50.0, "memory")
    timed = SimpleNamespace(
        sizes={"n": 1}, rule=Rule(0.8), decision=CLEAR, slow=False, run=lambda _: seen.append("pairs"),
        shape=lambda: (seen.append("library"), times)[1],
    )  # fmt: skip
    monkeypatch.setattr(measure, "_Timed", lambda *_: timed)
    exercise, build = catalog.load(ROOT, "01_vector_add"), Build(Path("x.so"), "cuda", 1.0)
    worker, ready = SimpleNamespace(add=lambda *_: seen.append("add")), SimpleNamespace(exchange=None, peaks=None)
    measure.measure(exercise, None, worker, build, build, 1, ready, lambda _: None)  # type: ignore[arg-type]
    assert seen == ["add", "add", "begins", "state", "pairs", "state", "library", "ends"]


def test_the_copy_rate_is_that_of_a_gpu_that_has_raised_its_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first copies are slow: they count for nothing, however many they are."""
    now = [0.0]

    def cold(call: Any) -> list[float]:
        now[0] += 0.01
        return [600.0 if now[0] < warmup.RISE / 2 else 500.0] * 10

    monkeypatch.setattr(warmup.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(warmup, "cold", cold)
    monkeypatch.setattr(warmup.torch, "empty", lambda n, **_: SimpleNamespace(numel=lambda: n))
    monkeypatch.setattr(warmup.torch, "empty_like", lambda one: one)
    assert warmup.copy_rate() == pytest.approx(2 * (1 << 30) / 500.0 / 1e3)


def test_what_is_timed_is_queued_behind_what_empties_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation of many kernels is not all there when its first one could begin."""
    seen: list[str] = []
    event = SimpleNamespace(
        record=lambda: seen.append("event"), synchronize=lambda: seen.append("wait"), elapsed_time=lambda _: 0.25
    )
    monkeypatch.setattr(warmup, "_event", lambda: event)
    monkeypatch.setattr(warmup, "l2_bytes", lambda: 100)
    monkeypatch.setattr(warmup.torch, "empty", lambda n, **_: SimpleNamespace(zero_=lambda: seen.append(f"{n} zeros")))
    assert warmup.cold(lambda: seen.append("call"), times=1) == [250.0]
    assert seen == [*["200 zeros"] * warmup.AHEAD, "event", "call", "event", "wait"] * 3


@pytest.mark.parametrize("slug", catalog.discover(ROOT))
def test_every_check_can_be_rehearsed(slug: str) -> None:
    exercise = catalog.load(ROOT, slug)
    loaded = spec.load(exercise.folder)
    for case in cases.sample(exercise, loaded, 1, 3, 1 << 14):
        call = cases.prepare(exercise, loaded, case, 1, "simulator", 1.0)
        warmup.rehearse(exercise, loaded, call.plan, case, call.values, call.want)


# ---------------------------------------------------------------- how contents travel


class Driver:
    """libcuda, as far as shared.py calls it; `fails` names the call that does not work."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.called = fails, list[str]()

    def __getattr__(self, name: str) -> Any:
        def call(*words: Any) -> int:
            self.called.append(name)
            if name == "cuMemGetAllocationGranularity":
                words[0]._obj.value = 2 << 20
            return 801 if name == self.fails else 0

        return call


def test_a_block_is_as_large_as_the_driver_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Driver())
    assert [shared.make(size).size for size in (1, 2 << 20, (2 << 20) + 1)] == [2 << 20, 2 << 20, 4 << 20]


@pytest.mark.parametrize("call", ["cuMemExportToShareableHandle", "cuMemAddressReserve", "cuMemMap", "cuMemSetAccess"])
def test_what_the_driver_refuses_is_released(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    driver = Driver(call)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: driver)
    with pytest.raises(shared.Refused, match=f"{call} returned 801"):
        shared.make(1)
    assert driver.called[-1] == "cuMemRelease"


def test_no_driver_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(shared.Refused, match=r"libcuda\.so\.1"):
        shared.opened(3, 1 << 21)


@pytest.mark.parametrize("refused", ["by the driver", "by the worker", "it is host memory"])
def test_the_arena_is_page_locked_where_nothing_can_be_shared(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    def make(size: int) -> shared.Block:
        if refused == "by the driver":
            raise shared.Refused("cuMemCreate returned 801")
        return shared.Block(0, size, 0, 0)

    locked: list[Any] = []
    runtime = SimpleNamespace(
        cudaHostRegister=lambda at, size, _: locked.append(size), cudaHostUnregister=lambda at: locked.append("free")
    )
    monkeypatch.setattr(shared, "make", make)
    monkeypatch.setattr(shared.Block, "close", lambda _: locked.append("closed"))
    monkeypatch.setattr(exchange, "_runtime", lambda: runtime)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    arena = mmap.mmap(-1, 4096)
    worker = SimpleNamespace(arena=SimpleNamespace(bytes=arena), share=lambda *_: "it cannot")
    with exchange.Exchange(worker, recorded=refused != "it is host memory") as made:  # type: ignore[arg-type]
        made.reach(100)[:3] = 7
        assert arena[:4] == b"\7\7\7\0" and len(made.reach(50)) == 100
    assert locked == (["closed"] if refused == "by the worker" else []) + [100, "free"]
