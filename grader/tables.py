"""Lists -> text: exercises, scoreboard, history, task, hint, doctor. Pure; prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from grader.efficiency import Line
from grader.figures import Columns, count, grid, labelled, ratio
from grader.model import Exercise
from grader.record import Attempt
from grader.score import Standing, Totals, streak, totals
from grader.show import badge

STATE = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def listing(exercises: Sequence[Exercise], board: Sequence[Standing], started: frozenset[str]) -> RenderableType:
    """One line an exercise: its state, best ratio and tier."""
    table = _columns("exercise", "title", "state", "ratio", "tier", "level", "time")
    for exercise, s in zip(exercises, board, strict=True):
        state = Text("· edited", "cyan") if not s.verdict and exercise.id in started else badge(s.verdict)
        state = Text.assemble(state, (", assisted", "dim")) if s.assisted else state
        level = "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)
        minutes = f"{exercise.minutes} min"
        table.add(exercise.id, exercise.title, state, ratio(s.ratio), medal(s.tier), level, minutes)
    return table


def scoreboard(board: Sequence[Standing], summed: Totals, days_in_a_row: int) -> RenderableType:
    table = _columns("exercise", "best", "ratio", "attempts", "hints", "tier", "score", "last")
    for s in board:
        numbers = (str(s.attempts or ""), str(s.hints or ""))
        table.add(
            s.exercise, badge(s.verdict), ratio(s.ratio), *numbers, medal(s.tier), str(s.score or ""), s.last_at[:10]
        )
    medals = ", ".join(f"{n} {name}" for name, n in summed.tiers.items() if n and name != "none")
    last = f"{summed.passed} of {count(summed.exercises, 'exercise')} passed"
    last += f" in {count(summed.attempts, 'attempt')}" + f" · {medals}" * bool(medals)
    last += f" · score {summed.score:.0f} of 100"
    last += f" · {count(days_in_a_row, 'day')} in a row" * (days_in_a_row > 1)
    return Group(table, Text(""), Text(last, "bold"))


def history(attempts: Sequence[Attempt], tiers: Mapping[int, str]) -> RenderableType:
    table = _columns("id", "when (UTC)", "exercise", "verdict", "ratio", "tier", "backend", "source", "")
    for a in attempts:
        kind = "reference" if a.solution else "replay" if a.partial else ""
        when = a.at[:16].replace("T", " ")
        shown = (ratio(a.ratio), medal(tiers.get(a.id, "none")), a.backend, a.source_sha[:8], kind)
        table.add(str(a.id), when, a.exercise, badge(a.outcome), *shown)
    return table


def traffic(lines: Sequence[Line], moved: int, needed: int) -> RenderableType:
    """Sectors and wavefronts per request and against the ideal, beside the learner's own source."""
    table = _columns("line", "memory", "access", "requests", "per request", "of ideal", "source")
    for x in lines:
        style = "" if x.excess <= 1.1 else "yellow"
        unit = "sectors" if x.space == "global" else "wavefronts"
        each = f"{x.units / x.requests:.2f} {unit}" if x.requests else ""
        mark = "" if x.excess <= 1.1 else " !"
        values = (str(x.line), x.space, x.access, f"{x.requests:,}", each, f"{x.excess:.2f}×{mark}", x.text)
        table.add(*(Text(value, style) for value in values))
    if not lines:
        return Text("no kernel touched global or shared memory")
    total = f"global memory: {moved:,} bytes moved in whole sectors, {needed:,} needed at least"
    hint = "1.00× is the best there is; more on global means uncoalesced accesses, on shared bank conflicts"
    return Group(table, Text(""), Text(total + (f" ({moved / needed:.2f}×)" if needed else "")), Text(hint, "dim"))


Known = Mapping[str, tuple[Exercise, Standing]]  # by id, all of them


def dashboard(
    known: Known,
    here: str,
    after: str,
    days: Sequence[date],
    today: date,
    command: str,
) -> RenderableType:
    """At most 12 lines: where you are, what is next, how far you are, the streak, and the one command to type."""
    rows: list[tuple[str, str] | tuple[str, Text]] = []
    if here:
        rows.append(("here", _place(*known[here])))
    if after:
        rows.append(("next", _title(known[after][0])))
    board = [standing for _, standing in known.values()]
    rows += [("passed", _passed(totals(board))), ("tracks", _tracks(known)), ("week", _week(days, today))]
    last = Text.assemble(("type  ", "dim"), (_typed(known, here, after, command), "bold"))
    return Group(labelled(rows), Text(""), last)


