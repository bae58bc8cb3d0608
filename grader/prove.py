"""What only running tells of an exercise: it compiles, its solution passes with room to spare, attempts come out so."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader import backends, build, cases, check, isolate, judge
from grader.author import TIMED, Check, checked
from grader.backends import cuda
from grader.errors import MachineError
from grader.expect import expected
from grader.folder import Folder
from grader.model import Build, Exercise, Outcome, Request, Verdict
from grader.translate import Refused

SEED = 20_261_124
ROOM = 0.6  # of the allowed error: a solution that uses more leaves no place for a learner's rounding
DRAWN = 12  # cases for that
BUDGET = 1 << 18  # bytes one of them moves
TRIES, PAUSE = 6, 5.0  # of a solution whose times are NOISY; seconds between two

Progress = Callable[[str], None]


def prove(folder: Folder, progress: Progress, wanted: str = "") -> Iterator[Check]:
    """Compilers first, then every backend that is here."""
    yield from compilers(folder, progress)
    names = [name for name in ((wanted,) if wanted else backends.NAMES) if not backends.get(name).why_not()]
    if not names:
        raise MachineError(f"nothing here can run a kernel: {backends.get(wanted or 'simulator').why_not()}")
    for name in names:
        yield solution(folder, name, progress)
        for path in folder.attempts:
            progress(f"{folder.exercise.id}: {path.stem} on {name}")
            yield checked(f"{name}: {path.stem}", lambda: attempt(folder, path, name))  # noqa: B023


# ---------------------------------------------------------------- compilers


def compilers(folder: Folder, progress: Progress) -> Iterator[Check]:
    """nvcc over every source, where there is one; the simulator's compiler over the skeleton."""
    if not shutil.which("nvcc"):
        yield Check("nvcc", note="not on PATH: the simulator's compiler alone has looked")
    else:
        yield checked("nvcc", lambda: _nvcc_all(folder, progress))
    yield checked("skeleton compiles", lambda: simulated(folder))


def _nvcc_all(folder: Folder, progress: Progress) -> Iterator[str]:
    for path in (folder.skeleton, folder.solution):
        progress(f"{folder.exercise.id}: nvcc {path.stem}")
        yield from nvcc(folder.exercise, path)
    progress(f"{folder.exercise.id}: nvcc {len(folder.attempts)} attempts")
    yield from nvcc_attempts(folder.exercise, folder.attempts)


def nvcc(exercise: Exercise, path: Path) -> Iterator[str]:
    """Compiled as the grader does, for one GPU; what ships compiles without a word."""
    ships = path.parent.parent.name == "solutions"
    wanted = ships or _legal(path)
    done = _compiled(cuda.header(exercise, path.read_text()), path, whole=ships)
    said = (done.stdout + done.stderr).strip()
    if (done.returncode == 0) != wanted:
        yield f"{path} {'does not compile' if wanted else 'compiles, and must not'}; correct it\n{said}".rstrip()
    elif ships and said:
        yield f"{path} compiles with warnings; correct them\n{said}"


def nvcc_attempts(exercise: Exercise, paths: Sequence[Path]) -> Iterator[str]:
    """All with the same headers at once, as reading those is most of a compilation; one by one where that fails."""
    alike: dict[object, list[Path]] = {}
    for path in paths:
        text = path.read_text()
        headers = cuda.header(exercise, text), *INCLUDE.findall(text)
        alike.setdefault(headers if _legal(path) else path, []).append(path)
    for some in alike.values():
        if len(some) == 1 or not _together(exercise, some):
            for path in some:
                yield from nvcc(exercise, path)


INCLUDE = re.compile(r"^\s*#\s*include\b.*", re.MULTILINE)
DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)", re.MULTILINE)


def _together(exercise: Exercise, paths: Sequence[Path]) -> bool:
    """Each in a namespace, with a launcher of another name; none sees the macros of those before it."""
    texts = [path.read_text() for path in paths]
    launcher = exercise.declaration.launcher
    parts = INCLUDE.findall(texts[0])
    for number, text in enumerate(texts):
        parts += [f"#define {launcher} {launcher}_{number}", f"namespace attempt_{number} {{"]
        parts += [exercise.declaration.text, text, "}"]
        parts += [f"#undef {name}" for name in (launcher, *DEFINE.findall(text))]
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "together.cu"
        source.write_text("\n".join(parts))
        return _compiled(cuda.header(exercise, texts[0]), source, whole=False).returncode == 0


def _legal(attempt: Path) -> bool:
    return all(one.outcome is not Outcome.COMPILE for one in expected(attempt))


