"""Every wrong kernel is refused for its own reason, every unusual right one passes, and so do the solutions.

The first lines of tests/attempts/<exercise>/<mistake>.cu say what must come out:
    // expect: WRONG tail | UNSAFE oob         on either backend: a verdict, then optionally a pattern or finding kind
    // expect(cuda): PASS | SLOW               on that one
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader import build, cases, catalog, judge, large, prove
from grader.expect import expected
from grader.folder import Folder
from grader.model import Case, Exercise, Outcome
from grader.spec import Spec
from grader.translate import Refused

HOME = Path(__file__).resolve().parents[1]
ATTEMPTS = sorted((HOME / "tests" / "attempts").glob("*/*.cu"))
IDS = catalog.discover(HOME)
SOLUTIONS = [HOME / "solutions" / slug / f"{slug[3:]}.cu" for slug in IDS]


def folder(slug: str) -> Folder:
    return Folder(HOME, catalog.load(HOME, slug))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def spread(paths: Sequence[Path], processes: int) -> list[Path]:
    """In the order in which so many test processes come to them, each of which begins with a run of its own."""
    each = -(-len(paths) // processes)
    return [path for first in range(each) for path in paths[first::each]]


def named(path: Path, words: str) -> str:
    """The exercise that a cheat's or a control's first lines name; an attempt's folder does that."""
    found = re.search(rf"^// (?:{words}): (\w+)$", path.read_text(), re.MULTILINE)
    return found[1] if found else ""


def compile_all() -> None:
    """Every .cu for both backends, on half of the cores, and only while nobody else wants them."""
    os.nice(10)
    pending: list[build.Pending] = []
    others = [*sorted((HOME / "tests" / "cheats").glob("*.cu")), *sorted((HOME / "tests" / "controls").glob("*.cu"))]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for path in spread([*ATTEMPTS, *SOLUTIONS, *others], processes):
        exercise = catalog.load(HOME, named(path, "cheat|control") or path.parent.name)
        for backend in ("cuda", "simulator"):
            with contextlib.suppress(Refused):
                pending.append(build.begin(exercise, path.read_text(), backend))
        while len(pending) > (os.cpu_count() or 2) // 2:
            pending.pop(0).wait()
    for one in pending:
        one.wait()


@pytest.fixture(scope="session")
def ahead() -> Iterator[None]:
    """The compilers run ahead of the tests, so that a GPU is not kept waiting by them."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        yield  # they share a cache, and the first one fills it
        return
    with subprocess.Popen([sys.executable, "-m", "tests.test_attempts"], cwd=HOME) as compilers:
        yield
        compilers.kill()


@pytest.fixture(params=["simulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "cuda":
        request.getfixturevalue("ahead")
        request.getfixturevalue("connections")
        monkeypatch.setattr(cases, "SHRINK_SECONDS", 1.0)  # it is to be refused, not to be made small
        monkeypatch.setitem(judge.SECONDS, "cuda", 15.0)  # other tests have the GPU too
    return str(request.param)


DRAWN: dict[tuple[object, ...], tuple[Case, ...]] = {}


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All attempts at an exercise have one seed, and so the same cases; drawing them is a sixth of the time."""
    real = cases.sample

    def sample(exercise: Exercise, spec: Spec, *how: int) -> tuple[Case, ...]:
        key = exercise.id, *how
        if key not in DRAWN:
            DRAWN[key] = real(exercise, spec, *how)
        return DRAWN[key]

    monkeypatch.setattr(cases, "sample", sample)


@pytest.mark.parametrize("path", ATTEMPTS, ids=name)
def test_attempt(path: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if all(one.outcome is not Outcome.PASS for one in expected(path, backend)):  # found, however busy the machine is
        monkeypatch.setattr(large, "SECONDS", 30.0)
    assert list(prove.attempt(folder(path.parent.name), path, backend)) == []


def test_a_mistake_is_named_though_its_smallest_case_has_one_element(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker, as on a GPU, the first case that fails is already the smallest."""
    monkeypatch.setattr(judge, "CREW", 1)
    path = HOME / "tests/attempts/60_int8_quant_per_token/tail_dropped.cu"
    verdict = judge.grade(prove.request(folder(path.parent.name), path, "simulator"))
    assert verdict.failure and verdict.failure.mismatch and verdict.failure.mismatch.total == 1
    assert verdict.failure.diagnosis.pattern == "tail"


@pytest.mark.parametrize(("stem", "outcome"), [("waits_for_one_stream", "UNSAFE"), ("waits_for_one_event", "PASS")])
@pytest.mark.parametrize("seed", range(5))
def test_what_nobody_waits_for_is_left_over_in_whatever_order_it_was_done(stem: str, outcome: str, seed: int) -> None:
    """Two streams with two chunks each: chance may have done all of it by the time the host has waited for one."""
    path = HOME / f"tests/attempts/72_stream_overlap/{stem}.cu"
    one = prove.request(folder(path.parent.name), path, "simulator")
    verdict = judge.grade(replace(one, case=f"n={2048 + seed},d_elems=1024,num_streams=2,recipe=normal", seed=seed))
    assert verdict.outcome.value == outcome


def test_an_event_of_the_default_stream_comes_after_what_blocking_streams_did() -> None:
    """Also where nothing else is on the default stream."""
    path = HOME / "tests/attempts/72_stream_overlap/waits_for_one_event.cu"
    text = path.read_text().replace("WithFlags(&streams[k], cudaStreamNonBlocking)", "(&streams[k])")
    text = text.replace("cudaStreamWaitEvent(last, done[k], 0);", "").replace("(all, last)", "(all, 0)")
    one = prove.request(folder(path.parent.name), path, "simulator")
    verdict = judge.grade(replace(one, text=text, case="n=2048,d_elems=1024,num_streams=2,recipe=normal"))
    assert "(all, 0)" in text and verdict.outcome is Outcome.PASS, prove.told(verdict)


@pytest.mark.parametrize("seed", [6, 7])
def test_a_mistake_of_one_operation_is_found_whatever_is_drawn(seed: int) -> None:
    """With seed 6 hypothesis draws no large number for tanh."""
    path = HOME / "tests/attempts/02_elementwise_activations/tanh_overflows.cu"
    verdict = judge.grade(replace(prove.request(folder(path.parent.name), path, "simulator"), seed=seed))
    assert verdict.failure and verdict.failure.diagnosis.pattern == "overflow", prove.told(verdict)


@pytest.mark.parametrize("seed", [72, 73])
def test_a_mistake_is_named_whatever_is_drawn(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """With seed 72 hypothesis draws no plain contents but at sizes that show nothing."""
    monkeypatch.setattr(judge, "CREW", 1)
    path = HOME / "tests/attempts/61_fp8_quant_per_token/tail_dropped.cu"
    verdict = judge.grade(replace(prove.request(folder(path.parent.name), path, "simulator"), seed=seed))
    assert verdict.failure and verdict.failure.diagnosis.pattern in ("tail", "unwritten"), prove.told(verdict)


def test_the_compilers_are_ahead_of_every_process() -> None:
    paths = [Path(name) for name in "abcdefgh"]
    assert "".join(map(str, spread(paths, 3))) == "adgbehcf"
    assert spread(paths, 1) == paths and spread([], 2) == []


@pytest.mark.parametrize("slug", IDS)
def test_solution(slug: str, backend: str) -> None:
    """It passes, with room to spare."""
    assert prove.solution(folder(slug), backend, print).problems == ()


if __name__ == "__main__":
    compile_all()
