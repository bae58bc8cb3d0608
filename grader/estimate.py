"""What compiler, machine code, simulator and record say of a kernel -> Facts, where no counter was read. Pure.

Kernels are known by their plain name: not all of the four know which instance of a template was launched. Of several,
the one with most registers is meant, and their loads are taken together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.advice import Facts
from grader.efficiency import Line, moved
from grader.model import Launch, Resources, Shape
from grader.occupancy import occupancy
from grader.sass import Code

LINES = 3  # that waste most
SLACK = 1.1  # times the least; below it a line is not worth a word


@dataclass(frozen=True)
class Known:
    """Empty where there is no compiler, no simulator, no GPU or no record."""

    capability: tuple[int, int]
    sms: int = 0
    resources: tuple[Resources, ...] = ()
    codes: tuple[Code, ...] = ()
    launches: tuple[Launch, ...] = ()  # of the timed call
    seen: tuple[Launch, ...] = ()  # of the simulated one: its blocks are the timed call's, its grid is not
    lines: tuple[Line, ...] = ()
    needed: int = 0  # bytes that the simulated call must move at least
    shape: Shape | None = None  # the recorded time


def facts(known: Known) -> tuple[Facts, ...]:
    """One for each kernel; what is known of the whole call is the first one's."""
    found = [_kernel(name, known) for name in _names(known)]
    if found:
        found[0] = _call(found[0], known, alone=len(found) == 1)
    return tuple(found)


def wasteful(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Those that cause most traffic in vain."""
    return tuple(sorted((x for x in lines if x.excess > SLACK), key=lambda x: x.ideal - x.units)[:LINES])


def _names(known: Known) -> list[str]:
    """The kernel with most threads first: it most likely takes longest."""
    threads = Counter[str]()
    for one in known.launches or known.seen:
        threads[_plain(one.kernel)] += math.prod(one.grid) * math.prod(one.block)
    return [name for name, _ in threads.most_common()] or list(dict.fromkeys(r.kernel for r in known.resources))


def _plain(name: str) -> str:
    """The simulator says softmax<VEC, 1024>."""
    return name.split("<")[0]


def _kernel(name: str, known: Known) -> Facts:
    real = next((one for one in known.launches if _plain(one.kernel) == name), None)
    launch = real or next((one for one in known.seen if _plain(one.kernel) == name), None)
    r = max((r for r in known.resources if r.kernel == name), key=lambda r: r.registers, default=None)
    widths = Counter[int]()
    for code in (c for c in known.codes if c.kernel == name):
        widths.update({bits: n for (access, bits), n in code.widths.items() if access == "global load"})
    block = launch.block if launch else ()
    made = Facts(kernel=name, sms=known.sms, grid=real.grid if real else (), block=block, load_widths=dict(widths))
    if r is None:
        return made
    made = replace(made, registers=r.registers, shared_bytes=r.shared_bytes, spilled_bytes=r.spill_bytes)
    return _occupied(made, launch, known) if launch else made


def _occupied(f: Facts, launch: Launch, known: Known) -> Facts:
    shared = (f.shared_bytes or 0) + launch.shared
    held = occupancy(known.capability, math.prod(launch.block), f.registers or 0, shared)
    if held is None:
        return replace(f, shared_bytes=shared)
    waves = f.blocks / (held.blocks * f.sms) if f.blocks and f.sms else None
    return replace(f, shared_bytes=shared, possible_pct=held.percent, limiter=held.limiter, waves=waves)


def _call(f: Facts, known: Known, alone: bool) -> Facts:
    f = replace(
        f, load_sectors=_each(known.lines, "read"), store_sectors=_each(known.lines, "write"),
        global_excess=_excess(known.lines, "global"), shared_excess=_excess(known.lines, "shared"),
        asked_excess=moved(known.lines) / known.needed if known.needed and known.lines else None,
    )  # fmt: skip
    if known.shape is None:
        return f
    shape = known.shape
    return replace(f, roofline_pct=shape.roofline_pct, roof=shape.limiter, us=shape.learner_us if alone else None)


def _each(lines: Iterable[Line], access: str) -> float | None:
    """Sectors a request, of global memory."""
    own = [x for x in lines if x.space == "global" and x.access == access]
    requests = sum(x.requests for x in own)
    return sum(x.units for x in own) / requests if requests else None


def _excess(lines: Iterable[Line], space: str) -> float | None:
    own = [x for x in lines if x.space == space]
    ideal = sum(x.ideal for x in own)
    return sum(x.units for x in own) / ideal if ideal else None
