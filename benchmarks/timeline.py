"""Where each 100 ms of a run goes: the grader's own NVTX ranges, and its imports, as a timeline.

python benchmarks/timeline.py [07_softmax] [--warm N]     `grader run --solution` in a new process, or N edits in one
"""

from __future__ import annotations

import argparse
import builtins
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

LEAST = 0.02  # seconds: shorter ones are not shown
PACKAGES = ("torch", "hypothesis", "numpy", "sqlalchemy", "rich", "nvtx", "grader.judge")
STARTED = "TRACE_STARTED"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("exercise", nargs="?", default="07_softmax")
    words.add_argument("--warm", type=int, default=0, metavar="N", help="grade N edits in one process; show the last")
    told = words.parse_args()
    if STARTED in os.environ:
        child(told.exercise, told.warm)
        return
    began = time.time()
    environment = os.environ | {STARTED: str(began)}
    subprocess.run([sys.executable, *sys.argv], env=environment, check=True)
    print(f"{time.time() - began:7.3f} s until the process had ended")


@dataclass
class Trace:
    """Ranges as (start, seconds, depth, thread, name); start counts from the birth of the process."""

    origin: float
    ranges: list[tuple[float, float, int, str, str]] = field(default_factory=list)
    depths: dict[int, int] = field(default_factory=dict)

    def range(self, name: str) -> Range:
        return Range(self, name)

    def show(self) -> None:
        short: dict[str, list[float]] = {}
        for start, seconds, depth, thread, name in sorted(self.ranges):
            if seconds >= LEAST:
                who = "" if thread == "MainThread" else f"   [{thread}]"
                print(f"{start:7.3f}  {'  ' * depth}{seconds:6.3f} s  {name}{who}")
            else:
                short.setdefault(name, []).append(seconds)
        for name, each in short.items():
            if sum(each) >= LEAST:
                print(f"         {sum(each):6.3f} s in {len(each)} × {name}")


class Range:
    """Stands in for nvtx.annotate."""

    def __init__(self, trace: Trace, name: str) -> None:
        self.trace, self.name = trace, name

    def __enter__(self) -> None:
        thread = threading.get_ident()
        self.depth = self.trace.depths.get(thread, 0)
        self.trace.depths[thread] = self.depth + 1
        self.start = time.time()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.trace.depths[threading.get_ident()] = self.depth
        start, name = self.start - self.trace.origin, threading.current_thread().name
        self.trace.ranges.append((start, time.time() - self.start, self.depth, name, self.name))


def child(exercise: str, warm: int) -> None:
    trace = Trace(float(os.environ[STARTED]))
    trace.ranges.append((0.0, time.time() - trace.origin, 0, "MainThread", "python starts"))
    watch_imports(trace)
    import nvtx

    nvtx.annotate = trace.range  # type: ignore[assignment,misc]
    if warm:
        graded(exercise, warm, trace)
    else:
        from grader import cli

        with trace.range("grader run"):
            cli.main(["run", exercise, "--solution", "--no-record"])
    trace.show()


def watch_imports(trace: Trace) -> None:
    """Each first import of the packages that take long."""
    original: Callable[..., Any] = builtins.__import__
    seen: set[str] = set()

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name in seen or name not in PACKAGES:
            return original(name, *rest, **more)
        seen.add(name)
        with trace.range(f"import {name}"):
            return original(name, *rest, **more)

    builtins.__import__ = importing


def graded(slug: str, count: int, trace: Trace) -> None:
    """`count` edits of the solution, graded one after the other; the last one is shown."""
    from grader import backends, catalog, judge
    from grader.model import Request

    exercise, (backend, _) = catalog.load(catalog.root(), slug), backends.pick()
    reference = HOME / "solutions" / slug / f"{exercise.name}.cu"
    for n in range(count):
        trace.ranges.clear()
        trace.origin = time.time()
        text = f"{reference.read_text()}\n// edit {n} of {time.time()}\n"
        with trace.range("grade"):
            verdict = judge.grade(Request(exercise, exercise.source, text, reference, backend))
    print(verdict.outcome.value, *(f"{s.name} {s.ms:.0f} ms" for s in verdict.stages), sep="   ")


if __name__ == "__main__":
    main()
