"""The views: tiers, standings, totals, days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timezone

import pytest
from miniature import course

from grader import catalog, score
from grader.model import Exercise
from grader.record import Attempt


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    return catalog.load(course(tmp_path_factory.mktemp("course")), "01_copy")  # passes at 0.8, excellent at 0.9


def attempt(outcome: str = "PASS", ratio: float | None = None, day: int = 24, **more: object) -> Attempt:
    made = Attempt("01_copy", outcome, f"2026-11-{day:02d}T10:00:00+00:00", ratio=ratio)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "tier"),
    [
        (attempt("WRONG"), "none"),
        (attempt("SLOW", 0.79), "none"),
        (attempt("NOISY", 2.0), "none"),
        (attempt("PASS"), "bronze"),  # the simulator judges no speed
        (attempt("PASS", 0.80), "bronze"),
        (attempt("PASS", 0.86), "silver"),
        (attempt("PASS", 0.90), "gold"),
        (attempt("PASS", 1.10), "gold"),  # no library to beat
        (attempt("PASS", 1.10, learner_us=90.0, library_us=80.0), "gold"),
        (attempt("PASS", 1.10, learner_us=80.0, library_us=90.0), "platinum"),
        (attempt("PASS", 0.95, learner_us=80.0, library_us=90.0), "gold"),
        (attempt("PASS", 1.10, assisted=True), "bronze"),
    ],
)
def test_tier(exercise: Exercise, one: Attempt, tier: str) -> None:
    assert score.tier(one, exercise) == tier


def test_nothing_done_yet(exercise: Exercise) -> None:
    assert score.standing(exercise, []) == score.Standing("01_copy")
    assert not score.standing(exercise, []).passed


def test_the_best_of_each_counts(exercise: Exercise) -> None:
    own = [attempt("WRONG"), attempt("PASS", 0.95), attempt("SLOW", 0.5), attempt("CRASH", hints_used=2)]
    s = score.standing(exercise, own)
    assert (s.verdict, s.ratio, s.attempts, s.hints, s.tier) == ("PASS", 0.95, 4, 2, "gold")


@pytest.mark.parametrize("flag", ["solution", "partial"])
def test_neither_the_reference_nor_a_replay_is_a_pass(exercise: Exercise, flag: str) -> None:
    assert not score.standing(exercise, [attempt("PASS", **{flag: True})]).passed


@pytest.mark.parametrize("outcome", score.BLAMELESS)
def test_what_is_not_the_learners_fault_costs_nothing(exercise: Exercise, outcome: str) -> None:
    assert score.standing(exercise, [attempt(outcome), attempt("WRONG")]).attempts == 1


def test_other_exercises_do_not_count(exercise: Exercise) -> None:
    assert score.standing(exercise, [attempt(exercise="02_scale")]).attempts == 0


def test_totals(exercise: Exercise) -> None:
    other = replace(exercise, id="02_scale")
    board = score.board([exercise, other], [attempt("PASS", 0.95), attempt("WRONG", exercise="02_scale")])
    totals = score.totals(board)
    assert (totals.passed, totals.started, totals.exercises, totals.attempts) == (1, 2, 2, 2)
    assert [s.score for s in board] == [90, 0] and totals.score == 45.0
    assert totals.tiers == {"none": 1, "bronze": 0, "silver": 0, "gold": 1, "platinum": 0}


@pytest.mark.parametrize(
    ("passed", "at", "next"),
    [("", "", "01"), ("01", "01", "02"), ("02", "02", "03"), ("23", "03", "01"), ("123", "03", ""), ("", "02", "03")],
)
def test_following(passed: str, at: str, next: str) -> None:
    board = [score.Standing(f"0{n}", passed_at="x" * (n in passed)) for n in "123"]
    assert score.following(board, at) == next


def test_best_is_the_fastest_pass_then_the_newest() -> None:
    own = [attempt("PASS", id=1), attempt("PASS", 0.9, id=2), attempt("SLOW", 2.0, id=3), attempt("PASS", 0.9, id=4)]
    assert score.best(own) == own[3]
    assert score.best(own[:1]) == own[0] and score.best([attempt("WRONG")]) is None


def test_the_solutions_text_is_not_the_learners_best() -> None:
    own = [attempt("PASS", 0.9, id=1), attempt("PASS", 1.0, id=2, assisted=True)]
    assert score.best(own) == own[0] and score.best(own[1:]) == own[1]


def test_more_speed_is_never_worth_less() -> None:
    worth = [score.POINTS[tier] for tier in score.TIERS]
    assert worth == sorted(worth) and (worth[0], worth[-1]) == (0, 100)


def test_days_are_the_learners_own() -> None:
    assert score.days([attempt(day=3), attempt(day=3), attempt(day=1)], timezone.utc) == (
        date(2026, 11, 1),
        date(2026, 11, 3),
    )


@pytest.mark.parametrize(
    ("days", "length"), [((), 0), ((24,), 1), ((23,), 1), ((22,), 0), ((21, 23, 24), 2), ((22, 23), 2)]
)
def test_streak(days: tuple[int, ...], length: int) -> None:
    assert score.streak([date(2026, 11, d) for d in days], date(2026, 11, 24)) == length
