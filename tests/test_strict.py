"""The simulator's check beside a GPU run: it finds, it is cancelled without a word, and it says why it did not look."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from grader import catalog, spec
from grader.model import Request
from grader.strict import Strict

HOME = Path(__file__).resolve().parents[1]
SLUG = "07_softmax"


def request(name: str, slug: str = SLUG, **more: object) -> Request:
    exercise = catalog.load(HOME, slug)
    source = HOME / "tests" / "attempts" / slug / f"{name}.cu"
    made = Request(exercise, source, source.read_text(), source, "cuda")
    return replace(made, **more)  # type: ignore[arg-type]


def begin(strict: Strict, seed: int) -> None:
    strict.choose(spec.load(strict.request.exercise.folder), seed)
    strict.begin()


@pytest.mark.parametrize(
    ("name", "kind"), [("missing_barrier_between_reductions", "race"), ("three_passes", ""), ("serial_row", "")]
)
def test_a_race_that_gives_right_numbers_is_found(name: str, kind: str) -> None:
    with Strict(request(name)) as strict:
        begin(strict, seed=1)
        failure = strict.failure(wait=True)
        assert (failure.findings[0].kind if failure else "") == kind
        assert strict.stage().status == ("fail" if kind else "pass")
        assert strict.stage().total > 0


@pytest.mark.parametrize(("name", "kind"), [("sum_not_set", "uninit"), ("last_step_dropped_behind_a_guard", "")])
def test_a_register_that_holds_the_right_value_by_luck_is_found(name: str, kind: str) -> None:
    """The GPU may well give right numbers; the simulator's are wrong, and it is asked why."""
    asked = request(name, slug="21_gemm_naive")
    with Strict(asked) as strict:
        begin(strict, seed=1)
        failure = strict.failure(wait=True)
    assert (failure.findings[0].kind if failure else "") == kind


def test_leaving_early_ends_the_thread_and_raises_nothing() -> None:
    with Strict(request("three_passes")) as strict:
        begin(strict, seed=2)
    assert strict.thread is not None and not strict.thread.is_alive()
    assert "strict" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(("more", "why"), [({"simulate": False}, "--no-simulate"), ({"case": "rows=1"}, "one case")])
def test_why_it_did_not_look(more: dict[str, object], why: str) -> None:
    with Strict(request("three_passes", **more)) as strict:
        assert why in strict.stage().why
        assert strict.failure(wait=True) is None


def test_what_the_simulators_compiler_refuses_is_not_held_against_the_learner() -> None:
    with Strict(request("three_passes", text="this is not C++")) as strict:
        begin(strict, seed=1)
        assert strict.failure(wait=True) is None
        assert strict.stage().status == "skipped"


def test_there_is_time_for_more_cases_than_must_be() -> None:
    """One in four shows this mistake, and of these none that must be run."""
    asked = request("waits_for_one_stream", slug="72_stream_overlap")
    with Strict(asked) as strict:
        begin(strict, seed=11)
        failure = strict.failure(wait=True)
    assert failure and failure.findings[0].kind == "sync"
    assert len(strict.trials) > len(strict.must)
