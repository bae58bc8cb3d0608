"""One `run`: an exercise in; its source graded, the verdict shown and recorded."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import __version__, choose, pristine, record, score, screen
from grader.errors import GraderError, MachineError
from grader.model import Exercise, Outcome, Request, Verdict

if TYPE_CHECKING:
    from grader.show import Scene

Args = Any  # what argparse made of the command line

CODES = {Outcome.PASS: 0, Outcome.NOT_RUN: 3, Outcome.GRADER_ERROR: 4}  # every other verdict: 1
THOROUGH = 10  # with fewer --examples, a pass of them is no pass of the exercise


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def following(exercises: Iterable[Exercise], slug: str) -> str:
    """The first exercise after this one that is not passed; "" when all are."""
    return score.following(score.summary(exercises, record.tallies(record.url())), slug)


def emit(value: Any) -> None:
    from grader import plain

    screen.out(plain.line(value))


@dataclass(frozen=True)
class Bench:
    """One `run`: what all its gradings share."""

    args: Args
    home: Path

    @cached_property
    def backend(self) -> tuple[str, str]:
        from grader import backends

        return backends.pick(self.args.backend or "")

    @cached_property
    def url(self) -> str:
        """Where to record; "" with --no-record. Found out before grading, not after."""
        if not self.args.record:
            return ""
        record.ready(record.url())
        return record.url()

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        return choose.everything(self.home)

    def grade(self, exercise: Exercise) -> Verdict:
        path = self.path(exercise)
        text = choose.source(path, exercise)
        if pristine.is_untouched(pristine.skeleton(self.home, exercise), text):
            verdict = Verdict(exercise.id, Outcome.NOT_STARTED, self.args.backend or "", "", self.args.seed or 0)
            return self.tell(exercise, verdict, path, text)
        self._check_sanitizer()
        known = record.tallies(self.url) if self.url else ()
        verdict = self.judge(exercise, path, text)
        return self.tell(exercise, verdict, path, text, known)

    def path(self, exercise: Exercise) -> Path:
        if self.args.file:
            return Path(self.args.file)
        return reference(self.home, exercise) if self.args.solution else exercise.source

    def _check_sanitizer(self) -> None:
        if self.args.sanitize and not shutil.which("compute-sanitizer"):
            raise MachineError("--sanitize needs compute-sanitizer; install the CUDA toolkit, or leave it out")

    def judge(self, exercise: Exercise, path: Path, text: str) -> Verdict:
        name, why = self.backend
        own = self.url and not self.args.solution
        hints = max(record.tiers(self.url, exercise.id), default=0) if own else 0
        progress = screen.Progress()
        progress(f"{exercise.id}: grading on {why}")
        try:
            request = self.request(exercise, path, text, name, hints)
            with self._beside(request):
                from grader import judge  # imports torch: seconds

                return judge.grade(request, progress)
        except GraderError:
            raise
        except Exception as error:  # our defect: a verdict too, so that the other exercises are still graded
            return _defect(exercise, name, self.args.seed or 0, error)
        finally:
            progress.clear()

    @contextlib.contextmanager
    def _beside(self, request: Request) -> Iterator[None]:
        """What takes a second and can pass while torch is imported: compilers, workers, a context."""
        from grader import build, gpu, isolate

        if "torch" in sys.modules:
            yield
            return
        workers = {"simulator": 1}
        if request.backend == "cuda":
            gpu.wake()
            workers = {"cuda": 1 + request.timed, "simulator": int(request.simulate)}
        with build.ahead(_builds(request)), isolate.standing(workers):
            yield

    def request(self, exercise: Exercise, path: Path, text: str, backend: str, hints: int) -> Request:
        return Request(
            exercise,
            path,
            text,
            reference(self.home, exercise),
            backend,
            examples=self.args.examples or 0,
            seed=self.args.seed,
            case=self.args.case or "",
            speed=self.args.speed,
            simulate=self.args.simulate,
            pedantic=self.args.pedantic,
            hints_used=hints,
            sanitize=self.args.sanitize,
        )

    def tell(
        self,
        exercise: Exercise,
        verdict: Verdict,
        path: Path,
        text: str,
        known: tuple[record.Tally, ...] = (),
    ) -> Verdict:
        """Shows the verdict, whatever becomes of the record; then says if that failed."""
        from grader import plain, show

        scene = self.scene(exercise, verdict, path, text, known)
        verdict = replace(verdict, next=show.advice(verdict, scene))
        kept, failed = self.keep(exercise, verdict, text)
        if self.args.json:
            emit(plain.write(verdict) | {"backend_why": scene.why, "attempt": kept})
        else:
            screen.out(show.verdict(verdict, scene))
        if failed:
            screen.note(f"this attempt was NOT recorded: {failed}")
        return verdict

    def scene(
        self, exercise: Exercise, verdict: Verdict, path: Path, text: str, known: tuple[record.Tally, ...]
    ) -> Scene:
        from grader import show

        begun = verdict.outcome is not Outcome.NOT_STARTED
        before = score.summed(exercise, [t for t in known if t.exercise == exercise.id])
        whole = begun and not self.args.solution and not self.partial and bool(self.url)
        return show.Scene(
            exercise,
            choose.shown(path),
            why=self.backend[1] if begun else "",
            attempt=before.attempts + 1 if whole else 0,
            line=pristine.todo(text),
            after=score.following(score.summary(self.exercises, known), exercise.id),
            command=self.args.command,
            link=path.resolve().as_uri() if screen.links() else "",
            again="--solution" if self.args.solution else f"--file {self.args.file}" * bool(self.args.file),
            solution=self.args.solution,
            partial=self.partial,
        )

    @property
    def partial(self) -> bool:
        return bool(self.args.case) or 0 < (self.args.examples or THOROUGH) < THOROUGH

    def keep(self, exercise: Exercise, verdict: Verdict, text: str) -> tuple[int | None, str]:
        """The attempt's id, or why it could not be recorded."""
        from grader import plain

        if not record.recordable(verdict) or not self.url:
            return None, ""
        kept = record.attempt(verdict, text, now(), json.dumps(versions(verdict.backend)))
        try:
            helped = not self.args.solution and (
                copies(reference(self.home, exercise), text) or record.gave_up(self.url, exercise.id)
            )
            kept = replace(kept, solution=self.args.solution, partial=self.partial, assisted=helped)
            return record.add(self.url, kept, text, plain.text(verdict)), ""
        except MachineError as error:
            return None, str(error)


