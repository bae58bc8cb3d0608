"""The straight line: source → build → cases → speed → verdict."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nvtx

from grader import (
    backends,
    blame,
    build,
    cases,
    efficiency,
    explain,
    interrupt,
    isolate,
    large,
    measure,
    sandbox,
    sanitize,
    shrink,
    symbols,
    warmup,
)
from grader import case as case_
from grader import spec as spec_
from grader.isolate import Worker
from grader.model import (
    Build,
    Case,
    Diagnosis,
    Failure,
    Fate,
    Outcome,
    Request,
    Run,
    Stage,
    Verdict,
)
from grader.spec import Spec
from grader.strict import Strict
from grader.translate import Refused
from grader.warmup import Ready

CREW = 4  # workers that simulate side by side, at most
EXAMPLES = {"cuda": 100, "simulator": 40}
BUDGET = {"cuda": 2 << 20, "simulator": 1 << 19}  # bytes one case may move
SECONDS = {"cuda": 5.0, "simulator": 10.0}  # time limit of one case
PATIENCE = 4  # times that limit on the simulator, while each block ends within it: slow, or a slow machine, but no hang
ALONE = 60.0  # of a replay, which may be of a timed size


def examples(request: Request) -> Path | None:
    """Where failing cases of this exercise are kept, to be tried first next time."""
    if not request.keep:
        return None
    return build.cache() / "examples" / request.exercise.id / request.backend


@dataclass
class Grading:
    """One grading under way: what is known so far."""

    request: Request
    progress: Callable[[str], None]
    device: str
    seed: int = 0
    stages: list[Stage] = field(default_factory=list)
    build: Build | None = None
    last: Run | None = None  # of the largest case

    def verdict(self, outcome: Outcome, **more: object) -> Verdict:
        done = {stage.name for stage in self.stages}
        skipped = tuple(Stage(n, "skipped") for n in ("build", "cases", "speed") if n not in done)
        level = sandbox.level(self.request.backend)
        return Verdict(
            self.request.exercise.id, outcome, self.request.backend, self.device, self.seed,
            (*self.stages, *skipped), resources=self.build.resources if self.build else (),
            launches=self.last.launches if self.last else (),
            hints_used=self.request.hints_used, isolation=level.name, isolation_why=level.why,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip


def grade(request: Request, progress: Callable[[str], None] = lambda _: None) -> Verdict:
    """Judges one source. Learners' mistakes are verdicts; a GraderError is the machine's or the author's fault."""
    with interrupt.heard(), nvtx.annotate(f"grade {request.exercise.id}"):
        backend = backends.get(request.backend)
        grading = Grading(request, progress, backend.device())
        if request.backend == "simulator" and request.exercise.unsimulated:
            return grading.verdict(Outcome.NOT_RUN, detail=request.exercise.unsimulated)
        try:
            return _second_opinion(grading, _judge(grading))
        except Refused as refused:
            return grading.verdict(Outcome.NOT_RUN, detail=str(refused))


def _second_opinion(grading: Grading, verdict: Verdict) -> Verdict:
    """compute-sanitizer after a crash or an unsafe finding, or when asked for: it knows lines where we know bytes."""
    request, build_ = grading.request, grading.build
    suspect = verdict.outcome in (Outcome.CRASH, Outcome.UNSAFE)
    if suspect and verdict.failure is None:
        return verdict  # for what it is, or whose, and not for what it did: a library that breaks a rule is not run
    if request.backend != "cuda" or build_ is None or build_.errors or not (suspect or request.sanitize):
        return verdict
    rounds = (sanitize.TOOLS,) if request.sanitize else sanitize.useful(verdict.findings, verdict.detail)
    if not rounds or sanitize.why_not():
        return verdict
    grading.progress(f"compute-sanitizer: {', '.join(rounds[0])}")
    spec = spec_.load(request.exercise.folder)
    case = verdict.failure.case if verdict.failure else cases.sample(request.exercise, spec, 0, 1, 1 << 16)[1]
    arena = isolate.Arena(cases.arena_size(spec.moved(**case.sizes)))
    try:
        seed = verdict.failure.seed if verdict.failure else grading.seed  # a timed call has one of its own
        job = cases.fill(arena, request.exercise, spec, case, seed)
        launcher = request.exercise.declaration.launcher
        with nvtx.annotate("compute-sanitizer"):
            found = sanitize.sanitize(build_.library, launcher, arena, job, rounds)
    finally:
        arena.close()
    if not found:
        return verdict
    if verdict.outcome in (Outcome.PASS, Outcome.SLOW, Outcome.NOISY):
        trial = cases.Trial(case, seed, Run(Fate.RETURNED), findings=found)
        return _failed(grading, trial)
    return replace(verdict, findings=(*found, *verdict.findings))


