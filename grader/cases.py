"""Many cases: hypothesis draws them, the worker runs them, the smallest failing one is kept.

The failing function is memoised, so that shrinking repeats nothing and ends when the time is up.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.errors import Flaky

from grader import case as cases
from grader import check, layout
from grader.diagnose import Evidence, diagnose, exchanges
from grader.isolate import Arena, Worker, killed
from grader.model import Case, Diagnosis, Exercise, Fate, Finding, Job, Mismatch, Outcome, Run
from grader.spec import Spec

SHRINK_SECONDS = 20.0
LARGE = 8 << 20  # bytes moved
ALL = list(HealthCheck)


@dataclass(frozen=True)
class Trial:
    """One case, run and checked."""

    case: Case
    seed: int
    run: Run
    mismatch: Mismatch | None = None
    diagnosis: Diagnosis = field(default_factory=lambda: Diagnosis("unknown"))
    findings: tuple[Finding, ...] = ()
    played: Played | None = field(default=None, compare=False, repr=False)  # kept of a wrong one, to explain it

    @property
    def outcome(self) -> Outcome:
        """Findings outrank a right answer and a wrong one alike: they say why."""
        if self.run.fate is Fate.TIMED_OUT:
            return Outcome.TIMEOUT
        if self.run.fate is Fate.REFUSED:
            return Outcome.NOT_RUN
        if self.findings:
            return Outcome.UNSAFE
        if self.run.fate is Fate.CRASHED or self.run.status:
            return Outcome.CRASH
        return Outcome.WRONG if self.mismatch else Outcome.PASS


@dataclass(frozen=True)
class Series:
    """What all the cases came to."""

    passed: int
    total: int
    failure: Trial | None
    last: Trial | None
    widest: Trial | None = None  # the wrong one with the most elements
    at_once: bool = False  # the first call of the process failed: nothing kept from earlier ones can be the reason


def content_seed(seed: int, case: Case) -> int:
    """The seed of one case's contents: the run's secret and the case decide it."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{case}".encode()).digest()[:7], "little")


def contents(spec: Spec, case: Case, seed: int, backend: str) -> dict[str, Any]:
    """A case's inputs; large ones are made on the GPU, where the timed ones are: both must be the same numbers."""
    large = backend == "cuda" and spec.moved(**case.sizes) >= LARGE
    g = torch.Generator(device="cuda" if large else "cpu").manual_seed(content_seed(seed, case))
    return spec.inputs(g, case.recipe, **case.sizes)


def planned(
    exercise: Exercise,
    spec: Spec,
    case: Case,
    values: dict[str, Any],
    want: dict[str, Any],
    seconds: float,
    slide: int = 0,
) -> layout.Layout:
    """Where the case's buffers lie; an output is as large as the oracle's, unless spec.py says otherwise."""
    outputs = {p.name for p in exercise.declaration.params if p.output}
    shapes = {n: tuple(want[n].shape) for n in outputs} | dict(spec.outputs(**case.sizes))
    return layout.lay(exercise, case, values, shapes, spec.workspace(**case.sizes), seconds, slide)


def fill(arena: Arena, exercise: Exercise, spec: Spec, case: Case, seed: int) -> Job:
    """Lays one case into an arena, for a tool that runs it without our checks."""
    values = contents(spec, case, seed, "cuda")
    plan = planned(exercise, spec, case, values, spec.oracle(**values, **case.sizes), 60.0)
    np.frombuffer(arena.bytes, np.uint8, plan.job.span)[:] = layout.image(plan, values, seed)
    return plan.job


@dataclass(frozen=True)
class Played:
    """One launch: what lay in the arena before and after, and what should lie there."""

    plan: layout.Layout
    values: dict[str, Any]
    want: dict[str, torch.Tensor]
    before: np.ndarray
    after: np.ndarray
    run: Run

    def tensor(self, contents: np.ndarray, name: str) -> torch.Tensor:
        """An output as allocated, where the oracle's lies."""
        return layout.output(self.plan, contents, name).to(self.want[name].device)

    @property
    def outputs(self) -> dict[str, torch.Tensor]:
        """What the launcher left behind."""
        return {name: self.tensor(self.after, name) for name in self.plan.shapes}

    def cut(self, contents: np.ndarray, name: str) -> torch.Tensor:
        """The part of an output that is the answer."""
        whole, want = self.tensor(contents, name), self.want[name]
        return whole[..., : want.shape[-1]] if want.dim() else whole


