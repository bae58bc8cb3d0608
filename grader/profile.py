"""What limits a kernel: its source -> Facts, from Nsight Compute's counters where they can be had, else from what the
compiler, the simulator and the record know. Runs things; counters.py and estimate.py read what came of it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader import backends, build, cases, counters, efficiency, estimate, gpu, sass, simulate, warmup
from grader import spec as spec_
from grader.advice import Facts, Step, steps
from grader.efficiency import Line
from grader.errors import GraderError, MachineError, UsageError
from grader.isolate import Arena, Died, Worker, WorkerError
from grader.model import Build, Case, Compiled, Fate, Job, Launch, Request, Resources, Shape

SECONDS = 240.0  # of profiling: a launch is repeated for every group of counters, for a report fifty times
TRIES = 4  # with fewer counters each time, where the chip lacks some
ASSUMED = (9, 0)  # what the cuda backend compiles for where there is no GPU
REPORT, CUBIN = "kept.ncu-rep", "kernel.cubin"
SEED = 1  # of the contents: two profiles are to differ by the source alone

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Past:
    """A recorded time of the same source and shape; in words, where and when it was taken."""

    shape: Shape
    words: str


@dataclass(frozen=True)
class Asked:
    """What to profile."""

    request: Request
    shape: int = 0  # of the exercise's timed ones
    report: Path | None = None  # where to keep ncu's
    past: Past | None = None


@dataclass(frozen=True)
class Profile:
    """`source` is "ncu", or "computed" and then `why_not` says why nothing was counted."""

    case: Case
    source: str
    kernels: tuple[Facts, ...]  # the longest first
    notes: tuple[str, ...]  # where the figures come from, and what is missing
    why_not: str = ""
    metrics: tuple[Mapping[str, float], ...] = ()  # of each kernel, by ncu's names
    lines: tuple[Line, ...] = ()  # that waste memory traffic, by the simulator
    report: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Of the kernel that takes longest."""
        return steps(self.kernels[0]) if self.kernels else ()


@dataclass(frozen=True)
class _Call:
    """A launcher with a timed case's contents, ready to be called."""

    library: Path
    launcher: str
    arena: Arena
    job: Job
    backend: str


def why_not(backend: str) -> str:
    """Empty if counters can be asked for here."""
    if why := str(backends.get(backend).why_not()):
        return why
    return "" if shutil.which("ncu") else "ncu (Nsight Compute) is not on PATH; it comes with the CUDA toolkit"


def profile(asked: Asked, progress: Progress) -> Profile:
    """Raises UsageError for what does not compile or run, MachineError for a report that cannot be had."""
    exercise, backend = asked.request.exercise, asked.request.backend
    why = why_not(backend)
    if why:
        _no_report(asked, why)
    spec = spec_.load(exercise.folder)
    case = Case(dict(exercise.timed[asked.shape]), spec.recipes[0])
    if backends.get(backend).why_not():
        return _computed(asked, case, (), why, progress)
    built = _built(asked.request, progress)
    arena = Arena(warmup.arena_size(exercise, spec))
    try:
        progress(f"making the contents of {case}")
        job = _filled(arena, asked.request, spec, case)
        call = _Call(built.library, exercise.declaration.launcher, arena, job, backend)
        found = why or _counted(call, asked.report, progress)
        if not isinstance(found, str):
            return _measured(asked, case, found, spec.moved(**case.sizes), built.resources)
        _no_report(asked, found)
        return _computed(asked, case, _launches(call, asked.request), found, progress)
    finally:
        arena.close()


def _no_report(asked: Asked, why: str) -> None:
    if asked.report:
        raise MachineError(f"no report can be kept: {why}")


def _built(request: Request, progress: Progress) -> Build:
    progress("compiling")
    built = build.begin(request.exercise, request.text, request.backend).wait()
    if built.errors:
        raise simulate.broken(built.errors)
    return built


def _filled(arena: Arena, request: Request, spec: spec_.Spec, case: Case) -> Job:
    """The oracle's tensors give their memory back: ncu needs room for copies of what a kernel writes."""
    import torch

    with warmup.enough_memory():
        job = cases.fill(arena, request.exercise, spec, case, SEED)
    torch.cuda.empty_cache()
    return job


# ---------------------------------------------------------------- counted


def _counted(call: _Call, report: Path | None, progress: Progress) -> tuple[counters.Launched, ...] | str:
    """What ncu counted, or why it did not. A chip that lacks some counters is asked for the others."""
    metrics, log = list(counters.METRICS), ""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(TRIES):
            progress("counting: each kernel runs once for every group of counters")
            log = _run(call, metrics, Path(folder), keep=bool(report))
            if found := counters.parse(log):
                if report:
                    _keep(Path(folder) / REPORT, report)
                return found
            if not (missing := counters.absent(log) & set(metrics)):
                break
            metrics = [name for name in metrics if name not in missing]
    return counters.refusal(log)


def _keep(made: Path, report: Path) -> None:
    try:
        shutil.move(made, report)
    except OSError as error:
        raise MachineError(f"{report} cannot be written ({error.strerror}); name another file") from error


