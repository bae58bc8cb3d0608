"""Smaller cases than the one that failed: near the smallest, in time, and such that their replay fails too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader import build, case, cases, catalog, judge, measure, shrink, spec
from grader.isolate import Died
from grader.model import Build, Case, Exercise, Fate, Outcome, Request, Verdict
from tests import scripted
from tests.test_judge import BACKEND, TOML, double, patient

HOME = Path(__file__).resolve().parents[1]
TIMED = Case({"n": scripted.FARTHEST})


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    return double(tmp_path_factory.mktemp("root"), TOML.replace("1024", str(scripted.FARTHEST)))


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)


def built(exercise: Exercise, word: str) -> Build:
    return build.start(scripted.sources(exercise, word, "double.cu"), BACKEND, build.cache()).wait()


def timed(exercise: Exercise, word: str, died: Died | None = None) -> Verdict:
    """The verdict after a timed call went wrong."""
    request = Request(exercise, exercise.source, word, exercise.source, BACKEND, keep=False)
    grading = judge.Grading(request, lambda _: None, "scripted", seed=5)
    wrong = measure.Wrong(TIMED, 6, None, died)
    return judge._wrong(grading, spec.load(exercise.folder), built(exercise, word), wrong)


# ---------------------------------------------------------------- after a timed call


def test_what_is_wrong_only_when_large_is_shown_small(exercise: Exercise) -> None:
    verdict = timed(exercise, "far")
    assert verdict.outcome is Outcome.WRONG and verdict.failure
    assert verdict.failure.case.sizes == {"n": 10_001}
    assert verdict.failure.diagnosis.pattern == "tail"
    assert f'--case "{verdict.failure.case}" --seed 6' in verdict.failure.replay


def test_the_replay_of_the_small_one_fails_and_of_one_smaller_passes(exercise: Exercise) -> None:
    failure = timed(exercise, "far").failure
    assert failure
    for n, outcome in ((0, Outcome.WRONG), (1, Outcome.PASS)):
        text = str(replace(failure.case, sizes={"n": failure.case.sizes["n"] - n}))
        request = Request(
            exercise, exercise.source, "far", exercise.source, BACKEND, case=text, seed=failure.seed, speed=False
        )  # fmt: skip
        found = judge.grade(request)
        assert found.outcome is outcome
        assert n or (found.failure and found.failure.mismatch == failure.mismatch)


def test_what_is_wrong_at_the_timed_size_alone_stays(exercise: Exercise) -> None:
    verdict = timed(exercise, "farthest")
    assert verdict.outcome is Outcome.WRONG and verdict.failure and verdict.failure.case == TIMED
    assert verdict.failure.diagnosis.pattern == "tail"


def test_what_fails_only_after_other_calls_is_not_shown_small(exercise: Exercise) -> None:
    """In the process that it spoilt every size is wrong; a replay has a process of its own."""
    verdict = timed(exercise, "remembers")
    assert verdict.outcome is Outcome.WRONG and verdict.failure and verdict.failure.case == TIMED


def test_a_crash_is_halved(exercise: Exercise) -> None:
    verdict = timed(exercise, "fallen", Died(Fate.CRASHED, "killed"))
    assert verdict.outcome is Outcome.CRASH and verdict.failure
    assert 10_000 < verdict.failure.case.sizes["n"] <= 20_000


def test_a_timed_call_that_hangs_is_not_run_again(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Case] = []
    attempt = cases.attempt
    monkeypatch.setattr(cases, "attempt", lambda *words: tried.append(words[3]) or attempt(*words))
    verdict = timed(exercise, "right", Died(Fate.TIMED_OUT, "it did not finish in 20 s"))
    assert verdict.outcome is Outcome.TIMEOUT and not tried
    assert verdict.detail == "it did not finish in 20 s, timed at n = 100,000"
    assert verdict.failure and f'--case "{TIMED}" --seed 6' in verdict.failure.replay
    assert timed(exercise, "right", Died(Fate.CRASHED, "killed")).outcome is Outcome.CRASH  # the control is run
    assert tried == [TIMED]


# ---------------------------------------------------------------- the search


class Fake:
    """Fails above a size; each attempt takes as long as it is told. No process."""

    backend = "simulator"

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: str, seconds: str = "0") -> None:
        self.asked: list[Case] = []
        self.now, self.renewed = 0.0, 0

        def attempt(_: object, __: object, ___: object, one: Case, seed: int, ____: float) -> cases.Trial:
            self.asked.append(one)
            self.now += eval(seconds, dict(one.sizes))
            fate = Fate.CRASHED if eval(fails, dict(one.sizes)) else Fate.RETURNED
            return cases.Trial(one, seed, cases.Run(fate))

        monkeypatch.setattr(cases, "attempt", attempt)
        monkeypatch.setattr(shrink.time, "monotonic", lambda: self.now)

    def renew(self) -> None:
        self.renewed += 1


def found(exercise: Exercise, loaded: spec.Spec, fake: Fake, start: Case, took: float = 0.0) -> Case:
    trial = cases.Trial(start, 3, cases.Run(Fate.CRASHED))
    series = shrink.smallest(exercise, loaded, fake, cases.Series(0, 1, trial, trial), took)  # type: ignore[arg-type]
    assert series.failure
    return series.failure.case


@pytest.fixture
def plane(exercise: Exercise) -> spec.Spec:
    return replace(
        spec.load(exercise.folder),
        sizes={"m": spec.size(1, 4096), "n": spec.size(2, 4096)},
        moved=lambda m, n: 8 * m * n,
    )


@pytest.mark.parametrize(
    ("fails", "least"),
    [
        ("n > 77", {"m": 1, "n": 78}),
        ("m > 77", {"m": 78, "n": 2}),
        ("m * n > 5000", {"m": 40, "n": 126}),
        ("m > 300 and n > 20", {"m": 301, "n": 21}),
        ("m == n == 4096", {"m": 4096, "n": 4096}),
        ("True", {"m": 1, "n": 2}),
    ],
)
def test_each_size_ends_where_the_failure_does(
    exercise: Exercise, plane: spec.Spec, fails: str, least: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(monkeypatch, fails)
    assert found(exercise, plane, fake, Case({"m": 4096, "n": 4096})).sizes == least
    assert len(fake.asked) == len(set(fake.asked)) + (least["m"] < 4096)  # nothing twice, but to confirm
    assert fake.renewed == (least["m"] < 4096)


def test_a_step_is_begun_only_if_it_fits(exercise: Exercise, plane: spec.Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Case({"m": 4096, "n": 4096})
    monkeypatch.setattr(cases, "CRASH_SECONDS", 8.0)
    fake = Fake(monkeypatch, "n > 1500", "n / 1024")  # 4 s whole, 2 s half
    assert found(exercise, plane, fake, start, took=4.0).sizes == {"m": 512, "n": 2048}
    assert fake.now <= 8.0 + 2.0  # and once more, to confirm
    slow = Fake(monkeypatch, "n > 1500", "n / 32")
    assert found(exercise, plane, slow, start, took=128.0) == start and not slow.asked


def test_the_halved_one_is_kept_for_what_one_element_does_not_tell(
    exercise: Exercise, plane: spec.Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fails, wide in (("n > 77", {"m": 1, "n": 128}), ("n >= 64", None)):
        fake, trial = Fake(monkeypatch, fails), cases.Trial(Case({"m": 64, "n": 4096}), 3, cases.Run(Fate.CRASHED))
        series = shrink.smallest(exercise, plane, fake, cases.Series(0, 1, trial, trial), 0.0)  # type: ignore[arg-type]
        assert series.at_once and [one.case.sizes for one in series.widest] == ([wide] if wide else [])


def test_a_hang_is_not_repeated(exercise: Exercise, plane: spec.Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, "True")
    trial = cases.Trial(Case({"m": 64, "n": 64}), 3, cases.Run(Fate.TIMED_OUT))
    series = cases.Series(0, 1, trial, trial)
    assert shrink.smallest(exercise, plane, fake, series, 0.1) is series  # type: ignore[arg-type]
    assert not fake.asked


def test_bisect_ends_on_the_smallest() -> None:
    asked = []

    def fails(one: Case) -> bool:
        asked.append(one.sizes["n"])
        return one.sizes["n"] > 262_144

    shrink.bisect(Case({"n": 1 << 20, "m": 3}), "n", 0, fails)
    assert min(n for n in asked if n > 262_144) == 262_145 and len(asked) < 25


def halves(loaded: spec.Spec, start: Case) -> Iterator[Case]:
    asked: list[Case] = []
    shrink.halve(loaded, start, tuple(loaded.sizes), lambda one: asked.append(one) or True)
    yield from asked


@pytest.mark.parametrize("slug", catalog.discover(HOME))
def test_halves_of_timed_shapes_can_be_replayed(slug: str) -> None:
    exercise = catalog.load(HOME, slug)
    loaded = spec.load(exercise.folder)
    for shape in exercise.timed:
        start = Case({name: shape[name] for name in loaded.sizes}, loaded.recipes[-1])
        asked = list(halves(loaded, start))
        assert asked[-1].sizes == {name: s.low for name, s in loaded.sizes.items()}
        assert all(case.parse(str(one), exercise, loaded) == one for one in asked)
