"""What an exercise must be: rules over its files and its toml, and all the others. Runs no kernel; `prove` does.

A rule yields one sentence for each thing that is not right, ending with the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader import data, pristine
from grader.catalog import discover
from grader.errors import GraderError, SpecError
from grader.expect import expected
from grader.folder import Folder, listed, read
from grader.model import Outcome

TASK = ("Task", "Worked example", "What it teaches", "Limits", "Where the same kernel lives")
ANSWER = ("Why it is right", "Why it is fast", "What to try next")
MARKS = ("<!-- steps: begin -->", "<!-- steps: end -->")  # of the solution's README: between them steps.py writes
LEAST_RUNGS = 2
TIMED = (Outcome.PASS, Outcome.SLOW)

# ---------------------------------------------------------------- files


def files(folder: Folder) -> Iterator[str]:
    name = folder.exercise.name
    for place, wanted in (
        (folder.exercise.folder, {"README.md", "exercise.toml", "spec.py", f"{name}.cu"}),
        (folder.solutions, {"README.md", "skeleton.cu", f"{name}.cu"}),
    ):
        there = {p.name for p in place.glob("*") if p.name != "__pycache__"}
        if missing := wanted - there:
            yield f"{place}: {listed(missing)} missing; add it"
        if odd := there - wanted:
            yield f"{place}: {listed(odd)} does not belong there; remove it"


def readmes(folder: Folder) -> Iterator[str]:
    for path, sections in ((folder.exercise.folder, TASK), (folder.solutions, ANSWER)):
        said = read(path / "README.md")
        if not said.startswith(f"# {folder.exercise.id[:2]} "):
            yield f"{path / 'README.md'} does not begin with `# {folder.exercise.id[:2]} Title`; add that line"
        if (found := tuple(re.findall(r"^## (.+)$", said, re.MULTILINE))) != sections:
            yield f"{path / 'README.md'} has the sections {listed(found)}; write {', '.join(sections)}, in this order"


def skeleton(folder: Folder) -> Iterator[str]:
    """It is NOT_STARTED, and leaves the work to the learner."""
    own = read(folder.exercise.source)
    if not pristine.is_untouched(read(folder.skeleton), own):
        yield f"{folder.exercise.source} is not {folder.skeleton}; `grader reset`, or copy the one over the other"
    if "// TODO" not in own:
        yield f"{folder.exercise.source} has no `// TODO`; put one where the learner's work begins"
    if pristine.is_untouched(own, read(folder.solution)):
        yield f"{folder.solution} is the skeleton; write the solution"


def sources(folder: Folder) -> Iterator[str]:
    launcher = f'extern "C" cudaError_t {folder.exercise.declaration.launcher}('
    for path in (folder.exercise.source, folder.solution):
        if launcher not in read(path):
            yield f"{path} does not define {launcher}…); write it as exercise.toml declares it"


def todos(folder: Folder) -> Iterator[str]:
    """Nothing is left of what `author new` wrote for the author to fill in."""
    own = [*(folder.exercise.folder / name for name in ("exercise.toml", "spec.py", "README.md"))]
    for path in [*own, folder.solution, folder.solutions / "README.md", *folder.attempts]:
        for n, line in enumerate(read(path).splitlines(), 1):
            if "TODO" in line:
                yield f"{path}:{n} still says TODO; write it"


# ---------------------------------------------------------------- exercise.toml


def figures(folder: Folder) -> Iterator[str]:
    e = folder.exercise
    verb = "launch" if e.declaration.streamed else "run"
    if e.declaration.launcher != f"{verb}_{e.name}":
        yield f"the launcher is called {e.declaration.launcher}; call it {verb}_{e.name}, after the folder"
    if not 1 <= e.difficulty <= 5:
        yield f"difficulty is {e.difficulty}; choose 1 to 5"
    if not 0 < e.threshold <= e.excellent <= 1.5:
        yield f"threshold {e.threshold} and excellent {e.excellent} are out of order; 0 < threshold <= excellent <= 1.5"
    if unsaid := [name or "[tolerance]" for name, t in e.tolerances.items() if not t.why]:
        yield f"{listed(unsaid)} has no `why`; say where the numbers come from"


def hints(folder: Folder) -> Iterator[str]:
    given = folder.exercise.hints
    if len(given) != 3:
        yield f"there are {len(given)} hints; write three: a question, the plan, nearly the code"
    yield from (f"hint {n} says too little; write a sentence" for n, hint in enumerate(given, 1) if len(hint) <= 20)


def prerequisites(folder: Folder) -> Iterator[str]:
    known = discover(folder.home)
    for slug in folder.exercise.prerequisites:
        if slug not in known:
            yield f"prerequisite {slug} does not exist; correct it"
        elif slug >= folder.exercise.id:
            yield f"prerequisite {slug} comes later; name earlier exercises only"


def layout(folder: Folder) -> Iterator[str]:
    e = folder.exercise
    pointers = {p.name for p in e.declaration.params if p.pointer}
    if odd := {*e.misaligned, *e.alias.values()} - pointers:
        yield f"[layout] names {listed(odd)}, which is no pointer of the launcher; correct it"
    if odd := {*e.alias, *e.tolerances} - {"", *folder.outputs}:
        yield f"{listed(odd)} in alias or [tolerance] is no output of the launcher; correct it"


def attempts(folder: Folder) -> Iterator[str]:
    wrong = right = 0
    for path in folder.attempts:
        head = read(path).splitlines()[:5]
        if not (head and head[0].startswith("// expect") and any(line.startswith("// why: ") for line in head)):
            yield f"{path} does not begin with // expect: and // why: lines; add them"
            continue
        passes = any(one.outcome is Outcome.PASS for one in expected(path))
        wrong, right = wrong + (not passes), right + passes
    place = folder.home / "tests" / "attempts" / folder.exercise.id
    if wrong < 3:
        yield f"{place} holds {wrong} wrong kernels; add at least three, each named by its one mistake"
    if not right:
        yield f"{place} holds no right kernel; add an unusual one"


def walk(folder: Folder) -> Iterator[str]:
    """Its rungs are right attempts, and the solution's README names each and has room for their times."""
    rungs, said = folder.exercise.walk.rungs, read(folder.solutions / "README.md")
    there = {path.stem: path for path in folder.attempts}
    if len(rungs) < LEAST_RUNGS:
        yield f"[walk] has {len(rungs)} rungs; name {LEAST_RUNGS} attempts or more, from the naive one to the solution"
    for name in rungs:
        if name not in there:
            yield f"[walk] names {name}, which is no attempt; add tests/attempts/{folder.exercise.id}/{name}.cu"
        elif not any(one.outcome in TIMED for one in expected(there[name], "cuda")):
            yield f"[walk] names {name}, which is expected to be wrong; name right ones only"
        if f"`{name}`" not in said:
            yield f"{folder.solutions / 'README.md'} does not name `{name}`; say there what it does"
    sizes = folder.exercise.walk.sizes
    if sizes and sizes.keys() != folder.spec.sizes.keys():
        yield f"[walk] sizes must give {listed(folder.spec.sizes)}, and nothing else; correct it"
    if not all(line in said.splitlines() for line in MARKS):
        yield f"{folder.solutions / 'README.md'} has no room for the times; add the lines {' and '.join(MARKS)}"


# ---------------------------------------------------------------- all of them

Rule = Callable[[Folder], Iterator[str]]
OWN = (files, readmes, skeleton, sources, todos, figures, hints, prerequisites, layout, attempts, walk)
RULES: dict[str, Rule] = {rule.__name__: rule for rule in (*OWN, *data.RULES)}


@dataclass(frozen=True)
class Check:
    """What one rule found; no problems: it holds. `note` says what was seen, or why nothing was done."""

    rule: str
    problems: tuple[str, ...] = ()
    note: str = ""


def examine(folder: Folder) -> Iterator[Check]:
    """All rules, in an order in which to mend things. A broken spec.py fails those that need it."""
    for name, rule in RULES.items():
        yield checked(name, lambda: rule(folder))  # noqa: B023


def checked(name: str, rule: Callable[[], Iterator[str]]) -> Check:
    try:
        return Check(name, tuple(rule()))
    except SpecError as error:
        return Check(name, (str(error),))
    except GraderError:  # the machine's
        raise
    except Exception as error:  # spec.py's own code failed
        return Check(name, (f"spec.py fails with {type(error).__name__}: {error}; correct it",))
