"""What is known of a kernel -> each figure in words, and what limits it with the next step. Pure.

A figure is None where nobody counted it: hardware counters give most, the compiler, the simulator and the record some.
The order of the rules is the order in which things are worth doing: no bank conflict matters at the memory's roof. What
follows from another limit is none: bank conflicts keep shared memory busy, and warps wait for it. A figure is marked
where a step speaks of it, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ROOF = 80.0  # % of the bus's own rate: a plain copy reaches 85 to 93
BUSY = 70.0  # % of a pipe's or a scheduler's cycles: from here on it is the limit
HALF = 50.0  # % of the warps that an SM can hold: more of them rarely hide more
WASTE = 1.25  # times the least: from here on it is worth a word
SHORT_US = 4.0  # a kernel that ends sooner is waiting for its own start and end
TAIL = 0.85  # of the SM time that whole waves would use
FEW = 5  # waves; with more of them the last one weighs little
IDLE = 5.0  # % of a pipe's cycles: below, it is not worth a word


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One kernel. Shares are in %, `…_excess` is times the least that would do."""

    kernel: str
    grid: tuple[int, ...] = ()  # () where the launch was not seen
    block: tuple[int, ...] = ()
    sms: int = 0  # of the GPU; 0: not known
    us: float | None = None
    read_bytes: float | None = None  # bytes over the memory bus
    written_bytes: float | None = None
    dram_pct: float | None = None  # of the peak rate
    l2_pct: float | None = None
    l1_pct: float | None = None  # L1 and shared memory are one unit
    l2_hit_pct: float | None = None
    l1_hit_pct: float | None = None
    load_sectors: float | None = None  # sectors of 32 bytes a request
    store_sectors: float | None = None
    global_excess: float | None = None
    shared_excess: float | None = None
    call_excess: float | None = None  # bytes over the memory bus, by the whole call
    asked_excess: float | None = None  # bytes in global accesses, whole sectors, by the call, whoever answered
    resident_pct: float | None = None  # warps, achieved, of those that an SM can hold
    possible_pct: float | None = None  # the same, as registers, shared memory and block allow
    limiter: str = ""  # registers | shared memory | warps | blocks | grid
    registers: int | None = None
    shared_bytes: int | None = None  # bytes a block
    spilled_bytes: int | None = None  # bytes a thread
    waves: float | None = None
    issued_pct: float | None = None  # cycles in which a scheduler issued
    eligible_warps: float | None = None  # warps ready, a scheduler and cycle
    pipes_pct: Mapping[str, float] = field(default_factory=dict)
    stall_cycles: Mapping[str, float] = field(default_factory=dict)  # cycles a warp waits per instruction, by reason
    load_widths: Mapping[int, int] = field(default_factory=dict)  # bits of a global load -> how many stand in the code
    roofline_pct: float | None = None  # of the roofline: this GPU's own measured peak
    roof: str = ""  # memory | compute | latency | launch

    @property
    def blocks(self) -> int:
        return math.prod(self.grid) if self.grid else 0


@dataclass(frozen=True)
class Reading:
    """One figure in words."""

    name: str
    value: str
    means: str
    good: str
    wanting: bool = False


@dataclass(frozen=True)
class Step:
    """What limits, how that is known, what to do; `reading`: the name of the figure that says so, "" at a roof."""

    limit: str
    why: str
    next: str
    reading: str = ""


# ---------------------------------------------------------------- figures in words


@dataclass(frozen=True)
class _Gauge:
    name: str
    means: str
    good: str
    show: Callable[[Facts], str]  # "" where nothing is known


def readings(f: Facts) -> tuple[Reading, ...]:
    """Those that are known, in the order of reading."""
    spoken = {step.reading for step in steps(f)}
    return tuple(Reading(g.name, said, g.means, g.good, g.name in spoken) for g in _GAUGES if (said := g.show(f)))


def above(value: float | None, least: float) -> bool:
    return value is not None and value >= least


def below(value: float | None, most: float) -> bool:
    return value is not None and value < most


def _joined(*parts: tuple[float | None, str]) -> str:
    return ", ".join(form.format(value) for value, form in parts if value is not None)


