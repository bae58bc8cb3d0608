"""Two variants of one kernel through the grader's own speed stage: what aa.py and ab.py share. Needs a GPU."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

from grader import build, catalog, gpu, isolate, measure, spec  # noqa: E402  the source tree comes first
from grader.errors import GraderError  # noqa: E402
from grader.model import Build, Exercise  # noqa: E402

FOLDER = Path(__file__).resolve().parent
EXERCISE = catalog.load(FOLDER, "01_sweep")

# What one call takes on an H200, about; the real times are in the results.
SIZES: Mapping[str, dict[str, int]] = {
    "5 µs": {"n": 3 << 17, "passes": 1},
    "20 µs": {"n": 3 << 20, "passes": 1},
    "50 µs": {"n": 1 << 24, "passes": 1},
    "200 µs": {"n": 1 << 24, "passes": 4},
    "1 ms": {"n": 1 << 24, "passes": 18},
    "5 ms": {"n": 1 << 24, "passes": 90},
}


@dataclass(frozen=True)
class Grade:
    """What one grading said; `failed` when it said nothing of speed."""

    size: str
    ratio: float = 0.0
    ci: tuple[float, float] = (0.0, 0.0)
    learner_us: float = 0.0
    reference_us: float = 0.0
    samples: int = 0
    verdict: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    failed: str = ""


def text(percent: int, mark: str) -> str:
    """The kernel with that much extra traffic; `mark` alone makes another library of the same code."""
    return f"#define EXTRA_PERCENT {percent}\n// {mark}\n{EXERCISE.source.read_text()}"


def built(texts: Sequence[str]) -> list[Build]:
    pending = [build.begin(EXERCISE, text, "cuda") for text in texts]
    found = [one.wait() for one in pending]
    if errors := [one.errors for one in found if one.errors]:
        raise SystemExit(errors[0])
    return found


def sized(size: str, threshold: float) -> Exercise:
    return replace(EXERCISE, timed=(SIZES[size],), threshold=threshold)


def grade(size: str, threshold: float, learner: Build, reference: Build, seed: int) -> Grade:
    """One grading as `grader run` does it: a timing worker of its own, the real stopping rule."""
    exercise, started = sized(size, threshold), time.monotonic()
    try:
        found = measure.alone(exercise, spec.load(exercise.folder), learner, reference, seed, build.cache())
    except GraderError as error:
        return Grade(size, failed=str(error))
    seconds = time.monotonic() - started
    if found.speed is None:
        return Grade(size, seconds=seconds, failed=found.said)
    (shape,) = found.speed.shapes
    return Grade(
        size, shape.ratio, shape.ci, shape.learner_us, shape.reference_us, shape.samples,
        measure.outcome(found.speed, found.decision).value, seconds, found.speed.notes,
    )  # fmt: skip


def workers(count: int) -> contextlib.AbstractContextManager[None]:
    """So many timing workers, started side by side and ready: one after the other would take most of the time."""
    return isolate.standing({"cuda": count}, settled=True)


@contextlib.contextmanager
def competitor(wanted: bool) -> Iterator[None]:
    """Another process that keeps the GPU busy in bursts, once it is seen to do so."""
    if not wanted:
        yield
        return
    command = [sys.executable, str(FOLDER / "busy.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if "busy" not in process.stdout.readline():
                raise SystemExit("the competing process did not start; see its message above")
            yield
        finally:
            process.kill()


def record(name: str, arguments: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], table: str) -> None:
    """benchmarks/results/<name>-<gpu>.json; written again and again, so that a killed run leaves what it had."""
    found = gpu.find()
    device = found.name if found else "no GPU"
    about = {
        "gpu": device,
        "driver": found.driver if found else "",
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "arguments": dict(arguments),
        "table": table.splitlines(),
        "rows": list(rows),
    }
    path = HOME / "benchmarks" / "results" / f"{name}-{device.replace(' ', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
