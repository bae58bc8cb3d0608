"""The command line: arguments -> verb -> exit code. The only module that knows argparse."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from grader import __version__, screen
from grader.errors import GraderError, MachineError, UsageError

EXITS = """\
exit codes: 0 all passed · 1 judged and not passed · 2 usage · 3 this machine, or not run
            4 the grader itself · 5 nothing selected · 130 interrupted"""

OVERVIEW = """\
--json without a verb has these keys: schema_version; here (exercise, title, source, verdict, attempts), or null;
next (exercise, title), or null; passed, exercises, tiers; tracks (name -> passed, exercises); week (the last seven
days, today last: whether there was an attempt); streak_days; type (the command to go on with)"""

NAME = "number, name, id or path (7, softmax, 07_softmax); default: where you stand, else the last you edited"


Verb = Callable[[Any], int]


class Parser(argparse.ArgumentParser):
    """Says a usage error as every other error is said: one line, ending with the remedy."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        _forgive_encodings()
        return _run(words)
    except GraderError as error:
        said = str(error).replace("`grader ", f"`{_command()} ")  # so that it can be pasted
        screen.note(f"grader: {said}")
        return error.exit_code
    except KeyboardInterrupt:
        screen.note("grader: interrupted; what was graded before is recorded")
        return 130
    except BrokenPipeError:  # `grader list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (name := _absent(error)):
            remedy = f"run `make`, or {sys.executable} -m pip install {name}"
            screen.note(f"grader: {name} is not installed for {sys.executable}; {remedy}")
            return MachineError.exit_code
        said = screen.defect(error)
        screen.note(f"grader: a defect of the grader, not of your code: {said}; report it with GRADER_DEBUG=1")
        return 4


def _absent(error: ModuleNotFoundError) -> str:
    """The package that is missing; "" for a module of ours."""
    package = (error.name or "").partition(".")[0]
    return "" if package == "grader" else package


def _run(words: list[str]) -> int:
    command = _command()
    parser, verbs = _parser(command)
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what may come next
        import argcomplete

        argcomplete.autocomplete(parser)
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if words and not words[0].startswith("-") and words[0] not in verbs:
        close = difflib.get_close_matches(words[0], verbs, n=1, cutoff=0.4)
        meant = f"did you mean `{command} {close[0]}`?" if close else f"see `{command} --help`"
        raise UsageError(f"{words[0]!r} is no verb; {meant}")
    args = parser.parse_args(words)
    args.command = command
    call: Verb = args.call
    with _environment(_asked(args)):
        code = call(args)
    sys.stdout.flush()  # a closed pipe shows here, not at exit
    return code


def _asked(args: argparse.Namespace) -> dict[str, str]:
    """The variables that --root and --plain stand for. Raises UsageError for a folder without exercises."""
    root = getattr(args, "root", "")
    if root and not any(Path(root).glob("exercises/*/exercise.toml")):
        raise UsageError(f"--root {root}: there is no exercises/ with an exercise.toml in it; name another folder")
    plain = {"NO_COLOR": "1", "TERM": "dumb"} if getattr(args, "plain", False) else {}
    return plain | ({"GRADER_ROOT": root} if root else {})


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """For this one command, workers and compilers included."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


def _command() -> str:
    """How this was started, for the lines that say what to type next."""
    return "grader" if Path(sys.argv[0]).name == "grader" else "python -m grader"


def _forgive_encodings() -> None:
    """On a terminal that cannot show ✓, a `?` is better than a crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


# ---------------------------------------------------------------- arguments