def _time(f: Facts) -> str:
    return "" if f.us is None else f"{f.us / 1000:.3g} ms" if f.us >= 1000 else f"{f.us:.3g} µs"


def _bytes(n: float) -> str:
    unit = next((u for u in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if n >= u[0]), (1.0, "B"))
    return f"{n / unit[0]:.3g} {unit[1]}"


def _traffic(f: Facts) -> str:
    both = (f.read_bytes, "read"), (f.written_bytes, "written")
    said = [f"{_bytes(n)} {verb}" for n, verb in both if n is not None]
    said += [f"{f.dram_pct:.0f} % busy"] if f.dram_pct is not None else []
    return ", ".join(said)


def _roofline(f: Facts) -> str:
    limit = f", limit: {f.roof}" if f.roof else ""
    return "" if f.roofline_pct is None else f"{f.roofline_pct:.0f} %{limit}"


def _access(f: Facts) -> str:
    return _joined((f.load_sectors, "{:.1f} a load"), (f.store_sectors, "{:.1f} a store"), (f.global_excess, _LEAST))


def _occupancy(f: Facts) -> str:
    by = f" ({f.limiter})" if f.limiter and below(f.possible_pct, 100.0) else ""
    return _joined((f.resident_pct, "{:.0f} % achieved"), (f.possible_pct, "{:.0f} % possible" + by))


def _resources(f: Facts) -> str:
    spills = "" if f.spilled_bytes is None else f", {f.spilled_bytes:,} B spilled" if f.spilled_bytes else ", no spills"
    return _joined((f.registers, "{} registers"), (f.shared_bytes, "{:,} B shared")) + spills


def _launch(f: Facts) -> str:
    if not f.grid:
        return ""
    threads = f"{f.blocks:,} blocks of {math.prod(f.block):,} threads"
    return threads + _joined((f.waves, ", {:.2f} waves")) + (f" over {f.sms} SMs" if f.sms else "")


def _pipes(f: Facts) -> str:
    """On an H200 the tensor pipe shows up to 2 % in kernels without a tensor instruction."""
    busy = [f"{name} {share:.0f} %" for name, share in f.pipes_pct.items() if share >= IDLE]
    return ", ".join(busy) if busy or not f.pipes_pct else f"none above {IDLE:.0f} %"


def _stalls(f: Facts) -> str:
    """The longest in plain words as well: the names are those of Nsight Compute's own pages."""
    said = [f"{reason.replace('_', ' ')} {cycles:.1f}" for reason, cycles in waits(f)[:3] if cycles >= 0.1]
    return ", ".join([f"{said[0]} ({STALLS[waits(f)[0][0]][0]})", *said[1:]]) if said else ""


def waits(f: Facts) -> list[tuple[str, float]]:
    """Why warps wait, the longest first; issuing itself is no wait."""
    return sorted(((r, c) for r, c in f.stall_cycles.items() if r in STALLS and c > 0), key=lambda item: -item[1])


def _widths(f: Facts) -> str:
    return ", ".join(f"{count} × {bits} bits" for bits, count in sorted(f.load_widths.items(), reverse=True))


