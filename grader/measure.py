"""Learner against reference in one timing worker, interleaved; every timed output is checked in full, here.

For each pair: fresh contents, then both libraries in random order on the same buffers. The ratio of a pair is
reference time ÷ learner time, so slow drifts of the clock cancel.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import nvtx
import torch

from grader import check, clocks, conditions, gpu, isolate, layout, roofline, turns, wire
from grader.cases import contents, planned
from grader.isolate import Died, Worker
from grader.model import Build, Case, Exercise, Finding, Mismatch, Outcome, Shape, Speed
from grader.spec import Spec
from grader.timing import Decision, Rule, bounds, settle
from grader.warmup import SECONDS, Ready, arena_size, cold, enough_memory, l2_bytes, on_gpu, preparing

GLANCE = 0.4  # seconds for all shapes together, that are given in any case to make a ratio fine
LOST = (
    "a timed call ended with cudaErrorLaunchFailure, and timed again it did not: where others use the GPU, a fault "
    "in a kernel of theirs can do that; grade it again when it is yours alone"
)
NOTHING = -1  # the number of no library: empty graphs


@dataclass(frozen=True)
class Wrong:
    """A timed call gave a wrong answer, or none: no speed. The same case and seed can be tried in isolation."""

    case: Case
    seed: int
    mismatch: Mismatch | None
    died: Died | None = None


@dataclass(frozen=True)
class Doubt:
    """The times of a shape cannot be believed."""

    findings: tuple[Finding, ...]
    shaky: bool = False  # by a comparison of two clocks, which another process's turns on the GPU can spoil


@dataclass(frozen=True)
class Measured:
    speed: Speed | None
    wrong: Wrong | None
    decision: Decision
    suspicious: tuple[Finding, ...] = ()  # why the times cannot be believed
    caught: bool = False  # it died as another process's fault can make it

    @property
    def said(self) -> str:
        """Why there is no speed, for the log; the verdict explains a wrong answer better."""
        told = "; ".join(finding.text for finding in self.suspicious)
        return str(self.wrong.died or self.wrong.mismatch) if self.wrong else told


@dataclass(frozen=True)
class Walked:
    """Several builds on the same buffers: µs of each, one for every round, and the rate of its median."""

    times: tuple[tuple[float, ...], ...]
    rates: tuple[str, ...]
    notes: tuple[str, ...]


def measure(
    exercise: Exercise, spec: Spec, worker: Worker, learner: Build, reference: Build, seed: int, ready: Ready,
    progress: Callable[[str], None],
) -> Measured:  # fmt: skip
    """Times all shapes; the slowest ratio decides.

    A second time, and then for no pass, where a call died as another process's fault can make it.
    """
    for library in (learner.library, reference.library):
        worker.add(library, exercise.declaration.launcher)
    found = _measured(exercise, spec, worker, seed, ready, progress)
    if not found.caught:
        return found
    progress("timing again, in a new process: the one before was lost")
    worker.renew()
    again = _measured(exercise, spec, worker, seed, ready, progress)
    if again.speed is None:
        return again
    return replace(again, speed=replace(again.speed, notes=(*again.speed.notes, LOST)), decision=Decision.NOISY)


def _measured(
    exercise: Exercise, spec: Spec, worker: Worker, seed: int, ready: Ready, progress: Callable[[str], None]
) -> Measured:
    doubts: tuple[Finding, ...] = ()  # on a GPU that others use: no accusation, and no pass
    with turns.alone(progress), enough_memory():
        before = gpu.state(isolate.contexts())
        crowded = conditions.shared(before)
        timed = [_Timed(exercise, spec, worker, ready, sizes, seed, crowded) for sizes in exercise.timed]
        for one, enough in _rounds(timed):
            shape = " × ".join(f"{k} {v}" for k, v in one.sizes.items())
            progress(f"timing {shape}")
            with nvtx.annotate(shape):
                failed = one.run(enough)
            if isinstance(failed, Wrong):
                alike = isolate.caught(str(failed.died)) and conditions.shared(before, gpu.state(isolate.contexts()))
                return Measured(None, failed, Decision.CLEAR, caught=alike)
            after = gpu.state(isolate.contexts())  # while the clocks still are what they were
            if failed and not (failed.shaky and conditions.shared(before, after)):
                return Measured(None, None, Decision.CLEAR, failed.findings)
            doubts += failed.findings if failed else ()
        with nvtx.annotate("library"):
            shapes = tuple(one.shape() for one in timed)
    said = (*clock(exercise), *conditions.notes(before, after), *(one.text for one in doubts))
    speed = summary(exercise, shapes, said)
    unclear = any(one.decision is Decision.NOISY for one in timed) and not any(one.slow for one in timed)
    decision = Decision.NOISY if unclear or doubts else Decision.CLEAR
    disturbed, broken = conditions.disturbed(before, after), conditions.broken(before, after)
    return Measured(speed, None, settle(decision, speed.ci, speed.threshold, disturbed, broken))


def _rounds(timed: Sequence[_Timed]) -> Iterator[tuple[_Timed, int]]:
    """A first look at every shape; then, unless one is too slow already, those that are not clear."""
    for one in timed:
        yield one, one.rule.least
    for one in timed:
        if one.decision is Decision.MORE and not any(other.slow for other in timed):
            yield one, one.rule.most


def alone(exercise: Exercise, spec: Spec, learner: Build, reference: Build, seed: int, cache: Path) -> Measured:
    """The speed stage by itself, for any two builds at `exercise.timed`: the benchmarks call it."""
    with isolate.start("cuda", arena_size(exercise, spec)) as worker:
        with preparing(exercise, spec, worker, cache) as ready:
            return measure(exercise, spec, worker, learner, reference, seed, ready.result(), lambda _: None)


def walk(
    exercise: Exercise, spec: Spec, builds: Sequence[Build], seed: int, cache: Path, rounds: int
) -> Walked | Wrong | Doubt:
    """Two builds or more in one worker, at the first timed shape; all that they write is checked."""
    with isolate.start("cuda", arena_size(exercise, spec)) as worker:
        with preparing(exercise, spec, worker, cache) as preparation:
            ready = preparation.result()
            for one in builds:
                worker.add(one.library, exercise.declaration.launcher)
            count, sizes = len(builds), exercise.timed[0]
            timed = _Timed(exercise, spec, worker, ready, sizes, seed, libraries=count, judged=count)
            with turns.alone(), enough_memory():
                before = gpu.state(isolate.contexts())
                if failed := timed.rounds(rounds):
                    return failed
                notes = conditions.notes(before, gpu.state(isolate.contexts()))
            times = tuple(map(tuple, timed.times))
            return Walked(times, tuple(timed.rate(median(one)) for one in times), notes)


def outcome(speed: Speed, decision: Decision) -> Outcome:
    if decision is Decision.NOISY:
        return Outcome.NOISY
    return Outcome.PASS if speed.ci[0] >= speed.threshold else Outcome.SLOW


def clock(exercise: Exercise) -> tuple[str, ...]:
    """How it was timed, where that is not by replays of a graph; stopwatch.Called does it."""
    if exercise.recorded:
        return ()
    by = "events around each call" if exercise.declaration.streamed else "the host's clock, until the device is idle"
    return (f"timed by {by}: this launcher is called, not recorded",)


def summary(exercise: Exercise, shapes: tuple[Shape, ...], notes: tuple[str, ...]) -> Speed:
    """The slowest shape decides: a kernel that is fast on one shape only has not met the target."""
    worst = min(shapes, key=lambda s: s.ratio)
    return Speed(
        worst.ratio, worst.ci, exercise.threshold, worst.learner_us, worst.reference_us, worst.library_us,
        worst.roofline_pct, worst.limiter, shapes, notes,
    )  # fmt: skip


def batches(ask: Callable[[int, int], None], rounds: int = clocks.ROUNDS) -> tuple[clocks.Batch, clocks.Batch]:
    """Learner's and reference's: `ask(library, calls)` has the worker call, this process's clock says for how long."""

    def wall(library: int, calls: int) -> float:
        started = time.perf_counter()
        ask(library, calls)
        return 1e6 * (time.perf_counter() - started)

    counts = [clocks.calls(wall(library, 1)) for library in (0, 1)]
    asked = [(0, counts[0]), (NOTHING, counts[0]), (1, counts[1]), (NOTHING, counts[1])]
    walls = [[wall(*one) for one in asked] for _ in range(rounds)]
    learner, none, reference, nothing = map(min, zip(*walls, strict=True))
    return clocks.Batch(learner, none, counts[0]), clocks.Batch(reference, nothing, counts[1])