def _parser(command: str) -> tuple[Parser, tuple[str, ...]]:
    from grader import verbs

    parser = Parser(
        prog=command,
        description="A local autograder for CUDA exercises.",
        epilog=f"start:  {command} list\n        {command} show 1\n        {command} run 1\n\n{OVERVIEW}\n\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    parser.add_argument("--json", action="store_true", help="without a verb: where you are, as JSON alone on stdout")
    _add_everywhere(parser)
    parser.set_defaults(call=verbs.overview)
    group = parser.add_subparsers(title="verbs", metavar="VERB")
    _add_verbs(partial(_verb, group, command))
    return parser, tuple(group.choices)


def _add_everywhere(parser: Parser) -> None:
    told = "the folder that holds exercises/ (default: GRADER_ROOT, the workspace you stand in, the installed ones)"
    parser.add_argument("--root", metavar="DIR", default=argparse.SUPPRESS, help=told)
    told = "no colours, no links, no line that changes: for screen readers and logs"
    parser.add_argument("--plain", action="store_true", default=argparse.SUPPRESS, help=told)


def _verb(group: Any, command: str, name: str, call: Verb, text: str, *examples: str) -> Parser:
    """One verb, with examples under its --help."""
    shown = "\n".join(f"  {command} {name} {example}".rstrip() for example in examples)
    made: Parser = group.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"examples:\n{shown}\n\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.set_defaults(call=call)
    told = "print JSON alone on stdout"
    made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=told)  # may stand before the verb
    _add_everywhere(made)
    return made


def _add_verbs(verb: Callable[..., Parser]) -> None:
    from grader import desk, verbs

    _add_run(verb("run", verbs.run, "grade your kernel", *RUNS))
    _add_watch(verb("watch", desk.watch, "grade your kernel at each save", "", "7", "softmax --no-speed", "7 --json"))
    _add_list(verb("list", verbs.listing, "all exercises, and where you are with each", *LISTS))
    one = verb("show", verbs.show, "the task, its limits and what it teaches", "7", "softmax", "--raw 7")
    _add_name(one)
    one.add_argument("--raw", action="store_true", help="the README as it is, not rendered")
    follow = verb("next", desk.next_, "the task that comes next", "", "--raw")
    follow.add_argument("--raw", action="store_true", help="the README as it is, not rendered")
    _add_name(verb("edit", desk.edit, "open your file at the first TODO, in $VISUAL, $EDITOR or VS Code", "", "7"))
    tips = verb("hint", verbs.hint, "the next hint; opened hints are on record", "7", "7 --tier 1")
    _add_name(tips)
    tips.add_argument("--tier", type=int, metavar="N", help="that hint (again)")
    done = verb("give-up", desk.give_up, "open the solution; a later pass is marked as assisted", "7", "7 --yes")
    _add_name(done)
    done.add_argument("--yes", action="store_true", help="do not ask")
    _add_name(verb("reset", verbs.reset, "put the skeleton back; your file is kept as a backup", "7", "softmax"))
    verb("scoreboard", verbs.scoreboard, "best verdict, ratio, attempts and tier of every exercise", "", "--json")
    both = verb("compare", verbs.compare, "your passing kernel beside the solution", "7", "7 --html x.html", "7 --json")
    _add_name(both)
    both.add_argument("--html", metavar="FILE", help="write it as a page instead")
    past = verb("history", verbs.history, "every attempt, with its source", "", "7", "--source 12", "7 --json")
    _add_name(past)
    past.add_argument("-n", type=_count, default=30, metavar="N", help="the newest N (default: 30; --json has all)")
    past.add_argument("--source", type=int, metavar="ID", help="print the source of that attempt")
    back = verb("restore", verbs.restore, "put the source of an attempt back", "7", "7 @best", "7 12")
    _completed(back.add_argument("name", metavar="NAME", help=NAME))
    back.add_argument("which", nargs="?", default="@best", metavar="@best|@last|ID", help="default: @best")
    count = verb(
        "simulate", verbs.simulate, "memory traffic line by line, counted by the simulator", "7", "7 --solution"
    )
    _add_name(count)
    count.add_argument("--file", metavar="F", help="count that file")
    count.add_argument("--solution", action="store_true", help="count the reference")
    count.add_argument("--case", metavar="C", help="the case, as a replay line spells it (default: a large round one)")
    count.add_argument("--seed", type=int, metavar="N", help="the contents' seed")
    _add_profile(verb("profile", desk.profile, "what limits your kernel, counted by Nsight Compute", *PROFILES))
    paper = verb("report", desk.report, "your whole record as one HTML page", "--html report.html", "--html - > a.html")
    paper.add_argument("--html", required=True, metavar="FILE", help="where to write it; - is stdout")
    _add_serve(verb("serve", desk.serve, "your record live in your browser, with a page a task", *SERVES))
    out = verb("export", desk.export, "your record for other programs", "junit", "csv -o attempts.csv", "json 7")
    out.add_argument("format", choices=("junit", "json", "csv"), help="junit: one case an exercise, its newest attempt")
    _completed(out.add_argument("names", nargs="*", metavar="NAME", help="only these"))
    out.add_argument("-o", "--output", default="", metavar="FILE", help="default: stdout")
    shell = verb("completion", desk.completion, "what your shell reads to complete `grader`", *SHELLS)
    shell.add_argument("shell", choices=("bash", "zsh", "fish"))
    new = verb("init", desk.init, "a folder to work in, with what editors need", "cuda", ".", "~/cuda --json")
    new.add_argument("folder", metavar="DIR", help="made when it is not there; `.` adds what a workspace lacks")
    _add_author(verb("author", verbs.author, "make an exercise, and check that it is whole", *AUTHORS))
    well = verb("doctor", verbs.doctor, "check this machine, and say how to mend it", "", "--json", "--calibrate")
    well.add_argument("--calibrate", action="store_true", help="measure what this GPU can do at most, and keep it")


