"""From a case that fails to a smaller one that fails in the same way, where hypothesis did not draw it.

Halves first, of all sizes together and then of each alone; what is left to gain after that is less than a factor of two
in each, so it is looked for only where a step costs next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from grader import cases
from grader.cases import Series, Trial
from grader.isolate import Worker
from grader.model import Case, Exercise
from grader.spec import Spec

SECONDS = 10.0
CHEAP = 1 / 20  # of the time, at most, for a step that gains less than a factor of two


def smallest(
    exercise: Exercise, spec: Spec, worker: Worker, series: Series, took: float, seconds: float = SECONDS
) -> Series:
    """The series with the smallest failure found in so many seconds; as it was if that fails only after other calls.

    `took`: what the series' failure took, in seconds. A hang is not repeated.
    """
    assert series.failure
    search = _Search(exercise, spec, worker, series.failure, took, seconds)
    wide = search.halved()
    least = search.refined()
    if least is series.failure:
        return series
    worker.renew()  # a replay's is the first call of its process
    again = cases.attempt(exercise, spec, worker, least.case, least.seed, seconds)
    if again.outcome is not series.failure.outcome:
        return series
    return replace(series, failure=again, widest=(wide,) if wide is not least else (), at_once=True)


@dataclass
class _Search:
    """The search under way."""

    exercise: Exercise
    spec: Spec
    worker: Worker
    least: Trial
    took: float  # of `least`
    seconds: float
    passed: set[Case] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.limit = min(self.seconds, cases.shrinking(self.least.outcome))
        self.over = time.monotonic() + self.limit

    def halved(self) -> Trial:
        names = tuple(self.spec.sizes)
        for some in (names, *((name,) for name in names)):
            halve(self.spec, self.least.case, some, self.fails)
        return self.least

    def refined(self) -> Trial:
        self.limit *= CHEAP
        for name in self.spec.sizes:
            n = self.least.case.sizes[name]
            bisect(self.least.case, name, max(self.spec.sizes[name].low, n // 2), self.fails)
        return self.least

    def fails(self, case: Case) -> bool:
        """In the same way as before; False also where it is not likely to be known in time."""
        at = time.monotonic()
        left = self.over - at
        if case in self.passed or self.took * work(self.spec, self.least.case, case) > min(left, self.limit):
            return False
        trial = cases.attempt(self.exercise, self.spec, self.worker, case, self.least.seed, left)
        if trial.outcome is not self.least.outcome:
            self.passed.add(case)
            return False
        self.least, self.took = trial, time.monotonic() - at
        return True


def halve(spec: Spec, case: Case, names: Iterable[str], fails: Callable[[Case], bool]) -> None:
    """Asks `fails` of the case with these sizes halved, and halved again, as long as it does."""
    lows = {name: spec.sizes[name].low for name in names}
    while (smaller := _half(case, lows)) != case and fails(smaller):
        case = smaller


def _half(case: Case, lows: dict[str, int]) -> Case:
    return replace(case, sizes={**case.sizes, **{name: max(case.sizes[name] // 2, low) for name, low in lows.items()}})


def bisect(case: Case, name: str, low: int, fails: Callable[[Case], bool]) -> None:
    """Asks `fails` of smaller values of one size, the case itself being known to fail."""
    high = case.sizes[name]
    while low < high:
        middle = (low + high) // 2
        if fails(replace(case, sizes={**case.sizes, name: middle})):
            high = middle
        else:
            low = middle + 1


def work(spec: Spec, one: Case, other: Case) -> float:
    """How many times the first one's work the second is: by what grows fastest, bytes, operations or a single size."""
    pairs = [(spec.moved(**one.sizes), spec.moved(**other.sizes)), (spec.flops(**one.sizes), spec.flops(**other.sizes))]
    pairs += [(one.sizes[name], n) for name, n in other.sizes.items()]
    return max(b / max(a, 1) for a, b in pairs)
