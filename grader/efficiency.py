"""How much memory traffic each source line causes, against the least that its bytes need. Pure.

Global memory moves in sectors of 32 bytes; shared memory in wavefronts, one for each bank conflict more (CUDA C++
Best Practices Guide, "Coalesced Access to Global Memory" and "Shared Memory and Memory Banks").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.model import Finding, Traffic

SHARE = 0.01  # of a space's traffic: lines with less are not worth a word
SECTOR = 32  # bytes


@dataclass(frozen=True)
class Line:
    """One line's accesses of one kind, over the whole run."""

    line: int
    space: str
    access: str
    requests: int
    units: int  # sectors or wavefronts
    ideal: int
    text: str

    @property
    def excess(self) -> float:
        """1.0 is the best there is."""
        return self.units / self.ideal if self.ideal else 1.0


def lines(traffic: Iterable[Traffic], source: str) -> tuple[Line, ...]:
    """The same line once per space and kind of access, in source order."""
    sums: dict[tuple[int, str, str], tuple[int, int, int]] = {}
    for t in traffic:
        key = (t.line, t.space, t.access)
        before = sums.get(key, (0, 0, 0))
        sums[key] = (before[0] + t.requests, before[1] + t.sectors, before[2] + t.ideal)
    text = source.splitlines()
    return tuple(
        Line(*key, *numbers, text[key[0] - 1].strip() if 0 < key[0] <= len(text) else "")
        for key, numbers in sorted(sums.items())
    )


def findings(found: Iterable[Line], limits: Mapping[str, float], name: str) -> tuple[Finding, ...]:
    """A finding for each line above its space's limit; `limits` is exercise.toml's [efficiency]."""
    found = tuple(found)
    totals = {space: sum(x.units for x in found if x.space == space) for space in limits}
    return tuple(
        Finding(KINDS[x.space], _sentence(x, limits[x.space]), f"{name}:{x.line}")
        for x in sorted(found, key=lambda x: x.ideal - x.units)
        if x.space in limits and x.excess > limits[x.space] and x.units > SHARE * totals[x.space]
    )


KINDS = {"global": "coalescing", "shared": "conflict"}


def _sentence(x: Line, limit: float) -> str:
    allowed = f"{x.units:,} where {x.ideal:,} would do ({x.excess:.2g} times; this exercise allows {limit:.2g})"
    if x.space == "global":
        advice = "let neighbouring threads of a warp touch neighbouring addresses"
        return f"this {x.access} of global memory moves sectors of 32 bytes it does not need: {allowed}; {advice}"
    advice = "let the threads of a warp touch different banks: pad the row by one element, or swap the indices"
    return f"this {x.access} of shared memory has bank conflicts, wavefronts: {allowed}; {advice}"


def moved(found: Iterable[Line]) -> int:
    """Bytes that crossed global memory, in whole sectors."""
    return SECTOR * sum(x.units for x in found if x.space == "global")