def play(exercise: Exercise, spec: Spec, worker: Worker, case: Case, seed: int, seconds: float) -> Played:
    """Make the inputs and run the launcher once."""
    secret = content_seed(seed, case)
    values = contents(spec, case, seed, worker.backend)
    want = spec.oracle(**values, **case.sizes)
    plan = planned(exercise, spec, case, values, want, seconds, slide=secret % 61)
    before = layout.image(plan, values, secret)
    arena = np.frombuffer(worker.arena.bytes, np.uint8, plan.job.span)
    arena[:] = before
    run = worker.run(plan.job)
    if killed(run):
        arena[:] = before
        run = worker.run(plan.job)
    return Played(plan, values, want, before, arena.copy(), run)


def attempt(exercise: Exercise, spec: Spec, worker: Worker, case: Case, seed: int, seconds: float) -> Trial:
    """One case, run and compared in everything."""
    p = play(exercise, spec, worker, case, seed, seconds)
    if p.run.fate is not Fate.RETURNED:
        return Trial(case, seed, p.run, findings=p.run.findings)
    findings = p.run.findings + check.untouched(p.plan, p.before, p.after)
    got = p.outputs
    for name, tensor in got.items():
        if tensor.dim() and (width := p.want[name].shape[-1]) < tensor.shape[-1]:
            findings += check.padding(name, tensor, p.tensor(p.before, name), width)
    mismatch = check.judge_outputs(got, p.want, exercise.tolerances)
    return Trial(case, seed, p.run, mismatch, findings=findings, played=p if mismatch else None)


def explain(exercise: Exercise, spec: Spec, worker: Worker, series: Series, seconds: float) -> Trial | None:
    """The smallest failure with its diagnosis: the same case is run again twice, after one with other contents."""
    trial = series.failure
    if trial is None or trial.played is None or trial.findings:
        return trial
    if trial.run.nodes == 0:
        told = "the launcher put no work on the stream: is a kernel launched at all?"
        return replace(trial, diagnosis=Diagnosis("unwritten", told))
    other, *again = [play(exercise, spec, worker, trial.case, trial.seed + n, seconds) for n in (1, 0, 0)]
    if any(one.run.fate is not Fate.RETURNED for one in (other, *again)):
        return trial
    found = diagnose(evidence(exercise, spec, trial, other, again))
    kept = found.pattern in DOUBTFUL and not series.at_once
    if kept and not any(_right(exercise, one) for one in again):
        if all(_alone(exercise, spec, worker, trial, seconds) for _ in range(2)):  # once may be luck
            found = Diagnosis("stale", STALE, found.picture)
    if found.pattern == "unknown" and (wide := series.widest):  # one element tells little
        wider = diagnose(evidence(exercise, spec, wide))
        if wider.pattern != "unknown":
            found = replace(wider, explanation=f"{wider.explanation} (seen at {wide.case})")
    return replace(trial, diagnosis=found)


def evidence(
    exercise: Exercise, spec: Spec, trial: Trial, other: Played | None = None, again: Sequence[Played] = ()
) -> Evidence:
    """All that is known of a wrong output; `other` had other contents, `again` the same."""
    assert trial.mismatch and trial.played
    name, p, sizes = trial.mismatch.argument, trial.played, trial.case.sizes
    return Evidence(
        name,
        p.cut(p.after, name),
        p.want[name],
        p.want.get(f"{name}__S"),
        p.cut(p.before, name),
        exercise.tolerances.get(name, exercise.tolerances[""]),
        p.run.launches,
        repeats=tuple(one.cut(one.after, name) for one in again),
        previous=other.want[name] if other else None,
        inputs={k: v for k, v in p.values.items() if torch.is_tensor(v)},
        swaps=exchanges(p.values, lambda v: spec.oracle(**v, **sizes)[name]),
    )


# Patterns that a kernel which keeps something between calls can show as well.
DOUBTFUL = frozenset({"unknown", "unwritten", "garbage", "overflow", "zero", "stale", "tail", "rows", "race"})
STALE = (
    "the same call is right in a fresh process and wrong after other calls: "
    "it keeps an answer, a counter or a pointer between calls, and must not"
)


def _alone(exercise: Exercise, spec: Spec, worker: Worker, trial: Trial, seconds: float) -> bool:
    """Whether the case is right as the only one of a process."""
    worker.renew()
    return _right(exercise, play(exercise, spec, worker, trial.case, trial.seed, seconds))


