"""The simulator's check beside a GPU run: it finds, it is cancelled without a word, and it says why it did not look."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from grader import catalog, spec, strict
from grader.model import Request
from grader.strict import Strict

HOME = Path(__file__).resolve().parents[1]
SLUG = "07_softmax"


def request(name: str, slug: str = SLUG, **more: object) -> Request:
    exercise = catalog.load(HOME, slug)
    source = HOME / "tests" / "attempts" / slug / f"{name}.cu"
    made = Request(exercise, source, source.read_text(), source, "cuda")
    return replace(made, **more)  # type: ignore[arg-type]


def begin(check: Strict, seed: int) -> None:
    check.choose(spec.load(check.request.exercise.folder), seed)
    check.begin()


@pytest.mark.parametrize(
    ("name", "kind"), [("missing_barrier_between_reductions", "race"), ("three_passes", ""), ("serial_row", "")]
)
def test_a_race_that_gives_right_numbers_is_found(name: str, kind: str) -> None:
    with Strict(request(name)) as check:
        begin(check, seed=1)
        failure = check.failure(wait=True)
        assert (failure.findings[0].kind if failure else "") == kind
        assert check.stage().status == ("fail" if kind else "pass")
        assert check.stage().total > 0


@pytest.mark.parametrize(("name", "kind"), [("sum_not_set", "uninit"), ("last_step_dropped_behind_a_guard", "")])
def test_a_register_that_holds_the_right_value_by_luck_is_found(name: str, kind: str) -> None:
    """The GPU may well give right numbers; the simulator's are wrong, and it is asked why."""
    asked = request(name, slug="21_gemm_naive")
    with Strict(asked) as check:
        begin(check, seed=1)
        failure = check.failure(wait=True)
    assert (failure.findings[0].kind if failure else "") == kind


def test_leaving_early_ends_the_thread_and_raises_nothing() -> None:
    with Strict(request("three_passes")) as check:
        begin(check, seed=2)
    assert check.thread is not None and not check.thread.is_alive()
    assert "strict" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(("more", "why"), [({"simulate": False}, "--no-simulate"), ({"case": "rows=1"}, "one case")])
def test_why_it_did_not_look(more: dict[str, object], why: str) -> None:
    with Strict(request("three_passes", **more)) as check:
        assert why in check.stage().why
        assert check.failure(wait=True) is None


def test_what_the_simulators_compiler_refuses_is_not_held_against_the_learner() -> None:
    with Strict(request("three_passes", text="this is not C++")) as check:
        begin(check, seed=1)
        assert check.failure(wait=True) is None
        assert check.stage().status == "skipped"


HANGS = "for (volatile int k = 0;; k = k + 1) {}"
NESTS = "if (i == 0) vector_add<<<1, 1>>>(a, b, c, n);"


@pytest.mark.parametrize(("statement", "says"), [(HANGS, "still running"), (NESTS, "from a kernel")])
@pytest.mark.parametrize("later", [False, True])
def test_what_is_too_slow_here_or_not_simulated_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, statement: str, says: str, later: bool
) -> None:
    """What was seen before it counts; without that the simulator has not looked."""
    monkeypatch.setattr(strict, "CASE_SECONDS", 1.0)
    exercise = catalog.load(HOME, "01_vector_add")
    with Strict(request("one_thread_per_element", exercise.id)) as check:
        check.choose(spec.load(exercise.folder), seed=1)
    first, *others = (case.sizes["n"] for case in check.must)
    n = next(n for n in others if n not in (0, first)) if later else first
    text = check.request.text.replace("if (i < n)", f"if (n == {n}) {{ {statement} }}\n    if (i < n)")
    with Strict(replace(check.request, text=text)) as check:
        begin(check, seed=1)
        assert check.failure(wait=True) is None
    stage = check.stage()
    assert stage.status == ("pass" if later else "skipped") and says in stage.why
    assert stage.passed == stage.total and bool(stage.total) is later


def test_there_is_time_for_more_cases_than_must_be() -> None:
    """One in four shows this mistake, and of these none that must be run."""
    asked = request("waits_for_one_stream", slug="72_stream_overlap")
    with Strict(asked) as check:
        begin(check, seed=11)
        failure = check.failure(wait=True)
    assert failure and failure.findings[0].kind == "sync"
    assert len(check.trials) > len(check.must)
