"""Views over attempts: standing, tier, totals, days. Pure; nothing is ticked by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from grader.model import Exercise
from grader.record import Attempt, Tally

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
    assisted: bool = False  # passed, but only with the solution at hand

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


def tier(attempt: Attempt | Tally, exercise: Exercise) -> str:
    """What one attempt earns. This is the rule; it is written down nowhere else.

    bronze    it passed; no more can be earned on the simulator, where speed is not judged, nor by the
              solution's own text or after giving up
    silver    its ratio is at least half-way from the threshold to excellent
    gold      its ratio is at least excellent
    platinum  its ratio is at least 1 and excellent, and it is faster than the library
    """
    if attempt.outcome != "PASS":
        return "none"
    if attempt.assisted:
        return "bronze"
    ratio, excellent = attempt.ratio or 0.0, exercise.excellent
    if attempt.beaten and ratio >= max(1.0, excellent):
        return "platinum"
    if ratio >= excellent:
        return "gold"
    return "silver" if ratio >= (exercise.threshold + excellent) / 2 else "bronze"


def counted(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The learner's own whole attempts: not the reference's, not the replay of one case."""
    return [a for a in attempts if not a.solution and not a.partial]


def tallied(attempts: Iterable[Attempt]) -> tuple[Tally, ...]:
    """What `record.tallies` has the database do."""
    alike = defaultdict[tuple[str, str, bool, bool], list[Attempt]](list)
    for a in counted(attempts):
        alike[a.exercise, a.outcome, a.assisted, a.beaten].append(a)
    return tuple(_tally(*key, of) for key, of in alike.items())


def _tally(exercise: str, outcome: str, assisted: bool, beaten: bool, of: Sequence[Attempt]) -> Tally:
    ratio = max((a.ratio for a in of if a.ratio is not None), default=None)
    hints, times = max(a.hints_used for a in of), [a.at for a in of]
    return Tally(exercise, outcome, assisted, beaten, len(of), ratio, hints, min(times), max(times))


def standing(exercise: Exercise, attempts: Iterable[Attempt]) -> Standing:
    return summed(exercise, [t for t in tallied(attempts) if t.exercise == exercise.id])


def summed(exercise: Exercise, own: Sequence[Tally]) -> Standing:
    """The tallies of one exercise -> its standing."""
    if not own:
        return Standing(exercise.id)
    passes = [t for t in own if t.outcome == "PASS"]
    earned = max((tier(t, exercise) for t in own), key=TIERS.index)
    return Standing(
        exercise.id,
        verdict=min((t.outcome for t in own), key=rank),
        ratio=max((t.ratio for t in own if t.ratio is not None), default=None),
        attempts=sum(t.count for t in own if t.outcome not in BLAMELESS),
        hints=max(t.hints_used for t in own),
        tier=earned,
        passed_at=min((t.first_at for t in passes), default=""),
        last_at=max(t.last_at for t in own),
        assisted=bool(passes) and all(t.assisted for t in passes),
        score=POINTS[earned],
    )


def rank(outcome: str) -> int:
    return RANK.index(outcome) if outcome in RANK else len(RANK)


def board(exercises: Iterable[Exercise], attempts: Sequence[Attempt]) -> tuple[Standing, ...]:
    return summary(exercises, tallied(attempts))


def summary(exercises: Iterable[Exercise], tallies: Iterable[Tally]) -> tuple[Standing, ...]:
    by_exercise = defaultdict[str, list[Tally]](list)
    for tally in tallies:
        by_exercise[tally.exercise].append(tally)
    return tuple(summed(exercise, by_exercise[exercise.id]) for exercise in exercises)


STATUS = ("passed", "open", "begun", "new")


def has(standing: Standing, status: str, edited: bool) -> bool:
    """One of STATUS, or a verdict. `open` is not passed; `begun` was tried or edited besides, `new` was neither."""
    begun = bool(standing.verdict) or edited
    known = {"passed": standing.passed, "open": not standing.passed, "begun": begun and not standing.passed}
    return (known | {"new": not begun}).get(status, standing.verdict == status.upper().replace("-", "_"))


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
    return dates((a.at for a in counted(attempts)), zone)


def dates(times: Iterable[str], zone: tzinfo | None = None) -> tuple[date, ...]:
    return tuple(sorted({datetime.fromisoformat(at).astimezone(zone).date() for at in times}))


def streak(days: Iterable[date], today: date) -> int:
    """Days in a row up to today; yesterday still counts, since today is not over."""
    active = set(days)
    day = today if today in active else today - timedelta(days=1)
    length = 0
    while day - timedelta(days=length) in active:
        length += 1
    return length
