"""What each verb does: arguments in, exit code out. Heavy things are imported where they are needed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import backends, bench, catalog, choose, pristine, record, score, screen
from grader.errors import EmptyError, MachineError, SpecError, UsageError
from grader.model import Exercise, Request, Verdict

if TYPE_CHECKING:
    from grader.simulate import Simulated

Args = Any  # what argparse made of the command line

# ---------------------------------------------------------------- run


def run(args: Args) -> int:
    """Grades each exercise asked for; the exit code is that of the worst verdict."""
    chosen = choose.exercises(catalog.root(), args.names or _named(args), args.k, args.all)
    if len(chosen) > 1 and (args.file or args.case):
        raise UsageError("--file and --case are for one exercise; name it, as in `grader run 7 --file F`")
    shared = bench.Bench(args, catalog.root())
    codes: list[int] = []
    for n, exercise in enumerate(chosen):
        if n and not args.json:
            screen.out("")
        codes.append(_run_one(shared, exercise, alone=len(chosen) == 1))
        if codes[-1] and args.exitfirst:
            break
    if len(chosen) > 1 and not args.json:
        screen.out("", _tally(codes, len(chosen)))
    return worst(codes)


def _named(args: Args) -> list[str]:
    """`run --file exercises/07_softmax/mine.cu` needs no name besides."""
    return [args.file] if args.file and not (args.all or args.k) and "_" in args.file else []


def worst(codes: list[int]) -> int:
    return next((code for code in (4, 1, 3) if code in codes), 0)


def _tally(codes: list[int], asked: int) -> str:
    rest = f", {asked - len(codes)} not run after the first failure (-x)" if len(codes) < asked else ""
    return f"{codes.count(0)} of {len(codes)} exercises passed{rest}"


def _run_one(shared: bench.Bench, exercise: Exercise, alone: bool) -> int:
    try:
        verdict = shared.grade(exercise)
        if alone and verdict.passed and _wants_counts(shared.args):
            _counted(exercise, shared.path(exercise))
        return bench.CODES.get(verdict.outcome, 1)
    except SpecError as error:  # one broken exercise does not stop the others
        if alone:
            raise
        screen.note(f"{exercise.id}: {error}")
        return error.exit_code


def _wants_counts(args: Args) -> bool:
    """Who asks for the simulator by name also sees what it counts, as from `simulate`."""
    return args.backend == "simulator" and not args.json and not args.case


# ---------------------------------------------------------------- lists


def listing(args: Args) -> int:
    home = catalog.root()
    exercises = choose.exercises(home, args.names, args.k, whole=True)
    edited = frozenset(e.id for e in choose.touched(home, exercises))
    kept = _kept(args, exercises, score.summary(exercises, record.tallies(record.url())), edited)
    if args.json:
        bench.emit([_listed(e, s, e.id in edited) for e, s in kept])
        return 0
    from grader import tables

    following = score.following([s for _, s in kept], "")
    screen.out(tables.listing([e for e, _ in kept], [s for _, s in kept], edited))
    if following:
        screen.out("", f"next: {args.command} show {following}")
    return 0


Kept = list[tuple[Exercise, score.Standing]]


def _kept(
    args: Args, exercises: tuple[Exercise, ...], board: tuple[score.Standing, ...], edited: frozenset[str]
) -> Kept:
    """Those that --track, --status, --difficulty and --needs leave."""
    known = {e.track for e in exercises}
    if args.track and args.track not in known:
        raise UsageError(f"no track is called {args.track!r}; there are {', '.join(sorted(known))}")
    kept = [
        (e, s)
        for e, s in zip(exercises, board, strict=True)
        if choose.suits(e, args.track, args.difficulty, args.needs)
        and (not args.status or score.has(s, args.status, e.id in edited))
    ]
    if not kept:
        raise EmptyError("no exercise is like that; leave a filter out, or see `grader list`")
    return kept


def _listed(exercise: Exercise, standing: score.Standing, edited: bool) -> dict[str, Any]:
    about = ("id", "title", "summary", "track", "difficulty", "minutes", "prerequisites", "concepts")
    facts = {name: getattr(exercise, name) for name in about}
    state = {name: value for name, value in asdict(standing).items() if name != "exercise"}
    return facts | state | {"edited": edited, "source": str(exercise.source)}


def scoreboard(args: Args) -> int:
    url = record.url()
    board = score.summary(choose.everything(catalog.root()), record.tallies(url))
    totals, streak = score.totals(board), score.streak(score.dates(record.quarters(url)), datetime.now().date())
    if args.json:
        rows = [asdict(standing) for standing in board]
        bench.emit({"schema_version": 1, "exercises": rows, "totals": asdict(totals), "streak_days": streak})
        return 0
    from grader import tables

    screen.out(tables.scoreboard(board, totals, streak))
    return 0


def history(args: Args) -> int:
    """All attempts of one exercise, or of all; or one attempt's source."""
    home, url = catalog.root(), record.url()
    if args.source is not None:
        screen.out(_text(url, _by_id(record.attempts(url), args.source)).removesuffix("\n"))
        return 0
    here = choose.one(home, args.name) if args.name else choose.standing_in(home, Path.cwd())
    attempts = record.attempts(url, here.id if here else "")
    if args.json:
        bench.emit([asdict(a) for a in attempts])
        return 0
    from grader import tables

    if not attempts:
        screen.out(f"no attempts yet; next: {args.command} run {here.number if here else 1}")
        return 0
    known = {e.id: e for e in choose.everything(home)}
    tiers = {a.id: score.tier(a, known[a.exercise]) for a in score.counted(attempts) if a.exercise in known}
    screen.out(tables.history(attempts[-args.n :], tiers), "")
    if len(attempts) > args.n:
        screen.out(f"the newest {args.n} of {len(attempts)}; all:  {args.command} history -n {len(attempts)}")
    screen.out(f"see one:  {args.command} history --source ID   get one back:  {args.command} restore NAME ID")
    return 0


