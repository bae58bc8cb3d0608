"""Larger sizes, unchecked: mistakes that only size brings out are found, and slow kernels are not blamed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader import backends, build, case, cases, catalog, isolate, large, spec
from grader.model import Case, Fate, Outcome, Run

HOME = Path(__file__).resolve().parents[1]
WHY_NOT = backends.get("simulator").why_not()
simulated = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

VECTOR_ADD = """#include <cuda_runtime.h>
#include <cstdint>
__global__ void add(const float* a, const float* b, float* c, int64_t n) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  STATEMENT
  if (i < n) c[i] = a[i] + b[i];
}
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
  return cudaGetLastError();
}
"""


def climbed(slug: str, text: str, seconds: float) -> large.Climb:
    exercise = catalog.load(HOME, slug)
    sources = backends.get("simulator").sources(exercise, text, f"{exercise.name}.cu")
    built = build.start(sources, "simulator", build.cache()).wait()
    assert not built.errors, built.errors
    loaded = spec.load(exercise.folder)
    with isolate.start("simulator", cases.arena_size(large.LAST)) as worker:
        worker.add(built.library, exercise.declaration.launcher)
        return large.Climb(exercise, loaded, worker, 7).run(seconds)


def attempt(slug: str, name: str) -> str:
    return (HOME / "tests" / "attempts" / slug / f"{name}.cu").read_text()


@simulated
def test_a_grid_that_ends_at_65535() -> None:
    failure = climbed("03_matrix_axpby", attempt("03_matrix_axpby", "grid_y_too_large"), 30.0).failure
    assert failure and [f.kind for f in failure.findings] == ["launch"]
    assert 65_535 < failure.case.sizes["M"] <= large.BEYOND


@simulated
def test_a_loop_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "SHRINK_SECONDS", 60.0)  # on a busy machine too
    monkeypatch.setattr(cases, "SHRINK_SECONDS", 60.0)
    climb = climbed("01_vector_add", attempt("01_vector_add", "capped_grid_without_loop"), 30.0)
    assert climb.failure and climb.failure.outcome is Outcome.WRONG
    assert 262_144 < climb.failure.case.sizes["n"] < 400_000
    assert climb.stage().status == "fail" and climb.stage().passed == climb.stage().total - 1


@simulated
@pytest.mark.parametrize(
    ("statement", "outcome", "kind"),
    [
        ("if (i > 100000) i <<= 40;  i = i & ((1ll << 60) - 1); if (i > 100000) c[i] = 0;", Outcome.UNSAFE, "oob"),
        ("if (n > 100000) for (volatile int k = 0;; k = k + 1) {}", Outcome.TIMEOUT, "timeout"),
    ],
    ids=["address out of this world", "hang"],
)
def test_a_worker_that_dies(statement: str, outcome: Outcome, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "CASE_SECONDS", 2.0)
    climb = climbed("01_vector_add", VECTOR_ADD.replace("STATEMENT", statement), 30.0)
    assert climb.failure and climb.failure.outcome is outcome
    assert [f.kind for f in climb.failure.findings] == [kind]


@simulated
def test_a_right_kernel_goes_on_until_the_time_is_up() -> None:
    near, far = (climbed("01_vector_add", VECTOR_ADD.replace("STATEMENT", ""), seconds) for seconds in (0.0, 10.0))
    assert near.failure is None and far.failure is None
    assert near.tops[0].sizes["n"] < far.tops[0].sizes["n"] and far.tops[0].sizes["n"] > 1 << 20
    assert far.stage().status == "pass" and f"up to n={far.tops[0].sizes['n']}" in far.stage().why


@simulated
def test_too_slow_to_jump_is_no_mistake() -> None:
    text = attempt("04_warp_reduce", "block_per_row")
    at = text.index("{", text.index("__global__")) + 1
    slow = text[:at] + "for (volatile int k = 0; k < 1000; k = k + 1) {}" + text[at:]
    climb = climbed("04_warp_reduce", slow, 0.2)
    assert climb.failure is None
    assert all(top.sizes["rows"] < large.BEYOND for top in climb.tops)


@simulated
def test_a_race_harms_nobody() -> None:
    """No verdict comes here with one that the checked cases saw; one that they did not see may do as it likes."""
    statement = "if (i >= n) return; c[(i * 7919) % n] = a[0]; c[0] += c[n - 1 - i];"
    climb = climbed("01_vector_add", VECTOR_ADD.replace("STATEMENT", statement), 1.0)
    assert climb.failure and climb.failure.outcome is Outcome.WRONG


@pytest.mark.parametrize(
    ("per_byte", "reached"),
    [
        (0.1 / large.LAST, large.LAST),
        (0.3 / large.SURE, large.SURE),  # others have the cores: its share alone is over long before
        (30.0 / large.SURE, large.FIRST * large.STEP),  # slow by itself
    ],
)
def test_others_on_the_cores_do_not_keep_it_from_what_size_brings_out(
    monkeypatch: pytest.MonkeyPatch, per_byte: float, reached: int
) -> None:
    exercise = catalog.load(HOME, "01_vector_add")
    loaded, now = spec.load(exercise.folder), [0.0]

    def tried(exercise: object, spec: object, worker: object, case: Case, seed: int, seconds: float) -> cases.Trial:
        now[0] += per_byte * loaded.moved(**case.sizes)
        return cases.Trial(case, seed, Run(Fate.RETURNED))

    monkeypatch.setattr(large.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(large.cases, "attempt", tried)
    worker: Any = SimpleNamespace(adjust=lambda _: None)
    (top,) = large.Climb(exercise, loaded, worker, 7).run(large.SECONDS).tops
    assert reached / large.STEP < loaded.moved(**top.sizes) <= reached


# ---------------------------------------------------------------- where it goes


@pytest.mark.parametrize("slug", catalog.discover(HOME))
def test_directions_are_cases_that_can_be_replayed(slug: str) -> None:
    exercise = catalog.load(HOME, slug)
    loaded = spec.load(exercise.folder)
    found = [Case(target, loaded.recipes[0]) for target in large.beyond(exercise, loaded)]
    assert all(loaded.moved(**one.sizes) <= large.LONG for one in found)
    for shape in large.shapes(exercise, loaded):
        climb = list(large.steps(loaded, shape))
        assert all(loaded.moved(**one.sizes) <= large.LAST for one in climb)
        found += climb
    for one in found:
        assert case.parse(str(one), exercise, loaded) == one


def test_a_size_that_the_timed_shape_takes_there_needs_no_jump() -> None:
    names = {}
    for slug in ("01_vector_add", "03_matrix_axpby", "04_warp_reduce"):
        exercise = catalog.load(HOME, slug)
        found = large.beyond(exercise, spec.load(exercise.folder))
        names[slug] = [next(k for k, v in target.items() if v > large.GRID) for target in found]
    assert names == {"01_vector_add": [], "03_matrix_axpby": ["M"], "04_warp_reduce": ["rows"]}


@simulated
def test_helpers_of_an_unchecked_launch_are_not_the_launchers_threads() -> None:
    exercise = catalog.load(HOME, "01_vector_add")
    text = VECTOR_ADD.replace("STATEMENT", "")
    sources = backends.get("simulator").sources(exercise, text, f"{exercise.name}.cu")
    built, loaded = build.start(sources, "simulator", build.cache()).wait(), spec.load(exercise.folder)
    with isolate.start("simulator", cases.arena_size(1 << 20), {"threads": 4}) as worker:
        worker.add(built.library, exercise.declaration.launcher)
        for checking in (True, False, True):
            worker.adjust({"checking": checking})
            trial = cases.attempt(exercise, loaded, worker, Case({"n": 1 << 16}, loaded.recipes[0]), 7, 5.0)
            assert trial.outcome is Outcome.PASS, trial.findings
