"""A fault in another process's kernel can end a launch of ours: it accuses nobody, and lets nobody through."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader import cases, catalog, measure, spec
from grader.conditions import State
from grader.isolate import Died
from grader.model import Build, Case, Fate, Outcome, Run, Shape
from grader.timing import Decision, Rule

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = "cudaErrorLaunchFailure: unspecified launch failure"
ADDRESS = "cudaErrorIllegalAddress: an illegal memory access was encountered"
RETURNED = Run(Fate.RETURNED, nodes=1)


@pytest.fixture(params=[1, 0], ids=["shared", "ours"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether others use the GPU."""
    for module in (cases, measure):
        monkeypatch.setattr(module.gpu, "state", lambda _: State(1000, 50, 300.0, 0, request.param))
    return bool(request.param)


# ---------------------------------------------------------------- cases


class Worker:
    """Ends as it is told, once a run; where it returns, 01_vector_add is right."""

    def __init__(self, call: cases.Call, runs: list[Run]) -> None:
        self.call, self.runs, self.excused, self.asked = call, runs, False, 0
        self.arena = SimpleNamespace(bytes=bytearray(call.plan.job.span))

    def run(self, job: Any) -> Run:
        run = self.runs[self.asked]
        self.asked += 1
        if run.fate is Fate.RETURNED:
            b = self.call.plan.buffer("c")
            answer = self.call.want["c"].float().numpy().tobytes()
            np.frombuffer(self.arena.bytes, np.uint8)[b.offset : b.offset + b.nbytes] = np.frombuffer(answer, np.uint8)
        return run


def died(message: str) -> Run:
    return Run(Fate.CRASHED, 719, message)


def trials(runs: list[Run], count: int = 1) -> list[Outcome]:
    """Of one case, tried so often in the same worker."""
    exercise = catalog.load(ROOT, "01_vector_add")
    call = cases.prepare(exercise, spec.load(exercise.folder), Case({"n": 100}, "normal"), 1, "simulator", 1.0)
    worker: Any = Worker(call, runs)
    found = [cases.tried(exercise, worker, call).outcome for _ in range(count)]
    assert worker.asked == len(runs)
    return found


def test_a_case_is_run_again_where_others_use_the_gpu(shared: bool) -> None:
    assert trials([died(LAUNCH), RETURNED] if shared else [died(LAUNCH)]) == [Outcome.PASS if shared else Outcome.CRASH]


def test_what_crashes_again_crashes(shared: bool) -> None:
    assert trials([died(LAUNCH)] * (2 if shared else 1)) == [Outcome.CRASH]


def test_a_worker_is_excused_once(shared: bool) -> None:
    runs = [died(LAUNCH), RETURNED, died(LAUNCH)] if shared else [died(LAUNCH), died(LAUNCH)]
    assert trials(runs, 2) == [Outcome.PASS if shared else Outcome.CRASH, Outcome.CRASH]


@pytest.mark.parametrize("message", [ADDRESS, "killed by SIGSEGV (Segmentation fault)"])
def test_what_only_ones_own_kernel_can_do_is_not_excused(shared: bool, message: str) -> None:
    assert trials([died(message)]) == [Outcome.CRASH]


# ---------------------------------------------------------------- timed calls


def timed(monkeypatch: pytest.MonkeyPatch, *ends: str) -> tuple[measure.Measured, int]:
    """Of a stage whose timings end so, one after the other; and how often the worker was replaced."""
    times = Shape({"n": 1}, 1.0, (0.99, 1.01), 10.0, 10.0, 10.0, 8, "1 GB/s", 50.0, "memory")
    left = list(ends)

    def run(_: int) -> measure.Wrong | None:
        end = left.pop(0)
        return measure.Wrong(Case({"n": 1}, "normal"), 1, None, Died(Fate.CRASHED, end)) if end else None

    one = SimpleNamespace(
        sizes={"n": 1}, rule=Rule(0.8), decision=Decision.CLEAR, slow=False, run=run, shape=lambda: times
    )
    monkeypatch.setattr(measure, "_Timed", lambda *_: one)
    renewed: list[str] = []
    worker = SimpleNamespace(add=lambda *_: None, renew=lambda: renewed.append("renewed"))
    exercise, build = catalog.load(ROOT, "01_vector_add"), Build(Path("x.so"), "cuda", 1.0)
    ready = SimpleNamespace(exchange=None, peaks=None)
    found = measure.measure(exercise, None, worker, build, build, 1, ready, lambda _: None)  # type: ignore[arg-type]
    assert not left
    return found, len(renewed)


def test_a_timed_call_that_is_lost_is_timed_again_and_no_pass(monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    found, renewed = timed(monkeypatch, LAUNCH, "") if shared else timed(monkeypatch, LAUNCH)
    assert renewed == int(shared)
    if shared:
        assert found.decision is Decision.NOISY and found.speed and measure.LOST in found.speed.notes
    else:
        assert found.wrong and found.speed is None


def test_what_is_lost_again_crashed(monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    found, renewed = timed(monkeypatch, *([LAUNCH] * (2 if shared else 1)))
    assert found.wrong and found.wrong.died and renewed == int(shared)


def test_no_other_death_is_excused(monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    found, renewed = timed(monkeypatch, ADDRESS)
    assert found.wrong and not renewed


def test_what_is_not_lost_is_timed_once(monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    found, renewed = timed(monkeypatch, "")
    assert found.speed and measure.LOST not in found.speed.notes and not renewed