def _by_id(attempts: tuple[record.Attempt, ...], id: int) -> record.Attempt:
    found = next((a for a in attempts if a.id == id), None)
    if found is None:
        raise UsageError(f"no attempt has the id {id}; `grader history` lists them")
    return found


def _text(url: str, attempt: record.Attempt) -> str:
    if (text := record.source(url, attempt.source_sha)) is None:
        raise MachineError(f"the source of attempt {attempt.id} is not in the database; choose another attempt")
    return text


# ---------------------------------------------------------------- one exercise


def show(args: Args) -> int:
    home = catalog.root()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    readme = choose.readme(exercise.folder)
    if args.json:
        facts = _listed(exercise, score.summed(exercise, record.tallies(record.url(), exercise.id)), False)
        bench.emit(facts | {"declaration": exercise.declaration.text, "readme": readme, "hints": len(exercise.hints)})
        return 0
    from grader import tables

    text = choose.source(exercise.source, exercise) if exercise.source.exists() else ""
    begin = f"{choose.shown(exercise.source)}:{pristine.todo(text)}"
    screen.out(tables.task(exercise, readme, rendered=screen.watched() and not args.raw), "")
    screen.out(f"next: open {begin}, then  {args.command} run {exercise.number}")
    return 0


def hint(args: Args) -> int:
    """The next hint, or a hint again; which ones were opened is on record until the exercise is passed."""
    url = record.url()
    (exercise,) = choose.exercises(catalog.root(), [args.name] if args.name else [])
    opened, total = record.tiers(url, exercise.id), len(exercise.hints)
    if args.tier is not None and not 1 <= args.tier <= total:
        raise UsageError(f"{exercise.id} has {total} hints; ask for --tier 1 to {total}")
    tier = args.tier or min(max(opened, default=0) + 1, total)
    free = score.summed(exercise, record.tallies(url, exercise.id)).passed
    if args.json:
        bench.emit({"exercise": exercise.id, "tier": tier, "of": total, "text": exercise.hints[tier - 1]})
    else:
        from grader import tables

        screen.out(tables.hint(exercise, tier, free, args.command))
    if not free and tier not in opened:
        record.ready(url)
        record.hint(url, exercise.id, tier, bench.now())
    return 0


