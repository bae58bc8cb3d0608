"""The headline: from an edit to the verdict, in a new process (cold) and in one that goes on (warm).

python benchmarks/loop.py [--repeats 5]     writes benchmarks/results/loop-<device>.json and prints a table
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import backends, catalog  # noqa: E402  the source tree comes first

SLUG = "07_softmax"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--repeats", type=int, default=5)
    repeats = words.parse_args().repeats
    backend, _ = backends.pick()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(GRADER_CACHE=f"{folder}/cache", GRADER_DB=f"sqlite:///{folder}/attempts.db")
        figures = {
            "list_s": [command("list") for _ in range(repeats)],
            "cold_first_s": [command("run", SLUG, "--solution", "--backend", backend)],
            **cold(backend, Path(folder) / "softmax.cu"),
            **warm(backend, repeats),
        }
    write("loop", backends.get(backend).device(), figures)


def command(*arguments: str) -> float:
    """Wall seconds of one `python -m grader …`; it must succeed."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "grader", *arguments], cwd=HOME, check=True, capture_output=True)
    return time.perf_counter() - started


def cold(backend: str, source: Path, repeats: int = 3) -> dict[str, list[float]]:
    """In a new process: after an edit, and with nothing to compile."""
    text = (HOME / "solutions" / SLUG / "softmax.cu").read_text()
    found: dict[str, list[float]] = {"cold_edit_s": [], "cold_verdict_s": [], "cold_s": []}
    for n in range(repeats):
        source.write_text(f"{text}\n// edit {n}\n")
        found["cold_edit_s"].append(process(backend, source)[0])
        verdict, ended = process(backend, source)
        found["cold_verdict_s"].append(verdict)
        found["cold_s"].append(ended)
    return found


def process(backend: str, source: Path) -> tuple[float, float]:
    """Seconds until the verdict can be read, and until the process has ended, its context taken down by the driver."""
    words = [sys.executable, "-m", "grader", "run", SLUG, "--file", str(source), "--backend", backend]
    started = time.perf_counter()
    with subprocess.Popen(words, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        if not any("PASS" in line for line in child.stdout):
            raise SystemExit(f"{' '.join(words)} did not pass")
        verdict = time.perf_counter() - started
        child.stdout.read()
    return verdict, time.perf_counter() - started


def warm(backend: str, repeats: int) -> dict[str, list[float]]:
    """One process, a new edit each time: the whole of it and its stages, in seconds."""
    from grader import judge
    from grader.model import Request, Verdict

    exercise = catalog.load(catalog.root(), SLUG)
    reference = HOME / "solutions" / SLUG / f"{exercise.name}.cu"
    naive = (HOME / "tests" / "attempts" / SLUG / "three_passes.cu").read_text()
    found: dict[str, list[float]] = {}

    def graded(simulate: bool) -> tuple[float, Verdict]:
        text = f"{naive}\n// edit of {time.time()}\n"
        started = time.perf_counter()
        verdict = judge.grade(Request(exercise, exercise.source, text, reference, backend, simulate=simulate))
        return time.perf_counter() - started, verdict

    graded(True)  # imports, and builds the reference
    for _ in range(repeats):
        if backend == "cuda":
            found.setdefault("warm_alone_s", []).append(graded(False)[0])  # without the simulator beside it
        seconds, verdict = graded(True)
        found.setdefault("warm_s", []).append(seconds)
        for stage in verdict.stages:
            found.setdefault(f"warm_{stage.name}_s", []).append(stage.ms / 1000)
        found.setdefault("warm_cases", []).append(verdict.stages[1].total)
    return found


def write(name: str, device: str, figures: dict[str, list[float]]) -> None:
    """benchmarks/results/<name>-<device>.json, and a table."""
    record: dict[str, Any] = {
        "device": device,
        "cpus": os.cpu_count(),
        "cpu": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "exercise": SLUG,
        "figures": {name: [round(v, 3) for v in values] for name, values in figures.items()},
    }
    path = HOME / "benchmarks" / "results" / f"{name}-{device.replace(' ', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{device}, {os.cpu_count()} CPUs, {record['measured']}")
    for figure, values in figures.items():
        spread = f"min {min(values):7.3f}   max {max(values):7.3f}   n {len(values)}"
        print(f"  {figure:18} median {median(values):7.3f}   {spread}")


if __name__ == "__main__":
    main()