def _run(call: _Call, metrics: list[str], folder: Path, keep: bool) -> str:
    """One run under ncu: its log, with how the worker ended where that was not well."""
    log, said = folder / "log.txt", ""
    log.unlink(missing_ok=True)
    words = counters.words(str(log), metrics, str(folder / REPORT) if keep else "", str(call.library.parent))
    try:
        with Worker(call.backend, call.arena, ((call.library, call.launcher),), words) as worker:
            worker.settle_or_raise()
            worker.profile(call.job, SECONDS)
            worker.finish(SECONDS)
    except (Died, WorkerError) as error:
        said = f"\n==ERROR== {error}"
    return (log.read_text(errors="replace") if log.exists() else "") + said


def _measured(
    asked: Asked, case: Case, found: tuple[counters.Launched, ...], needed: int, resources: tuple[Resources, ...]
) -> Profile:
    spilled = {r.kernel: r.spill_bytes for r in sorted(resources, key=lambda r: r.spill_bytes)}
    facts = [replace(f, spilled_bytes=spilled.get(f.kernel)) for f in counters.call(found, _sms(), needed)]
    ordered = sorted(zip(facts, found, strict=True), key=lambda pair: -(pair[0].us or 0.0))
    device = backends.get(asked.request.backend).device()
    notes = [f"counted by Nsight Compute on {device}, with cold caches and the clocks as they are"]
    if len(found) == counters.LAUNCHES:
        notes.append(f"the call's first {len(found)} launches were looked at; there may be more")
    if not asked.request.exercise.recorded:
        notes.append("kernels are looked at one by one; what overlaps shows `nsys profile -t cuda,nvtx`")
    return Profile(
        case, "ncu", tuple(f for f, _ in ordered), tuple(notes),
        metrics=tuple(one.metrics for _, one in ordered), report=str(asked.report or ""),
    )  # fmt: skip


def _sms() -> int:
    """0 without a GPU."""
    import torch

    return int(torch.cuda.get_device_properties(0).multi_processor_count) if torch.cuda.is_available() else 0


# ---------------------------------------------------------------- computed


def _launches(call: _Call, request: Request) -> tuple[Launch, ...]:
    """The timed call's own, recorded and not counted."""
    with Worker(call.backend, call.arena, ((call.library, call.launcher),)) as worker:
        run = worker.run(call.job)
    if run.fate is not Fate.RETURNED or run.status:
        said = f"the launcher does not end well at this size ({run.message or f'error {run.status}'})"
        raise UsageError(f"{said}; `grader run {request.exercise.number}` says why")
    return run.launches


def _computed(asked: Asked, case: Case, launches: tuple[Launch, ...], why: str, progress: Progress) -> Profile:
    """Occupancy and instructions from the binary, traffic from the simulator, time from the record."""
    found = gpu.find()
    known = estimate.Known(found.capability if found else ASSUMED, _sms(), launches=launches)
    timed = f"measured: the time, {asked.past.words}" if asked.past else "measured: nothing; this source was not timed"
    known = replace(known, shape=asked.past.shape if asked.past else None)
    known, *compiled = _binary(asked.request, known, progress)
    known, simulated = _traffic(asked.request, known, progress)
    notes = (timed, *compiled, simulated)
    return Profile(case, "computed", estimate.facts(known), notes, why, lines=estimate.wasteful(known.lines))


def _binary(request: Request, known: estimate.Known, progress: Progress) -> tuple[estimate.Known, str, str]:
    """With what the compiler says; and where registers and instructions come from."""
    if not shutil.which("nvcc"):
        return known, "not known: registers and occupancy; nvcc is not on PATH", "not known: load widths, for the same"
    progress("compiling")
    with tempfile.TemporaryDirectory() as folder:
        known = replace(known, resources=_cubin(request, known.capability, Path(folder)).resources)
        codes = sass.read(Path(folder) / CUBIN)
    said = "computed: registers and occupancy, for compute capability {}.{}".format(*known.capability)
    said += "; of a template's instances, the largest"
    if isinstance(codes, str):
        return known, said, f"not known: load widths; {codes}"
    return replace(known, codes=codes), said, "computed: load widths, as they stand in the machine code"


def _cubin(request: Request, capability: tuple[int, int], folder: Path) -> Compiled:
    """By nvcc alone, with the grader's flags: torch's own way wants a CUDA build of torch, which few have here."""
    cuda, name = backends.get(request.backend), f"{request.exercise.name}.cu"
    sources = cuda.sources(request.exercise, request.text, name)
    for file, text in sources.files.items():
        (folder / file).write_text(text)
    words = ["nvcc", "-cubin", "-arch=sm_{}{}".format(*capability), *sources.cuda_cflags, "-o", CUBIN, name]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=build.SECONDS, check=False)
    compiled: Compiled = cuda.explain(done.stdout + done.stderr)
    if done.returncode:
        raise simulate.broken(compiled.errors or done.stderr)
    return compiled


def _traffic(request: Request, known: estimate.Known, progress: Progress) -> tuple[estimate.Known, str]:
    """With what the simulator says; and where that comes from."""
    if why := request.exercise.unsimulated:
        return known, f"not known: memory traffic; the simulator cannot run this exercise: {why}"
    try:
        found = simulate.simulate(replace(request, backend="simulator", seed=SEED), progress)
    except GraderError as error:
        return known, f"not known: memory traffic; {error}"
    run, outcome = found.trial.run, found.trial.outcome.value
    lines = efficiency.lines(run.traffic, request.text)
    known = replace(known, lines=lines, seen=run.launches, needed=found.needed)
    wrong = f", which is {outcome}: first right, then fast" if outcome != "PASS" else ""
    return known, f"simulated: memory traffic, of the call {found.trial.case}{wrong}"