def reset(args: Args) -> int:
    home = catalog.root()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    return _put(args, exercise, pristine.skeleton(home, exercise), "the skeleton is back")


def restore(args: Args) -> int:
    """`@best`, `@last` or an attempt's id: that source goes back into the learner's file."""
    url = record.url()
    exercise = choose.one(catalog.root(), args.name)
    wanted = _wanted(record.attempts(url, exercise.id), args.which, exercise)
    return _put(args, exercise, _text(url, wanted), f"attempt {wanted.id} ({wanted.outcome}) is back")


def _wanted(attempts: tuple[record.Attempt, ...], which: str, exercise: Exercise) -> record.Attempt:
    own = score.counted(attempts)
    if which.isdigit():
        return _by_id(attempts, int(which))
    if which not in ("@best", "@last"):
        raise UsageError(f"{which!r} is not an attempt; write @best, @last or an id of `grader history`")
    found = score.best(own) if which == "@best" else (own[-1] if own else None)
    if found is None:
        kind = "has not passed" if which == "@best" else "has no attempts"
        raise UsageError(f"{exercise.id} {kind} yet; `grader history {exercise.number}` shows what there is")
    return found


def _put(args: Args, exercise: Exercise, text: str, done: str) -> int:
    kept = pristine.put(exercise.source, text, record.folder() / "backups" / exercise.id, bench.now())
    if args.json:
        bench.emit({"exercise": exercise.id, "file": str(exercise.source), "backup": str(kept) if kept else None})
        return 0
    screen.out(f"{choose.shown(exercise.source)}: {done}")
    if kept:
        screen.out(f"what was there before is kept in {kept}")
    screen.out(f"next: open {choose.shown(exercise.source)}:{pristine.todo(text)}, then  "
               f"{args.command} run {exercise.number}")  # fmt: skip
    return 0


def compare(args: Args) -> int:
    """Unlocked by a recorded pass, or by giving up: the learner's source beside the solution."""
    from grader import compare as compare_

    home, url = catalog.root(), record.url()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    if locked(args, exercise):
        return 1
    passes = [a for a in record.attempts(url, exercise.id) if a.outcome == "PASS" and not a.partial]
    own = [a for a in passes if not a.solution]
    theirs = [a for a in passes if a.solution]
    answer = choose.source(bench.reference(home, exercise), exercise)
    mine = _side(exercise, _text(url, own[-1]), verdict(url, own[-1])) if own else None
    yours = mine or compare_.Side(choose.source(exercise.source, exercise), None)
    solution = _side(exercise, answer, verdict(url, theirs[-1]) if theirs else None)
    kept = own[-1].id if own else None
    if args.json:
        bench.emit({"exercise": exercise.id, "attempt": kept} | compare_.summary(yours, solution))
        return 0
    from grader import gpu

    readme = choose.readme(bench.reference(home, exercise).parent)
    found = gpu.find()
    capability = found.capability if found else None
    if args.html:
        page = compare_.screen(exercise, yours, solution, readme, True, capability)
        screen.html(Path(args.html), f"{exercise.id}: yours and the solution", page)
        screen.out(f"written: {args.html}")
        return 0
    screen.out(compare_.screen(exercise, yours, solution, readme, screen.watched(), capability), "")
    told = f"opened by giving up; a pass will be marked as assisted:  {args.command} run {exercise.number}"
    screen.out(f"attempt {kept}: {compare_.headline(yours.verdict)}" if own else told)
    return 0


