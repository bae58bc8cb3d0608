"""doctor names what is broken and how to mend it, and never breaks itself."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from miniature import course

from grader import calibrate, cli, doctor, peaks
from grader.gpu import Gpu
from grader.peaks import Peaks


def named(checks: tuple[doctor.Check, ...]) -> dict[str, doctor.Check]:
    return {check.name: check for check in checks}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return course(tmp_path / "course")


def examine(home: Path, tmp_path: Path, url: str = "") -> dict[str, doctor.Check]:
    return named(doctor.examine(home, url or f"sqlite:///{tmp_path}/a.db", tmp_path / "cache"))


def fake(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_what_is_well(home: Path, tmp_path: Path) -> None:
    found = examine(home, tmp_path)
    assert [found[name].state for name in ("python", "packages", "torch", "exercises", "records")] == ["ok"] * 5
    assert "2 under" in found["exercises"].found and "0 attempts" in found["records"].found


def test_an_empty_path(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("CXX", raising=False)
    found = examine(home, tmp_path)
    assert found["host compiler"].state == "fail" and "apt install g++" in found["host compiler"].fix
    assert found["nvcc"].state == found["GPU"].state == found["sanitizer"].state == "warn"


def test_everything_broken_is_still_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no more imports")

    monkeypatch.setattr(importlib.util, "find_spec", broken)
    (tmp_path / "cache").write_text("a file")
    found = examine(tmp_path / "nowhere", tmp_path, "sqlite:////proc/a.db")
    failed = {name for name, check in found.items() if check.state == "fail"}
    assert {"packages", "torch", "exercises", "build cache", "records"} <= failed
    assert all(found[name].fix for name in failed)


@pytest.mark.parametrize(
    ("script", "state", "says"),
    [
        ('echo "NVIDIA H200, 9.0, 580.1, 3 %"', "ok", "NVIDIA H200, compute 9.0, driver 580.1, 3 % busy"),
        ('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18', "warn", "mismatch"),
        ("exit 9", "warn", "nvidia-smi failed"),
        ("echo strange", "ok", "strange"),
        ("sleep 60", "fail", "TimeoutExpired"),
    ],
)
def test_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, state: str, says: str) -> None:
    fake(tmp_path / "bin", "nvidia-smi", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(doctor, "PATIENCE", 1.0)
    found = named(doctor.examine(tmp_path, f"sqlite:///{tmp_path}/a.db", tmp_path))["GPU"]
    assert found.state == state and says in found.found


@pytest.mark.parametrize(
    ("kept", "writes", "fix"),
    [(True, False, ""), (False, True, ""), (False, False, "unset PYTHONDONTWRITEBYTECODE")],
)
def test_bytecode_that_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, writes: bool, fix: str
) -> None:
    """It is looked for where Python would put it, and torch is not imported for that."""
    source = tmp_path / "torch" / "__init__.py"
    source.parent.mkdir()
    source.write_text("raise AssertionError")
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", not writes)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _: SimpleNamespace(origin=str(source)))
    if kept:
        place = Path(importlib.util.cache_from_source(str(source)))
        place.parent.mkdir()
        place.touch()
    found = doctor.bytecode()
    assert found.fix == fix and ("takes seconds longer" in found.found) is bool(fix)


def test_bytecode_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _: SimpleNamespace(origin=str(tmp_path / "t.py")))
    assert doctor.bytecode().fix == "set PYTHONPYCACHEPREFIX to a folder you may write"


def test_a_broken_exercise_is_named(home: Path, tmp_path: Path) -> None:
    (home / "exercises" / "02_scale" / "exercise.toml").write_text("title = ")
    found = examine(home, tmp_path)["exercises"]
    assert found.state == "fail" and "02_scale/exercise.toml" in found.found


def test_a_damaged_database_is_named(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"rubbish" * 1000)
    found = examine(home, tmp_path)["records"]
    assert found.state == "fail" and "damaged" in found.found and "move it away" in found.fix


@pytest.mark.parametrize(
    ("states", "says"),
    [("ok ok", "ready, on the GPU"), ("ok warn", "on the simulator"), ("warn fail", "mend first: c1")],
)
def test_the_last_line(states: str, says: str) -> None:
    checks = tuple(doctor.Check(state, f"c{n}", "") for n, state in enumerate(states.split()))
    assert says in doctor.verdict(checks)


GPU = Gpu("NVIDIA H100", "GPU-1", (9, 0), "580.1", 13000, 80 << 30)


@pytest.mark.parametrize(
    ("known", "says", "fix"),
    [
        (None, "not measured yet", "--calibrate"),
        (Peaks("H100", "2026-11-24T22:00:00Z", copy_gb_s=2712.3), "copy 2,712 GB/s, 2026-11-24", "--calibrate"),
        (
            Peaks("H100", "2026-11-24T22", "2026-11-25T01", copy_gb_s=2712.3, l2_gb_s=5500.0, fp16_tflop_s=701.0),
            "copy 2,712 GB/s, L2 5,500 GB/s, fp16 701 TFLOP/s; 2026-11-25",
            "",
        ),
    ],
)
def test_peaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: Peaks | None, says: str, fix: str) -> None:
    monkeypatch.setattr(doctor.gpus, "find", lambda: GPU)
    if known:
        peaks.write(tmp_path, "GPU-1", known)
    found = doctor.measured(tmp_path)
    assert (found.state, found.found) == ("ok", says) and fix in found.fix


def test_nothing_to_calibrate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor.gpus, "find", lambda: None)
    assert cli.main(["doctor", "--calibrate"]) == 3
    assert "no GPU to calibrate" in capsys.readouterr().err


def test_what_this_gpu_cannot_is_zero_and_the_rest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> float:
        raise RuntimeError("_int_mm is not supported on this GPU")

    monkeypatch.setattr(calibrate.gpu, "find", lambda: GPU)
    monkeypatch.setattr(calibrate.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(calibrate, "MEASURES", {"copy_gb_s": lambda: 2700.0, "int8_tflop_s": lacking})
    made = calibrate.calibrate(tmp_path, lambda _: None)
    assert (made.copy_gb_s, made.int8_tflop_s) == (2700.0, 0.0)
    assert peaks.read(tmp_path, "GPU-1") == made and made.calibrated


def test_every_measure_has_a_field() -> None:
    assert set(calibrate.MEASURES) == {n for n in Peaks.__dataclass_fields__ if n.endswith("_s")}