PROFILES = ("7", "7 --shape 2 --json", "7 --ncu-rep softmax.ncu-rep", "7 --file attempt.cu")
NSYS = """
Without ncu, without leave to read counters or without a GPU it says what can be
known all the same. The timeline is Nsight Systems': every phase is a named range.

  nsys profile -t cuda,nvtx -o softmax {command} run 7 --no-record
"""


def _add_profile(parser: Parser) -> None:
    _add_name(parser)
    parser.description = f"{parser.description}\n{NSYS}".replace("{command}", parser.prog.removesuffix(" profile"))
    parser.add_argument("--shape", type=_count, default=1, metavar="N", help="the timed shape (default: 1, the first)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--file", metavar="F", help="profile that file")
    what.add_argument("--solution", action="store_true", help="profile the reference, once it is open to you")
    parser.add_argument("--ncu-rep", default="", metavar="FILE", help="count everything, and keep it for ncu-ui")
    parser.add_argument("--force", action="store_true", help="replace FILE")


SERVES = ("", "--open", "--port 8642", "--json")


def _add_serve(parser: Parser) -> None:
    told = "a port of your own choice, as for ssh -L (default: any free one)"
    parser.add_argument("--port", type=_port, default=0, metavar="N", help=told)
    parser.add_argument("--open", action="store_true", help="open a browser as well")


SHELLS = (
    "bash > ~/.local/share/bash-completion/completions/grader",
    "zsh > ~/.zfunc/_grader",
    "fish > ~/.config/fish/completions/grader.fish",
)


AUTHORS = ("new 7 softmax", "check 7", "check --all --backend simulator --json")


def _add_author(parser: Parser) -> None:
    parser.add_argument(
        "action", choices=("new", "check"), help="new N NAME: a folder that says TODO; check: every rule"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="new: number and name; check: exercises")
    parser.add_argument("--all", action="store_true", help="check every exercise")
    parser.add_argument("--backend", choices=("cuda", "simulator"), help="check: default is every one that is here")


RUNS = (
    "7",
    "softmax --no-speed",
    "7 --file attempt.cu",
    "7 --solution",
    '7 --seed 5 --case "rows=3,cols=5,recipe=normal"',
    "--all -x --json",
    '-k "softmax or scan"',
)


