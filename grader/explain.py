"""Why a case is wrong: run again twice, after another one, and alone in a process; then the patterns are asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from grader import case as case_
from grader import cases, check
from grader.cases import Call, Played, Series, Trial
from grader.diagnose import Evidence, diagnose, exchanges
from grader.isolate import Worker
from grader.model import Diagnosis, Exercise, Fate
from grader.spec import Spec

OTHERS = 3  # seeds that are tried with each recipe

# Patterns that a kernel which keeps something between calls can show as well.
DOUBTFUL = frozenset({"unknown", "unwritten", "garbage", "overflow", "zero", "stale", "tail", "rows", "race"})
STALE = (
    "the same call is right in a fresh process and wrong after other calls: "
    "it keeps an answer, a counter or a pointer between calls, and must not"
)


def failure(exercise: Exercise, spec: Spec, worker: Worker, series: Series, seconds: float) -> Trial | None:
    """The smallest failure with its diagnosis: the same case is run again twice, after one with other contents at the
    same addresses.

    Not after that one where the failure was the first call of its process.
    """
    trial = series.failure
    if trial is None or trial.played is None or trial.findings:
        return trial
    if trial.run.nodes == 0:
        if not series.at_once and _alone(exercise, worker, trial, seconds):
            return replace(trial, diagnosis=Diagnosis("stale", STALE))
        told = "the launcher put no work on the stream: is a kernel launched at all?"
        return replace(trial, diagnosis=Diagnosis("unwritten", told))
    other = None
    if not series.at_once:  # the first call of a process knows no other answer, and a timed case is gigabytes
        other = _other(exercise, spec, worker.backend, trial, seconds)
        if cases.launch(worker, other).run.fate is not Fate.RETURNED:
            return trial
    again = [cases.once_more(worker, trial, seconds) for _ in range(2)]
    if any(p.run.fate is not Fate.RETURNED for p in again):
        return trial
    found = diagnose(evidence(exercise, spec, trial, other.want if other else None, again))
    if other and found.pattern in DOUBTFUL and _keeps(exercise, spec, worker, trial, other, again):
        found = Diagnosis("stale", STALE, found.picture)
    for wide in series.widest:
        if found.pattern == "unknown":
            found = _wider(exercise, spec, wide)
    return replace(trial, diagnosis=found)


def _wider(exercise: Exercise, spec: Spec, wide: Trial) -> Diagnosis:
    """What a case with more wrong elements shows: one tells little."""
    found = diagnose(evidence(exercise, spec, wide))
    if found.pattern == "unknown":
        return found
    return replace(found, explanation=f"{found.explanation} (seen at {wide.case})")


def _other(exercise: Exercise, spec: Spec, backend: str, trial: Trial, seconds: float) -> Call:
    """The same sizes and addresses with other contents, and another answer if there is one: whoever hands out an old
    answer would be right with the same."""
    assert trial.played
    slide, right = cases.slide(trial.seed, trial.case), trial.played.want
    recipes = (trial.case.recipe, *(one for one in spec.recipes if one != trial.case.recipe))
    for recipe, more in itertools.product(recipes, range(1, OTHERS + 1)):
        case = replace(trial.case, recipe=recipe)
        call = cases.prepare(exercise, spec, case, trial.seed + more, backend, seconds, slide)
        if any(not _equal(call.want[name], right[name]) for name in right):
            break
    return call


def _elsewhere(exercise: Exercise, spec: Spec, backend: str, trial: Trial, seconds: float) -> Iterator[Call]:
    """The same but for one choice, at the same addresses: its contents may be the very same."""
    slide = cases.slide(trial.seed, trial.case)
    for name, values in case_.choices_of(spec).items():
        now = trial.case.sizes[name]
        case = replace(trial.case, sizes={**trial.case.sizes, name: values[0] if now == values[-1] else now + 1})
        yield cases.prepare(exercise, spec, case, trial.seed, backend, seconds, slide)


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True)


def evidence(
    exercise: Exercise,
    spec: Spec,
    trial: Trial,
    previous: Mapping[str, torch.Tensor] | None = None,
    again: Sequence[Played] = (),
) -> Evidence:
    """All that is known of a wrong output; `previous`: what was right for other contents; `again` had the same."""
    assert trial.mismatch and trial.played
    name, p, sizes = trial.mismatch.argument, trial.played, trial.case.sizes
    scale = p.want.get(f"{name}__S")
    return Evidence(
        name,
        p.cut(p.after, name).cpu(),  # a timed case lies on the GPU, and the patterns make tensors of their own
        p.want[name].cpu(),
        scale.cpu() if scale is not None else None,
        p.cut(p.before, name).cpu(),
        exercise.tolerances.get(name, exercise.tolerances[""]),
        p.run.launches,
        repeats=tuple(one.cut(one.after, name).cpu() for one in again),
        previous=previous[name].cpu() if previous else None,
        inputs={k: v.cpu() for k, v in p.values.items() if torch.is_tensor(v)},
        swaps=exchanges(p.values, lambda v: spec.oracle(**v, **sizes)[name].cpu()),
    )


def _keeps(
    exercise: Exercise, spec: Spec, worker: Worker, trial: Trial, other: Call, again: Sequence[Played]
) -> bool:  # fmt: skip
    """Whether it is wrong after another call and right as the first one of a process; not once, which may be luck.

    What it keeps may happen to be right, and a worker that was replaced has forgotten it: then other calls decide.
    """
    seconds = other.plan.job.seconds
    if not any(_right(exercise, one) for one in again):
        return all(_alone(exercise, worker, trial, seconds) for _ in range(2))
    others = itertools.chain([other], _elsewhere(exercise, spec, worker.backend, trial, seconds))
    return any(_spoils(exercise, worker, trial, one) for one in others)


def _spoils(exercise: Exercise, worker: Worker, trial: Trial, other: Call) -> bool:
    """Whether it is that call which makes the case wrong: three times, and without it right in between."""
    seconds, rounds = other.plan.job.seconds, range(3)
    return all(_spoilt(exercise, worker, trial, other) and _alone(exercise, worker, trial, seconds) for _ in rounds)


def _spoilt(exercise: Exercise, worker: Worker, trial: Trial, other: Call) -> bool:
    """Whether the case is wrong as the second of a process."""
    worker.renew()
    cases.launch(worker, other)
    return not _right(exercise, cases.once_more(worker, trial, other.plan.job.seconds))


def _alone(exercise: Exercise, worker: Worker, trial: Trial, seconds: float) -> bool:
    """Whether the case is right as the only one of a process."""
    worker.renew()
    return _right(exercise, cases.once_more(worker, trial, seconds))


def _right(exercise: Exercise, p: Played) -> bool:
    returned = p.run.fate is Fate.RETURNED
    return returned and check.judge_outputs(p.outputs, p.want, exercise.tolerances) is None
