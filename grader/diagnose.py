"""From what is wrong to what went wrong: a named pattern and a learner's sentence. Pure.

Values are read before places, and what is bit-exact before what is merely likely. What fits nothing is "unknown".
"""

from __future__ import annotations

from dataclasses import replace

import torch

from grader import multiple, patterns, precision
from grader.model import Diagnosis, Launch
from grader.patterns import FEW, Evidence, exchanges, unlikely

__all__ = ["Evidence", "chart", "diagnose", "exchanges"]

WARP = 32
SOLID = 0.98  # of a region that is all wrong, so much shows: a wrong value may be right by chance
BLOCKS = (64, 128, 256, 512, 1024)  # where the launch is not known


def diagnose(evidence: Evidence) -> Diagnosis:
    """The first pattern that fits; each is exact enough not to guess."""
    found = next((d for pattern in ORDER if (d := pattern(evidence))), Diagnosis("unknown"))
    return replace(found, picture=picture(evidence))


# ---------------------------------------------------------------- where


def unwritten(e: Evidence) -> Diagnosis | None:
    """The poison is still there, bit by bit."""
    missing, count, wrong = e.unwritten, int(e.unwritten.sum()), int(e.wrong.sum())
    few = count * 100 < wrong or (e.got.element_size() < 4 and count * 20 < wrong)
    if few or count * e.got.element_size() < 2:
        return None  # a chance: a wrong value may happen to be the poison
    if bool(e.held.all()):
        return Diagnosis(
            "unwritten", f"{e.argument} was never written: it still holds what was there before the launch"
        )
    name, words = _region(missing, e.held, e.launches) if missing.numel() >= FEW else ("", "")
    words = words or f"{_of(missing)}, the first at {_index(missing)},"
    also = "" if count == wrong else "; others are wrong too"
    return Diagnosis(name or "unwritten", f"{words} {'was' if count == 1 else 'were'} never written{also}")


def placed(e: Evidence) -> Diagnosis | None:
    """Written, but wrong in a region that no chance picks."""
    if not unlikely(e.wrong):
        return None
    name, words = _region(e.wrong, e.held, e.launches)
    many = "is" if int(e.wrong.sum()) == 1 else "are"
    return Diagnosis(name, f"{words} {many} wrong, and nothing else") if name else None


