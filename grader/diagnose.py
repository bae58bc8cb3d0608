"""From what is wrong to what went wrong: a named pattern and a learner's sentence. Pure.

Values are read before places, and what is bit-exact before what is merely likely. What fits nothing is "unknown".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    found = _region(missing, e.held, e.launches) if missing.numel() >= FEW else None
    one = "it" if count == 1 else "the first"
    found = found or Region("unwritten", f"{count:,} of {missing.numel():,} elements", f"{one} is {_index(missing)}")
    also = "" if count == wrong else "; others are wrong too"
    return Diagnosis(
        found.name, f"{found.what} {'was' if found.single(count) else 'were'} never written: {found.why}{also}"
    )


def placed(e: Evidence) -> Diagnosis | None:
    """Written, but wrong in a region that no chance picks, and no other story either."""
    found = _region(e.wrong, e.held, e.launches) if unlikely(e.wrong) else None
    if not found or not found.sure:
        return None
    many = "is" if found.single(int(e.wrong.sum())) else "are"
    return Diagnosis(found.name, f"{found.what} {many} wrong, and nothing else: {found.why}")


@dataclass(frozen=True)
class Region:
    """A pattern, what the learner calls its elements, and why they may be bad."""

    name: str
    what: str
    why: str
    sure: bool = True  # False: where it is all that is known, more than one bug looks like this

    def single(self, count: int) -> bool:
        return count == 1 or (self.what.startswith(("row ", "column ")) and " and " not in self.what)


def _region(bad: torch.Tensor, held: torch.Tensor, launches: tuple[Launch, ...]) -> Region | None:
    full = bad | held  # poison that is right by chance leaves no hole
    if bad.dim() > 1 and min(bad.shape[-1], bad.numel() // bad.shape[-1]) > 1:
        plane, whole = (t.reshape(-1, bad.shape[-1]) for t in (bad, full))
        if found := _only_first_row(plane, whole) or _edges(plane, whole, launches):
            return found
    found = _flat(bad.reshape(-1), full.reshape(-1), launches)
    if found and found.name == "tail" and bad.dim() == 2:  # one row or column: the grid may be too small for it
        (rows, cols), done = bad.shape, int(bad.int().argmax())
        row, col = (done, 1) if cols == 1 else (1, done)
        found = replace(found, why=_reach(row, rows, col, cols, launches) or found.why)
    return found


def _covers(region: torch.Tensor, bad: torch.Tensor, full: torch.Tensor) -> bool:
    """Everything bad lies in the region, and the region is bad but for what is right by chance."""
    size = int(region.sum())
    return size > 0 and bool((bad <= region).all()) and int((full & region).sum()) >= SOLID * size


def _only_first_row(plane: torch.Tensor, full: torch.Tensor) -> Region | None:
    region = torch.ones_like(plane)
    region[0] = False
    if len(plane) < 3 or not _covers(region, plane, full):
        return None
    return Region("rows", "all rows but the first", "is row × row length added, and all reset, for each row?")


def _edges(plane: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> Region | None:
    """Whole columns at the right, whole rows at the bottom, or both."""
    rows, cols = plane.shape
    row, col = (int((full.double().mean(dim) < SOLID).sum()) for dim in (1, 0))  # the first that is all bad
    corner = torch.zeros_like(plane)
    corner[row:], corner[:, col:] = True, True
    if not row or not col or not _covers(corner, plane, full):
        return None
    if row == rows and 2 * col < cols and (name := _unit(col, launches)):
        return Region(
            name, f"all but the first {col} columns (one {name})", f"is there no loop over more than a {name}?"
        )
    if 2 * int(corner.sum()) >= plane.numel():
        return None
    what = [f"{_span('row', row, rows)} of {rows:,}"] * (row < rows)
    what += [f"{_span('column', col, cols)} of every row"] * (col < cols)
    kind = "tile" if len(what) == 2 or any(n.grid[1] > 1 or n.block[1] > 1 for n in launches) else "tail"
    why = (
        _reach(row, rows, col, cols, launches)
        or f"is the last, partial {'tile' if kind == 'tile' else 'step'} left out?"
    )
    return Region(kind, " and ".join(what), why, _last(row, rows, launches, 1) or _last(col, cols, launches, 0))


def _last(done: int, total: int, launches: tuple[Launch, ...], axis: int) -> bool:
    """Does it stop just before the last block, partial, with two whole ones before it: not just behind the first?"""
    if len(launches) != 1:
        return False
    grid, size = launches[0].grid[axis], launches[0].block[axis]
    return grid >= 3 and done == (grid - 1) * size and done < total < done + size


def _span(noun: str, first: int, end: int) -> str:
    return f"{noun} {first}" if end - first == 1 else f"{noun}s {first}–{end - 1}"


def _reach(row: int, rows: int, col: int, cols: int, launches: tuple[Launch, ...]) -> str:
    """What the launch covers, when it stops just where the wrong elements start."""
    for n in launches if len(launches) == 1 else ():
        high, wide = n.grid[1] * n.block[1], n.grid[0] * n.block[0]
        short = [f"{high:,} threads high"] * (high == row < rows) + [f"{wide:,} threads wide"] * (wide == col < cols)
        if short:
            return f"the grid is only {' and '.join(short)}"
    return ""


def _flat(bad: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> Region | None:
    """One run at the end, or all but the first warp of every block."""
    total, right = bad.numel(), (~full).nonzero()
    done = min(int(right[-1]) + 1 if len(right) else 0, int(bad.to(torch.uint8).argmax()))
    if not _covers(_from(done, total), bad, full):
        return _first_warps(bad, full, launches)
    if 0 < 2 * (total - done) < total:
        what = (
            f"the last {total - done:,} of {total:,} elements"
            if total > done + 1
            else f"the last of {total:,} elements"
        )
        vector = total >= WARP and done % WARP > 0 == done % 4 and total - done < 4
        sure = _last(done, total, launches, 0) or vector
        return Region("tail", what, _threads(done, launches) or "is the last, partial block or vector left out?", sure)
    if name := _unit(done, launches):
        return Region(name, f"all but the first {done} elements (one {name})", f"is there more than one {name}'s work?")
    return None


def _from(done: int, total: int) -> torch.Tensor:
    region = torch.ones(total, dtype=torch.bool)
    region[:done] = False
    return region


def _threads(done: int, launches: tuple[Launch, ...]) -> str:
    for n in launches if len(launches) == 1 else ():
        (grid, block) = (n.grid[0], n.block[0])
        if n.grid[1:] == n.block[1:] == (1, 1) and grid * block == done:
            return f"the launch has {grid:,} × {block:,} = {done:,} threads; round the grid up"
    return ""


def _sizes(launches: tuple[Launch, ...], axis: int) -> tuple[int, ...]:
    """Threads of a block along one axis: those launched, or the usual ones."""
    return tuple({n.block[axis] for n in launches if n.block[axis] > 1}) or (() if launches else BLOCKS)


def _unit(done: int, launches: tuple[Launch, ...]) -> str:
    return "block" if done in _sizes(launches, 0) else "warp" if done == WARP else ""


def _first_warps(bad: torch.Tensor, full: torch.Tensor, launches: tuple[Launch, ...]) -> Region | None:
    total = bad.numel()
    for size in _sizes(launches, 0):
        if WARP < size < total and _covers(_from(WARP, size).repeat(-(-total // size))[:total], bad, full):
            return Region(
                "warp", f"all but the first warp of each block of {size}", "do the other warps get out early?"
            )
    return None


def _index(mask: torch.Tensor) -> str:
    return "[" + ", ".join(str(int(i)) for i in mask.nonzero()[0]) + "]"


ORDER = (
    patterns.race, patterns.garbage, patterns.stale, patterns.transposed, patterns.swapped, patterns.off_by_one,
    unwritten, precision.overflow, multiple.factor, precision.reduced, placed, precision.coarse, multiple.zero,
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
