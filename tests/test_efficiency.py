"""Counts per line: summed, compared with the limits, and shown by `grader simulate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader import catalog, cli, efficiency, isolate, judge
from grader.model import Job, Outcome, Request, Run, Traffic, Verdict

HOME = Path(__file__).resolve().parents[1]
SOURCE = "int a;\ny[i] = x[i * 8];\ns[t] = 0;\n"
TRAFFIC = (
    Traffic(2, "global", "read", 10, 320, 40),
    Traffic(2, "global", "read", 10, 320, 40),
    Traffic(2, "global", "write", 20, 80, 80),
    Traffic(3, "shared", "write", 5, 40, 5),
)


def test_the_same_line_is_summed_and_has_its_text() -> None:
    read, write, shared = efficiency.lines(TRAFFIC, SOURCE)
    assert (read.requests, read.units, read.ideal, read.excess) == (20, 640, 80, 8.0)
    assert (write.excess, shared.excess) == (1.0, 8.0)
    assert read.text == "y[i] = x[i * 8];"


@pytest.mark.parametrize(
    ("limits", "kinds"),
    [
        ({}, []),
        ({"global": 1.1}, ["coalescing"]),
        ({"global": 8.0}, []),
        ({"shared": 1.0}, ["conflict"]),
        ({"global": 1.1, "shared": 1.0}, ["coalescing", "conflict"]),
    ],
)
def test_only_lines_above_their_limit_are_found(limits: dict[str, float], kinds: list[str]) -> None:
    found = efficiency.findings(efficiency.lines(TRAFFIC, SOURCE), limits, "k.cu")
    assert [f.kind for f in found] == kinds


def test_a_line_with_hardly_any_traffic_is_not_worth_a_word() -> None:
    lines = efficiency.lines((*TRAFFIC, Traffic(1, "global", "read", 1, 5, 1)), SOURCE)
    assert [f.where for f in efficiency.findings(lines, {"global": 1.1}, "k.cu")] == ["k.cu:2"]


def test_bytes_moved_are_whole_sectors() -> None:
    assert efficiency.moved(efficiency.lines(TRAFFIC, SOURCE)) == 32 * (640 + 80)


# ---------------------------------------------------------------- on real kernels


@pytest.mark.parametrize(
    ("attempt", "outcome"), [("serial_row", Outcome.SLOW), ("two_dimensional_block", Outcome.PASS)]
)
def test_an_exercise_with_a_limit_is_slow_without_a_gpu(attempt: str, outcome: Outcome) -> None:
    verdict = graded("04_warp_reduce", attempt, {"global": 1.5})
    assert verdict.outcome is outcome
    assert [f.where for f in verdict.findings] == (["warp_reduce.cu:12"] if outcome is Outcome.SLOW else [])
    assert verdict.speed is None


def graded(slug: str, attempt: str, limits: dict[str, float]) -> Verdict:
    exercise = replace(catalog.load(HOME, slug), efficiency=limits)
    source = HOME / "tests" / "attempts" / slug / f"{attempt}.cu"
    return judge.grade(Request(exercise, source, source.read_text(), source, "simulator", examples=10, seed=1))


def test_a_verdict_counts_in_one_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one; of the others nothing is shown."""
    seen: list[tuple[bool, bool]] = []

    def run(worker: isolate.Worker, job: Job) -> Run:
        done = real(worker, job)
        seen.append((job.counted, bool(done.traffic)))
        return done

    real = isolate.Worker.run
    monkeypatch.setattr(isolate.Worker, "run", run)
    assert graded("04_warp_reduce", "serial_row", {}).outcome is Outcome.PASS
    assert [counted for counted, traffic in seen if traffic] == [True]
    assert sum(not counted for counted, _ in seen) >= 10


def test_simulate_prints_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    source = HOME / "tests" / "attempts" / "04_warp_reduce" / "serial_row.cu"
    assert cli.main(["simulate", "4", "--file", str(source), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    worst = max(told["lines"], key=lambda line: line["excess"])
    assert (worst["line"], worst["excess"]) == (12, 8.0)
    assert told["bytes_moved"] > 7 * told["bytes_needed"]


def test_simulate_a_source_that_does_not_compile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.cu"
    broken.write_text("this is not C++\n")
    assert cli.main(["simulate", "4", "--file", str(broken)]) == 2
    assert "does not compile" in capsys.readouterr().err


@pytest.mark.parametrize(("more", "counted"), [((), True), (("--json",), False)])
def test_a_run_on_the_simulator_by_name_shows_what_it_counted(
    more: tuple[str, ...], counted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    source = HOME / "tests" / "attempts" / "04_warp_reduce" / "serial_row.cu"
    assert cli.main(["run", "4", "--file", str(source), "--backend", "simulator", "--no-record", *more]) == 0
    said = capsys.readouterr().out
    assert ("sectors" in said and "of ideal" in said) is counted