def _builds(request: Request) -> Iterator[tuple[Exercise, str, str]]:
    """What the judge will have compiled."""
    from grader import build

    for text in build.texts(request):
        yield request.exercise, text, request.backend
    if request.backend == "cuda" and request.simulate:
        yield request.exercise, request.text, "simulator"


def reference(home: Path, exercise: Exercise) -> Path:
    return home / "solutions" / exercise.id / f"{exercise.name}.cu"


def _defect(exercise: Exercise, backend: str, seed: int, error: Exception) -> Verdict:
    said = screen.defect(error)
    report = "report the line above with the output of GRADER_DEBUG=1"
    return Verdict(exercise.id, Outcome.GRADER_ERROR, backend, "", seed, detail=said, next=report)


def copies(answer: Path, text: str) -> bool:
    """Whether a source is the solution itself."""
    return answer.exists() and pristine.is_untouched(answer.read_text(encoding="utf-8", errors="replace"), text)


def versions(backend: str) -> dict[str, str]:
    """What a timing depends on."""
    import platform
    from importlib import metadata

    found = {"grader": __version__, "python": platform.python_version()}
    for name in ("torch", "hypothesis", "cupy-cuda13x", "cupy-cuda12x"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found | _driver() if backend == "cuda" else found


def _driver() -> dict[str, str]:
    from grader import gpu

    found = gpu.find()
    return {"driver": found.driver} if found else {}
