"""A miniature course, verdicts made by hand, and an engine that returns what it is told: for the tests around it."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import cli
from grader.model import (
    Case,
    Diagnosis,
    Failure,
    Finding,
    Mismatch,
    Outcome,
    Request,
    Resources,
    Shape,
    Speed,
    Stage,
    Verdict,
)

TOML = """
title = "{title}"
summary = "y = x"
track = "foundations"
difficulty = 1
minutes = 20
concepts = ["{concept}"]
declaration = 'extern "C" cudaError_t launch_{name}(const float* x, float* y, int64_t n, cudaStream_t stream);'
hints = ["Which element is yours?", "blockIdx.x * blockDim.x + threadIdx.x", "Compare it with n."]

[tolerance]
rtol = 1e-6

[speed]
threshold = 0.8
excellent = 0.9
timed = [{{ n = 1048576 }}]
"""

SKELETON = """// {name}
__global__ void {name}(const float* x, float* y, int64_t n) {{
    // TODO: one element per thread
}}
"""


def answer(name: str) -> str:
    """A learner's source: no longer the skeleton."""
    return SKELETON.format(name=name).replace("// TODO: one element per thread", "y[0] = x[0];")


def course(home: Path) -> Path:
    """Two exercises, 01_copy and 02_scale, each with skeleton, solution and READMEs."""
    for slug, concept in (("01_copy", "indexing"), ("02_scale", "grid stride")):
        name = slug[3:]
        exercise, solution = home / "exercises" / slug, home / "solutions" / slug
        exercise.mkdir(parents=True)
        solution.mkdir(parents=True)
        toml = TOML.format(title=f"The {name}", name=name, concept=concept)
        (exercise / "exercise.toml").write_text(toml)
        (exercise / "README.md").write_text(f"# {name}\n\n## Task\n\nWrite y.\n")
        (exercise / f"{name}.cu").write_text(SKELETON.format(name=name))
        (solution / "skeleton.cu").write_text(SKELETON.format(name=name))
        (solution / f"{name}.cu").write_text("// the solution\n" + answer(name))
        (solution / "README.md").write_text("## Why it is right\n\nEvery element once.\n")
    return home


# ---------------------------------------------------------------- verdicts


MISMATCH = Mismatch("y", (3, 992), 0.0, 0.00213, 33, 33000)
SPEED = Speed(
    1.38, (1.37, 1.39), 0.8, 412.0, 568.6, 500.0, 71.0, "memory",
    (Shape({"rows": 16384, "cols": 4096}, 1.38, (1.37, 1.39), 412.0, 568.6, 500.0, 48, "3.91 TB/s", 71.0),),
    ("the GPU was throttled",),
)  # fmt: skip
FAILURE = Failure(
    Case({"rows": 33, "cols": 1000}, "spikes", {"x": 1}, alias=True), 8123, MISMATCH,
    Diagnosis("tail", "the last partial tile is never written", "....#\n....#"),
    'python -m grader run 1 --case "rows=33,cols=1000"',
)  # fmt: skip
FINDING = Finding(
    "race", "one thread reads what another writes", "copy.cu:41", "s", (3, 0, 0), (1, 0, 0), "copy.cu:37", 12
)


def verdict(outcome: str, exercise: str = "01_copy", **more: Any) -> Verdict:
    """A verdict that may be: with what its outcome needs."""
    needs: dict[str, Any] = {"stages": (Stage("build", "pass", 812.0), Stage("cases", "pass", 90.0, 12, 12))}
    if outcome in ("SLOW", "NOISY"):
        needs["speed"] = SPEED
    if outcome == "WRONG":
        needs["failure"] = FAILURE
        needs["stages"] = (
            Stage("build", "pass", 812.0),
            Stage("cases", "fail", 90.0, 9, 12),
            Stage("speed", "skipped"),
        )
    if outcome == "UNSAFE":
        needs["findings"] = (FINDING,)
    if outcome == "COMPILE":
        needs |= {"stages": (Stage("build", "fail"),), "log": 'copy.cu(3): error: identifier "idx" is undefined'}
    return Verdict(exercise, Outcome(outcome), "simulator", "simulator", 8123, **needs | more)


def timed(outcome: str = "PASS", ratio: float = 1.38, **more: Any) -> Verdict:
    speed = Speed(ratio, (ratio, ratio), 0.8, 100.0, 100.0 * ratio, 500.0, None, "memory")
    return verdict(outcome, speed=speed, resources=(Resources("copy", 24, 0, 4096),), **more)


def odd() -> list[Verdict]:
    """Every outcome, and the numbers that JSON has no words for."""
    strange = Failure(Case({}), 1, Mismatch("y", (), math.nan, -math.inf, 1, 1), Diagnosis("unknown"), "")
    every = [verdict(outcome.value) for outcome in Outcome]
    silent = Failure(Case({"n": 1}), 1, None, Diagnosis("crash"), "")
    return [*every, timed(), verdict("PASS", speed=SPEED), verdict("WRONG", failure=strange),
            verdict("CRASH", failure=silent, log="CUDA error 700"), verdict("UNSAFE", findings=())]  # fmt: skip


# ---------------------------------------------------------------- the command line


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Course:
    """A person at the keyboard of the miniature course. Mutable: `answers` is what the engine says next."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home, self.capture = course(home), capture
        self.answers: dict[str, Any] = {}
        self.requests: list[Request] = []

    def __call__(self, *words: str) -> Result:
        self.capture.readouterr()
        code = cli.main(words)
        return Result(code, *self.capture.readouterr())

    def edit(self, slug: str = "01_copy", text: str = "") -> Path:
        path = self.home / "exercises" / slug / f"{slug[3:]}.cu"
        path.write_text(text or answer(slug[3:]))
        return path

    def grade(self, request: Request, progress: Any) -> Verdict:
        """What stands in for grader.judge.grade."""
        self.requests.append(request)
        progress("case 1 of 1")
        found = self.answers.get(request.exercise.id, "PASS")
        if isinstance(found, BaseException):
            raise found
        return found if isinstance(found, Verdict) else verdict(found, request.exercise.id)


def keyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    """The miniature course with a state of its own and the engine that returns what it is told."""
    made = Course(tmp_path / "course", capsys)
    monkeypatch.setenv("GRADER_ROOT", str(made.home))
    monkeypatch.setenv("GRADER_DB", f"sqlite:///{tmp_path / 'state' / 'attempts.db'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GRADER_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(made.home)
    engine = ModuleType("grader.judge")
    engine.grade = made.grade  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "grader.judge", engine)
    monkeypatch.setattr("grader.judge", engine, raising=False)
    monkeypatch.setattr("grader.backends.pick", lambda wanted="": ("simulator", "simulator, because this is a test"))
    return made
