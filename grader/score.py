"""Views over attempts: standing, tier, totals, days. Pure; nothing is ticked by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from grader.model import Exercise
from grader.record import Attempt

TIERS = ("none", "bronze", "silver", "gold", "platinum")

# What a tier is worth: a pass is most of the way, the library's speed the whole.
POINTS = {"none": 0, "bronze": 50, "silver": 70, "gold": 90, "platinum": 100}

# Best first: a correct but slow kernel is nearer to a pass than an unsafe one, and that than a wrong one.
RANK = ("PASS", "NOISY", "SLOW", "UNSAFE", "WRONG", "TIMEOUT", "CRASH", "COMPILE", "NOT_RUN", "GRADER_ERROR")

# The machine's or the grader's fault: recorded, but never counted against the learner.
BLAMELESS = ("NOT_RUN", "GRADER_ERROR", "NOT_STARTED")


@dataclass(frozen=True)
class Standing:
    """Where a learner is with one exercise."""

    exercise: str
    verdict: str = ""  # the best so far; "" before the first attempt
    ratio: float | None = None  # the best of a correct kernel
    attempts: int = 0
    hints: int = 0
    tier: str = "none"
    passed_at: str = ""  # the first pass
    last_at: str = ""

    score: int = 0  # 0 to 100, by the tier

    @property
    def passed(self) -> bool:
        return bool(self.passed_at)


@dataclass(frozen=True)
class Totals:
    exercises: int
    started: int
    passed: int
    attempts: int
    tiers: dict[str, int]  # how many exercises hold exactly this tier
    score: float = 0.0  # the mean over all exercises, 0 to 100: those not begun count as 0


def tier(attempt: Attempt, exercise: Exercise) -> str:
    """What one attempt earns. This is the rule; it is written down nowhere else.

    bronze    it passed; no more can be earned on the simulator, where speed is not judged, nor by the
              solution's own text
    silver    its ratio is at least half-way from the threshold to excellent
    gold      its ratio is at least excellent
    platinum  its ratio is at least 1 and excellent, and it is faster than the library
    """
    if attempt.outcome != "PASS":
        return "none"
    if attempt.assisted:
        return "bronze"
    ratio, excellent = attempt.ratio or 0.0, exercise.excellent
    beaten = (attempt.learner_us or 0.0) < (attempt.library_us or 0.0)  # no library time: not beaten
    if beaten and ratio >= max(1.0, excellent):
        return "platinum"
    if ratio >= excellent:
        return "gold"
    return "silver" if ratio >= (exercise.threshold + excellent) / 2 else "bronze"


def counted(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The learner's own whole attempts: not the reference's, not the replay of one case."""
    return [a for a in attempts if not a.solution and not a.partial]


def standing(exercise: Exercise, attempts: Iterable[Attempt]) -> Standing:
    own = [a for a in counted(attempts) if a.exercise == exercise.id]
    if not own:
        return Standing(exercise.id)
    earned = max((tier(a, exercise) for a in own), key=TIERS.index)
    return Standing(
        exercise.id,
        verdict=min((a.outcome for a in own), key=rank),
        ratio=max((a.ratio for a in own if a.ratio is not None), default=None),
        attempts=sum(a.outcome not in BLAMELESS for a in own),
        hints=max(a.hints_used for a in own),
        tier=earned,
        passed_at=next((a.at for a in own if a.outcome == "PASS"), ""),
        last_at=own[-1].at,
        score=POINTS[earned],
    )


def rank(outcome: str) -> int:
    return RANK.index(outcome) if outcome in RANK else len(RANK)


def board(exercises: Iterable[Exercise], attempts: Sequence[Attempt]) -> tuple[Standing, ...]:
    by_exercise = defaultdict[str, list[Attempt]](list)
    for attempt in attempts:
        by_exercise[attempt.exercise].append(attempt)
    return tuple(standing(exercise, by_exercise[exercise.id]) for exercise in exercises)


def following(board: Sequence[Standing], id: str) -> str:
    """The next to do: the first after this one that is not passed, else the first of all; "" when done."""
    ahead = [s.exercise for s in board if not s.passed and s.exercise != id]
    return next((name for name in ahead if name > id), ahead[0] if ahead else "")


def totals(board: Sequence[Standing]) -> Totals:
    return Totals(
        exercises=len(board),
        started=sum(bool(s.verdict) for s in board),
        passed=sum(s.passed for s in board),
        attempts=sum(s.attempts for s in board),
        tiers={name: sum(s.tier == name for s in board) for name in TIERS},
        score=sum(s.score for s in board) / len(board) if board else 0.0,
    )


def best(attempts: Iterable[Attempt]) -> Attempt | None:
    """The pass with the best ratio, else the newest; what is the solution's own text only where nothing else passed."""
    passes = [a for a in counted(attempts) if a.outcome == "PASS"]
    return max(passes, key=lambda a: (not a.assisted, a.ratio or 0.0, a.id), default=None)


def days(attempts: Iterable[Attempt], zone: tzinfo | None = None) -> tuple[date, ...]:
    """The days with at least one attempt, in the learner's time zone, oldest first."""
    return tuple(sorted({datetime.fromisoformat(a.at).astimezone(zone).date() for a in counted(attempts)}))


def streak(days: Iterable[date], today: date) -> int:
    """Days in a row up to today; yesterday still counts, since today is not over."""
    active = set(days)
    day = today if today in active else today - timedelta(days=1)
    length = 0
    while day - timedelta(days=length) in active:
        length += 1
    return length
