"""Every run on a GPU is also checked by the simulator, at the same time, on idle CPU cores, at small sizes.

A missing barrier, an overrun or an uninitialised read may give right numbers on today's GPU; here it is found.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field

from grader import backends, blame, build, cases, isolate
from grader import case as case_
from grader.isolate import Worker
from grader.model import Case, Outcome, Request, Stage
from grader.spec import Spec
from grader.translate import Refused

CASES = 6  # drawn ones, beside the corners
MORE, SHORT = 18, 0.4  # drawn ones, as long as all of them take no more seconds: cases and timing take about as long
BUDGET = 1 << 16  # bytes one case may move: several blocks, and still milliseconds
CASE_SECONDS = 5.0
SECONDS = 10.0  # for those that must be


@dataclass
class Strict:
    """The check under way. Made and closed by the judge's main thread; a second thread waits for the worker."""

    request: Request
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    worker: Worker | None = None
    pending: build.Pending | None = None
    spec: Spec | None = None  # once its cases are chosen
    seed: int = 0
    must: tuple[Case, ...] = ()
    more: tuple[Case, ...] = ()
    thread: threading.Thread | None = None
    why_not: str = ""
    cut_short: str = ""  # why not all cases were tried
    trials: list[cases.Trial] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None

    def __enter__(self) -> Strict:
        """Starts the compiler and a worker, or notes why this source is not simulated."""
        self.why_not = _why_not(self.request)
        if self.why_not:
            return self
        try:
            self.pending = build.begin(self.request.exercise, self.request.text, "simulator")
        except Refused as refused:
            self.why_not = str(refused)
            return self
        self.worker = self.stack.enter_context(isolate.start("simulator", cases.arena_size(BUDGET), {"traced": 0}))
        return self

    def __exit__(self, *_: object) -> None:
        if self.worker:
            self.worker.cancel()
        if self.thread:
            self.thread.join()
        if self.pending and self.pending.child:
            self.pending.stop()
        self.stack.close()

    def choose(self, spec: Spec, seed: int) -> None:
        """The cases; it takes a while, and compilers are at work."""
        self.spec, self.seed = spec, seed
        if self.why_not:
            return
        chosen = cases.sample(self.request.exercise, spec, seed, CASES + MORE, BUDGET)
        corners = case_.corners(self.request.exercise, spec, BUDGET)
        plain = tuple(case for case in chosen if case not in corners)
        self.must, self.more = plain[:CASES] + corners, plain[CASES:]

    def begin(self) -> None:
        """Runs them behind the judge's back."""
        if not self.why_not:
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()

    def _run(self) -> None:
        try:
            self._check()
        except Exception as error:  # raised again by the main thread, unless it is the one that cancelled
            self.error = error

    def _check(self) -> None:
        assert self.pending and self.worker and self.spec
        started = time.monotonic()
        built = self.pending.wait()
        if built.errors:
            self.why_not = "the simulator's compiler does not accept it"
            return
        exercise, began = self.request.exercise, time.monotonic()
        self.worker.add(built.library, exercise.declaration.launcher)
        for case in self.must + self.more:
            trial = cases.attempt(exercise, self.spec, self.worker, case, self.seed, CASE_SECONDS)
            if trial.outcome in (Outcome.TIMEOUT, Outcome.NOT_RUN):  # nothing against it: slow here, or not simulated
                said = trial.findings[0].text if trial.findings else trial.run.message
                self.cut_short = f"ended at {case}: {said.partition(':')[0]}"
                break
            self.trials.append(trial)
            if trial.findings or self._enough(time.monotonic() - began):
                break
        self.seconds = time.monotonic() - started

    def _enough(self, took: float) -> bool:
        return took > SECONDS or (took > SHORT and len(self.trials) >= len(self.must))

    def failure(self, wait: bool) -> cases.Trial | None:
        """The case with a finding, if one has been seen so far; with `wait`, after all of them."""
        if self.thread and wait:
            self.thread.join()
        if self.error:
            raise self.error
        if wait:
            self.trials = [self._blamed(trial) for trial in self.trials]
        return next((t for t in self.trials if t.outcome is Outcome.UNSAFE), None)

    def _blamed(self, trial: cases.Trial) -> cases.Trial:
        """A GPU's register may hold the right value by luck."""
        if trial.outcome is not Outcome.WRONG or any(t.findings for t in self.trials):
            return trial
        assert self.spec
        return blame.blamed(self.request.exercise, self.spec, self.request.text, trial, {})

    def stage(self) -> Stage:
        """One line of the verdict."""
        if self.why_not or not self.trials:
            return Stage("simulator", "skipped", why=self.why_not or self.cut_short)
        bad = sum(bool(t.findings) for t in self.trials)
        status = "fail" if bad else "pass"
        passed, total = len(self.trials) - bad, len(self.trials)
        return Stage("simulator", status, 1000 * self.seconds, passed, total, self.cut_short)


def _why_not(request: Request) -> str:
    if not request.simulate:
        return "--no-simulate was given"
    if request.case:
        return "one case only"
    return request.exercise.unsimulated or str(backends.get("simulator").why_not())