_LEAST, _NEEDS = "{:.2f}× the least", "{:.2f}× what it needs"
_GAUGES = (
    _Gauge("time", "how long it ran, caches cold", "the reference's, by `run`", _time),
    _Gauge(
        "roofline", "the least possible time over yours, by this GPU's measured peaks", f"{ROOF:.0f} % or more",
        _roofline,
    ),
    _Gauge("DRAM", "what crossed the memory bus, and how busy it was", f"{ROOF:.0f} % or more", _traffic),
    _Gauge(
        "bytes moved", "the same for the whole call; the last writes may still be in L2", "1.00× or a little less",
        lambda f: _joined((f.call_excess, _NEEDS)),
    ),
    _Gauge(
        "bytes asked for", "global accesses of the whole call, whoever answers them", "1.00×, or idle caches",
        lambda f: _joined((f.asked_excess, _NEEDS)),
    ),
    _Gauge(
        "caches", "how busy L2, and L1 with shared memory, were", f"below {ROOF:.0f} %, or DRAM's roof",
        lambda f: _joined((f.l2_pct, "L2 {:.0f} % busy"), (f.l1_pct, "L1 {:.0f} % busy")),
    ),
    _Gauge(
        "hits", "accesses that a cache answered; in L2 a write counts as one", "high for what is reused",
        lambda f: _joined((f.l2_hit_pct, "L2 {:.0f} %"), (f.l1_hit_pct, "L1 {:.0f} %")),
    ),
    _Gauge(
        "global access", "sectors of 32 bytes that one warp's access touches", "4 for float, 16 for float4", _access,
    ),
    _Gauge(
        "bank conflicts", "rounds that shared memory needs for a warp's access", "1.00×",
        lambda f: _joined((f.shared_excess, _LEAST)),
    ),
    _Gauge("occupancy", "warps on an SM, of those that it can hold", f"{HALF:.0f} % or more", _occupancy),
    _Gauge("resources", "what a thread and a block hold", "no spills", _resources),
    _Gauge("launch", "blocks, and how often they fill the GPU", "a block for every SM", _launch),
    _Gauge(
        "issue slots", "cycles in which a scheduler issued an instruction", f"the limit from {BUSY:.0f} % on",
        lambda f: _joined((f.issued_pct, "{:.0f} %")),
    ),
    _Gauge(
        "eligible warps", "warps that are ready, a scheduler and cycle", "1 or more",
        lambda f: _joined((f.eligible_warps, "{:.2f}")),
    ),
    _Gauge("pipes", "how busy the arithmetic units were", f"the limit from {BUSY:.0f} % on", _pipes),
    _Gauge("stalls", "why warps waited, in cycles an instruction", "none far above 1", _stalls),
    _Gauge("load widths", "global loads as they stand in the code", "128 bits, if data allow", _widths),
)  # fmt: skip


# ---------------------------------------------------------------- what limits


def steps(f: Facts) -> tuple[Step, ...]:
    """What to do, the most worthwhile first; a kernel at its roof has that one alone."""
    found = tuple(step for rule in _RULES if (step := rule(f)))
    done = next((n for n, step in enumerate(found) if step.limit in DONE), None)
    if done is not None:
        return found[: done + 1]
    return found or (UNKNOWN,)


DONE = ("memory roof", "compute roof")
UNKNOWN = Step("unknown", "no figure stands out", "`run` on a GPU times it, and says how far the roof is")


def _short(f: Facts) -> Step | None:
    if not below(f.us, SHORT_US) and f.roof != "launch":
        return None
    why = f"it ends after {_time(f)}" if f.us is not None else "it ends too soon"
    return Step("launch", f"{why}: starting and ending is most of that", "do more in one launch: merge kernels", "time")


def _small(f: Facts) -> Step | None:
    if not f.grid or not f.sms:
        return None
    if f.blocks < f.sms:
        why = f"{f.blocks:,} blocks leave {f.sms - f.blocks} of {f.sms} SMs without work"
        how = "launch more blocks with less work each; those that share a result add it up at the end"
        return Step("grid", why, how, "launch")
    waves = f.waves or 0.0
    if 1.0 < waves < FEW and waves / math.ceil(waves) < TAIL:
        why = f"{waves:.2f} waves: in the last one most of the GPU has nothing to do"
        how = "launch a grid that just fills the SMs and let each block loop (grid stride)"
        return Step("tail", why, how, "launch")
    return None


def _wasteful(f: Facts) -> Step | None:
    """Not where the bus is full of what the task needs: then caches made good for it."""
    if not above(f.global_excess, WASTE) or (above(f.dram_pct, ROOF) and below(f.call_excess, WASTE)):
        return None
    why = f"global accesses touch {f.global_excess:.2f}× the sectors that their bytes need"
    how = "let neighbouring threads of a warp touch neighbouring addresses"
    return Step("coalescing", why, how, "global access")


def _again(f: Facts) -> Step | None:
    if not above(f.call_excess, WASTE) or below(f.dram_pct, HALF) or _wasteful(f):
        return None
    why = f"the call moves {f.call_excess:.2f}× the bytes over the memory bus that the task needs"
    how = "read every element once: keep it in registers or shared memory between passes"
    return Step("bytes", why, how, "bytes moved")