def _judge(grading: Grading) -> Verdict:
    request = grading.request
    with contextlib.ExitStack() as stack:
        # The workers get ready while the compiler runs; they hold nothing of the learner's yet.
        spec = spec_.load(request.exercise.folder)
        crew = _crew(request, spec, stack)
        timer = speed = None
        if request.timed:
            timer = stack.enter_context(isolate.start(request.backend, warmup.arena_size(request.exercise, spec)))
        pending = _start(grading)
        stack.callback(_stop, pending)
        strict = stack.enter_context(Strict(request)) if request.backend == "cuda" else None
        if timer:  # a thread: only now, when no more compilers are forked
            speed = stack.enter_context(warmup.preparing(request.exercise, spec, timer, build.cache()))
        # The compiler has its copy of the source: what it will be tried on is decided now, and known to nobody else.
        grading.seed = secrets.randbits(32) if request.seed is None else request.seed
        if strict:
            strict.choose(spec, grading.seed)
        ahead = _ahead(grading, spec, lambda: all(one.over for one in pending))
        learner, reference = _build(grading, pending)
        if verdict := _load(grading, crew, learner):
            return verdict
        if strict:
            strict.begin()
        if verdict := _cases(grading, spec, crew, ahead):
            wrong = verdict.outcome is Outcome.WRONG  # a finding says why
            return (_strict(grading, strict, wait=True) if wrong else None) or verdict
        if verdict := _large(grading, spec, crew[0]):
            return verdict
        if verdict := _strict(grading, strict, wait=False) or _wasteful(grading):
            return verdict
        if timer is None or speed is None or reference is None:
            verdict = grading.verdict(Outcome.PASS, speed_why=_no_speed(request), score=1.0)
        else:
            with nvtx.annotate("wait for the exchange"):
                ready = speed.result()
            verdict = _speed(grading, spec, timer, ready, learner, reference)
        return _strict(grading, strict, wait=True) or replace(verdict, stages=_with(verdict, strict))


def _crew(request: Request, spec: Spec, stack: contextlib.ExitStack) -> list[Worker]:
    """One worker on a GPU, where cases wait for one another; one a core on the simulator."""
    room = cases.arena_size(large.LAST if _climbs(request) else BUDGET[request.backend])
    if request.case:  # a replay may be of a timed size
        room += 4 * spec.moved(**case_.parse(request.case, request.exercise, spec).sizes)
    count = min(CREW, os.cpu_count() or 1) if request.backend == "simulator" and not request.case else 1
    return [stack.enter_context(isolate.start(request.backend, room, _options(request))) for _ in range(count)]


def _load(grading: Grading, crew: list[Worker], learner: Build) -> Verdict | None:
    """None when the learner's launcher can be called."""
    request = grading.request
    grading.build = learner
    if learner.errors:
        return grading.verdict(Outcome.COMPILE, log=learner.errors, detail=_signature(request, learner.errors))
    if broken := symbols.read(learner.library, request.exercise.libraries):
        grading.stages.append(Stage("cases", "skipped", why="the library breaks a rule as it is"))
        return grading.verdict(Outcome.UNSAFE, findings=(broken,))
    for worker in crew:
        worker.add(learner.library, request.exercise.declaration.launcher)
    try:
        with nvtx.annotate("load"):
            why_not = crew[0].settle()
    except isolate.Died as died:
        outcome = Outcome.TIMEOUT if died.fate is Fate.TIMED_OUT else Outcome.CRASH
        return grading.verdict(outcome, detail=f"{isolate.AT_LOAD}: {died}")
    return grading.verdict(Outcome.COMPILE, log=why_not, detail=_missing(request)) if why_not else None


def _climbs(request: Request) -> bool:
    return request.backend == "simulator" and not request.case


def _large(grading: Grading, spec: Spec, worker: Worker) -> Verdict | None:
    """None when larger sizes are right too (simulator only: a GPU's timed calls are checked in full)."""
    request = grading.request
    if not _climbs(request):
        return None
    grading.progress("larger sizes, unchecked")
    with nvtx.annotate("large"):
        climb = large.Climb(request.exercise, spec, worker, grading.seed).run(large.SECONDS)
    grading.stages.append(climb.stage())
    if climb.found is None:
        return None
    return _failed(grading, _explained(request, spec, worker, climb.found, SECONDS[request.backend]))