def overview(known: Known, here: str, after: str, days: Sequence[date], today: date, command: str) -> dict[str, object]:
    """The same for programs."""
    sums = totals([standing for _, standing in known.values()])
    at, follows = known.get(here), known.get(after)
    state = {"verdict": at[1].verdict, "attempts": at[1].attempts, "source": str(at[0].source)} if at else {}
    return {
        "schema_version": 1,
        "here": {"exercise": at[0].id, "title": at[0].title} | state if at else None,
        "next": {"exercise": follows[0].id, "title": follows[0].title} if follows else None,
        "passed": sums.passed,
        "exercises": sums.exercises,
        "tiers": sums.tiers,
        "tracks": {name: {"passed": sum(of), "exercises": len(of)} for name, of in _by_track(known).items()},
        "week": _active(days, today),
        "streak_days": streak(days, today),
        "type": _typed(known, here, after, command),
    }


def _title(exercise: Exercise) -> Text:
    return Text.assemble((exercise.id, "bold"), f"  {exercise.title}")


def _place(exercise: Exercise, standing: Standing) -> Text:
    state = badge(standing.verdict) if standing.verdict else Text("· edited", "cyan")
    tried = f", {count(standing.attempts, 'attempt')}" * bool(standing.attempts)
    return Text.assemble(_title(exercise), "   ", state, (tried, "dim"))


def _passed(totals: Totals) -> str:
    medals = ", ".join(f"{n} {name}" for name, n in totals.tiers.items() if n and name != "none")
    return f"{totals.passed} of {count(totals.exercises, 'exercise')}" + f" · {medals}" * bool(medals)


def _tracks(known: Known) -> str:
    return " · ".join(f"{name} {sum(done)}/{len(done)}" for name, done in _by_track(known).items())


def _by_track(known: Known) -> dict[str, list[bool]]:
    """Of each exercise of a track, whether it is passed."""
    tracks: dict[str, list[bool]] = {}
    for exercise, standing in known.values():
        tracks.setdefault(exercise.track, []).append(standing.passed)
    return tracks


def _week(days: Sequence[date], today: date) -> str:
    length = streak(days, today)
    dots = " ".join("●" if active else "·" for active in _active(days, today))
    return dots + (f"   {count(length, 'day')} in a row" if length else "   no streak yet")


def _active(days: Sequence[date], today: date) -> list[bool]:
    """The last seven days, today last."""
    return [today - timedelta(days=n) in set(days) for n in range(6, -1, -1)]


def _typed(known: Known, here: str, after: str, command: str) -> str:
    """Go on where you are; else the next one; else the scoreboard."""
    if here and not known[here][1].passed:
        return f"{command} watch {known[here][0].number}"
    return f"{command} show {known[after][0].number}" if after else f"{command} scoreboard"


def medal(tier: str) -> str:
    return "" if tier == "none" else tier


def _columns(*names: str) -> Columns:
    return Columns(names, ("ratio", "attempts", "hints", "id", "time", "score"))


def task(exercise: Exercise, readme: str, rendered: bool) -> RenderableType:
    """The task, its limits, the launcher; the README as it is where nobody looks at a terminal."""
    rows = [
        ("level", f"{exercise.difficulty} of 5 · {exercise.minutes} min · {exercise.track}"),
        ("after", ", ".join(exercise.prerequisites) or "nothing"),
        (
            "passes",
            f"at {ratio(exercise.threshold)} the reference's speed; excellent at {ratio(exercise.excellent)}",
        ),
        ("launcher", exercise.declaration.text),
    ]
    head = Text.assemble((exercise.id, "bold"), f"  {exercise.title}")
    return Group(head, labelled(rows), Text(""), markdown(readme) if rendered else Text(readme.rstrip("\n")))


def markdown(text: str) -> RenderableType:
    from rich.markdown import Markdown  # a third of `list`'s time, and only two verbs need it

    return Markdown(text)


def hint(exercise: Exercise, tier: int, free: bool, command: str) -> RenderableType:
    """One hint, and what the next one costs."""
    total, number = len(exercise.hints), exercise.number
    head = Text.assemble((f"hint {tier} of {total}", "bold"), f"  {exercise.id}")
    if tier == total:
        last = f"this was the last hint; the worked task is in  {command} show {number}"
    elif free:
        last = f"passed, so hints are free; the next:  {command} hint {number} --tier {tier + 1}"
    else:
        last = f"opened hints stay on record; the next:  {command} hint {number}"
    return Group(head, Text(exercise.hints[tier - 1]), Text(""), Text(last, "dim"))


def checks(rows: Sequence[tuple[str, str, str, str]]) -> RenderableType:
    """doctor's lines: state, name, what was found, the fix."""
    table = grid()
    for state, name, found, fix in rows:
        symbol, colour = STATE[state]
        remedy = (f"  → {fix}" if fix else "", "bold")
        table.add_row("", Text(f"{symbol} {name}", colour), Text.assemble(found, remedy))
    return table
