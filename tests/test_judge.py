"""The straight line, end to end, on the scripted backend: every fate and every check."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader import build, cases, catalog, isolate, judge, measure, sandbox, spec
from grader.model import Build, Case, Diagnosis, Exercise, Failure, Finding, Outcome, Request, Verdict
from grader.timing import Decision
from tests import scripted

BACKEND = "tests.scripted"

TOML = """
title = "Double"
summary = "y = 2 x"
track = "foundations"
difficulty = 1
minutes = 5
declaration = 'extern "C" cudaError_t launch_double(const float* x, float* y, int64_t n, cudaStream_t stream);'
hints = ["a", "b", "c"]
[tolerance]
why = "exact"
[speed]
threshold = 0.8
excellent = 0.9
timed = [{ n = 1024 }]
[layout]
misaligned = ["x"]
"""

SPEC = """
from grader.spec import draw, size
sizes = {"n": size(1, 4096, near=(32, 256))}
recipes = ("normal", "spikes")
def inputs(g, recipe, n): return {"x": draw(g, recipe, n)}
def oracle(x, **_): return {"y": 2 * x.double()}
def library(x, **_): return lambda: 2 * x
def moved(n): return 8 * n
"""


@pytest.fixture(scope="module", autouse=True)
def _patient() -> object:
    """The engine's own numbers for a backend it does not know."""
    with pytest.MonkeyPatch.context() as patch:
        patient(patch)
        yield


def patient(patch: pytest.MonkeyPatch) -> None:
    for table, value in ((judge.EXAMPLES, 12), (judge.BUDGET, 1 << 16), (judge.SECONDS, 3.0)):
        patch.setitem(table, BACKEND, value)


def double(root: Path, toml: str = TOML, code: str = SPEC) -> Exercise:
    """The exercise y = 2 x, written to a folder of its own."""
    folder = root / "exercises" / "01_double"
    folder.mkdir(parents=True)
    (folder / "exercise.toml").write_text(toml)
    (folder / "spec.py").write_text(code)
    return catalog.load(root, "01_double")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    double(root)
    return root


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No failing example of another test."""
    monkeypatch.setattr(judge, "examples", lambda request: tmp_path / "examples")


def request_(home: Path, word: str, **more: object) -> Request:
    exercise = catalog.load(home, "01_double")
    request = Request(exercise, exercise.source, word, exercise.source, BACKEND, speed=False)
    return replace(request, **more)  # type: ignore[arg-type]


def graded(home: Path, word: str, **more: object) -> Verdict:
    return judge.grade(request_(home, word, **more))


@pytest.mark.parametrize(
    ("word", "outcome", "pattern"),
    [
        ("right", Outcome.PASS, ""),
        ("tail", Outcome.WRONG, "unwritten"),
        ("overrun", Outcome.UNSAFE, "oob"),
        ("scribble", Outcome.UNSAFE, "input"),
        ("crash", Outcome.CRASH, "unknown"),
        ("leave", Outcome.CRASH, "unknown"),
        ("hang", Outcome.TIMEOUT, "unknown"),
        ("big", Outcome.CRASH, "unknown"),
        ("unnamed", Outcome.COMPILE, ""),
    ],
)
def test_outcome(home: Path, word: str, outcome: Outcome, pattern: str) -> None:
    verdict = graded(home, word)
    assert verdict.outcome is outcome
    assert (verdict.failure.diagnosis.pattern if verdict.failure else "") == pattern


def test_where_several_answers_are_right_each_of_them_passes(home: Path, tmp_path: Path) -> None:
    """canonical() turns an answer into the oracle's; what is wrong stays wrong."""
    assert graded(home, "backwards").outcome is Outcome.WRONG
    free = tmp_path / "exercises" / "01_double"
    shutil.copytree(home / "exercises" / "01_double", free)
    words = 'def canonical(got, **_): return {"y": got["y"].sort().values}\n'
    (free / "spec.py").write_text(SPEC.replace("2 * x.double()", "2 * x.double().sort().values") + words)
    assert graded(tmp_path, "backwards").passed
    failure = graded(tmp_path, "tail").failure
    assert failure is not None and failure.mismatch is not None


