"""Whether a wrong answer hangs on a local variable that a thread never set, and where it reads it. Simulator only.

A second build watches such variables. It takes a third of a second and runs slower, so only a wrong answer is worth it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from grader import backends, build, cases, isolate
from grader.cases import Trial
from grader.model import Exercise, Fate, Outcome
from grader.spec import Spec

SECONDS = 10.0  # for one call of what was one small case
RUBBISH = (0, 1, 2, 3, 4)  # what lies in such variables: csrc/include/sim/local.h


def blamed(exercise: Exercise, spec: Spec, text: str, trial: Trial, options: Mapping[str, int]) -> Trial:
    """The trial, with a finding where its answer changes with what lies in a variable that is read before it is set."""
    if trial.outcome is not Outcome.WRONG:
        return trial
    sources = backends.get("simulator").sources(exercise, text, f"{exercise.name}.cu", watched=True)
    if not any("SIM_UNSET(" in content for content in sources.files.values()):
        return trial
    built = build.start(sources, "simulator", build.cache()).wait()
    if built.errors:  # a jump over a declaration, which only this build does not take
        return trial
    call = cases.prepare(exercise, spec, trial.case, trial.seed, "simulator", SECONDS)
    arena, options = cases.arena_size(spec.moved(**trial.case.sizes)), {**options, "traced": 0}
    with isolate.start("simulator", arena, options) as worker:
        worker.add(built.library, exercise.declaration.launcher)
        runs = [_run(worker, call, rubbish) for rubbish in RUBBISH]
    found = tuple(f for f in runs[0].run.findings if f.kind == "uninit")
    return replace(trial, findings=found) if _differ(runs) else trial


def _run(worker: isolate.Worker, call: cases.Call, rubbish: int) -> cases.Played:
    worker.adjust({"rubbish": rubbish})
    return cases.launch(worker, call)


def _differ(runs: list[cases.Played]) -> bool:
    """What is copied and never used changes nothing, and is no reason."""
    first = runs[0]
    returned = all(one.run.fate is Fate.RETURNED for one in runs)
    return not returned or any(not np.array_equal(first.after, one.after) for one in runs)