def _add_run(parser: Parser) -> None:
    _completed(parser.add_argument("names", nargs="*", metavar="NAME", help=NAME))
    parser.add_argument("--all", action="store_true", help="every exercise")
    _add_k(parser)
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first that does not pass")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--file", metavar="F", help="grade this file instead of the exercise's own")
    what.add_argument("--solution", action="store_true", help="grade the reference itself")
    parser.add_argument("--backend", choices=("cuda", "simulator"), help="default: the GPU where there is one")
    parser.add_argument("--no-speed", dest="speed", action="store_false", help="correctness only")
    parser.add_argument(
        "--pedantic", action="store_true", help="simulator: a shuffle orders no memory, as CUDA has it to the letter"
    )
    parser.add_argument(
        "--no-simulate", dest="simulate", action="store_false", help="on a GPU: do not let the simulator check it too"
    )
    parser.add_argument("--seed", type=_seed, metavar="N", help="draw the same cases again")
    parser.add_argument("--case", type=_case, metavar="C", help="this case alone, as a failure prints it")
    parser.add_argument("--examples", type=_count, metavar="N", help="how many cases to draw")
    parser.add_argument("--sanitize", action="store_true", help="also run NVIDIA's compute-sanitizer")
    parser.add_argument("--no-record", dest="record", action="store_false", help="keep no record of this run")


LISTS = ("", "-k reduction", "--status open --difficulty 1-2", "--track memory --needs nothing", "--json")


def _add_list(parser: Parser) -> None:
    from grader.score import RANK, STATUS

    kinds = (*STATUS, *(outcome.lower() for outcome in RANK))
    _completed(parser.add_argument("names", nargs="*", metavar="NAME", help="only these"))
    _add_k(parser)
    parser.add_argument("--track", metavar="T", help="only that track")
    told = f"{', '.join(STATUS)}, or a verdict: wrong, slow, …"
    parser.add_argument("--status", choices=kinds, metavar="S", help=told)
    parser.add_argument("--difficulty", type=_span, metavar="N", help="1 to 5, or a span such as 2-3")
    parser.add_argument("--needs", choices=("gpu", "nothing"), help="what the simulator cannot run, or can")


def _add_watch(parser: Parser) -> None:
    _add_name(parser)
    parser.add_argument("--backend", choices=("cuda", "simulator"), help="default: the GPU where there is one")
    parser.add_argument("--no-speed", dest="speed", action="store_false", help="correctness only")
    parser.add_argument("--no-record", dest="record", action="store_false", help="keep no record of these runs")
    rest = {"file": None, "case": None, "seed": None, "examples": None}
    parser.set_defaults(**rest, solution=False, pedantic=False, simulate=True, sanitize=False)


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not all(word in ("1", "2", "3", "4", "5") for word in (low, high or low)) or low > (high or low):
        raise argparse.ArgumentTypeError(f"{text!r} is no difficulty: write 1 to 5, or a span such as 2-3")
    return int(low), int(high or low)


def _add_name(parser: Parser) -> None:
    _completed(parser.add_argument("name", nargs="?", metavar="NAME", help=NAME))


def _completed(action: Any) -> None:
    """Exercises after TAB, by name and by id; needs no torch."""
    action.completer = _known


def _known(prefix: str, **_: object) -> list[str]:
    from grader import catalog

    ids = catalog.discover(catalog.root())
    return [word for slug in ids for word in (slug, slug.split("_", 1)[1]) if word.startswith(prefix)]


def _add_k(parser: Parser) -> None:
    parser.add_argument("-k", default="", metavar="EXPR", help='words in id, title or concepts: "scan or not half"')


def _seed(text: str) -> int:
    if not text.isdigit() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: write a whole number from 0 to 2^63 - 1")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 100000")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text[:6]) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number from 1 to 65535, or leave it out")
    return int(text)


def _case(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: write it as rows=33,cols=1000,recipe=normal")
    return text.strip()
