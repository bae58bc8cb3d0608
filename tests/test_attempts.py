"""Every wrong kernel is refused for its own reason, every unusual right one passes, and so do the solutions.

The first lines of tests/attempts/<exercise>/<mistake>.cu say what must come out:
    // expect: WRONG tail | UNSAFE oob         on either backend: a verdict, then optionally a pattern or finding kind
    // expect(cuda): PASS | SLOW               on that one
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader import build, catalog, large, prove
from grader.expect import expected
from grader.folder import Folder
from grader.model import Outcome

HOME = Path(__file__).resolve().parents[1]
ATTEMPTS = sorted((HOME / "tests" / "attempts").glob("*/*.cu"))
IDS = catalog.discover(HOME)


def folder(slug: str) -> Folder:
    return Folder(HOME, catalog.load(HOME, slug))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="session")
def compiled() -> None:
    """All .cu at once on all cores, so that the GPU is not kept waiting by one compiler after the other."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # several processes compile side by side anyway
    cores, pending = os.cpu_count() or 1, []
    solutions = [HOME / "solutions" / slug / f"{slug[3:]}.cu" for slug in IDS]
    for path in (*solutions, *ATTEMPTS):
        exercise = catalog.load(HOME, path.parent.name)
        pending.append(build.begin(exercise, path.read_text(), "cuda"))
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
def test_attempt(path: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if all(one.outcome is not Outcome.PASS for one in expected(path, backend)):  # found, however busy the machine is
        monkeypatch.setattr(large, "SECONDS", 30.0)
    assert list(prove.attempt(folder(path.parent.name), path, backend)) == []


@pytest.mark.parametrize("slug", IDS)
def test_solution(slug: str, backend: str) -> None:
    """It passes, with room to spare."""
    assert prove.solution(folder(slug), backend, print).problems == ()
