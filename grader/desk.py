"""The verbs around the work: watch, next, edit, profile, give-up, init, report, serve. Arguments in, exit code out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import bench, catalog, choose, editor, pristine, record, score, screen, verbs
from grader.errors import EmptyError, MachineError, UsageError
from grader.model import Exercise, Request

if TYPE_CHECKING:
    from grader.profile import Past, Profile

Args = Any  # what argparse made of the command line


def watch(args: Args) -> int:
    from grader import session

    keys = {"task": verbs.show, "hint": verbs.hint, "list": verbs.listing, "compare": verbs.compare, "edit": edit}
    return session.follow(args, _here(args), keys)


def _here(args: Args) -> Exercise:
    """The one named, the one at hand, or, before the first edit, the first of all."""
    try:
        return choose.exercises(catalog.root(), [args.name] if args.name else [])[0]
    except EmptyError:
        home = catalog.root()
        return choose.one(home, bench.following(choose.everything(home), ""))


def next_(args: Args) -> int:
    """The task of the first exercise after the present one that is not passed."""
    home = catalog.root()
    exercises = choose.everything(home)
    here = choose.at_hand(home, Path.cwd(), exercises)
    args.name = bench.following(exercises, here.id if here else "")
    if not args.name:
        screen.out(f"every exercise is passed;  {args.command} scoreboard")
        return 0
    return verbs.show(args)


def edit(args: Args) -> int:
    """Opens the source where the work is; where no editor is found, says where that would be."""
    exercise = _here(args)
    text = choose.source(exercise.source, exercise)
    place = f"{choose.shown(exercise.source)}:{pristine.todo(text)}"
    words = editor.chosen()
    if args.json:
        bench.emit({"exercise": exercise.id, "place": place, "editor": words})
        return 0
    if not words:
        raise MachineError(f"no editor is found; set EDITOR, or open {place}")
    if editor.windowed(words):
        screen.out(f"opening {place} with {words[0]}")
    command = editor.command(words, exercise.source, pristine.todo(text))
    with editor.start(command) as process:
        editor.ended(command, process.wait())
    return 0


def export(args: Args) -> int:
    """The record, for other programs. JUnit has one case an exercise; JSON and CSV have every attempt."""
    from grader import export as export_

    home, attempts = catalog.root(), record.attempts(record.url())
    chosen = choose.exercises(home, args.names, whole=True)
    if args.names:
        attempts = tuple(a for a in attempts if a.exercise in {e.id for e in chosen})
    if args.format == "junit":
        text = export_.junit(chosen, {a.exercise: a for a in score.counted(attempts)})
    else:
        text = export_.json(attempts) if args.format == "json" else export_.table(attempts)
    return _written(args.output, text)


def _written(output: str, text: str) -> int:
    if not output:
        screen.out(text.removesuffix("\n"))
        return 0
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{output} cannot be written ({error.strerror}); name another file") from error
    return 0


def report(args: Args) -> int:
    """The whole record as one page that needs no network and no server."""
    _can_draw()
    progress = screen.Progress()
    progress("drawing the charts")
    try:
        from grader import pages
        from grader import report as report_

        text = report_.page(pages.material(record.url(), choose.everything(catalog.root()), bench.now()))
    finally:
        progress.clear()
    if args.html == "-":
        return _written("", text)
    _written(args.html, text)
    if args.json:
        bench.emit({"file": str(Path(args.html).resolve()), "bytes": len(text.encode())})
    else:
        screen.out(f"{args.html}: {len(text.encode()):,} bytes, one page without a network; open it in a browser")
    return 0


def _can_draw() -> None:
    """Found out at once: to import it takes a second."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MachineError("the charts need matplotlib, which is not here; pip install 'cuda-grader[report]'")


def serve(args: Args) -> int:
    """The same, live, and a page for each exercise, until Ctrl-C."""
    _can_draw()
    home = catalog.root()
    choose.everything(home)  # a folder without exercises is told here, not in the browser

    def ready(address: str, port: int) -> None:
        if args.json:
            bench.emit({"schema_version": 1, "url": address, "port": port})
        else:
            screen.out(f"open  {address}", "for this machine alone, as long as this runs; Ctrl-C ends it")
        screen.flush()
        if args.open:
            _browse(address)

    from grader import pages
    from grader import serve as serve_

    return serve_.run(pages.Site(home, record.url(), args.command, bench.now), args.port, ready)


def _browse(address: str) -> None:
    """In a thread: a browser may need the page before it lets us go on."""
    import threading
    import webbrowser

    def show() -> None:
        if not webbrowser.open(address):
            screen.note("no browser is found here; open the address yourself, or leave out --open")

    threading.Thread(target=show, name="browser", daemon=True).start()


def completion(args: Args) -> int:
    """What the shell must read to complete `grader …`."""
    from argcomplete import shell_integration

    screen.out(shell_integration.shellcode(["grader"], shell=args.shell).removesuffix("\n"))
    return 0


def init(args: Args) -> int:
    """Lays out a folder to work in; a folder that is one gets what it lacks."""
    from grader import backends, workspace

    home, folder = catalog.root(), Path(args.folder)
    made = workspace.lay(home, folder, choose.everything(home), backends.get("simulator").headers())
    if args.json:
        bench.emit({"folder": str(folder.resolve()), "made": [str(path.resolve()) for path in made]})
        return 0
    screen.out(f"{choose.shown(folder)}: {len(made)} files written, and none that was there was changed")
    inside = folder.resolve() == Path.cwd().resolve()
    screen.out(f"next: {f'cd {choose.shown(folder)}  then  ' * (not inside)}{args.command}")
    return 0


