"""Larger sizes on the simulator, unchecked and on all cores: what only size brings out.

A grid that ends at 65,535, too few rounds of a grid-stride loop, an index that overflows: the checked cases are too
small for them. First each size alone beyond 65,535, if a kernel can do that in its share of the time; then towards the
timed shapes in steps of four, while the next step is likely to fit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader import case as case_
from grader import cases, shrink
from grader.cases import Series, Trial
from grader.isolate import Worker
from grader.model import Case, Exercise, Outcome, Stage
from grader.spec import Spec

SECONDS = 0.4  # for all of it
RESERVE = 0.1  # of them, for each direction to come
SURE, HURRIED = 1 << 23, 4  # bytes: so far a climb should come whoever has the cores, in so many times its share
CASE_SECONDS = 5.0  # ten times and more what was expected of the case: it hangs, or others have the cores
PATIENCE = 30.0  # to tell the one from the other
SHRINK_SECONDS = 3.0
FIRST, LAST, STEP = 1 << 15, 1 << 26, 4  # bytes that the first and the last case towards a timed shape may move
GRID = 65_535  # where gridDim.y and gridDim.z end
BEYOND = 70_001  # above it, and no multiple of anything
LONG = 1 << 22  # bytes that a case beyond it may move


@dataclass
class Climb:
    """The climb under way: what was run, how far it went, what failed."""

    exercise: Exercise
    spec: Spec
    worker: Worker
    seed: int
    trials: list[Trial] = field(default_factory=list)
    tops: list[Case] = field(default_factory=list)  # the largest of each direction
    found: Series | None = None  # the failure, once there is one
    took: float = 0.0  # the last trial, in seconds
    seconds: float = 0.0

    def run(self, seconds: float) -> Climb:
        """All directions; what one leaves of its time is for the others."""
        self.worker.adjust({"checking": False})
        started = time.monotonic()
        long, timed = beyond(self.exercise, self.spec), shapes(self.exercise, self.spec)
        for i, target in enumerate((*long, *timed)):
            left = seconds - (time.monotonic() - started) - RESERVE * (len(long) + len(timed) - i - 1)
            (self._jump if i < len(long) else self._climb)(target, max(left, RESERVE))
            if self.found:
                self.found = shrink.smallest(
                    self.exercise, self.spec, self.worker, self.found, self.took, SHRINK_SECONDS
                )
                break
        self.seconds = time.monotonic() - started
        return self

    @property
    def failure(self) -> Trial | None:
        return self.found.failure if self.found else None

    def _jump(self, target: Mapping[str, int], seconds: float) -> None:
        """Straight there, for what a launch refuses it refuses at once. Too slow is no mistake."""
        case = Case(dict(target), self.spec.recipes[0])
        trial = self._try(case, seconds)
        if trial.outcome is Outcome.TIMEOUT:
            self.trials.remove(trial)
        elif self._passed(trial):
            self.tops.append(case)

    def _climb(self, target: Mapping[str, int], seconds: float) -> None:
        began, before = time.monotonic(), None
        for case in steps(self.spec, target):
            share = seconds * (HURRIED if self.spec.moved(**case.sizes) <= SURE else 1)
            left = share - (time.monotonic() - began)
            if before and self.took * shrink.work(self.spec, before, case) > left:
                break
            trial = self._try(case, CASE_SECONDS)
            if trial.outcome is Outcome.TIMEOUT:
                self.trials.remove(trial)
                self._passed(self._try(case, PATIENCE))
                return
            if not self._passed(trial):
                return
            before = case
        if before:
            self.tops.append(before)

    def _try(self, case: Case, seconds: float) -> Trial:
        at = time.monotonic()
        trial = cases.attempt(self.exercise, self.spec, self.worker, case, self.seed, seconds)
        self.took = time.monotonic() - at
        self.trials.append(trial)
        return trial

    def _passed(self, trial: Trial) -> bool:
        if trial.outcome not in (Outcome.PASS, Outcome.NOT_RUN):  # what the simulator cannot run is nobody's mistake
            self.found = Series(0, 1, trial, trial)
        return trial.outcome is Outcome.PASS

    def stage(self) -> Stage:
        """One line of the verdict."""
        bad = sum(t.outcome is not Outcome.PASS for t in self.trials)
        why = f"unchecked, up to {'; '.join(map(_told, self.tops))}" if self.tops and not bad else ""
        status = "fail" if self.failure else "pass"
        return Stage("large", status, 1000 * self.seconds, len(self.trials) - bad, len(self.trials), why)


def _told(case: Case) -> str:
    """Its sizes; those that are small beside the largest go without saying."""
    least = max(case.sizes.values()) / 1000
    return ", ".join(f"{name}={n}" for name, n in case.sizes.items() if n > least)


def shapes(exercise: Exercise, spec: Spec) -> tuple[dict[str, int], ...]:
    """The timed shapes."""
    return tuple({name: shape[name] for name in spec.sizes} for shape in exercise.timed)


def beyond(exercise: Exercise, spec: Spec) -> tuple[dict[str, int], ...]:
    """Each size alone above 65,535, where the way to a timed shape does not get there in time."""
    timed = shapes(exercise, spec)
    reached = [case_.fit(spec, shape, LAST // STEP) for shape in timed]
    least = {name: max(s.low, min(s.high, 1)) for name, s in spec.sizes.items()}
    found = []
    for name, s in spec.sizes.items():
        highest = max(s.high, *(shape[name] for shape in timed))
        target = {**least, name: min(highest, BEYOND)}
        near = any(shape[name] > GRID for shape in reached)
        if highest > GRID and not near and spec.moved(**target) <= LONG:
            found.append(target)
    return tuple(found)


def steps(spec: Spec, target: Mapping[str, int]) -> Iterator[Case]:
    """Plain cases towards the target, each moving about four times the bytes of the one before."""
    budget, last = FIRST, None
    while budget <= LAST and last != target:
        sizes = case_.fit(spec, target, budget)
        if sizes != last and spec.moved(**sizes) <= budget:
            yield Case(sizes, spec.recipes[0])
        budget, last = budget * STEP, sizes
