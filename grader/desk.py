"""The verbs around the work: watch, next, edit, give-up, init, report, serve. Arguments in, exit code out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from grader import bench, catalog, choose, editor, pristine, record, score, screen, verbs
from grader.errors import EmptyError, MachineError, UsageError
from grader.model import Exercise

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
    from grader import pages
    from grader import report as report_

    text = report_.page(pages.material(record.url(), choose.everything(catalog.root()), bench.now()))
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
