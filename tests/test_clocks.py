"""Two clocks on the same calls: what they say together, and when they say nothing."""

from __future__ import annotations

import random

import pytest

from grader import clocks, measure
from grader.clocks import Batch, Pair

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
    assert "tampered" in clocks.ahead(slowed) and not clocks.ahead(honest)


def test_what_cannot_be_concluded_is_not() -> None:
    """20 µs hidden under 400 µs of noise; or too few pairs in one of the orders."""
    assert clocks.contradiction(calls(25.0, 25.0, claimed=5.0, noise=400.0)) == ""
    forged = calls(5000.0, 5000.0, claimed=50.0, noise=10.0)
    assert clocks.hidden([p for p in forged if p.learner_first]) is None and clocks.hidden(forged[:6]) is None


# ---------------------------------------------------------------- batches

FLUSH, MESSAGE = 90.0, 60.0  # µs: of five caches of 50 MB; there and back


def batch(us: float, noise: float = 0.0, seed: int = 0) -> Batch:
    """As measure takes them: the quickest of two, whose messages may be late."""
    r = random.Random(f"{us} {seed}")

    def wall(us: float, calls: int) -> float:
        return min(MESSAGE + calls * (FLUSH + 2 * us) + abs(r.gauss(0, noise)) for _ in range(clocks.ROUNDS))

    calls = clocks.calls(wall(us, 1))
    return Batch(wall(us, calls), wall(0.0, calls), calls)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(
    ("learner", "reference"),
    [(5.0, 5.0), (5.0, 50.0), (50.0, 50.0), (60.0, 50.0), (50.0, 600.0), (600.0, 640.0), (5000.0, 5000.0)],
)
def test_an_honest_ratio_is_believed(learner: float, reference: float, seed: int) -> None:
    """Events that see 5 % more or less, and messages that are late by 100 µs."""
    r = random.Random(seed)
    seen = [us * r.uniform(0.95, 1.05) for us in (learner, reference)]
    assert clocks.outrun(*seen, batch(learner, 100.0, seed), batch(reference, 100.0, seed)) == ""


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("us", "claimed"), [(50.0, 25.0), (500.0, 350.0), (5000.0, 3500.0)])
def test_a_forged_ratio_is_seen_by_the_batches(us: float, claimed: float, seed: int) -> None:
    learner, reference = batch(us, 30.0, seed), batch(us, 30.0, seed + 100)
    said = clocks.outrun(claimed, us, learner, reference)
    assert f"{claimed:.3g} µs beside" in said and "tampered" in said
    assert "tampered" in clocks.outrun(us, us * us / claimed, learner, reference), "the reference's, forged large"


def undetected(us: float) -> float:
    """How many times faster than it is a kernel as fast as the reference may call itself; infinite: as it likes."""
    real = batch(us)
    steps = [1 + n / 1000 for n in range(4000)]
    return max((gain for gain in steps if not clocks.outrun(us / gain, us, real, real)), default=1.0)


@pytest.mark.parametrize(("us", "most"), [(50.0, 1.6), (500.0, 1.31), (5000.0, 1.27)])
def test_what_can_be_gained_by_forging_alone(us: float, most: float) -> None:
    """The table in docs/cheats.md."""
    assert undetected(us) == pytest.approx(most, abs=0.01)


def test_at_five_microseconds_only_the_roofline_bounds_it() -> None:
    assert clocks.outrun(0.01, 5.0, batch(5.0), batch(5.0)) == ""


def test_what_pairs_alone_would_leave() -> None:
    """Why there are batches: 50 µs could be forged to nothing, 5 ms to two thirds."""
    assert clocks.contradiction(calls(50.0, 50.0, claimed=0.1, noise=0.0)) == ""
    assert clocks.contradiction(calls(5000.0, 5000.0, claimed=3340.0, noise=0.0)) == ""


@pytest.mark.parametrize(("wall", "calls"), [(155.0, 32), (60.0, 64), (1.0, 64), (10_095.0, 1), (1e6, 1)])
def test_a_batch_takes_milliseconds(wall: float, calls: int) -> None:
    assert clocks.calls(wall) == calls


def test_batches_are_timed_here_and_the_quickest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = 0.0, []

    def ask(library: int, calls: int) -> None:
        nonlocal now
        asked.append((library, calls))
        us = {0: 1000.0, 1: 500.0, measure.NOTHING: 0.0}[library]
        now += 1e-6 * (MESSAGE + calls * (FLUSH + 2 * us) + (999.0 if 3 < len(asked) < 6 else 0.0))

    monkeypatch.setattr(measure.time, "perf_counter", lambda: now)
    learner, reference = measure.batches(ask)
    assert asked == [(0, 1), (1, 1), *[(0, 2), (-1, 2), (1, 4), (-1, 4)] * 2]
    assert (learner.each, reference.each) == pytest.approx((1000.0, 500.0))


@pytest.mark.parametrize(
    ("said", "expected", "asked"),
    [
        (["", "x"], "", 1),
        (["x", "", "x"], "", 2),  # another process had its turn on the GPU
        (["x", "x", "y"], "y", 3),
    ],
)
def test_a_forgery_is_one_when_it_lasts(said: list[str], expected: str, asked: int) -> None:
    left = list(said)
    assert measure.confirmed(lambda: left.pop(0)) == expected
    assert len(said) - len(left) == asked


@pytest.mark.parametrize("seed", range(20))
def test_beside_others_more_rounds_see_more(seed: int) -> None:
    """Every other batch meets another process for a few ms; both are then found nearly as they are."""
    random_, now = random.Random(seed), 0.0

    def ask(library: int, calls: int) -> None:
        nonlocal now
        us = {0: 1000.0, 1: 500.0, measure.NOTHING: 0.0}[library]
        met = random_.random() < 0.5
        now += 1e-6 * (MESSAGE + calls * (FLUSH + 2 * us) + met * random_.uniform(1000.0, 5000.0))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure.time, "perf_counter", lambda: now)
        learner, reference = measure.batches(ask, clocks.CROWDED)
    assert (learner.each, reference.each) == pytest.approx((1000.0, 500.0), rel=0.1)


def test_a_batch_that_took_less_than_nothing_says_nothing() -> None:
    """As on an H200 with five other processes: 744 µs a replay beside -734, events 368 beside 370."""
    noisy = clocks.Batch(wall=1000.0, empty=1000.0 + 2 * 734.0, calls=1)
    assert clocks.outrun(368.0, 370.0, clocks.Batch(1488.0, 0.0, 1), noisy) == ""