def _wasteful(grading: Grading) -> Verdict | None:
    """SLOW without a clock: a line moves more sectors or wavefronts than the exercise allows (simulator only)."""
    exercise, run = grading.request.exercise, grading.last
    if run is None or not exercise.efficiency or grading.request.backend != "simulator":
        return None
    lines = efficiency.lines(run.traffic, grading.request.text)
    found = efficiency.findings(lines, exercise.efficiency, f"{exercise.name}.cu")
    if not found:
        return None
    return grading.verdict(Outcome.SLOW, findings=found, speed_why=_no_speed(grading.request))


def _strict(grading: Grading, strict: Strict | None, wait: bool) -> Verdict | None:
    """UNSAFE when the simulator found something in the same source."""
    if strict is None:
        return None
    with nvtx.annotate("simulator"):
        trial = strict.failure(wait)
    if trial is None:
        return None
    grading.stages = [stage for stage in grading.stages if stage.name != "speed"]
    grading.stages.append(strict.stage())
    return _failed(grading, trial, "simulator")


def _with(verdict: Verdict, strict: Strict | None) -> tuple[Stage, ...]:
    """The simulator's line, after the cases."""
    if strict is None:
        return verdict.stages
    return (*verdict.stages[:2], strict.stage(), *verdict.stages[2:])


# ---------------------------------------------------------------- build


def _start(grading: Grading) -> list[build.Pending]:
    """The compilers of learner and reference, at the same time."""
    request = grading.request
    grading.progress("compiling")
    return [build.begin(request.exercise, text, request.backend) for text in build.texts(request)]


def _stop(pending: list[build.Pending]) -> None:
    for one in pending:
        if one.child:
            one.stop()


def _build(grading: Grading, pending: list[build.Pending]) -> tuple[Build, Build | None]:
    with nvtx.annotate("build"):
        built = [one.wait() for one in pending]
    status, cached = "fail" if built[0].errors else "pass", "cached" if built[0].cached else ""
    grading.stages.append(Stage("build", status, 1000 * built[0].seconds, why=cached))
    return built[0], built[-1] if grading.request.timed else None


def _options(request: Request) -> dict[str, int]:
    if request.backend != "simulator":
        return {}
    return {"patience": PATIENCE} | ({"pedantic": True} if request.pedantic else {})


def _signature(request: Request, errors: str) -> str:
    launcher = request.exercise.declaration.launcher
    if launcher in errors.splitlines()[0]:
        return f"the launcher's signature must stay as it was: {request.exercise.declaration.text}"
    return ""


def _missing(request: Request) -> str:
    return f"{request.exercise.name}.cu must define {request.exercise.declaration.text.rstrip(';')} {{ … }}"


# ---------------------------------------------------------------- cases


def _ahead(grading: Grading, spec: Spec, enough: Callable[[], bool]) -> cases.Ahead:
    """The cases to come; a replay has its own."""
    request, backend = grading.request, grading.request.backend
    count = request.examples or EXAMPLES[backend]
    if request.case:
        return cases.Ahead(grading.seed, count, BUDGET[backend], ALONE)
    plan = cases.Ahead(grading.seed, count, BUDGET[backend], SECONDS[backend])
    return cases.prepared(request.exercise, spec, backend, plan, enough)


def _cases(grading: Grading, spec: Spec, crew: list[Worker], ahead: cases.Ahead) -> Verdict | None:
    """None when every case is right."""
    request, started = grading.request, time.monotonic()
    grading.progress("running the cases")
    with nvtx.annotate("cases"):
        if request.case:
            one = case_.parse(request.case, request.exercise, spec)
            trial = cases.attempt(request.exercise, spec, crew[0], one, grading.seed, ahead.seconds)
            failed = trial if trial.outcome is not Outcome.PASS else None
            found = cases.Series(int(failed is None), 1, failed, trial, at_once=True)
        else:
            found = cases.series(
                request.exercise, spec, crew, ahead, examples(request),
                lambda n: grading.progress(f"case {n} of {len(ahead.chosen)}"),
            )  # fmt: skip
    ms = 1000 * (time.monotonic() - started)
    if found.failure and request.backend == "simulator":
        blamed = blame.blamed(request.exercise, spec, request.text, found.failure, _options(request))
        found = replace(found, failure=blamed)
    failure = explain.failure(request.exercise, spec, crew[0], found, ahead.seconds)
    grading.last = found.last.run if found.last else None
    status = "fail" if found.failure else "pass"
    grading.stages.append(Stage("cases", status, ms, found.passed, found.total))
    return _failed(grading, failure) if failure else None


def _explained(request: Request, spec: Spec, worker: Worker, found: cases.Series, seconds: float) -> cases.Trial:
    """A series that failed."""
    trial = explain.failure(request.exercise, spec, worker, found, seconds)
    assert trial
    return trial