def _memory(f: Facts) -> Step | None:
    if above(f.dram_pct, ROOF):
        why = f"the memory bus runs at {f.dram_pct:.0f} % of its peak"
    elif f.dram_pct is None and f.roof == "memory" and above(f.roofline_pct, ROOF):
        why = f"{f.roofline_pct:.0f} % of the bandwidth that this GPU was measured to have"
    else:
        return None
    return Step("memory roof", why, "you are at the roof: only fewer bytes would be faster")


def _compute(f: Facts) -> Step | None:
    name = max(f.pipes_pct, key=lambda pipe: f.pipes_pct[pipe], default="")
    if name and f.pipes_pct[name] >= BUSY:
        why = f"the {name} unit is busy {f.pipes_pct[name]:.0f} % of the time"
        return Step("compute roof", why, _CHEAPER[name])
    if not f.pipes_pct and f.roof == "compute" and above(f.roofline_pct, ROOF):
        why = f"{f.roofline_pct:.0f} % of the arithmetic that this GPU was measured to do"
        return Step("compute roof", why, "you are at the roof: only fewer operations would be faster")
    return None


# Of the units that counters.PIPES names.
_CHEAPER = {
    "fp32": "you are at the roof of the CUDA cores: only fewer operations, or tensor cores, would be faster",
    "tensor": "you are at the roof of the tensor cores: only fewer operations would be faster",
    "integer": "index arithmetic is the limit: hoist it out of the loop, use 32 bits, do more elements a thread",
    "special": "exp, log, sqrt and division are the limit: use fewer, or their fast forms (__expf, exp2f)",
}


def _conflicts(f: Facts) -> Step | None:
    if not above(f.shared_excess, WASTE):
        return None
    why = f"shared memory needs {f.shared_excess:.2f}× the rounds that its bytes need"
    return Step("bank conflicts", why, "pad the row by one element, or swizzle the index", "bank conflicts")


def _inner(f: Facts) -> Step | None:
    """L1 and shared memory are one unit: what warps wait for tells which of the two it is."""
    if not above(f.l1_pct, ROOF) or _wasteful(f) or _conflicts(f):
        return None
    shared = f.shared_excess is not None and _longest(f)[0] in _NEAR
    name, where = ("shared memory", "registers") if shared else ("L1", "registers or shared memory")
    how = f"use each loaded value more often: tiles in {where}; wider loads (float4)"
    return Step(name, f"{name} is busy {f.l1_pct:.0f} % of the time", how, "caches")


def _outer(f: Facts) -> Step | None:
    """Where every byte is asked for once, a busy L2 only hands on what the memory bus brings."""
    handed_on = below(f.asked_excess, WASTE) and above(f.dram_pct, HALF)
    if not above(f.l2_pct, ROOF) or handed_on or _reread(f) or _wasteful(f):
        return None
    how = "use each loaded value more often: tiles in shared memory; add up there before an atomic"
    return Step("L2", f"L2 is busy {f.l2_pct:.0f} % of the time", how, "caches")


def _spills(f: Facts) -> Step | None:
    if not f.spilled_bytes:
        return None
    why = f"{f.spilled_bytes:,} B a thread do not fit in registers and go through memory"
    how = "hold less at once: smaller tiles, less unrolling, or looser __launch_bounds__"
    return Step("spills", why, how, "resources")


def _occupied(f: Facts) -> Step | None:
    if not below(f.possible_pct, HALF) or above(f.issued_pct, BUSY) or f.limiter not in _ROOM:
        return None
    why = f"{f.limiter} allow only {f.possible_pct:.0f} % of the warps"
    return Step("occupancy", why, _ROOM[f.limiter], "occupancy")


_ROOM = {
    "registers": "use fewer registers (smaller tiles, __launch_bounds__), or more independent work in each thread",
    "shared memory": "use less shared memory a block, or more independent work in each thread",
    "blocks": "use larger blocks: an SM holds few of them",
}


def _reread(f: Facts) -> bool:
    """More is asked for than needed, and not by bad coalescing. It costs nothing while L2 is idle; without counters
    nobody knows whether it is."""
    return above(f.asked_excess, WASTE * max(f.global_excess or 1.0, 1.0)) and not below(f.l2_pct, HALF)


