"""The benchmarks of timing: their kernel is right, and their tallies say what the grades say."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import aa
import ab
import duel

from grader import judge, measure
from grader.model import Outcome, Request, Shape, Speed
from grader.timing import Decision

GOOD = duel.Grade("50 µs", 1.001, (0.998, 1.004), 50.0, 50.05, 8, "PASS")


@pytest.mark.parametrize("percent", [0, 10])
def test_the_kernel_is_right_with_and_without_extra_traffic(percent: int) -> None:
    source = duel.EXERCISE.source
    request = Request(duel.EXERCISE, source, duel.text(percent, "x"), source, "simulator", examples=12, seed=1)
    assert judge.grade(request).outcome is Outcome.PASS


@pytest.mark.skipif(not shutil.which("nvcc"), reason="needs nvcc")
def test_nvcc_takes_it(tmp_path: Path) -> None:
    """nvcc alone: torch's `load` wants a CUDA build of torch."""
    (tmp_path / "sweep.cu").write_text(duel.text(2, "x"))
    command = ["nvcc", "-std=c++17", "-arch=sm_90", "-cubin", "-o", "sweep.cubin", "sweep.cu"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_a() -> None:
    grades = [
        GOOD,
        replace(GOOD, ratio=0.97, ci=(0.96, 0.98)),
        replace(GOOD, failed="lost"),
        replace(GOOD, size="1 ms"),
    ]
    said = aa.tally("50 µs", grades)
    assert (said["grades"], said["failed"], said["within"], said["covers"]) == (2, 1, 1, 1)
    assert "| 50 µs | 50.0 µs | 2 |" in aa.table(grades)


@pytest.mark.parametrize(
    ("ci", "verdict", "slow_learner", "found", "turned", "wrong"),
    [
        ((0.94, 0.96), "SLOW", True, True, False, False),
        ((0.94, 0.96), "PASS", True, True, False, True),
        ((1.04, 1.06), "PASS", False, True, False, False),
        ((0.94, 0.96), "SLOW", False, False, True, True),
        ((0.99, 1.01), "NOISY", True, False, False, False),
    ],
)
def test_a_b(ci: tuple[float, float], verdict: str, slow_learner: bool, found: bool, turned: bool, wrong: bool) -> None:
    bout = ab.Bout(5, slow_learner, replace(GOOD, ratio=sum(ci) / 2, ci=ci, verdict=verdict))
    assert (bout.found, bout.reversed, bout.wrong) == (found, turned, wrong)
    assert ab.tally("50 µs", 5, [bout])["wrong"] == wrong and "| 50 µs | 5 % | 1 |" in ab.table([bout])


@pytest.mark.parametrize("script", [aa, ab])
def test_a_whole_run(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the GPU: what measure says becomes rows and a table on disk."""
    shape = Shape({"n": 4}, 1.0, (0.99, 1.01), 5.0, 5.0, None, 8)
    speed = Speed(1.0, (0.99, 1.01), 0.85, 5.0, 5.0, None, None, "memory", (shape,))
    monkeypatch.setattr(measure, "alone", lambda *_: measure.Measured(speed, None, Decision.CLEAR))
    monkeypatch.setattr(duel, "built", lambda texts: [None] * len(texts))
    stood: list[int] = []
    monkeypatch.setattr(duel, "workers", lambda count: stood.append(count) or contextlib.nullcontext())
    monkeypatch.setattr(duel, "HOME", tmp_path)
    monkeypatch.setattr(sys, "argv", ["x", "--seconds", "60", "--grades", "2", "--sizes", "5 µs,1 ms"])
    script.main()
    (path,) = (tmp_path / "benchmarks" / "results").glob("*.json")
    said = json.loads(path.read_text())
    assert stood == ([2, 2] if script is aa else [6, 6]), "a worker for each grade of a round, started together"
    assert len(said["rows"]) == (4 if script is aa else 12) and len(said["table"]) == (4 if script is aa else 8)