def _failed(grading: Grading, trial: cases.Trial, backend: str = "") -> Verdict:
    request = grading.request
    diagnosis = trial.diagnosis
    if trial.findings and diagnosis.pattern == "unknown":
        diagnosis = Diagnosis(trial.findings[0].kind, trial.findings[0].text)
    replay = _replay(request, trial.case, trial.seed, backend or request.backend)
    failure = Failure(trial.case, trial.seed, trial.mismatch, diagnosis, replay)
    run = trial.run
    detail = run.message if run.fate is not Fate.RETURNED or run.status else ""
    return grading.verdict(
        trial.outcome, failure=failure, findings=trial.findings, log=trial.run.log, detail=detail,
    )  # fmt: skip


def _replay(request: Request, case: object, seed: int, backend: str) -> str:
    words = ["python -m grader run", request.exercise.id]
    if request.source == request.reference:
        words.append("--solution")
    elif request.source != request.exercise.source:
        words.append(f"--file {request.source}")
    if request.pedantic:
        words.append("--pedantic")
    return " ".join([*words, f"--backend {backend}", f'--case "{case}"', f"--seed {seed}"])


# ---------------------------------------------------------------- speed


def _speed(grading: Grading, spec: Spec, timer: Worker, ready: Ready, learner: Build, reference: Build) -> Verdict:
    request = grading.request
    if reference.errors:
        return grading.verdict(Outcome.GRADER_ERROR, log=reference.errors, detail="the reference does not compile")
    started = time.monotonic()
    with nvtx.annotate("speed"):
        found = measure.measure(
            request.exercise, spec, timer, learner, reference, grading.seed, ready, grading.progress
        )
    ms = 1000 * (time.monotonic() - started)
    if found.wrong:
        grading.stages.append(Stage("speed", "fail", ms))
        return _wrong(grading, spec, learner, found.wrong)
    if found.suspicious:
        grading.stages.append(Stage("speed", "fail", ms))
        return grading.verdict(Outcome.UNSAFE, findings=found.suspicious)
    assert found.speed is not None
    outcome = measure.outcome(found.speed, found.decision)
    grading.stages.append(Stage("speed", "pass" if outcome is Outcome.PASS else "fail", ms))
    return grading.verdict(outcome, speed=found.speed, score=min(found.speed.ratio, 2.0))


def _wrong(grading: Grading, spec: Spec, learner: Build, wrong: measure.Wrong) -> Verdict:
    """A timed call failed: the same case again, alone and isolated, tells what and can be replayed."""
    request, died = grading.request, wrong.died
    hung = died is not None and died.fate is Fate.TIMED_OUT  # alone it would only take as long again
    if not hung and (trial := _again(grading, spec, learner, wrong)):
        return _failed(grading, trial)
    replay = _replay(request, wrong.case, wrong.seed, request.backend)
    if died:
        outcome = Outcome.TIMEOUT if hung else Outcome.CRASH
        failure = Failure(wrong.case, wrong.seed, None, Diagnosis("unknown"), replay)
        return grading.verdict(outcome, failure=failure, detail=f"{died}, timed at {_sizes(wrong.case)}")
    told = "it is right when run alone and wrong when called again and again: does it keep something between calls?"
    return grading.verdict(
        Outcome.WRONG, failure=Failure(wrong.case, wrong.seed, wrong.mismatch, Diagnosis("stale", told), replay)
    )


def _again(grading: Grading, spec: Spec, learner: Build, wrong: measure.Wrong) -> cases.Trial | None:
    """The timed case as the only one of a process, or a smaller one that fails so too; None when it is right."""
    request, exercise = grading.request, grading.request.exercise
    size = warmup.arena_size(exercise, spec)
    with warmup.enough_memory(), isolate.start(request.backend, size) as worker:
        worker.add(learner.library, exercise.declaration.launcher)
        started = time.monotonic()
        trial = cases.attempt(exercise, spec, worker, wrong.case, wrong.seed, warmup.SECONDS)
        if trial.outcome is Outcome.PASS:
            return None
        grading.progress("looking for a smaller case that fails")
        alone = cases.Series(0, 1, trial, trial, at_once=True)
        with nvtx.annotate("shrink"):
            found = shrink.smallest(exercise, spec, worker, alone, time.monotonic() - started)
        with nvtx.annotate("explain"):
            return _explained(request, spec, worker, found, warmup.SECONDS)


def _sizes(case: Case) -> str:
    return ", ".join(f"{name} = {n:,}" for name, n in case.sizes.items())


def _no_speed(request: Request) -> str:
    if request.backend == "simulator":
        return "the simulator runs on the CPU: it can say whether a kernel is right, never how fast it is"
    return "one case only" if request.case else "--no-speed was given"