def test_the_counter_example_is_shrunk_across_crashes(home: Path) -> None:
    failure = graded(home, "big", examples=40).failure
    assert failure is not None
    assert 101 <= failure.case.sizes["n"] <= 260


def test_the_replay_line_reproduces_the_failure(home: Path) -> None:
    first = graded(home, "tail").failure
    assert first is not None and first.mismatch is not None
    again = graded(home, "tail", case=str(first.case), seed=first.seed).failure
    assert again is not None
    assert (again.mismatch, again.case) == (first.mismatch, first.case)


def test_another_seed_gives_other_contents(home: Path) -> None:
    case = "n=3,recipe=normal"
    one, two = (graded(home, "tail", case=case, seed=seed).failure for seed in (1, 2))
    assert one is not None and two is not None and one.mismatch != two.mismatch


def test_failing_examples_are_tried_first_next_time(home: Path) -> None:
    graded(home, "big", examples=40)
    assert graded(home, "big", examples=1).outcome is Outcome.CRASH


def test_what_the_learner_printed_is_shown(home: Path) -> None:
    assert "hello from the launcher" in graded(home, "chatter").log


def test_an_endless_log_is_cut(home: Path) -> None:
    verdict = graded(home, "flood", examples=1)
    assert verdict.outcome is Outcome.WRONG
    assert len(verdict.log) < 2 * isolate.LOG and "left out" in verdict.log


def test_the_worker_holds_nothing_that_knows_the_answer(home: Path) -> None:
    assert "the worker holds []" in graded(home, "modules").log


def test_no_worker_and_no_shared_memory_is_left(home: Path) -> None:
    before = set(os.listdir("/dev/shm"))
    for word in ("hang", "crash", "right"):
        graded(home, word)
    assert set(os.listdir("/dev/shm")) == before
    for thread in threading.enumerate():
        if thread.name == "reaper":
            thread.join()
    assert not children(os.getpid())


def children(pid: int) -> list[int]:
    """Of all its threads, and theirs: bubblewrap stands between."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # that thread is gone
            found += [int(child) for child in thread.read_text().split()]
    return found + [grandchild for child in found for grandchild in children(child)]


@pytest.mark.parametrize("word", ["compiling", "running the cases"])
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_judge_that_is_killed_leaves_no_worker(home: Path, sign: signal.Signals, word: str, root: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # CI may ignore it
        "from pathlib import Path; from tests import test_judge as t; from grader import judge\n"
        "for table, value in ((judge.EXAMPLES, 12), (judge.BUDGET, 1 << 16), (judge.SECONDS, 60.0)):\n"
        "    table[t.BACKEND] = value\n"
        f"judge.grade(t.request_(Path({str(home)!r}), 'hang'), print)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)
    workers = children(process.pid)
    process.send_signal(sign)
    process.wait(20)
    process.stdout.close()
    assert workers
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)


def alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_second_opinion_gets_the_contents_that_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timed call has a seed of its own: the run's would lay other contents, which may be right."""
    request, laid = request_(home, "right", backend="cuda"), []
    grading = judge.Grading(request, lambda _: None, "a GPU", seed=1)
    grading.build = Build(Path("kernel.so"), "cuda", 1.0)
    failure = Failure(Case({"n": 5}), 77, None, Diagnosis("unknown"), "")
    fill = cases.fill
    monkeypatch.setattr(cases, "fill", lambda *words: laid.append(words[-1]) or fill(*words))
    monkeypatch.setattr(judge.sanitize, "why_not", lambda: "")
    monkeypatch.setattr(judge.sanitize, "sanitize", lambda *_: (Finding("oob", "seen"),))
    died = grading.verdict(Outcome.CRASH, failure=failure, detail="cudaErrorIllegalAddress: an illegal memory access")
    found = judge._second_opinion(grading, died)
    assert laid == [77] and found.findings[0].text == "seen"


