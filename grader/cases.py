"""Many cases: hypothesis draws them, the worker runs them, the smallest failing one is kept.

The failing function is memoised, so that shrinking repeats nothing and ends when the time is up.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.errors import Flaky

from grader import case as cases
from grader import check, conditions, gpu, interrupt, isolate, layout
from grader.isolate import Arena, Worker, killed
from grader.model import Case, Diagnosis, Exercise, Fate, Finding, Job, Mismatch, Outcome, Run
from grader.spec import Spec

SHRINK_SECONDS = 20.0
CRASH_SECONDS = 6.0  # of shrinking a crash, where every step costs a new process
PLACES = 17  # where buffers may begin: fresh addresses, and some that were seen before
LARGE = 2 << 20  # bytes moved, and more; the drawn cases are no larger
WIDE, LOOKS = 64, 8  # elements that show a pattern; large cases that are tried for so many
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
    widest: tuple[Trial, ...] = ()  # the wrong one with the most elements, and the one of plain contents
    at_once: bool = False  # the first call of the process failed: nothing kept from earlier ones can be the reason


def content_seed(seed: int, case: Case) -> int:
    """The seed of one case's contents: the run's secret and the case decide it."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{case}".encode()).digest()[:7], "little")


def contents(spec: Spec, case: Case, seed: int, backend: str) -> dict[str, Any]:
    """A case's inputs; large ones are made on the GPU, where the timed ones are: both must be the same numbers."""
    large = backend == "cuda" and spec.moved(**case.sizes) > LARGE
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
    outputs = [p.name for p in exercise.declaration.params if p.output]  # not a set: each process has another order
    shapes = {n: tuple(want[n].shape) for n in outputs} | dict(spec.outputs(**case.sizes))
    return layout.lay(exercise, case, values, shapes, spec.workspace(**case.sizes), seconds, slide)


@dataclass(frozen=True)
class Call:
    """A case with its contents, ready to be launched: what will lie in the arena, and what should lie there after."""

    case: Case
    seed: int
    plan: layout.Layout
    values: dict[str, Any]
    want: dict[str, torch.Tensor]
    before: np.ndarray
    canonical: Callable[[dict[str, Any]], dict[str, Any]]


def prepare(
    exercise: Exercise, spec: Spec, case: Case, seed: int, backend: str, seconds: float, moved: int = -1
) -> Call:  # fmt: skip
    """Makes the inputs, the answer and the arena's bytes. Where the buffers lie follows from the seed as well, unless
    it is said."""
    secret = content_seed(seed, case)
    values = contents(spec, case, seed, backend)
    want = spec.oracle(**values, **case.sizes)
    plan = planned(exercise, spec, case, values, want, seconds, slide(seed, case) if moved < 0 else moved)
    canonical = partial(spec.canonical, **values, **case.sizes)
    return Call(case, seed, plan, values, want, layout.image(plan, values, secret), canonical)


def uncounted(call: Call) -> Call:
    """Counting sectors and wavefronts is a quarter of a checked run and more, and one case's are shown."""
    return replace(call, plan=replace(call.plan, job=replace(call.plan.job, counted=False)))


def slide(seed: int, case: Case) -> int:
    """By how many places all of a case's buffers are moved."""
    return content_seed(seed, case) % PLACES


def fill(arena: Arena, exercise: Exercise, spec: Spec, case: Case, seed: int) -> Job:
    """Lays one case into an arena, for a tool that runs it without our checks."""
    call = prepare(exercise, spec, case, seed, "cuda", 60.0)
    np.frombuffer(arena.bytes, np.uint8, call.plan.job.span)[:] = call.before
    return call.plan.job


@dataclass(frozen=True)
class Played:
    """One launch: what lay in the arena before and after, and what should lie there."""

    plan: layout.Layout
    values: dict[str, Any]
    want: dict[str, torch.Tensor]
    before: np.ndarray
    after: np.ndarray
    run: Run
    canonical: Callable[[dict[str, Any]], dict[str, Any]]

    def tensor(self, contents: np.ndarray, name: str) -> torch.Tensor:
        """An output as allocated, where the oracle's lies."""
        return layout.output(self.plan, contents, name).to(self.want[name].device)

    @property
    def outputs(self) -> dict[str, torch.Tensor]:
        """What the launcher left behind."""
        return self.settled(self.after)

    def settled(self, contents: np.ndarray) -> dict[str, torch.Tensor]:
        """All outputs; where several answers are right, in the oracle's form."""
        return self.canonical({name: self.tensor(contents, name) for name in self.plan.shapes})

    def cut(self, contents: np.ndarray, name: str) -> torch.Tensor:
        """The part of an output that is the answer."""
        whole, want = self.settled(contents)[name], self.want[name]
        return whole[..., : want.shape[-1]] if want.dim() else whole