def locked(args: Args, exercise: Exercise) -> bool:
    """Whether the solution is; and then what opens it is said."""
    url = record.url()
    if score.summed(exercise, record.tallies(url, exercise.id)).passed or record.gave_up(url, exercise.id):
        return False
    screen.note(
        f"{exercise.id} is not passed yet, and the solution opens with a recorded pass; "
        f"next: {args.command} run {exercise.number}   or  {args.command} give-up {exercise.number}"
    )
    return True


def _side(exercise: Exercise, text: str, verdict: Verdict | None) -> Any:
    """With its machine code, where a GPU build of it is still in the cache."""
    from grader import compare as compare_

    if verdict is None or verdict.backend != "cuda":
        return compare_.Side(text, verdict)
    from grader import build, sass

    sources = backends.get("cuda").sources(exercise, text, f"{exercise.name}.cu")
    library = build.kept(sources, "cuda", build.cache())
    return compare_.Side(text, verdict, sass.read(library) if library else "its build is no longer in the cache")


def verdict(url: str, attempt: record.Attempt) -> Verdict:
    from grader import plain

    return plain.parse(record.verdict(url, attempt.id))


def simulate(args: Args) -> int:
    """The memory traffic of one call, line by line, counted by the simulator."""
    home = catalog.root()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    path = Path(args.file) if args.file else bench.reference(home, exercise) if args.solution else exercise.source
    asked = _counting(exercise, path, args.seed, args.case or "")
    found = _count(asked)
    outcome = found.trial.outcome.value
    if args.json:
        bench.emit(_as_json(asked, found))
        return 0 if outcome == "PASS" else 1
    screen.out(f"{exercise.id}  {choose.shown(path)}   {found.trial.case}", "")
    _show(asked, found)
    if outcome != "PASS":
        screen.out("", f"this call is {outcome}:  {args.command} run {exercise.number} --backend simulator  says why")
    return 0 if outcome == "PASS" else 1


def _counted(exercise: Exercise, path: Path) -> None:
    """The same, under the verdict of a run."""
    asked = _counting(exercise, path)
    found = _count(asked)
    screen.out("", f"one call at {found.trial.case}:")
    _show(asked, found)


def _counting(exercise: Exercise, path: Path, seed: int | None = None, case: str = "") -> Request:
    text = choose.source(path, exercise)
    return Request(exercise, path, text, path, "simulator", seed=seed, case=case, speed=False)


def _count(asked: Request) -> Simulated:
    progress = screen.Progress()
    try:
        progress("importing torch")
        from grader import simulate

        return simulate.simulate(asked, progress)
    finally:
        progress.clear()


def _as_json(asked: Request, found: Simulated) -> dict[str, Any]:
    from grader import efficiency

    lines = efficiency.lines(found.trial.run.traffic, asked.text)
    rows = [asdict(line) | {"excess": line.excess} for line in lines]
    totals = {"bytes_moved": efficiency.moved(lines), "bytes_needed": found.needed}
    facts = {"exercise": asked.exercise.id, "case": str(found.trial.case), "outcome": found.trial.outcome.value}
    return {
        "schema_version": 1,
        **facts,
        **totals,
        "lines": rows,
        "findings": [asdict(f) for f in found.trial.findings],
    }


def _show(asked: Request, found: Simulated) -> None:
    from grader import efficiency, tables

    lines = efficiency.lines(found.trial.run.traffic, asked.text)
    screen.out(tables.traffic(lines, efficiency.moved(lines), found.needed))


# ---------------------------------------------------------------- authors


def author(args: Args) -> int:
    """`new N NAME` makes an exercise that says TODO; `check` says what is not right about one."""
    return _new(args) if args.action == "new" else _check(args)