def confirmed(ask: Callable[[], str]) -> str:
    """What is said each of several times; "" as soon as it is not."""
    said = ""
    for _ in range(clocks.CONFIRMED):
        if not (said := ask()):
            break
    return said


class _Timed:
    """One timed shape. Holds tensors on the judge's own GPU context; the worker never sees `want`.

    Library 0 is the learner's and 1 the reference; a walk has more. The outputs of the first `judged` are checked.
    `crowded`: others use this GPU.
    """

    def __init__(
        self,
        exercise: Exercise,
        spec: Spec,
        worker: Worker,
        ready: Ready,
        sizes: Mapping[str, int],
        seed: int,
        crowded: bool = False,
        libraries: int = 2,
        judged: int = 1,
    ) -> None:
        self.exercise, self.spec, self.worker, self.sizes = exercise, spec, worker, dict(sizes)
        self.exchange, self.peaks, self.crowded, self.random = ready.exchange, ready.peaks, crowded, random.Random(seed)
        self.seed, self.recipes = seed, list(spec.recipes)
        self.libraries, self.judged = libraries, judged
        self.times: list[list[float]] = [[] for _ in range(libraries)]
        self.walls: list[list[float]] = [[] for _ in range(libraries)]  # µs by the judge's clock
        self.last: list[int] = []  # the order of the round before
        self.learner_first: list[bool] = []
        self.rule = Rule(exercise.threshold, glance=GLANCE / len(exercise.timed))
        self.decision = Decision.MORE
        self.tried, self.armed = 0, False  # contents made
        self.began, self.spent = 0.0, 0.0  # of a pair; seconds for all of them

    def run(self, enough: int) -> Wrong | Doubt | None:
        """Pairs until the rule has decided or `enough` are there; or what is wrong with them."""
        self.armed = False  # another shape was timed meanwhile
        while self.decision is Decision.MORE and len(self.learner_first) < enough:
            self.began = time.monotonic()
            if failed := self.pair():
                return failed
            self.spent += time.monotonic() - self.began
            self.decision = self.rule.decide(self.ratios(), self.spent, sum(self.walls[0]) / 1e6)
        return None if self.decision is Decision.MORE else self.doubt()

    def doubt(self) -> Wrong | Doubt | None:
        """A forged time is no evidence of speed, whatever the ratio."""
        if said := self.impossible():
            return Doubt((Finding("suspicious", said),))
        try:
            said = self.contradiction() or self.outrun()
        except Died as died:
            return Wrong(Case(self.sizes, self.recipes[0]), self.seed, None, died)
        return Doubt((Finding("suspicious", said),), shaky=True) if said else None

    @property
    def slow(self) -> bool:
        """Whether this shape alone settles it."""
        return self.decision is Decision.CLEAR and bounds(self.ratios())[1] < self.rule.threshold

    def rounds(self, count: int) -> Wrong | Doubt | None:
        """So many, whatever they say."""
        while len(self.times[0]) < count:
            if failed := self.pair():
                return failed
        return None

    def impossible(self) -> str:
        """What no GPU like this can do, or no clock."""
        least = roofline.floor_us(self.work(), self.peaks, l2_bytes())
        return clocks.ahead(self.pairs()) or roofline.impossible(median(self.times[0]), median(self.times[1]), least)

    def contradiction(self) -> str:
        return clocks.contradiction(self.pairs())

    def pairs(self) -> list[clocks.Pair]:
        return [clocks.Pair(*row) for row in zip(*self.times, *self.walls, self.learner_first, strict=True)]

    def outrun(self) -> str:
        """The judge's own clock, where there is something to gain by forging.

        On a GPU that others use, what it says once will do: it accuses nobody there.
        """
        if median(self.ratios()) < self.rule.threshold:
            return ""
        learner, reference = map(median, self.times)

        def ask() -> str:
            rounds = clocks.CROWDED if self.crowded else clocks.ROUNDS
            return clocks.outrun(learner, reference, *batches(self.batch, rounds))

        with nvtx.annotate("the other clock"):
            return ask() if self.crowded else confirmed(ask)

    def batch(self, library: int, calls: int) -> None:
        self.worker.tell({"do": "batch", "library": library, "calls": calls}, SECONDS)

    def work(self) -> roofline.Work:
        sizes, params = self.sizes, self.exercise.declaration.params
        return roofline.Work(self.spec.moved(**sizes), self.spec.flops(**sizes), roofline.form(params))

    def ratios(self) -> list[float]:
        return [b / a for a, b in zip(*self.times, strict=True)]

    def arm(self) -> Doubt | None:
        """None when the learner's graph holds the learner's own kernels, and nothing that a rule forbids."""
        answer = self.worker.tell({"do": "arm", "job": self.job}, SECONDS)
        found = tuple(map(wire.finding_from, answer["findings"]))
        self.armed = True
        return Doubt(found) if found else None

    def pair(self) -> Wrong | Doubt | None:
        """Fresh contents, the libraries in random order, the judged ones' outputs checked."""
        recipe = self.recipes[self.tried % len(self.recipes)]
        case = Case(self.sizes, recipe)
        seed = self.seed + self.tried
        self.tried += 1
        with nvtx.annotate("contents and answer"):
            values = on_gpu(contents(self.spec, case, seed, "cuda"))
            want = self.spec.oracle(**values, **self.sizes)
            plan = planned(self.exercise, self.spec, case, values, want, SECONDS)
        if self.armed and plan.job.arguments != self.plan.job.arguments:
            self.recipes.remove(recipe)  # other scalars than the recorded ones: not for a replayed graph
            return None
        if not self.armed:
            self.settle(plan)
        with nvtx.annotate("contents put"):
            self.put(values)
        try:
            if not self.armed:
                self.worker.settle_or_raise()
                with nvtx.annotate("recording"):
                    doubt = self.arm()
                if doubt:
                    return doubt
                self.began = time.monotonic()  # what recording takes is no reason for fewer pairs
            mismatch = self.all(values, want)
        except Died as died:
            return Wrong(case, seed, None, died)
        return Wrong(case, seed, mismatch) if mismatch else None

    def all(self, values: Mapping[str, Any], want: Mapping[str, torch.Tensor]) -> Mismatch | None:
        """Every library once, in random order; the first thing that a judged one wrote wrong.

        Learner and reference follow each other at once: what the judge does on the GPU between two calls, it would do
        before the reference's always and before the learner's every other time.
        """
        wrong = None
        order = self.order()
        self.learner_first.append(order.index(0) < order.index(1))
        later = self.judged == 1 and not self.inout and self.exercise.recorded
        for place, library in enumerate(order):
            if place and self.inout:
                self.put(values)
            started = time.perf_counter()
            with nvtx.annotate("timed calls"):
                self.times[library].append(self.sample(library))
            self.walls[library].append(1e6 * (time.perf_counter() - started))
            if library < self.judged and not later:
                wrong = wrong or self.verify(values, want)
        return self.verify(values, want) if later else wrong

    def order(self) -> list[int]:
        """Random, but every second round the other way round: A B B A or B A A B."""
        again = len(self.learner_first) % 2
        self.last = self.last[::-1] if again else self.random.sample(range(self.libraries), self.libraries)
        return self.last

    def sample(self, library: int) -> float:
        told = {"library": library, "kept": library < self.judged}
        message = {"do": "sample", "poison": self.random.randrange(0x3C, 0x4C), **told}
        return float(self.worker.tell(message, SECONDS)["us"])

    def settle(self, plan: layout.Layout) -> None:
        self.plan = plan
        self.job = wire.job_to(self.plan.job)
        self.inout = any(b.initialised and b.output for b in self.plan.job.buffers)
        self.bytes = self.exchange.reach(plan.job.span)

    def put(self, values: Mapping[str, Any]) -> None:
        for b in self.plan.job.buffers:
            if b.initialised:
                source = values[b.name].contiguous().reshape(-1).view(torch.uint8)
                self.bytes[b.offset : b.offset + b.nbytes].copy_(source, non_blocking=True)
        torch.cuda.synchronize()

    def verify(self, values: Mapping[str, Any], want: Mapping[str, torch.Tensor]) -> Mismatch | None:
        """Every element of every output of this call."""
        with nvtx.annotate("their check"):
            shown = {name: self.got(name, want[name].device) for name in self.plan.shapes}
            got = self.spec.canonical(shown, **values, **self.sizes)
            return check.judge_outputs(got, want, self.exercise.tolerances)

    def got(self, name: str, device: torch.device) -> torch.Tensor:
        b = self.plan.buffer(name)
        data = self.bytes[b.offset : b.offset + b.nbytes].to(device, copy=True)  # from here on it is nobody else's
        return data.view(self.plan.dtypes[name]).reshape(self.plan.shapes[name])

    def shape(self) -> Shape:
        learner = median(self.times[0])
        under = roofline.place(learner, self.work(), self.peaks, l2_bytes())
        # A copy within the device is no bound for work that waits for the host.
        share = under.share if self.exercise.recorded else None
        return Shape(
            self.sizes, median(self.ratios()), bounds(self.ratios()), learner, median(self.times[1]),
            self.library(), len(self.times[0]), self.rate(learner), share, under.limiter,
        )  # fmt: skip

    def rate(self, us: float) -> str:
        """In the unit of the nearer roof."""
        work = self.work()
        if roofline.bound(work, self.peaks, l2_bytes()) == "compute":
            return f"{work.flops / us / 1e6:,.1f} TFLOP/s"
        return f"{work.moved / us / 1e3:,.0f} GB/s"

    def library(self) -> float:
        """µs of torch's own operation, cold, in the judge's process: shown, not graded."""
        values = on_gpu(contents(self.spec, Case(self.sizes, self.spec.recipes[0]), self.seed, "cuda"))
        return median(cold(self.spec.library(**values, **self.sizes)))
