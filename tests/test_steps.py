"""The benchmark of the walks: what it says of times, where it puts the tables, and what it takes for known."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import steps

from grader import catalog, measure
from grader.errors import MachineError
from grader.measure import Walked, Wrong
from grader.model import Build, Case, Mismatch

TIMES = {"a": [400.0, 410.0, 390.0], "b": [40.0, 41.0, 39.0], steps.SOLUTION: [20.0, 10.0, 20.0]}
NAMES = list(TIMES)
RATES = dict.fromkeys(TIMES, "9 GB/s")


def found(rungs: Sequence[steps.Rung]) -> dict[str, Any]:
    about = {"gpu": "NVIDIA X", "driver": "580", "measured": "2026-11-24T00:00:00+00:00", "sizes": {"n": 4096}}
    return about | {"notes": (), "rungs": [asdict(rung) for rung in rungs]}


def test_a_gain_is_the_median_of_paired_ratios() -> None:
    first, second, last = steps.rungs(NAMES, TIMES, RATES, {})
    assert (first.us, first.gain) == (400.0, 0.0)
    assert (second.us, second.gain) == (40.0, 10.0)
    assert (last.us, last.gain) == (20.0, 2.0)  # not 40 ÷ 20 of the medians by luck: 2, 4.1 and 1.95
    assert last.ci[0] < 2.0 < last.ci[1]


def test_a_failed_rung_has_no_time_and_the_next_one_is_compared_with_the_one_before() -> None:
    times = {name: TIMES[name] for name in ("a", steps.SOLUTION)}
    first, second, last = steps.rungs(NAMES, times, RATES, {"b": "wrong"})
    assert (second.failed, second.us, first.failed) == ("wrong", 0.0, "")
    assert last.gain == 20.0


def test_the_table() -> None:
    lines = steps.table(found(steps.rungs(NAMES, TIMES, RATES, {}))).splitlines()
    assert lines[0].count("|") == lines[1].count("|") == lines[4].count("|") == 5
    assert lines[2] == "| `a` | 400 µs | 9 GB/s |  |"
    assert lines[3] == "| `b` | 40.0 µs | 9 GB/s | 10.0× (10.0× – 10.0×) |"
    assert lines[4].startswith("| the solution | 20.0 µs | 9 GB/s | 2.00× (")
    assert "NVIDIA X (driver 580, 2026-11-24" in lines[6] and "n = 4,096" in lines[6]


def test_the_table_says_why_there_is_no_time() -> None:
    rungs = steps.rungs(NAMES, {"a": TIMES["a"], steps.SOLUTION: TIMES["b"]}, RATES, {"b": "y[3] is 1\nand more"})
    assert "| `b` | none: y[3] is 1 |  |  |" in steps.table(found(rungs))


def test_a_readme_keeps_all_but_what_is_between_the_marks() -> None:
    readme = f"before\n\n{steps.BEGIN}\nold\nolder\n{steps.END}\n\nafter\n"
    once = steps.placed(readme, "new")
    assert once == f"before\n\n{steps.BEGIN}\nnew\n{steps.END}\n\nafter\n"
    assert steps.placed(once, "new") == once


@pytest.mark.parametrize("slug", catalog.discover(steps.HOME))
def test_every_readme_shows_what_is_on_record(slug: str) -> None:
    """A table that is shown names the rungs of the walk, and says when a kernel has changed since."""
    inside = (steps.HOME / "solutions" / slug / "README.md").read_text().split(f"{steps.BEGIN}\n")[1]
    inside = inside.split(f"\n{steps.END}")[0]
    records = [steps.read(path) for path in steps.RESULTS.glob("steps-*.json")]
    tables = [steps.shown(record, slug) for record in records]
    assert inside in ([one for one in tables if one != steps.UNMEASURED] or [steps.UNMEASURED])


def test_a_table_is_of_this_walk_and_says_when_a_kernel_has_changed() -> None:
    exercise = steps.walked("16_prefix_sum")
    names = list(steps.sources(exercise))
    measured = found([steps.Rung(name, 1.0, "1 GB/s") for name in names]) | {"stamp": steps.stamp(exercise)}
    record = {exercise.id: measured}
    assert steps.shown(record, exercise.id) == steps.table(measured)
    record = {exercise.id: measured | {"stamp": "of other texts"}}
    assert steps.shown(record, exercise.id) == f"{steps.table(measured)}\n\n{steps.CHANGED.format(16)}"
    record = {exercise.id: measured | {"rungs": measured["rungs"][1:]}}
    assert steps.shown(record, exercise.id) == steps.shown({}, exercise.id) == steps.UNMEASURED


def test_every_source_of_a_walk_is_there() -> None:
    for slug in catalog.discover(steps.HOME):
        paths = steps.sources(steps.walked(slug))
        assert list(paths)[-1] == steps.SOLUTION and all(path.exists() for path in paths.values())


def test_what_is_known_is_known_for_these_texts_and_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = steps.walked("16_prefix_sum")
    assert exercise.timed == (exercise.walk.sizes,)
    record = {exercise.id: {"stamp": steps.stamp(exercise)}}
    assert steps.current(record, exercise.id) and not steps.current({}, exercise.id)
    assert not steps.current({exercise.id: {"stamp": "another"}}, exercise.id)
    assert steps.stamp(replace(exercise, timed=({"n": 1, "exclusive": 0},))) != steps.stamp(exercise)


def test_a_run_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str] = []

    def measured(exercise: Any, _: Any) -> dict[str, Any]:
        seen.append(exercise.id)
        return found(steps.rungs(NAMES, TIMES, RATES, {})) | {"stamp": steps.stamp(exercise)}

    monkeypatch.setattr(steps, "RESULTS", tmp_path)
    monkeypatch.setattr(steps, "ready", lambda: None)
    monkeypatch.setattr(steps, "built", lambda chunk: {exercise.id: BUILDS for exercise in chunk})
    monkeypatch.setattr(steps, "measured", measured)
    with pytest.raises(SystemExit, match="01_vector_add and what follows: no time left"):
        steps.main(["--seconds", "-1", "--only", "1", "7"])
    steps.main(["--only", "1"])
    steps.main(["--only", "1", "7"])
    assert seen == ["01_vector_add", "07_softmax"]
    steps.main(["--only", "1", "--again"])
    assert len(seen) == 3
    assert steps.current(steps.read(steps.results()), "07_softmax")


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.backends.get("cuda"), "why_not", lambda: "no NVIDIA GPU is visible here")
    with pytest.raises(MachineError, match="no NVIDIA GPU"):
        steps.main([])


# ---------------------------------------------------------------- rungs that fail

BUILDS = {name: Build(Path(name), "cuda", 0.0) for name in NAMES}
MISMATCH = Mismatch("y", (3,), 1.0, 2.0, 1, 9)


def walks(bad: str, outcome: Wrong | MachineError) -> Any:
    """measure.walk, where one library goes wrong."""

    def walk(exercise: Any, spec: Any, builds: Sequence[Build], *_: Any) -> Walked | Wrong:
        if any(one.library.name == bad for one in builds):
            if isinstance(outcome, MachineError):
                raise outcome
            return outcome
        times = tuple(tuple(TIMES[one.library.name]) for one in builds)
        return Walked(times, ("9 GB/s",) * len(times), ("a note",))

    return walk


def climbed(monkeypatch: pytest.MonkeyPatch, walk: Any, builds: dict[str, Build]) -> list[steps.Rung]:
    monkeypatch.setattr(steps, "measure", SimpleNamespace(walk=walk))
    monkeypatch.setattr(steps, "spec", SimpleNamespace(load=lambda _: None))
    return steps.climbed(steps.walked("01_vector_add"), builds)[0]


@pytest.mark.parametrize("outcome", [Wrong(Case({}), 1, MISMATCH), MachineError("lost")])
def test_a_rung_that_fails_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    first, second, last = climbed(monkeypatch, walks("b", outcome), BUILDS)
    assert second.failed == (str(MISMATCH) if isinstance(outcome, Wrong) else "lost")
    assert (first.us, last.us, last.gain) == (400.0, 20.0, 20.0)


def test_a_rung_that_does_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = BUILDS | {"a": replace(BUILDS["a"], errors="no such header")}
    first, second, last = climbed(monkeypatch, walks("", MachineError("")), builds)
    assert (first.failed, second.gain, last.gain) == ("no such header", 0.0, 2.0)


def test_a_solution_that_fails_leaves_no_times(monkeypatch: pytest.MonkeyPatch) -> None:
    rungs = climbed(monkeypatch, walks(steps.SOLUTION, MachineError("lost")), BUILDS)
    assert [rung.us for rung in rungs] == [0.0, 0.0, 0.0] and all(rung.failed for rung in rungs)


@pytest.mark.gpu
def test_a_walk_on_the_gpu() -> None:
    exercise = steps.walked("07_softmax")
    exercise = replace(exercise, timed=({"rows": 512, "cols": 4096},))
    rungs, _ = steps.climbed(exercise, steps.built([exercise])[exercise.id])
    assert [rung.failed for rung in rungs] == [""] * len(rungs) and all(rung.us > 0 for rung in rungs)
    assert rungs[1].gain > 1 and json.dumps([asdict(rung) for rung in rungs])


def test_the_order_of_a_round_is_met_with_its_reverse() -> None:
    import random

    timed = SimpleNamespace(learner_first=[], last=[], random=random.Random(1), libraries=4)
    orders = []
    for _ in range(6):
        orders.append(measure._Timed.order(timed))  # type: ignore[arg-type]
        timed.learner_first.append(True)
    assert all(sorted(one) == [0, 1, 2, 3] for one in orders)
    assert all(a == b[::-1] for a, b in zip(orders[::2], orders[1::2], strict=True))
