"""Values -> text: rich renderables, details first and the verdict last. Pure; prints nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.figures import apart, count, grid, kernels, labelled, ms, speed
from grader.model import (
    Exercise,
    Failure,
    Finding,
    Mismatch,
    Outcome,
    Stage,
    Verdict,
)

# Never colour alone: each outcome has a word and a symbol of its own kind.
SYMBOL = {
    "PASS": "✓", "SLOW": "◔", "NOISY": "~", "WRONG": "✗", "UNSAFE": "!", "CRASH": "✗", "TIMEOUT": "✗",
    "COMPILE": "✗", "NOT_STARTED": "○", "NOT_RUN": "–", "GRADER_ERROR": "?", "": "○",
}  # fmt: skip
STYLE = {
    "PASS": "green", "SLOW": "yellow", "NOISY": "yellow", "NOT_STARTED": "dim", "NOT_RUN": "dim", "": "dim",
    "GRADER_ERROR": "magenta",
}  # fmt: skip
STAGE = {"pass": ("✓", "green"), "fail": ("✗", "red"), "skipped": ("–", "dim")}
# Escape sequences and control characters: what a learner's kernel prints must not drive the terminal.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BEFORE = {"cases": "it must build first", "speed": "it must be right first"}


@dataclass(frozen=True)
class Scene:
    """What the screen says besides the verdict."""

    exercise: Exercise
    source: str  # the graded file, as one would type it
    why: str = ""  # which backend was chosen, and why
    attempt: int = 0  # which attempt this is; 0: it is none
    line: int = 0  # where the work starts
    after: str = ""  # the exercise that comes next
    command: str = "python -m grader"
    again: str = ""  # what belongs after `run 7` to grade the same file again: "--file F"
    link: str = ""  # file URL of the source, where the terminal makes links of them
    solution: bool = False  # the reference was graded, not the learner's file
    partial: bool = False  # one case or few examples: a pass of it is no pass of the exercise


def word(outcome: str) -> str:
    return outcome.replace("_", " ") or "NOT STARTED"


def style(outcome: str) -> str:
    return STYLE.get(outcome, "red")


def badge(outcome: str) -> Text:
    return Text(f"{SYMBOL[outcome]} {word(outcome)}", style(outcome))


# ---------------------------------------------------------------- the verdict screen


def verdict(v: Verdict, scene: Scene) -> RenderableType:
    """Head, stages, first failure, findings, output, speed, kernels; then verdict, sentence, next command."""
    parts = [
        _head(v, scene),
        _stages(v),
        _failure(v.failure, v.findings) if v.failure else None,
        _findings(v.findings, scene),
        _log(v, scene),
        speed(v.speed) if v.speed else None,
        kernels(v.resources),
        _close(v, scene),
    ]
    return Group(*apart(part for part in parts if part is not None))


def _head(v: Verdict, scene: Scene) -> RenderableType:
    title = Text.assemble((scene.exercise.id, "bold"), f"  {scene.exercise.title}")
    extra = [f"attempt {scene.attempt}"] * bool(scene.attempt)
    extra += [f"{v.hints_used} of {len(scene.exercise.hints)} hints"] * bool(v.hints_used)
    if extra:
        title.append("   " + " · ".join(extra), "dim")
    rows = [("file", scene.source)]
    if scene.why:
        device = f" · {v.device}" if v.device and v.device not in scene.why else ""
        rows += [("backend", f"{scene.why}{device}")]
    return Group(title, labelled(rows))


def _stages(v: Verdict) -> Table | None:
    if not v.stages:
        return None
    table = grid()
    for stage in v.stages:
        symbol, colour = STAGE[stage.status]
        table.add_row("", Text(f"{symbol} {stage.name}", colour), _stage(stage, v))
    return table


def _stage(stage: Stage, v: Verdict) -> Text:
    if stage.status == "skipped":
        why = stage.why or (v.speed_why if stage.name == "speed" else "") or BEFORE.get(stage.name, "not reached")
        return Text(f"not judged: {why}", "dim")
    if stage.total and stage.status == "pass":
        said = f"{count(stage.total, 'case')} passed"  # never "all tests": others exist
    elif stage.total:
        said = f"{stage.passed} of {count(stage.total, 'case')} passed"
    else:
        said = "" if stage.status == "pass" else "failed"
    return Text("   ".join(word for word in (said, stage.why, ms(stage.ms)) if word))


def _failure(failure: Failure, findings: Sequence[Finding]) -> RenderableType:
    """The smallest failing case, in the learner's terms."""
    diagnosis, rows = failure.diagnosis, list[tuple[str, str] | tuple[str, Text]]()
    if failure.mismatch:
        rows += _mismatch(failure.mismatch)
    rows += [("case", f"{failure.case}   seed {failure.seed}")]
    if diagnosis.explanation and diagnosis.explanation not in {f.text for f in findings}:  # told below
        rows += [("pattern", Text.assemble((diagnosis.pattern, "bold"), f": {diagnosis.explanation}"))]
    if diagnosis.picture:
        rows += [("where", Text(diagnosis.picture.rstrip("\n")))]
    if failure.replay:
        rows += [("replay", failure.replay)]
    return Group(Text("first failure", "bold"), labelled(rows))