def _right(exercise: Exercise, p: Played) -> bool:
    returned = p.run.fate is Fate.RETURNED
    return returned and check.judge_outputs(p.outputs, p.want, exercise.tolerances) is None


def sample(exercise: Exercise, spec: Spec, seed: int, count: int, budget: int) -> tuple[Case, ...]:
    """About `count` drawn cases and the corners, run by nobody."""
    found: dict[Case, None] = {}

    @seeded(seed)
    @settings(max_examples=count, database=None, deadline=None, phases=(Phase.generate,), suppress_health_check=ALL)
    @given(cases.strategy(exercise, spec, budget))
    def drawn(case: Case) -> None:
        found[case] = None

    drawn()
    return tuple(found | dict.fromkeys(cases.corners(exercise, spec, budget)))


Once = Callable[[Worker, Case], "Trial"]


class _Failed(Exception):
    """Raised into hypothesis, which then shrinks."""


class Memo:
    """Runs each case once; after the first failure there is a time limit on new ones."""

    def __init__(self, once: Callable[[Case], Trial], progress: Callable[[int], None]) -> None:
        self.once, self.progress = once, progress
        self.trials: dict[Case, Trial] = {}
        self.deadline = float("inf")
        self.failure: Trial | None = None

    def keep(self, trial: Trial) -> Trial:
        self.trials[trial.case] = trial
        self.progress(len(self.trials))
        return trial

    def __call__(self, case: Case) -> None:
        if case not in self.trials and time.monotonic() < self.deadline:
            self.keep(self.once(case))
        trial = self.trials.get(case)
        if trial is None or trial.outcome is Outcome.PASS:
            return
        if self.failure is None:  # a hang costs its whole time limit again at every step
            slow = trial.outcome in (Outcome.TIMEOUT, Outcome.NOT_RUN)
            self.deadline = time.monotonic() + (0 if slow else SHRINK_SECONDS)
        self.failure = trial  # hypothesis ends on the smallest
        raise _Failed


def prefetch(memo: Memo, crew: Sequence[Worker], once: Once, chosen: Iterable[Case]) -> None:
    """Runs the cases hypothesis is going to draw, one worker a core; it then finds them done. Stops at a failure."""
    waiting, failed = deque(chosen), threading.Event()

    def work(worker: Worker) -> None:
        while not failed.is_set():
            try:
                case = waiting.popleft()
            except IndexError:
                return
            if memo.keep(once(worker, case)).outcome is not Outcome.PASS:
                failed.set()

    with ThreadPoolExecutor(len(crew)) as pool:
        list(pool.map(work, crew))  # a thread's exception comes out here


def series(
    exercise: Exercise, spec: Spec, crew: Sequence[Worker], seed: int, examples: int, budget: int, seconds: float,
    database: Path | None, progress: Callable[[int], None],
) -> Series:  # fmt: skip
    """Drawn cases, then the corners; stops at a failure and shrinks it."""

    def once(worker: Worker, case: Case) -> Trial:
        return attempt(exercise, spec, worker, case, seed, seconds)

    memo = Memo(lambda case: once(crew[0], case), progress)
    corners = cases.corners(exercise, spec, budget)  # the largest, plainest one last: its counts are shown
    if len(crew) > 1:
        prefetch(memo, crew, once, sample(exercise, spec, seed, examples, budget))
    kept: ExampleDatabase | None = DirectoryBasedExampleDatabase(database) if database else None

    @seeded(seed)
    @settings(
        max_examples=examples, database=kept, deadline=None, verbosity=Verbosity.quiet, print_blob=False,
        report_multiple_bugs=False, suppress_health_check=ALL,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(cases.strategy(exercise, spec, budget))
    def drawn(case: Case) -> None:
        memo(case)

    with contextlib.suppress(_Failed, Flaky), contextlib.redirect_stderr(io.StringIO()):
        drawn()
        for corner in corners:
            memo(corner)
    passed = sum(t.outcome is Outcome.PASS for t in memo.trials.values())
    wrong = [t for t in memo.trials.values() if t.mismatch and t.played and not t.findings]
    widest = max(wrong, key=lambda t: t.mismatch.total if t.mismatch else 0, default=None)
    first = next(iter(memo.trials.values()))
    at_once = first.outcome is not Outcome.PASS
    return Series(passed, len(memo.trials), memo.failure, memo.trials.get(corners[-1]), widest, at_once)


def arena_size(budget: int) -> int:
    """Room for a case's contents with red zones and a workspace; sparse, so generous."""
    return 4 * budget + (64 << 20)