def test_a_library_that_breaks_a_rule_is_not_run_for_a_second_opinion(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grading = judge.Grading(replace(request_(home, "right", backend="cuda"), sanitize=True), lambda _: None, "a GPU")
    grading.build = Build(Path("kernel.so"), "cuda", 1.0)
    monkeypatch.setattr(judge.sanitize, "why_not", lambda: "")
    monkeypatch.setattr(judge.sanitize, "sanitize", lambda *_: pytest.fail("it was run"))
    verdict = grading.verdict(Outcome.UNSAFE, findings=(Finding("borrowed", "cub::Kernel does the work"),))
    assert judge._second_opinion(grading, verdict) == verdict


# ---------------------------------------------------------------- several workers


def test_cases_run_side_by_side_give_the_same_verdict(home: Path) -> None:
    exercise = catalog.load(home, "01_double")
    loaded = spec.load(exercise.folder)
    found = []
    for count in (1, 3):
        with contextlib.ExitStack() as stack:
            crew = [stack.enter_context(isolate.start(BACKEND, 1 << 24)) for _ in range(count)]
            built = build.start(scripted.sources(exercise, "big", "double.cu"), BACKEND, build.cache()).wait()
            for worker in crew:
                worker.add(built.library, "launch_double")
            ahead = cases.prepared(exercise, loaded, BACKEND, cases.Ahead(7, 30, 1 << 16, 3.0), lambda: False)
            series = cases.series(exercise, loaded, crew, ahead, None, lambda n: None)
        assert series.failure is not None
        found.append((series.failure.case, series.failure.outcome))
    assert found[0] == found[1]


def test_a_time_that_cannot_be_is_no_pass(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doubt = Finding("suspicious", "5 µs is less than this GPU needs")
    said = measure.Measured(None, None, Decision.CLEAR, (doubt,))
    monkeypatch.setattr(measure, "measure", lambda *_: said)
    grading = judge.Grading(request_(home, "right"), lambda _: None, "H100")
    built = Build(Path("x.so"), "cuda", 1.0)
    verdict = judge._speed(grading, None, None, None, built, built)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.UNSAFE and verdict.speed is None
    assert verdict.findings == (doubt,)


def test_our_own_processes_are_no_strangers_on_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every worker with a context is known by the pid that NVML lists, and none after its end."""
    before = isolate.contexts()
    assert os.getpid() in before
    monkeypatch.setattr(sandbox, "level", lambda _: sandbox.Level("limits", "a test"))
    with isolate.start("simulator", 1 << 16) as worker:
        assert isolate.contexts() == before  # it has no context
        monkeypatch.setattr(worker, "backend", "cuda")
        assert isolate.contexts() - before == {worker.pid}
        stopped = worker.pid
        os.kill(stopped, signal.SIGSTOP)
        worker._strike()
        assert (stopped in isolate.contexts()) is os.path.exists(f"/proc/{stopped}")  # the driver needs a while
    until = time.monotonic() + 20
    while isolate.contexts() != before and time.monotonic() < until:
        time.sleep(0.01)
    assert isolate.contexts() == before


def test_shared_memory_is_handed_to_those_that_come_after(tmp_path: Path) -> None:
    place = os.open(tmp_path / "block", os.O_RDWR | os.O_CREAT)
    with isolate.start(BACKEND, 1 << 16) as worker:
        assert worker.share(place, 1 << 21) == ""
        first = os.pread(place, 64, 0)
        assert first.startswith(b"2097152 bytes for ")
        worker.renew()
        worker.settle()
        second = os.pread(place, 64, 0)
        assert second != first and second.startswith(b"2097152 bytes for ")
        assert "it was ended" in worker.share(place, 4097)
        assert worker.share(place, 1) == "too small"
        worker.renew()
        worker.settle()
        assert os.pread(place, 64, 0) == second
    os.close(place)


def test_workers_that_stand_by_are_taken_and_the_rest_ended() -> None:
    with isolate.standing({"simulator": 2}, settled=True):
        ready = {worker.pid for worker in isolate._standing}
        with isolate.start("simulator", 1 << 16) as worker:
            assert worker.pid in ready and worker.started
        (left,) = isolate._standing
    assert not left.pid and not isolate._standing