def _mismatch(m: Mismatch) -> list[tuple[str, str] | tuple[str, Text]]:
    got, want = pair(m.got, m.want)
    place = m.argument + f"[{', '.join(map(str, m.index))}]" * bool(m.index)
    value = Text.assemble((place, "bold"), "  got ", (got, "red"), "  want ", (want, "green"), f"  {_off(m)}")
    return [("value", value), ("wrong", f"{m.wrong:,} of {count(m.total, 'element')}")]


def _off(m: Mismatch) -> str:
    """How far off, absolutely and relatively."""
    if not (math.isfinite(m.got) and math.isfinite(m.want)):
        return ""
    error = abs(m.got - m.want)
    percent = 100 * error / abs(m.want) if m.want else math.inf
    relative = f", {percent:.3g} %" if percent < 1000 else ""
    return f"(off by {error:.3g}{relative})"


def pair(got: float, want: float) -> tuple[str, str]:
    """Both numbers with enough digits to differ: nine tell any two floats apart."""
    short = f"{got:.9g}", f"{want:.9g}"
    return short if short[0] != short[1] or got != got else (repr(got), repr(want))


def _findings(findings: Sequence[Finding], scene: Scene) -> RenderableType | None:
    """Broken rules, each under its place: alone on a line, so that editors and terminals make a link of it."""
    if not findings:
        return None
    parts: list[RenderableType] = [Text("found", "bold")]
    for f in findings:
        if f.where:
            parts.append(Text.assemble("  ", placed(f.where, scene, "bold"), overflow="fold"))
        parts.append(labelled([("", _finding(f, scene))]))
    return Group(*parts)


def placed(text: str, scene: Scene, style: str = "") -> Text:
    """`softmax.cu:18`, `softmax.cu:18:5` and nvcc's `softmax.cu(18)` -> path:line:col, as it is typed from here."""
    name, made, end = re.escape(f"{scene.exercise.name}.cu"), Text(style=style), 0
    for found in re.finditer(rf"(?<![\w/.]){name}(?::(\d+)(?::(\d+))?|\((\d+)\))", text):
        line, column = found[1] or found[3], found[2] or "1"
        made.append(text[end : found.start()])
        made.append(f"{scene.source}:{line}:{column}", f"link {scene.link}" if scene.link else None)
        end = found.end()
    return made.append(text[end:])


def _finding(f: Finding, scene: Scene) -> Text:
    said = Text.assemble((f.kind, "red"), f": {f.text}")
    places = [f"thread {_tuple(f.thread)}"] * bool(f.thread) + [f"block {_tuple(f.block)}"] * bool(f.block)
    extra = [place for place in places if place not in f.text]
    extra += [f"and {f.other}"] * bool(f.other) + [f"seen {f.count:,} times"] * (f.count > 1)
    return said.append_text(placed(f"  ({', '.join(extra)})", scene, "dim")) if extra else said


def _tuple(values: Sequence[int]) -> str:
    return f"({', '.join(map(str, values))})"


def _log(v: Verdict, scene: Scene) -> RenderableType | None:
    """What the compiler or the learner's own code printed, whole; terminal control codes taken out."""
    if not v.log.strip():
        return None
    title = "compiler" if v.outcome is Outcome.COMPILE else "output"
    clean = CONTROL.sub("", v.log).strip("\n")
    told = placed(clean, scene) if v.outcome is Outcome.COMPILE else Text(clean)
    told.overflow = "fold"
    return Group(Text(title, "bold"), told)


# ---------------------------------------------------------------- the last lines


def _close(v: Verdict, scene: Scene) -> RenderableType:
    last = Text.assemble(
        (f"{SYMBOL[v.outcome.value]} {word(v.outcome.value)}", f"bold {style(v.outcome.value)}"),
        "   ",
        placed(sentence(v), scene) if v.outcome is Outcome.UNSAFE else sentence(v),
    )
    steps = Text.assemble(("next: ", "dim"), advice(v, scene))
    said = any(v.detail == f.text for f in v.findings)
    return Group(*([Text(v.detail)] * bool(v.detail and not said)), last, steps)