def play(exercise: Exercise, spec: Spec, worker: Worker, case: Case, seed: int, seconds: float) -> Played:
    """Make the inputs and run the launcher once."""
    return launch(worker, prepare(exercise, spec, case, seed, worker.backend, seconds))


def launch(worker: Worker, call: Call) -> Played:
    arena = np.frombuffer(worker.arena.bytes, np.uint8, call.plan.job.span)
    arena[:] = call.before
    run = worker.run(call.plan.job)
    if killed(run) or _excused(worker, run):
        arena[:] = call.before
        run = worker.run(call.plan.job)
    return Played(call.plan, call.values, call.want, call.before, arena.copy(), run, call.canonical)


def _excused(worker: Worker, run: Run) -> bool:
    """Whether it may be another process's fault. Once a worker: what crashes now and then crashes."""
    if worker.excused or run.fate is not Fate.CRASHED or not isolate.caught(run.message):
        return False
    worker.excused = conditions.shared(gpu.state(isolate.contexts()))
    return worker.excused


def once_more(worker: Worker, trial: Trial, seconds: float) -> Played:
    """A wrong case's contents again, without making them."""
    assert trial.played
    p = trial.played
    plan = replace(p.plan, job=replace(p.plan.job, seconds=seconds))
    return launch(worker, Call(trial.case, trial.seed, plan, p.values, p.want, p.before, p.canonical))


def attempt(exercise: Exercise, spec: Spec, worker: Worker, case: Case, seed: int, seconds: float) -> Trial:
    """One case, run and compared in everything."""
    return tried(exercise, worker, prepare(exercise, spec, case, seed, worker.backend, seconds))


def tried(exercise: Exercise, worker: Worker, call: Call) -> Trial:
    p, case, seed = launch(worker, call), call.case, call.seed
    if p.run.fate is not Fate.RETURNED:
        return Trial(case, seed, p.run, findings=p.run.findings)
    findings = p.run.findings + check.untouched(p.plan, p.before, p.after)
    for name in p.plan.shapes:
        tensor = p.tensor(p.after, name)
        if tensor.dim() and (width := p.want[name].shape[-1]) < tensor.shape[-1]:
            findings += check.padding(name, tensor, p.tensor(p.before, name), width)
    mismatch = check.judge_outputs(p.outputs, p.want, exercise.tolerances)
    return Trial(case, seed, p.run, mismatch, findings=findings, played=p if mismatch else None)


def sample(exercise: Exercise, spec: Spec, seed: int, count: int, budget: int) -> tuple[Case, ...]:
    """About `count` drawn cases, what they leave out and the corners, run by nobody."""
    found: dict[Case, None] = {}

    @seeded(seed)
    @settings(max_examples=count, database=None, deadline=None, phases=(Phase.generate,), suppress_health_check=ALL)
    @given(cases.strategy(exercise, spec, budget))
    def drawn(case: Case) -> None:
        found[case] = None

    drawn()
    more = (*cases.crossed(spec, found), *cases.corners(exercise, spec, budget))
    return tuple(found | dict.fromkeys(more))


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

    @property
    def failed(self) -> bool:
        return any(t.outcome is not Outcome.PASS for t in self.trials.values())

    def keep(self, trial: Trial) -> Trial:
        self.trials[trial.case] = trial
        self.progress(len(self.trials))
        return trial

    def __call__(self, case: Case) -> None:
        interrupt.check()
        if case not in self.trials and time.monotonic() < self.deadline:
            self.keep(self.once(case))
        trial = self.trials.get(case)
        if trial is None or trial.outcome is Outcome.PASS:
            return
        if self.failure is None:  # a hang costs its whole time limit again at every step
            self.deadline = time.monotonic() + shrinking(trial.outcome)
        self.failure = trial  # hypothesis ends on the smallest
        raise _Failed


def shrinking(outcome: Outcome) -> float:
    """Seconds that a smaller failure is worth."""
    if outcome in (Outcome.TIMEOUT, Outcome.NOT_RUN):
        return 0.0
    return min(CRASH_SECONDS, SHRINK_SECONDS) if outcome is Outcome.CRASH else SHRINK_SECONDS


def each(memo: Memo, crew: Sequence[Worker], once: Once, chosen: Iterable[Case]) -> None:
    """Runs the cases, one worker a core. Stops at a failure."""
    waiting, failed = deque(chosen), threading.Event()

    def work(worker: Worker) -> None:
        while not failed.is_set():
            try:
                case = waiting.popleft()
            except IndexError:
                return
            if memo.keep(once(worker, case)).outcome is not Outcome.PASS:
                failed.set()

    with futures.ThreadPoolExecutor(len(crew)) as pool:
        try:
            running = [pool.submit(work, worker) for worker in crew]
            while futures.wait(running, timeout=0.1).not_done:
                interrupt.check()
            for one in running:
                one.result()  # a thread's exception comes out here
        except BaseException:  # Ctrl-C too: nobody waits for the other answers
            for worker in crew:
                worker.cancel()
            raise