def _new(args: Args) -> int:
    from grader import template

    if len(args.names) != 2 or not args.names[0].isdigit():
        raise UsageError("`author new` needs a number and a name, as in `grader author new 7 softmax`")
    home, number, name = catalog.root(), int(args.names[0]), args.names[1]
    made = template.new(number, name)
    for slug in catalog.discover(home):
        if slug[:2] == f"{number:02d}" or slug[3:] == name:
            raise UsageError(f"{slug} exists; choose another number and name")
    pristine.lay(home, made)
    if args.json:
        bench.emit({"exercise": f"{number:02d}_{name}", "files": [str(home / path) for path in made]})
        return 0
    screen.out(*(choose.shown(home / path) for path in made), "")
    screen.out(f"next: fill in what says TODO, then  {args.command} author check {number}")
    return 0


def _check(args: Args) -> int:
    """A line for each rule that is broken, and one for each exercise."""
    home = catalog.root()
    chosen = choose.exercises(home, args.names, whole=args.all)
    progress = screen.Progress()
    progress("importing torch")
    from grader import author as author_
    from grader import prove
    from grader.folder import Folder

    codes = []
    for exercise in chosen:
        folder = Folder(home, exercise)
        try:
            found = [*author_.examine(folder), *prove.prove(folder, progress, args.backend or "")]
        finally:
            progress.clear()
        codes.append(1 if any(one.problems for one in found) else 0)
        _say(args, exercise, found)
    return max(codes)


def _say(args: Args, exercise: Exercise, found: list[Any]) -> None:
    broken = [one for one in found if one.problems]
    if args.json:
        facts = {"schema_version": 1, "exercise": exercise.id, "whole": not broken}
        bench.emit(facts | {"checks": [asdict(one) for one in found]})
        return
    from grader import tables

    rows = [("fail", one.rule, *_remedy(problem)) for one in broken for problem in one.problems]
    rows += [("ok", one.rule, one.note, "") for one in found if one.note and not one.problems]
    screen.out(f"{exercise.id}  {len(found) - len(broken)} of {len(found)} checks passed", tables.checks(rows))


def _remedy(problem: str) -> tuple[str, str]:
    """`what is wrong; what to do`, in two."""
    said, _, remedy = problem.rpartition("; ")
    return (said, remedy) if said else (problem, "")


# ---------------------------------------------------------------- the machine


def doctor(args: Args) -> int:
    from grader import build
    from grader import doctor as doctor_

    if args.calibrate:
        _calibrate(build.cache())
    progress = screen.Progress()
    progress("looking at this machine")
    try:
        checks = doctor_.examine(catalog.root(), record.url(), build.cache())
    finally:
        progress.clear()
    code = 3 if any(check.state == "fail" for check in checks) else 0
    if args.json:
        bench.emit({"schema_version": 1, "checks": [asdict(c) for c in checks], "verdict": doctor_.verdict(checks)})
        return code
    from grader import tables

    screen.out(tables.checks([(c.state, c.name, c.found, c.fix) for c in checks]), "", doctor_.verdict(checks))
    return code


def _calibrate(cache: Path) -> None:
    """Raises MachineError where there is no GPU."""
    progress = screen.Progress()
    try:
        progress("importing torch")
        from grader import calibrate

        calibrate.calibrate(cache, progress)
    finally:
        progress.clear()


def overview(args: Args) -> int:
    """Where you are, what is next, and the one command to type."""
    from grader import tables

    home, url = catalog.root(), record.url()
    exercises = choose.everything(home)
    board = score.summary(exercises, record.tallies(url))
    known = {e.id: (e, s) for e, s in zip(exercises, board, strict=True)}
    here = choose.at_hand(home, Path.cwd(), exercises)
    after = score.following(board, here.id if here else "")
    days, today = score.dates(record.quarters(url)), datetime.now().date()
    given = (known, here.id if here else "", after, days, today, args.command)
    if args.json:
        bench.emit(tables.overview(*given))
    else:
        screen.out(tables.dashboard(*given))
    return 0
