"""Exercises, attempts, sources -> self-contained HTML pages. Pure; the templates escape all that is not ours."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader import score, show
from grader.model import Exercise, Verdict
from grader.record import Attempt
from grader.score import Standing

if TYPE_CHECKING:
    from grader.charts import Point

AROUND = 3  # lines of a source shown before and after one that is marked
SPOTS = 8  # marked lines on one page: the rest is in the whole verdict
PAST = 30  # attempts listed on an exercise's page


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


@dataclass(frozen=True)
class Sheet:
    """All that the page of one exercise is made of."""

    exercise: Exercise
    attempts: Sequence[Attempt]  # all of this exercise, oldest first
    last: Attempt | None  # the newest at the learner's own file
    verdict: Verdict | None  # of the last one
    judged: str  # source of the last one
    told: str  # what the terminal said of it
    readme: str  # Markdown
    place: str  # the learner's file, as one would type it
    text: str  # what is in it now
    begin: int  # the line where work starts
    opened: Collection[int]  # hints


@dataclass(frozen=True)
class Live:
    """What `serve` adds: the pages link to each other, and their buttons open an editor."""

    token: str
    command: str  # how the grader is typed
    edited: Collection[str] = ()  # exercises whose skeleton is no longer untouched
    here: Sheet | None = None  # the one at hand


@dataclass(frozen=True)
class Spot:
    """A line that a verdict is about, with those around it as they were judged."""

    line: int
    texts: tuple[str, ...]
    around: tuple[tuple[int, str], ...]


def page(given: Material, live: Live | None = None) -> str:
    """The record on one page; live, each exercise's history is on its own page instead."""
    from grader import charts  # matplotlib: a second, which `serve` spends after its first words

    board = score.board(given.exercises, given.attempts)
    rows = [_row(exercise, s, given, drawn=not live) for exercise, s in zip(given.exercises, board, strict=True)]
    return _rendered(
        "report.html",
        rows=rows,
        totals=score.totals(board),
        days=score.dates(a.at for a in given.attempts),
        made=given.made,
        tracks=_tracks(rows),
        tracks_chart=Markup(charts.tracks(_tracks(rows))) if rows else "",
        timeline=_timeline(given),
        rooflines=[(name, Markup(charts.roofline(of, name)), of) for name, of in _points(rows).items()],
        latest=given.attempts[: -PAST - 1 : -1],
        live=live,
    )


def sheet(given: Sheet, live: Live, ids: Sequence[str]) -> str:
    """One exercise: last verdict, hints that were opened, task, history."""
    exercise = given.exercise
    timed, chart = _ratios(exercise, score.counted(given.attempts))
    return _rendered(
        "serve.html",
        sheet=given,
        spots=spots(given),
        hints=[exercise.hints[tier - 1] for tier in sorted(given.opened)],
        task=_markdown(given.readme),
        row=Row(exercise, score.standing(exercise, given.attempts), timed, chart, None, ""),
        past=given.attempts[: -PAST - 1 : -1],
        following=next((id for id in ids if id > exercise.id), ""),
        live=live,
    )


def refusal(said: str, near: Sequence[str], live: Live | None) -> str:
    """Why there is no page; `near` are exercises that may have been meant."""
    return _rendered("serve.html", sheet=None, said=said, near=near, live=live)


def _rendered(name: str, **given: Any) -> str:
    return _environment().get_template(name).render(**given)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"sentence": show.sentence, "word": show.word}
    made.globals |= {"SYMBOL": show.SYMBOL}
    return made


def _markdown(text: str) -> Markup:
    """A README as HTML, without its title, which the page has; HTML in it stays text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    if tokens and (tokens[0].type, tokens[0].tag) == ("heading_open", "h1"):
        tokens = tokens[3:]  # open, text, close
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def spots(given: Sheet) -> list[Spot]:
    """The lines that the last verdict is about, each once, the first to look at first."""
    found: dict[int, list[str]] = {}
    for line, text in show.places(given.verdict, given.exercise.name) if given.verdict else ():
        found.setdefault(line, []).append(text)
    numbered = list(enumerate(given.judged.splitlines(), 1))
    return [
        Spot(line, tuple(dict.fromkeys(texts)), tuple(numbered[max(0, line - 1 - AROUND) : line + AROUND]))
        for line, texts in list(found.items())[:SPOTS]
    ]


def _row(exercise: Exercise, standing: Standing, given: Material, drawn: bool) -> Row:
    timed, chart = _ratios(exercise, given.attempts) if drawn else ((), Markup(""))
    verdict, source = given.verdicts.get(exercise.id), given.sources.get(exercise.id, "")
    return Row(exercise, standing, timed, chart, verdict, source)


def _ratios(exercise: Exercise, own: Sequence[Attempt]) -> tuple[tuple[Attempt, ...], Markup]:
    """The timed attempts at one exercise, and their drawing."""
    from grader import charts

    timed = tuple(a for a in own if a.exercise == exercise.id and a.ratio is not None)
    chart = charts.ratios(timed, exercise.threshold, exercise.excellent, f"ratio-{exercise.id}") if timed else ""
    return timed, Markup(chart)


def _tracks(rows: Sequence[Row]) -> list[tuple[str, int, int, int]]:
    """name, passed, begun, all"""
    names = dict.fromkeys(row.exercise.track for row in rows)
    of = {name: [row.standing for row in rows if row.exercise.track == name] for name in names}
    return [
        (name, sum(s.passed for s in found), sum(bool(s.verdict) and not s.passed for s in found), len(found))
        for name, found in of.items()
    ]


def _timeline(given: Material) -> Markup:
    from grader import charts

    seen = {a.exercise for a in given.attempts}
    names = [e.id for e in given.exercises if e.id in seen]
    shown = [a for a in given.attempts if a.exercise in names]
    return Markup(charts.timeline(shown, names)) if shown else Markup("")


def _points(rows: Sequence[Row]) -> dict[str, list[Point]]:
    """device -> its timed shapes; a shape without a rate was not timed on a GPU that we know."""
    found: dict[str, list[Point]] = {}
    for row in rows:
        for shape in row.verdict.speed.shapes if row.verdict and row.verdict.speed else ():
            if (rate := _gigabytes(shape.rate)) and row.verdict:
                found.setdefault(row.verdict.device, []).append((row.exercise.id, shape, rate))
    return found


def _gigabytes(rate: str) -> float:
    """`4,096 GB/s` or `3.91 TB/s` -> GB/s; 0 for operations."""
    number = re.fullmatch(r"([\d,.]+) ([GT])B/s", rate)
    return float(number[1].replace(",", "")) * (1000 if number[2] == "T" else 1) if number else 0.0