@dataclass(frozen=True)
class Ahead:
    """A series to come: its cases, and the calls that were prepared while the compiler ran."""

    seed: int
    examples: int  # drawn by hypothesis; corners come on top
    budget: int  # bytes one case may move
    seconds: float  # time limit of one case
    chosen: tuple[Case, ...] = ()
    calls: dict[Case, Call] = field(default_factory=dict)


def prepared(exercise: Exercise, spec: Spec, backend: str, ahead: Ahead, enough: Callable[[], bool]) -> Ahead:
    """Chooses the cases, and makes their contents until it is `enough`."""
    chosen = sample(exercise, spec, ahead.seed, ahead.examples, ahead.budget)
    waiting = itertools.takewhile(lambda _: not enough(), chosen)
    calls = {case: prepare(exercise, spec, case, ahead.seed, backend, ahead.seconds) for case in waiting}
    return replace(ahead, chosen=chosen, calls=calls)


def series(
    exercise: Exercise, spec: Spec, crew: Sequence[Worker], ahead: Ahead, database: Path | None,
    progress: Callable[[int], None],
) -> Series:  # fmt: skip
    """Runs the chosen cases, corners last. A failure is shrunk, and kept to be tried first next time."""

    def once(worker: Worker, case: Case) -> Trial:
        call = ahead.calls.pop(case, None)
        call = call or prepare(exercise, spec, case, ahead.seed, worker.backend, ahead.seconds)
        return tried(exercise, worker, call if case == ahead.chosen[-1] else uncounted(call))

    memo = Memo(lambda case: once(crew[0], case), progress)
    kept = database is not None and any(path.is_file() for path in database.rglob("*"))
    if not kept or len(crew) > 1:
        each(memo, crew, once, ahead.chosen)
    if kept or memo.failed:
        with contextlib.suppress(_Failed, Flaky), contextlib.redirect_stderr(io.StringIO()):
            drawn(exercise, spec, ahead, database, memo)
    if memo.failure and memo.failure.outcome is Outcome.WRONG:
        plain = dict.fromkeys(replace(case, recipe=spec.recipes[0]) for case in ahead.chosen)  # few were drawn so
        _widen(memo, sorted(plain, key=lambda case: -spec.moved(**case.sizes))[:LOOKS])
    return _series(memo, memo.trials.get(ahead.chosen[-1]), spec.recipes[0])


def _width(trial: Trial) -> int:
    return trial.mismatch.total if trial.mismatch else 0


def _widen(memo: Memo, largest: Sequence[Case]) -> None:
    """Until one wrong answer has many elements: few look the same for many mistakes, and so do elements all alike."""
    for case in largest:
        if any(_width(t) >= WIDE for t in memo.trials.values() if t.case.recipe == case.recipe):
            return
        if case not in memo.trials and memo.keep(memo.once(case)).outcome not in (Outcome.PASS, Outcome.WRONG):
            return


def drawn(exercise: Exercise, spec: Spec, ahead: Ahead, database: Path | None, memo: Memo) -> None:
    """Kept failures, then the same cases that `sample` chose, then smaller ones than the first that fails."""
    kept: ExampleDatabase | None = DirectoryBasedExampleDatabase(database) if database else None

    @seeded(ahead.seed)
    @settings(
        max_examples=ahead.examples, database=kept, deadline=None, verbosity=Verbosity.quiet, print_blob=False,
        report_multiple_bugs=False, suppress_health_check=ALL,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(cases.strategy(exercise, spec, ahead.budget))
    def draw(case: Case) -> None:
        memo(case)

    draw()
    for case in ahead.chosen:
        memo(case)


def _series(memo: Memo, last: Trial | None, plain: str) -> Series:
    """`last` is of the largest, plainest case: its counts are shown."""
    passed = sum(t.outcome is Outcome.PASS for t in memo.trials.values())
    wrong = [t for t in memo.trials.values() if t.mismatch and t.played and not t.findings]
    some = [wrong, [t for t in wrong if t.case.recipe == plain]]
    wide = {t.case: t for t in (max(one, key=_width) for one in some if one)}
    first = next(iter(memo.trials.values()))
    return Series(passed, len(memo.trials), memo.failure, last, tuple(wide.values()), first.outcome is not Outcome.PASS)


def arena_size(budget: int) -> int:
    """Room for a case's contents with red zones and a workspace; sparse, so generous."""
    return 4 * budget + (64 << 20)