FIXED = {
    Outcome.CRASH: "the kernel crashed; the grader did not",
    Outcome.TIMEOUT: "the kernel did not come back within its time limit",
    Outcome.COMPILE: "it does not compile",
    Outcome.NOT_STARTED: "this is still the skeleton; it cost no attempt",
    Outcome.NOT_RUN: "it needs what is not here; this says nothing about your code",
    Outcome.GRADER_ERROR: "the grader failed, not your code",
}


def sentence(v: Verdict) -> str:
    """What the verdict means, in one sentence."""
    if v.outcome is Outcome.TIMEOUT and any(s.name == "speed" and s.status == "fail" for s in v.stages):
        return "right at small sizes; at the timed one it is not back in time: far too slow, or a loop without end"
    if v.outcome in FIXED:
        return FIXED[v.outcome]
    if v.outcome is Outcome.PASS:
        return _passed(v)
    if v.outcome is Outcome.UNSAFE:
        return _unsafe(v)
    if v.outcome is Outcome.WRONG:
        return _wrong(v)
    noise = "the measurement is too noisy to judge: " if v.outcome is Outcome.NOISY else ""
    return f"right, but {noise}{_pace(v)}"


def _passed(v: Verdict) -> str:
    cases = next((s for s in v.stages if s.name == "cases"), None)
    said = f"{count(cases.total, 'case')} passed" if cases and cases.total else "correct"
    if v.speed:
        return f"{said} · {_pace(v)}"
    told = any(s.name == "speed" for s in v.stages)  # the stage's own line says why
    return f"{said} · speed not judged" + f": {v.speed_why}" * (bool(v.speed_why) and not told)


def _pace(v: Verdict) -> str:
    if v.speed is None:  # judged by counts, not by time
        return "it moves more memory than this exercise allows"
    return f"{v.speed.ratio:.2f}× the reference's speed, where {v.speed.threshold:.2f}× passes"


def _wrong(v: Verdict) -> str:
    assert v.failure is not None
    m = v.failure.mismatch
    if m is None:
        return f"the result is wrong for {v.failure.case}"
    return f"{m.argument} is wrong in {m.wrong:,} of {count(m.total, 'element')} for {v.failure.case}"


def _unsafe(v: Verdict) -> str:
    if not v.findings:
        return "it breaks a rule, whatever it computes"
    first = v.findings[0]
    place = f" at {first.where}" * bool(first.where)
    more = f", and {count(len(v.findings) - 1, 'more finding')}" * (len(v.findings) > 1)
    return f"{first.kind}{place}{more}; right numbers would not make it safe"


def advice(v: Verdict, scene: Scene) -> str:
    """What to type next: one line."""
    number, command = scene.exercise.number, scene.command
    run, hint = f"{command} run {number}{f' {scene.again}' * bool(scene.again)}", f"{command} hint {number}"
    if v.next:
        return v.next
    if v.outcome is Outcome.PASS and scene.solution:
        return f"{command} show {number}   (now yours)"
    if v.outcome is Outcome.PASS and scene.partial:
        return f"{run}   (all cases)"
    if v.outcome is Outcome.PASS:
        return f"{command} compare {number}" + f"   then  {command} show {scene.after}" * bool(scene.after)
    if v.outcome is Outcome.NOT_STARTED:
        return f"open {scene.source}:{max(scene.line, 1)}, then  {run}"
    if v.outcome is Outcome.NOISY:
        return f"close what else uses the GPU, then  {run}"
    if v.outcome in (Outcome.NOT_RUN, Outcome.GRADER_ERROR):
        return f"{command} doctor"
    if v.outcome is Outcome.SLOW:
        return f"make {scene.source} faster, then  {run}   stuck?  {hint}"
    return f"fix {_place(v, scene)}, then  {run}   stuck?  {hint}"


def _place(v: Verdict, scene: Scene) -> str:
    """file:line of the first finding or compiler error, when there is one."""
    found = places(v, scene.exercise.name)
    return f"{scene.source}:{found[0][0]}" if found else scene.source


def places(v: Verdict, name: str) -> list[tuple[int, str]]:
    """The lines that findings or the compiler's messages are about, and what they say; where to begin comes first."""
    said = [(f.where, f"{f.kind}: {f.text}") for f in v.findings]
    if v.outcome is Outcome.COMPILE:
        said += [(line, line.strip()) for line in CONTROL.sub("", v.log).splitlines()]
    file = re.escape(f"{name}.cu")  # what the compiler is told, whatever the file is called
    found = [(re.search(rf"{file}[:(](\d{{1,6}})", where), text) for where, text in said]
    return [(int(at[1]), text) for at, text in found if at]