def _compiled(header: str, source: Path, whole: bool) -> subprocess.CompletedProcess[str]:
    """-O1 is quick and sees the same; so does the device's half, for which nvcc reads the host's code too."""
    with tempfile.TemporaryDirectory() as place:
        before = Path(place) / "launcher.h"
        before.write_text(header)
        words = ["nvcc", "-std=c++17", "-arch=sm_90", "-O1", cuda.NO_BESSEL, "-include", str(before)]
        words += ["-c" if whole else "-cubin", str(source), "-o", f"{place}/out"]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def simulated(folder: Folder) -> Iterator[str]:
    if folder.exercise.unsimulated or backends.get("simulator").why_not():
        return
    try:
        errors = _built(folder, folder.skeleton, "simulator").errors
    except Refused:
        return
    if errors:
        yield f"{folder.skeleton} does not compile for the simulator; correct it\n{errors}"


def _built(folder: Folder, path: Path, backend: str) -> Build:
    return build.begin(folder.exercise, path.read_text(), backend).wait()


# ---------------------------------------------------------------- verdicts


def request(folder: Folder, source: Path, backend: str) -> Request:
    return Request(folder.exercise, source, source.read_text(), folder.solution, backend, seed=SEED, keep=False)


def attempt(folder: Folder, path: Path, backend: str) -> Iterator[str]:
    """It gets the verdict that its first lines say; where times matter, a busy GPU may leave them open."""
    alternatives = expected(path, backend)
    verdict = graded(request(folder, path, backend), timed=any(one.outcome in TIMED for one in alternatives))
    if verdict.outcome is Outcome.NOT_RUN and folder.exercise.unsimulated:
        return
    if verdict.outcome is Outcome.NOISY and any(one.outcome in TIMED for one in alternatives):
        return
    if not any(one.met(verdict) for one in alternatives):
        wanted = " | ".join(map(str, alternatives))
        yield f"{path} expects {wanted} and got {told(verdict)}; correct the one or the other"


def graded(request: Request, timed: bool) -> Verdict:
    """Timed only where the cases do not settle it: gigabytes of contents for that are most of a wrong one's time."""
    if not timed:
        verdict = judge.grade(replace(request, speed=False))
        if not verdict.passed:
            return verdict
    return judge.grade(request)


def told(verdict: Verdict) -> str:
    """The verdict with its reason."""
    reasons = [f"{f.kind}: {f.text}" for f in verdict.findings]
    if verdict.failure:
        reasons.append(f"{verdict.failure.diagnosis.pattern} at {verdict.failure.case}")
    if verdict.speed:
        low, high = verdict.speed.ci
        reasons.append(f"ratio {verdict.speed.ratio:.3f}, {low:.3f} to {high:.3f}")
        reasons += verdict.speed.notes
    return " · ".join([verdict.outcome.value, *reasons, *filter(None, [verdict.detail, verdict.log])])


def solution(folder: Folder, backend: str, progress: Progress) -> Check:
    """It passes, and errs far less than allowed."""
    progress(f"{folder.exercise.id}: the solution on {backend}")
    verdict = _quiet(request(folder, folder.solution, backend), progress)
    name = f"{backend}: solution"
    if verdict.outcome is Outcome.NOT_RUN:
        return Check(name, note=verdict.detail)
    if not verdict.passed:
        return Check(name, (f"{folder.solution} is not PASS but {told(verdict)}; correct it",))
    used = room(folder, backend)
    seen = f"errs by {100 * used:.0f} % of what is allowed"
    if used > ROOM:
        return Check(name, (f"{folder.solution} {seen}, more than {100 * ROOM:.0f} %; widen the tolerance",))
    return Check(name, note=seen)


def _quiet(wanted: Request, progress: Progress) -> Verdict:
    """Again, a little later, where it is NOISY: another process may be done with the GPU by then."""
    verdict = judge.grade(wanted)
    for left in range(TRIES - 1, 0, -1):
        if verdict.outcome is not Outcome.NOISY:
            break
        progress(f"{wanted.exercise.id}: its times are NOISY; up to {left} times again, in {PAUSE:.0f} s")
        time.sleep(PAUSE)
        verdict = judge.grade(wanted)
    return verdict


def room(folder: Folder, backend: str) -> float:
    """The largest error of the solution in some cases, as a share of the allowed one."""
    exercise, spec = folder.exercise, folder.spec
    library, worst = _built(folder, folder.solution, backend).library, 0.0
    with isolate.start(backend, cases.arena_size(BUDGET)) as worker:
        worker.add(library, exercise.declaration.launcher)
        for case in cases.sample(exercise, spec, SEED, DRAWN, BUDGET):
            played = cases.play(exercise, spec, worker, case, SEED, judge.SECONDS[backend])
            worst = max(worst, check.share(played.outputs, played.want, exercise.tolerances))
    return worst
