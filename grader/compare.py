"""A learner's source beside the solution -> text: diff, times, resources, the reasons. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.figures import apart, count, labelled, ratio, resource, speed
from grader.model import Exercise, Resources, Verdict
from grader.occupancy import Occupancy, occupancy
from grader.sass import ACCESSES, Code
from grader.tables import markdown

SIDE_BY_SIDE = 100  # columns; narrower, the two sources would be cut into ribbons: a unified diff then
WIDEST = 160
CHANGED = {" ": "", "|": "yellow", "<": "red", ">": "green"}

Capability = tuple[int, int] | None  # of the GPU here
Row = tuple[str, str, str]  # mark, learner's line, solution's line


@dataclass(frozen=True)
class Side:
    """One of the two: its source, and the verdict of its last pass (None before there was one)."""

    text: str
    verdict: Verdict | None
    code: tuple[Code, ...] | str = ""  # its machine code, or why that cannot be read


def rows(left: str, right: str) -> list[Row]:
    """Both sources line by line: ` ` equal, `|` changed, `<` only left, `>` only right."""
    a, b = left.splitlines(), right.splitlines()
    aligned: list[Row] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            aligned += [(" ", x, y) for x, y in zip(a[i:j], b[k:m], strict=True)]
        else:
            aligned += _changed(a[i:j], b[k:m])
    return aligned


def _changed(left: list[str], right: list[str]) -> list[Row]:
    both = min(len(left), len(right))
    changed = [("|", x, y) for x, y in zip(left, right, strict=False)]
    return changed + [("<", x, "") for x in left[both:]] + [(">", "", y) for y in right[both:]]


def unified(left: str, right: str) -> list[str]:
    lines = difflib.unified_diff(left.splitlines(), right.splitlines(), "yours", "solution", lineterm="", n=3)
    return list(lines)


class Diff:
    """Side by side where there is room; unified where there is not."""

    def __init__(self, left: str, right: str) -> None:
        self.left, self.right = left, right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if self.left == self.right:
            yield Text("the two sources are the same")
        elif options.max_width < SIDE_BY_SIDE:
            yield from (_unified_line(line) for line in unified(self.left, self.right))
        else:
            yield _beside(rows(self.left, self.right), min(options.max_width, WIDEST))


def _unified_line(line: str) -> Text:
    return Text(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""), overflow="fold")


def _beside(aligned: list[Row], width: int) -> Table:
    half = (width - 3) // 2
    mine = coloured([left for mark, left, _ in aligned])
    theirs = coloured([right for mark, _, right in aligned])
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("yours", width=half - 1, overflow="fold")
    table.add_column("", width=1)
    table.add_column("solution", width=half - 1, overflow="fold")
    for (mark, *_), left, right in zip(aligned, mine, theirs, strict=True):
        table.add_row(left, Text(mark, f"bold {CHANGED[mark]}"), right)
    return table


def coloured(lines: Sequence[str]) -> list[Text]:
    """Each line with C++'s colours. Comments over several lines are known, since all are read together."""
    from rich.syntax import Syntax  # pygments: only here

    plain = [line.expandtabs(4) for line in lines]
    syntax = Syntax("", "cpp", theme="ansi_dark", background_color="default")
    parts = syntax.highlight("\n".join(plain)).split("\n", allow_blank=True)
    if [part.plain for part in parts][: len(plain)] != plain:  # pygments drops what it cannot print
        return [Text(line, overflow="fold") for line in plain]
    for part in parts:
        part.overflow, part.no_wrap = "fold", False
    return list(parts[: len(plain)])


def screen(
    exercise: Exercise, yours: Side, solution: Side, readme: str, rendered: bool, capability: Capability = None
) -> RenderableType:
    """Diff, then speed, then resources, then the solution's README."""
    heading = Text.assemble((exercise.id, "bold"), f"  {exercise.title}: yours and the solution")
    why = markdown(readme) if rendered else Text(readme.rstrip("\n"))
    parts: list[RenderableType] = [
        heading,
        Diff(yours.text, solution.text),
        _times(yours.verdict),
        _resources(exercise, yours, solution, capability),
        _machine(yours, solution),
        why,
    ]
    return Group(*apart(parts))


def _times(verdict: Verdict | None) -> RenderableType:
    """The learner's last pass was timed against this very solution."""
    if verdict and verdict.speed:
        return speed(verdict.speed)
    why = verdict.speed_why if verdict else ""
    return Text(f"speed: not measured{f' ({why})' if why else ''}; a run on a GPU measures both", "dim")


