"""One case on the simulator, for its counters: source -> run with traffic. Needs no GPU, and judges nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from grader import backends, build, cases, isolate
from grader import case as case_
from grader import spec as spec_
from grader.errors import MachineError, UsageError
from grader.model import Case, Request
from grader.translate import Refused

BUDGET = 1 << 20  # bytes the default case moves: enough blocks for the counts to be typical
SECONDS = 60.0


@dataclass(frozen=True)
class Simulated:
    """What one call did."""

    trial: cases.Trial
    needed: int  # bytes that must cross device memory at least


def simulate(request: Request, progress: Callable[[str], None]) -> Simulated:
    """Raises UsageError for what does not compile or cannot be simulated, with the compiler's words."""
    simulator = backends.get("simulator")
    exercise = request.exercise
    if why_not := simulator.why_not():
        raise MachineError(why_not)
    try:
        sources = simulator.sources(exercise, request.text, f"{exercise.name}.cu")
    except Refused as refused:
        raise UsageError(f"{refused}; the simulator cannot run it") from None
    spec = spec_.load(exercise.folder)
    case = case_.parse(request.case, exercise, spec) if request.case else typical(spec)
    progress("compiling")
    built = build.start(sources, "simulator", build.cache()).wait()
    if built.errors:
        raise broken(built.errors)
    progress(f"simulating {case}")
    with isolate.start("simulator", cases.arena_size(spec.moved(**case.sizes))) as worker:
        worker.add(built.library, exercise.declaration.launcher)
        seed = secrets.randbits(32) if request.seed is None else request.seed
        trial = cases.attempt(exercise, spec, worker, case, seed, SECONDS)
    return Simulated(trial, spec.moved(**case.sizes))


def broken(errors: str) -> UsageError:
    """For verbs that look at a kernel and do not judge it."""
    return UsageError(f"it does not compile; `grader run` shows the errors whole\n{errors}")


def typical(spec: spec_.Spec) -> Case:
    """A round, large case: its counts are those of the timed shapes, not of the edges."""
    sizes = {name: 1 << (s.high.bit_length() - 1) if s.high > s.low else s.low for name, s in spec.sizes.items()}
    sizes = {name: max(value, spec.sizes[name].low) for name, value in sizes.items()}
    return Case(case_.fit(spec, sizes, BUDGET), spec.recipes[0])