def _asked(f: Facts) -> Step | None:
    if not _reread(f) or _inner(f) or _again(f):
        return None
    why = f"the call asks for {f.asked_excess:.2f}× the bytes that the task needs; caches answer some of them"
    how = "use each element more often once it is loaded: keep it in registers, else in shared memory"
    return Step("bytes", why, how, "bytes asked for")


def _instructions(f: Facts) -> Step | None:
    if not above(f.issued_pct, BUSY):
        return None
    why = f"the schedulers issue in {f.issued_pct:.0f} % of the cycles"
    how = "issue fewer: wider accesses, 32-bit indices, less arithmetic in the loop"
    return Step("instructions", why, how, "issue slots")


def _waiting(f: Facts) -> Step | None:
    """Not where a busy unit is what they wait for, nor where the schedulers find other warps to issue."""
    reason, cycles = _longest(f)
    far = reason in _FAR and (_wasteful(f) or _again(f) or _asked(f) or _inner(f) or _outer(f))
    near = reason in _NEAR and (_conflicts(f) or _inner(f))
    if cycles < 1.0 or far or near or _instructions(f):
        return None
    means, remedy = STALLS[reason]
    return Step("latency", f"a warp waits {cycles:.1f} cycles an instruction {means}", remedy, "stalls")


def _longest(f: Facts) -> tuple[str, float]:
    return next(iter(waits(f)), ("", 0.0))


def _narrow(f: Facts) -> Step | None:
    """Without counters: too few bytes in flight is what is left when the roof is far and nothing else is known."""
    if f.stall_cycles or not below(f.roofline_pct, ROOF) or not f.load_widths:
        return None
    why = f"{f.roofline_pct:.0f} % of the roof, and the widest global load has {max(f.load_widths)} bits"
    wide = max(f.load_widths) >= 128
    return Step("latency", why, _MORE if wide else _WIDER, "roofline" if wide else "load widths")


_FAR = ("long_scoreboard", "lg_throttle")  # waits for L1, L2 and DRAM
_NEAR = ("short_scoreboard", "mio_throttle")  # for shared memory
_WIDER = "put more bytes in flight: 16-byte loads (float4) where address and size allow them"
_MORE = "put more bytes in flight: several independent loads in each thread before the first is used"

# Nsight Compute's own names of the reasons; what a warp then waits for, and the remedy.
STALLS: Mapping[str, tuple[str, str]] = {
    "long_scoreboard": ("for global or local memory", f"{_WIDER}; several independent loads before the first is used"),
    "lg_throttle": ("because too many memory instructions queue", "fewer and wider ones: float4, values in registers"),
    "short_scoreboard": ("for shared memory or a special function", "fewer of them, and work in between"),
    "mio_throttle": (
        "because shared memory, shuffle and special function instructions queue",
        "fewer of them: wider shared loads (float4), values in registers",
    ),
    "barrier": ("at __syncthreads()", "fewer barriers, smaller blocks, equal work for all warps before each"),
    "membar": ("for a memory fence", "fewer __threadfence(); one a block, by one thread"),
    "wait": ("for the instruction before", "several independent chains in each thread, an unrolled loop"),
    "math_pipe_throttle": ("for an arithmetic unit", "fewer operations, or a cheaper format"),
    "tex_throttle": ("for the texture unit", "fewer texture or surface accesses at once"),
    "imc_miss": ("for constants", "let all threads of a warp read the same constant"),
    "no_instruction": ("for its own code", "a smaller loop: less unrolling, no far jumps"),
    "branch_resolving": ("for a branch", "fewer branches; let whole warps take the same one"),
    "dispatch_stall": ("for the dispatcher", "this is rarely yours to mend; shorten the next reason"),
    "drain": ("for its last stores", "let each warp end with few, wide stores"),
    "sleeping": ("in __nanosleep()", "sleep less, or wait for less"),
    "gmma": ("for wgmma's operands", "a deeper pipeline of tiles before each wgmma"),
}


_RULES: tuple[Callable[[Facts], Step | None], ...] = (
    _short, _wasteful, _again, _memory, _compute, _small, _conflicts, _inner, _outer, _spills, _occupied, _asked,
    _instructions, _waiting, _narrow,
)  # fmt: skip