def _resources(exercise: Exercise, yours: Side, solution: Side, capability: Capability) -> RenderableType:
    said = [
        *_kernels("yours", yours.verdict, capability),
        *_kernels("solution", solution.verdict, capability),
    ]
    if solution.verdict is None:
        said.append(("solution", f"not graded here yet: python -m grader run {exercise.number} --solution"))
    if not said:
        said.append(("", "registers, spills and shared memory are those of a GPU build; there was none"))
    return Group(Text("kernels", "bold"), labelled(said))


def _kernels(whose: str, verdict: Verdict | None, capability: Capability) -> list[tuple[str, str]]:
    rows = verdict.resources if verdict else ()
    return [(whose, f"{r.kernel}: {resource(r)}{_held(held(r, verdict, capability))}") for r in rows]


def held(r: Resources, verdict: Verdict | None, capability: Capability) -> Occupancy | None:
    """None where the kernel was not launched in the largest case, or the GPU is not known."""
    launch = next((x for x in (verdict.launches if verdict else ()) if x.kernel == r.kernel), None)
    if launch is None or capability is None:
        return None
    x, y, z = launch.block
    return occupancy(capability, x * y * z, r.registers, r.shared_bytes + launch.shared)


def _held(found: Occupancy | None) -> str:
    if found is None:
        return ""
    return f" · occupancy {found.percent:.0f} % ({found.warps} of {found.most} warps; limit: {found.limiter})"


def _machine(yours: Side, solution: Side) -> RenderableType:
    """What the compiler made of each, counted where it stands in the code."""
    rows = [row for whose, side in (("yours", yours), ("solution", solution)) for row in _codes(whose, side.code)]
    head = Text("instructions, as they stand in the machine code (a loop's body counts once)", "bold")
    if not rows:
        return Text("instructions: there is no machine code of a GPU build here", "dim")
    return Group(head, labelled(rows))


def _codes(whose: str, code: tuple[Code, ...] | str) -> list[tuple[str, str]]:
    if isinstance(code, str):
        return [(whose, code)] if code else []
    return [(whose, f"{c.kernel}: {_mix(c)}{_widths(c)}") for c in code]


def _mix(code: Code) -> str:
    ordered = sorted(code.kinds.items(), key=lambda item: -item[1])
    return f"{code.total:,} in all · " + ", ".join(f"{n:,} {kind}" for kind, n in ordered)


def _widths(code: Code) -> str:
    """`global load 8 × 128 bits`: the wide ones need fewest instructions for the same bytes."""
    ordered = sorted(code.widths.items(), key=lambda item: (ACCESSES.index(item[0][0]), -item[0][1]))
    said = ", ".join(f"{access} {n} × {bits} bits" for (access, bits), n in ordered)
    return f" · {said}" * bool(said)


def summary(yours: Side, solution: Side) -> dict[str, object]:
    """The same for `--json`."""
    found = yours.verdict.speed if yours.verdict else None
    return {
        "diff": unified(yours.text, solution.text),
        "ratio": found.ratio if found else None,
        "learner_us": found.learner_us if found else None,
        "reference_us": found.reference_us if found else None,
        "shapes": [dict(vars(s)) for s in found.shapes] if found else [],
        "instructions": {"yours": _counted(yours), "solution": _counted(solution)},
        "resources": {"yours": _listed(yours), "solution": _listed(solution)},
    }


def _counted(side: Side) -> list[dict[str, object]]:
    codes = side.code if isinstance(side.code, tuple) else ()
    return [
        {"kernel": c.kernel, "kinds": dict(c.kinds), "widths": {f"{a} {b}": n for (a, b), n in c.widths.items()}}
        for c in codes
    ]


def _listed(side: Side) -> list[dict[str, object]]:
    found: tuple[Resources, ...] = side.verdict.resources if side.verdict else ()
    return [dict(vars(r)) for r in found]


def headline(verdict: Verdict | None) -> str:
    """One sentence for the end of the screen."""
    if verdict and verdict.speed:
        return f"yours runs at {ratio(verdict.speed.ratio)} the solution's speed, over {_shapes(verdict)}"
    return "both are right; their speeds were not compared"


def _shapes(verdict: Verdict) -> str:
    assert verdict.speed is not None
    return count(max(1, len(verdict.speed.shapes)), "shape")