def _region(bad: torch.Tensor, held: torch.Tensor, launches: tuple[Launch, ...]) -> tuple[str, str]:
    """(pattern, what the learner calls the bad elements), or two empty words."""
    full = bad | held  # poison that is right by chance leaves no hole
    if bad.dim() > 1 and min(bad.shape[-1], bad.numel() // bad.shape[-1]) > 1:
        plane, whole = (t.reshape(-1, bad.shape[-1]) for t in (bad, full))
        for look in (_only_first_row, _edges):
            if (found := look(plane, whole, launches))[0]:
                return found
    return _flat(bad.reshape(-1), full.reshape(-1), launches)


def _covers(region: torch.Tensor, bad: torch.Tensor, full: torch.Tensor) -> bool:
    """Everything bad lies in the region, and the region is bad but for what is right by chance."""
    return bool((bad <= region).all()) and float(full[region].double().mean()) >= SOLID


def _only_first_row(plane: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> tuple[str, str]:
    region = torch.ones_like(plane)
    region[0] = False
    if len(plane) < 3 or not _covers(region, plane, full):
        return "", ""
    return "rows", "all rows but the first (is row × row length added, and all reset, for each row?)"


def _edges(plane: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> tuple[str, str]:
    """Whole columns at the right, whole rows at the bottom, or both."""
    rows, cols = plane.shape
    row, col = (int((full.double().mean(dim) < SOLID).sum()) for dim in (1, 0))  # the first that is all bad
    corner = torch.zeros_like(plane)
    corner[row:], corner[:, col:] = True, True
    if not row or not col or not _covers(corner, plane, full):
        return "", ""
    if row == rows and 2 * col < cols and (name := _unit(col, launches)):
        return name, f"all but the first {col} columns (one {name})"
    if 2 * int(corner.sum()) >= plane.numel():
        return "", ""
    words = [f"rows {_span(row, rows)} of {rows:,}"] * (row < rows)
    words += [f"columns {_span(col, cols)} of every row"] * (col < cols)
    kind = "tile" if len(words) == 2 or any(n.grid[1] > 1 or n.block[1] > 1 for n in launches) else "tail"
    partial = "the last, partial tile" if kind == "tile" else "the last, partial step"
    return kind, f"{' and '.join(words)} ({_reach(row, rows, col, cols, launches) or partial + '?'})"


def _span(first: int, end: int) -> str:
    return f"{first}" if end - first == 1 else f"{first}–{end - 1}"


def _reach(row: int, rows: int, col: int, cols: int, launches: tuple[Launch, ...]) -> str:
    """What the launch covers, when it stops just where the wrong elements start."""
    for n in launches if len(launches) == 1 else ():
        high, wide = n.grid[1] * n.block[1], n.grid[0] * n.block[0]
        if (high, wide) in ((row, col), (row, wide), (high, col)) and (high <= row < rows or wide <= col < cols):
            return f"the launch covers only {high:,} × {wide:,}"
    return ""


def _flat(bad: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> tuple[str, str]:
    """One run at the end, or all but the first warp of every block."""
    total, place = bad.numel(), torch.arange(bad.numel())
    done = min(int((place[~full] + 1).amax()) if not full.all() else 0, int(bad.to(torch.uint8).argmax()))
    if not _covers(place >= done, bad, full):
        return _first_warps(bad, full, launches)
    if 0 < 2 * (total - done) < total:
        what = f"the last {total - done:,} of {total:,} elements"
        return "tail", f"{what} ({_threads(done, launches) or 'the last, partial block?'})"
    if name := _unit(done, launches):
        return name, f"all but the first {done} elements (one {name})"
    return "", ""


def _threads(done: int, launches: tuple[Launch, ...]) -> str:
    for n in launches if len(launches) == 1 else ():
        (grid, block) = (n.grid[0], n.block[0])
        if n.grid[1:] == n.block[1:] == (1, 1) and grid * block == done:
            return f"the launch has {grid:,} × {block:,} = {done:,} threads: round the grid up"
    return ""


def _sizes(launches: tuple[Launch, ...]) -> tuple[int, ...]:
    """Threads in a block: those launched, or the usual ones."""
    return tuple({n.block[0] * n.block[1] * n.block[2] for n in launches}) or BLOCKS


def _unit(done: int, launches: tuple[Launch, ...]) -> str:
    return "block" if done in _sizes(launches) else "warp" if done == WARP else ""


def _first_warps(bad: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> tuple[str, str]:
    place = torch.arange(bad.numel())
    for size in _sizes(launches):
        if WARP < size < bad.numel() and _covers(place % size >= WARP, bad, full):
            return "warp", f"all but the first warp of each block of {size}"
    return "", ""


def _of(mask: torch.Tensor) -> str:
    return f"{int(mask.sum()):,} of {mask.numel():,} elements"


def _index(mask: torch.Tensor) -> str:
    return "[" + ", ".join(str(int(i)) for i in mask.nonzero()[0]) + "]"


ORDER = (
    patterns.race, patterns.garbage, patterns.stale, patterns.transposed, patterns.swapped, patterns.off_by_one,
    unwritten, patterns.overflow, multiple.factor, precision.reduced, placed, precision.coarse, multiple.zero,
)  # fmt: skip


# ---------------------------------------------------------------- a small map


def picture(e: Evidence) -> str:
    """The map, and a line that reads it."""
    drawn = chart(e.wrong, e.unwritten)
    return "\n".join(line for line in (drawn, _legend(e, drawn)) if line)


def _legend(e: Evidence, drawn: str) -> str:
    if not drawn:
        return ""
    words = ["· right", *["x wrong"] * ("x" in drawn), *["o never written"] * ("o" in drawn)]
    cells = len(drawn.replace("\n", ""))
    words += [f"{e.wrong.numel() / cells:,.0f} elements a sign"] * (cells < e.wrong.numel())
    return "  ".join(words) + _thread(e)


def _thread(e: Evidence) -> str:
    """Who should have computed the first wrong element: known if one 1-D launch just covers the output."""
    if len(e.launches) != 1 or not bool(e.wrong.any()):
        return ""
    (grid, *flat), (block, *thin) = e.launches[0].grid, e.launches[0].block
    if flat != [1, 1] or thin != [1, 1] or grid < 2 or not (grid - 1) * block < e.wrong.numel() <= grid * block:
        return ""  # with one block, any number of elements may belong to a thread
    first = int(e.wrong.reshape(-1).to(torch.uint8).argmax())
    return f"\nthe first wrong one is block {first // block}, thread {first % block}'s, if each thread has one element"


def chart(wrong: torch.Tensor, missing: torch.Tensor | None = None, width: int = 64, height: int = 8) -> str:
    """Where it is wrong: `·` right, `x` wrong, `o` never written; a sign stands for many elements if there are many."""
    if wrong.dim() == 0 or wrong.numel() < 2:
        return ""
    state = 2 * wrong.to(torch.uint8)
    if missing is not None:
        state = state - (wrong & missing).to(torch.uint8)
    thin = state.dim() == 1 or state.shape[-1] in (1, state.numel())
    plane = state.reshape(1, -1) if thin else state.reshape(-1, state.shape[-1])
    return "\n".join(_line(band, width) for band in _bands(plane, height))


def _bands(plane: torch.Tensor, count: int) -> list[torch.Tensor]:
    """At most `count` nearly equal parts along the first dimension."""
    extent = len(plane)
    count = min(count, extent)
    return [plane[i * extent // count : (i + 1) * extent // count] for i in range(count)]


def _line(band: torch.Tensor, width: int) -> str:
    return "".join("·ox"[int(cell.max())] for cell in _bands(band.T, width))
