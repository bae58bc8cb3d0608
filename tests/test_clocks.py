"""Two clocks on the same calls: what they say together, and when they say nothing."""

from __future__ import annotations

import random

import pytest

from grader import clocks
from grader.clocks import Pair

UPLOAD, REST = 32_000.0, 34_000.0  # µs: 1.6 GB in at 50 GB/s; poison, flush, 0.8 GB out, two messages


def calls(learner: float, reference: float, claimed: float, noise: float, pairs: int = 8, seed: int = 0) -> list[Pair]:
    """As measure takes them: every second pair the other way round; the first of a pair uploads."""
    r = random.Random(seed)

    def wall(us: float, first: bool) -> float:
        return UPLOAD * first + REST + 2 * us + abs(r.gauss(0, noise))

    made = []
    for n in range(pairs):
        first = n % 2 == 0
        made.append(Pair(claimed, reference, wall(learner, first), wall(reference, not first), first))
    return made


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("learner", "reference"), [(5.0, 5.0), (600.0, 640.0), (640.0, 5000.0), (5000.0, 640.0)])
def test_an_honest_time_is_believed(learner: float, reference: float, seed: int) -> None:
    assert clocks.contradiction(calls(learner, reference, learner, noise=400.0, seed=seed)) == ""


@pytest.mark.parametrize("seed", range(10))
def test_a_forged_small_time_is_seen_by_the_other_clock(seed: int) -> None:
    said = clocks.contradiction(calls(5000.0, 5000.0, claimed=50.0, noise=400.0, seed=seed))
    assert "outside the timed events" in said and "50 µs" in said


def test_a_time_longer_than_the_call_is_tampered_with() -> None:
    honest = calls(600.0, 600.0, 600.0, noise=10.0)
    slowed = [Pair(p.learner_us, 10 * REST, p.learner_wall, p.reference_wall, p.learner_first) for p in honest]
    assert "tampered" in clocks.contradiction(slowed)


def test_what_cannot_be_concluded_is_not() -> None:
    """20 µs hidden under 400 µs of noise; or too few pairs in one of the orders."""
    assert clocks.contradiction(calls(25.0, 25.0, claimed=5.0, noise=400.0)) == ""
    forged = calls(5000.0, 5000.0, claimed=50.0, noise=10.0)
    assert clocks.hidden([p for p in forged if p.learner_first]) is None and clocks.hidden(forged[:6]) is None
