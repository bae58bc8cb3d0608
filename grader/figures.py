"""Numbers -> text: times, ratios, kernels' resources, and the two-column layout. Pure; prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.model import Resources, Shape, Speed

NARROW = 76  # below it, the speed table is a list


def apart(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    for n, part in enumerate(parts):
        if n:
            yield Text("")
        yield part


def labelled(rows: Iterable[tuple[str, str] | tuple[str, Text]], label: str = "dim") -> Table:
    """Two columns; the right one wraps under itself."""
    table = grid()
    for name, value in rows:
        table.add_row("", Text(name, label), value if isinstance(value, Text) else Text(value))
    return table


def grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=0)  # the indent
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


class Columns:
    """A plain table. Where it fits, which is nearly always, its lines are put together here: rich's own tables, which
    can wrap, take longer for eighty rows than all the rest of `list`."""

    def __init__(self, names: Sequence[str], right: Sequence[str] = ()) -> None:
        self.names, self.right, self.rows = tuple(names), frozenset(right), list[tuple[Text, ...]]()

    def add(self, *cells: str | Text) -> None:
        self.rows.append(tuple(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        rows = [tuple(Text(name, "dim") for name in self.names), *self.rows]
        widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*rows, strict=True)]
        if sum(widths) + 2 * len(widths) > options.max_width or any("\n" in c.plain for row in rows for c in row):
            yield self._wrapping()
            return
        for row in rows:
            yield self._line(row, widths)

    def _line(self, row: Sequence[Text], widths: Sequence[int]) -> Text:
        line = Text(no_wrap=True, end="\n")
        for name, cell, width in zip(self.names, row, widths, strict=True):
            space = " " * (width - cell_len(cell.plain))
            line.append(space * (name in self.right))
            line.append_text(cell)
            line.append(space * (name not in self.right) + "  ")
        return line

    def _wrapping(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in self.names:
            table.add_column(name, justify="right" if name in self.right else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table


def speed(speed: Speed) -> RenderableType:
    return _Speed(speed)


class _Speed:
    """A table of the timed shapes; a list where the terminal is too narrow for a table."""

    def __init__(self, speed: Speed) -> None:
        self.speed = speed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text("speed", "bold")
        shapes = self.speed.shapes
        if shapes:
            yield _list(shapes) if options.max_width < NARROW else _table(shapes)
        yield labelled(_summary(self.speed))


def _table(shapes: Sequence[Shape]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("  shape", "yours", "reference", "ratio", "95 % interval", "library", "rate", "of peak"):
        table.add_column(name, justify="left" if name == "  shape" else "right", overflow="fold")
    for shape in shapes:
        table.add_row(*_cells(shape))
    return table


def _cells(shape: Shape) -> list[str]:
    sizes = " ".join(f"{name}={value}" for name, value in shape.sizes.items())
    interval = f"{shape.ci[0]:.2f}–{shape.ci[1]:.2f}"
    times = [us(shape.learner_us), us(shape.reference_us), ratio(shape.ratio), interval, us(shape.library_us)]
    return [f"  {sizes}", *times, shape.rate, _percent(shape.roofline_pct)]


def _list(shapes: Sequence[Shape]) -> Group:
    names = ("yours", "reference", "ratio", "interval", "library", "rate", "of peak")
    parts: list[RenderableType] = []
    for sizes, *values in map(_cells, shapes):
        rows = [(name, value) for name, value in zip(names, values, strict=True) if value]
        parts += [Text(sizes), labelled(rows)]
    return Group(*parts)


def _summary(speed: Speed) -> Iterator[tuple[str, str]]:
    low, high = speed.ci
    yield "ratio", f"{speed.ratio:.2f}× (95 % interval {low:.2f}–{high:.2f}; {speed.threshold:.2f}× passes)"
    if speed.library_us:
        yield "library", f"{us(speed.library_us)}: you are {speed.library_us / speed.learner_us:.2f}× as fast"
    if speed.roofline_pct is not None:
        yield "roofline", f"{speed.roofline_pct:.0f} % of this GPU's measured peak; limit: {speed.limiter}"
    for said in speed.notes:
        yield "note", said


def kernels(resources: Sequence[Resources]) -> RenderableType | None:
    if not resources:
        return None
    return Group(Text("kernels", "bold"), labelled((r.kernel, resource(r)) for r in resources))


def resource(r: Resources) -> str:
    words = [count(r.registers, "register"), f"{r.shared_bytes:,} B shared"]
    words += [f"{r.spill_bytes:,} B spilled" if r.spill_bytes else "no spills"]
    return " · ".join(words + [f"{r.stack_bytes:,} B stack"] * bool(r.stack_bytes))


def us(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value / 1000:.3g} ms" if value >= 1000 else f"{value:.3g} µs"


def ms(value: float) -> str:
    if not value:
        return ""
    return f"{value / 1000:.1f} s" if value >= 100 else f"{value:.0f} ms"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}×"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + "s" * (n != 1)
