"""Exercises, attempts, sources -> one self-contained HTML page. Pure; the template escapes all that is not ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from grader import charts, score
from grader.model import Exercise, Verdict
from grader.record import Attempt
from grader.score import Standing

PAGE = Path(__file__).with_name("report.html")


@dataclass(frozen=True)
class Row:
    """One exercise on the page."""

    exercise: Exercise
    standing: Standing
    timed: tuple[Attempt, ...]
    chart: Markup  # "" when nothing was timed
    verdict: Verdict | None  # of the best attempt
    source: str  # of the best attempt


@dataclass(frozen=True)
class Material:
    """All that the page is made of."""

    exercises: Sequence[Exercise]
    attempts: Sequence[Attempt]  # the learner's own, oldest first
    verdicts: Mapping[str, Verdict]  # exercise -> verdict of its best attempt
    sources: Mapping[str, str]  # exercise -> source of its best attempt
    made: str  # when


def page(given: Material) -> str:
    board = score.board(given.exercises, given.attempts)
    rows = [_row(exercise, s, given) for exercise, s in zip(given.exercises, board, strict=True)]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(
        rows=rows,
        totals=score.totals(board),
        days=score.dates(a.at for a in given.attempts),
        made=given.made,
        tracks=_tracks(rows),
        tracks_chart=Markup(charts.tracks(_tracks(rows))) if rows else "",
        timeline=_timeline(given),
        rooflines=[(name, Markup(charts.roofline(of, name)), of) for name, of in _points(rows).items()],
    )


def _row(exercise: Exercise, standing: Standing, given: Material) -> Row:
    timed = tuple(a for a in given.attempts if a.exercise == exercise.id and a.ratio is not None)
    chart = charts.ratios(timed, exercise.threshold, exercise.excellent, f"ratio-{exercise.id}") if timed else ""
    verdict, source = given.verdicts.get(exercise.id), given.sources.get(exercise.id, "")
    return Row(exercise, standing, timed, Markup(chart), verdict, source)


def _tracks(rows: Sequence[Row]) -> list[tuple[str, int, int, int]]:
    """name, passed, begun, all"""
    names = dict.fromkeys(row.exercise.track for row in rows)
    of = {name: [row.standing for row in rows if row.exercise.track == name] for name in names}
    return [
        (name, sum(s.passed for s in found), sum(bool(s.verdict) and not s.passed for s in found), len(found))
        for name, found in of.items()
    ]


def _timeline(given: Material) -> Markup:
    seen = {a.exercise for a in given.attempts}
    names = [e.id for e in given.exercises if e.id in seen]
    shown = [a for a in given.attempts if a.exercise in names]
    return Markup(charts.timeline(shown, names)) if shown else Markup("")


def _points(rows: Sequence[Row]) -> dict[str, list[charts.Point]]:
    """device -> its timed shapes; a shape without a rate was not timed on a GPU that we know."""
    found: dict[str, list[charts.Point]] = {}
    for row in rows:
        for shape in row.verdict.speed.shapes if row.verdict and row.verdict.speed else ():
            if (rate := _gigabytes(shape.rate)) and row.verdict:
                found.setdefault(row.verdict.device, []).append((row.exercise.id, shape, rate))
    return found


def _gigabytes(rate: str) -> float:
    """`4,096 GB/s` or `3.91 TB/s` -> GB/s; 0 for operations."""
    number = re.fullmatch(r"([\d,.]+) ([GT])B/s", rate)
    return float(number[1].replace(",", "")) * (1000 if number[2] == "T" else 1) if number else 0.0
