"""What `profile` counted -> text: where the figures come from, a kernel's own, what limits it. Pure; prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from grader.advice import Facts, Step, readings
from grader.efficiency import Line
from grader.figures import Columns, apart, labelled, us

ROOMY = 140  # columns: from here on it says what each figure is


def profiled(
    kernels: Sequence[Facts], steps: Sequence[Step], notes: Sequence[str], lines: Sequence[Line]
) -> RenderableType:
    """Where the figures come from, the kernel that takes longest, the lines that waste, what limits."""
    parts: list[RenderableType] = [Group(*(Text(note, "dim") for note in notes))]
    if len(kernels) > 1:
        parts.append(_launches(kernels))
    parts += [_Gauges(f) for f in kernels[:1]]
    if lines:
        parts.append(Group(Text("lines that waste memory traffic", "bold"), labelled(_wasted(x) for x in lines)))
    return Group(*apart([*parts, limits(steps)]))


def _launches(kernels: Sequence[Facts]) -> RenderableType:
    table = Columns(("kernel", "grid", "block", "time"), ("time",))
    for f in kernels:
        table.add(f.kernel, *(" × ".join(map(str, size)) for size in (f.grid, f.block)), us(f.us))
    return table


class _Gauges:
    """A kernel's figures. What each is stands beside it where there is room: three columns at once wrap to shreds."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        wide = options.max_width >= ROOMY
        table = Columns((self.facts.kernel, "", *["what it is"] * wide, "good"), ())
        for r in readings(self.facts):
            style, value = "yellow" if r.wanting else "", r.value + " !" * r.wanting
            beside = (Text(words, "dim") for words in ([r.means] * wide + [r.good]))
            table.add(Text(r.name, style), Text(value, style), *beside)
        yield table
        if not wide:
            yield Text(f"(what each figure is: in a terminal of {ROOMY} columns, or with --json)", "dim")


def _wasted(x: Line) -> tuple[str, str]:
    unit = "sectors" if x.space == "global" else "wavefronts"
    return f"line {x.line}", f"{x.space} {x.access}: {x.units:,} {unit}, {x.excess:.2f}× the least · {x.text}"


def limits(steps: Sequence[Step]) -> RenderableType:
    """The first is the next step."""
    rows = []
    for n, step in enumerate(steps):
        rows += [("then" if n else "limit", f"{step.limit}: {step.why}"), ("", f"→ {step.next}")]
    return labelled(rows)