def profile(args: Args) -> int:
    """What limits one kernel at one timed shape, and the next step."""
    home = catalog.root()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    if args.solution and verbs.locked(args, exercise):
        return 1
    if args.shape > len(exercise.timed):
        most = len(exercise.timed)
        raise UsageError(f"{exercise.id} has {most} timed shape{'s' * (most > 1)}; ask for --shape 1 to {most}")
    path = Path(args.file) if args.file else bench.reference(home, exercise) if args.solution else exercise.source
    text = choose.source(path, exercise)
    if pristine.is_untouched(pristine.skeleton(home, exercise), text):
        raise UsageError(f"{choose.shown(path)}:{pristine.todo(text)} is the skeleton; write the kernel first")
    report = _report(args)
    progress = screen.Progress()
    try:
        progress("importing torch")
        from grader import profile as profile_

        asked = Request(exercise, path, text, path, "cuda", speed=False)
        past = _past(exercise, text, args.shape - 1)
        found = profile_.profile(profile_.Asked(asked, args.shape - 1, report, past), progress)
    finally:
        progress.clear()
    _profiled(args, exercise, path, found)
    return 0


def _report(args: Args) -> Path | None:
    """Where to keep ncu's report; nothing that is there is replaced unasked."""
    if not args.ncu_rep:
        return None
    path = Path(args.ncu_rep)
    path = path if path.suffix == ".ncu-rep" else path.with_name(f"{path.name}.ncu-rep")
    if path.exists() and not args.force:
        raise UsageError(f"{path} exists; add --force to replace it, or name another file")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it, or name another file")
    return path


def _past(exercise: Exercise, text: str, shape: int) -> Past | None:
    """The newest recorded time of this very source."""
    from grader.profile import Past

    url, sha = record.url(), record.sha(text)
    timed = [a for a in record.attempts(url, exercise.id) if a.source_sha == sha and a.learner_us is not None]
    if not timed:
        return None
    speed, sizes = verbs.verdict(url, timed[-1]).speed, dict(exercise.timed[shape])
    kept = next((s for s in (speed.shapes if speed else ()) if dict(s.sizes) == sizes), None)
    return Past(kept, f"by attempt {timed[-1].id} on {timed[-1].device}, {timed[-1].at[:10]}") if kept else None


def _profiled(args: Args, exercise: Exercise, path: Path, found: Profile) -> None:
    if args.json:
        bench.emit(_as_json(exercise, path, found))
        return
    from grader import gauges

    screen.out(f"{exercise.id}  {choose.shown(path)}   {found.case}")
    if found.why_not:
        screen.out(f"nothing is counted: {found.why_not}", "what can be said without counters:")
    screen.out("", gauges.profiled(found.kernels, found.steps, found.notes, found.lines), "")
    if found.report:
        screen.out(f"the report: ncu-ui {found.report}")
    again = f"--file {choose.shown(path)}" if args.file else "--solution" if args.solution else ""
    screen.out(f"next: change one thing, then  {args.command} run {exercise.number} {again}".rstrip())


def _as_json(exercise: Exercise, path: Path, found: Profile) -> dict[str, Any]:
    from grader import advice

    kernels = []
    for n, f in enumerate(found.kernels):
        words = {"readings": list(map(asdict, advice.readings(f))), "steps": list(map(asdict, advice.steps(f)))}
        kernels.append(asdict(f) | words | {"metrics": found.metrics[n] if found.metrics else {}})
    facts = {"schema_version": 1, "exercise": exercise.id, "file": str(path), "case": str(found.case)}
    about = {"source": found.source, "why_not": found.why_not, "notes": found.notes, "report": found.report or None}
    lines = [asdict(x) | {"excess": x.excess} for x in found.lines]
    return facts | about | {"kernels": kernels, "lines": lines, "steps": [asdict(s) for s in found.steps]}


def give_up(args: Args) -> int:
    """Opens the solution for good; passes from now on are marked as assisted."""
    home, url = catalog.root(), record.url()
    (exercise,) = choose.exercises(home, [args.name] if args.name else [])
    passed = score.summed(exercise, record.tallies(url, exercise.id)).passed
    if not passed and not record.gave_up(url, exercise.id):
        _sure(args, exercise)
        record.ready(url)
        record.hint(url, exercise.id, record.SOLUTION, bench.now())
    solution = bench.reference(home, exercise)
    if args.json:
        bench.emit({"exercise": exercise.id, "solution": str(solution), "assisted": not passed})
        return 0
    screen.out(f"the solution is open: {choose.shown(solution)}   its reasons: README.md beside it")
    if not passed:
        screen.out("a pass from now on is marked as assisted; come back in a day or two and write it from memory")
    screen.out(f"next: {args.command} compare {exercise.number}   or  {args.command} next")
    return 0


def _sure(args: Args, exercise: Exercise) -> None:
    """It cannot be taken back, so it is asked for."""
    if args.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or args.json:
        raise UsageError(f"giving up {exercise.id} cannot be taken back; add --yes if you mean it")
    screen.ask(f"open the solution of {exercise.id}? your passes of it will be marked as assisted [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(f"nothing is changed; `grader hint {exercise.number}` has the next hint")
