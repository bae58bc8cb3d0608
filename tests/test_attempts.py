"""Every wrong kernel is refused for its own reason, every unusual right one passes, and so do the solutions.

The first lines of tests/attempts/<exercise>/<mistake>.cu say what must come out:
    // expect: WRONG tail | UNSAFE oob         on either backend: a verdict, then optionally a pattern or finding kind
    // expect(cuda): PASS | SLOW               on that one
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from grader import backends, build, catalog, judge, large
from grader.model import Outcome, Request, Verdict

HOME = Path(__file__).resolve().parents[1]
ATTEMPTS = sorted((HOME / "tests" / "attempts").glob("*/*.cu"))
IDS = catalog.discover(HOME)


@dataclass(frozen=True)
class Expected:
    """One alternative: a verdict and, when the author says so, its reason."""

    outcome: Outcome
    reason: str = ""

    def met(self, verdict: Verdict) -> bool:
        reasons = {f.kind for f in verdict.findings}
        if verdict.failure:
            reasons.add(verdict.failure.diagnosis.pattern)
        return verdict.outcome is self.outcome and (not self.reason or self.reason in reasons)


def expected(text: str, backend: str) -> tuple[Expected, ...]:
    """The alternatives for this backend."""
    lines = dict(re.findall(r"^// expect(?:\((\w+)\))?: (.+)$", text, re.MULTILINE))
    said = lines.get(backend, lines.get(""))
    assert said, "the first line must be `// expect: VERDICT`"
    words = [alternative.split() for alternative in said.split("|")]
    return tuple(Expected(Outcome(w[0]), w[1] if len(w) > 1 else "") for w in words)


def request(slug: str, source: Path, backend: str) -> Request:
    exercise = catalog.load(HOME, slug)
    reference = HOME / "solutions" / slug / f"{exercise.name}.cu"
    return Request(exercise, source, source.read_text(), reference, backend, seed=20_261_124)


def told(verdict: Verdict) -> str:
    """Everything one needs to see why."""
    return str(replace(verdict, resources=(), stages=()))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="session")
def compiled() -> None:
    """All .cu at once on all cores, so that the GPU is not kept waiting by one compiler after the other."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # several processes compile side by side anyway
    cuda, cores, pending = backends.get("cuda"), os.cpu_count() or 1, []
    solutions = [HOME / "solutions" / slug / f"{slug[3:]}.cu" for slug in IDS]
    for path in (*solutions, *ATTEMPTS):
        exercise = catalog.load(HOME, path.parent.name)
        sources = cuda.sources(exercise, path.read_text(), f"{exercise.name}.cu")
        pending.append(build.start(sources, "cuda", build.cache()))
        if len(pending) >= cores:
            pending.pop(0).wait()
    for one in pending:
        one.wait()


@pytest.fixture(params=["simulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda":
        request.getfixturevalue("compiled")
    return str(request.param)


@pytest.mark.parametrize("path", ATTEMPTS, ids=name)
def test_attempt(path: Path, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "examples", lambda request: tmp_path)
    alternatives = expected(path.read_text(), backend)
    if all(one.outcome is not Outcome.PASS for one in alternatives):  # found, however busy the machine is
        monkeypatch.setattr(large, "SECONDS", 30.0)
    verdict = judge.grade(request(path.parent.name, path, backend))
    assert any(one.met(verdict) for one in alternatives), told(verdict)


@pytest.mark.parametrize("slug", IDS)
def test_solution(slug: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "examples", lambda request: tmp_path)
    source = HOME / "solutions" / slug / f"{slug[3:]}.cu"
    verdict = judge.grade(request(slug, source, backend))
    assert verdict.passed, told(verdict)
    assert not verdict.findings
