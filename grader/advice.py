"""What is known of a kernel -> each figure in words, and what limits it with the next step. Pure.

A figure is None where nobody counted it: hardware counters give most, the compiler, the simulator and the record some.
The order of the rules is the order in which things are worth doing: no bank conflict matters at the memory's roof.
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
    asked_excess: float | None = None  # bytes in global accesses, by the whole call, whoever answered
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
    """What limits, how that is known, what to do."""

    limit: str
    why: str
    next: str


# ---------------------------------------------------------------- figures in words


@dataclass(frozen=True)
class _Gauge:
    name: str
    means: str
    good: str
    show: Callable[[Facts], str]  # "" where nothing is known
    wanting: Callable[[Facts], bool] = lambda f: False


def readings(f: Facts) -> tuple[Reading, ...]:
    """Those that are known, in the order of reading."""
    return tuple(Reading(g.name, said, g.means, g.good, g.wanting(f)) for g in _GAUGES if (said := g.show(f)))


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
    said += [f"{f.dram_pct:.0f} % of the peak rate"] if f.dram_pct is not None else []
    return ", ".join(said) + _joined((f.call_excess, "; the call moves {:.2f}× what it needs"))


def _roofline(f: Facts) -> str:
    limit = f", limit: {f.roof}" if f.roof else ""
    return "" if f.roofline_pct is None else f"{f.roofline_pct:.0f} %{limit}"


def _access(f: Facts) -> str:
    return _joined((f.load_sectors, "{:.1f} a load"), (f.store_sectors, "{:.1f} a store"), (f.global_excess, _LEAST))


def _occupancy(f: Facts) -> str:
    by = f", limited by {f.limiter}" if f.limiter else ""
    return _joined((f.resident_pct, "{:.0f} % achieved"), (f.possible_pct, "{:.0f} % possible" + by))


def _resources(f: Facts) -> str:
    spills = "" if f.spilled_bytes is None else f", {f.spilled_bytes:,} B spilled" if f.spilled_bytes else ", no spills"
    return _joined((f.registers, "{} registers"), (f.shared_bytes, "{:,} B shared")) + spills


def _launch(f: Facts) -> str:
    if not f.grid:
        return ""
    threads = f"{f.blocks:,} blocks of {math.prod(f.block):,} threads"
    return threads + _joined((f.waves, ", {:.2f} waves")) + (f" over {f.sms} SMs" if f.sms else "")


def _stalls(f: Facts) -> str:
    first = waits(f)[:3]
    return ", ".join(f"{reason.replace('_', ' ')} {cycles:.1f}" for reason, cycles in first)


def waits(f: Facts) -> list[tuple[str, float]]:
    """Why warps wait, the longest first; issuing itself is no wait."""
    return sorted(((r, c) for r, c in f.stall_cycles.items() if r in STALLS and c > 0), key=lambda item: -item[1])


def _widths(f: Facts) -> str:
    return ", ".join(f"{count} × {bits} bits" for bits, count in sorted(f.load_widths.items(), reverse=True))


_LEAST = "{:.2f}× the least"
_GAUGES = (
    _Gauge("time", "how long it ran, caches cold", "the reference's, as `run` shows it", _time),
    _Gauge(
        "roofline", "the least possible time over yours, by this GPU's measured peaks", f"{ROOF:.0f} % or more",
        _roofline, lambda f: below(f.roofline_pct, ROOF),
    ),
    _Gauge(
        "DRAM", "what crossed the memory bus", f"the bytes that the task needs, at {ROOF:.0f} % or more", _traffic,
        lambda f: above(f.call_excess, WASTE) or below(f.dram_pct, ROOF),
    ),
    _Gauge(
        "caches", "how busy L2, and L1 with shared memory, were", f"below {ROOF:.0f} %: above, it is the limit",
        lambda f: _joined((f.l2_pct, "L2 {:.0f} % busy"), (f.l1_pct, "L1 {:.0f} % busy")),
        lambda f: above(f.l2_pct, ROOF) or above(f.l1_pct, ROOF),
    ),
    _Gauge(
        "hits", "accesses that a cache answered", "high for what is used again; data used once cannot hit",
        lambda f: _joined((f.l2_hit_pct, "L2 {:.0f} %"), (f.l1_hit_pct, "L1 {:.0f} %")),
    ),
    _Gauge(
        "global access", "sectors of 32 bytes that one warp's access touches",
        "4 for 4 bytes a thread, 16 for 16; 1.00× the least", _access, lambda f: above(f.global_excess, WASTE),
    ),
    _Gauge(
        "bytes asked for", "global accesses of the whole call, whatever caches answer", "1.00× what the task needs",
        lambda f: _joined((f.asked_excess, "{:.2f}× what it needs")), lambda f: above(f.asked_excess, WASTE),
    ),
    _Gauge(
        "bank conflicts", "rounds that shared memory needs for a warp's access", "1.00× the least",
        lambda f: _joined((f.shared_excess, _LEAST)), lambda f: above(f.shared_excess, WASTE),
    ),
    _Gauge(
        "occupancy", "warps on an SM, of those that it can hold", f"{HALF:.0f} % or more hides most waiting",
        _occupancy, lambda f: below(f.possible_pct if f.resident_pct is None else f.resident_pct, HALF),
    ),
    _Gauge(
        "resources", "what a thread and a block hold", "no spills",
        _resources, lambda f: bool(f.spilled_bytes),
    ),
    _Gauge(
        "launch", "blocks, and how often they fill the GPU", "a block for every SM; many waves, or one whole one",
        _launch, lambda f: _small(f) is not None,
    ),
    _Gauge(
        "issue slots", "cycles in which a scheduler issued an instruction",
        f"the more the better; above {BUSY:.0f} % the instructions are the limit",
        lambda f: _joined((f.issued_pct, "{:.0f} %")),
    ),
    _Gauge(
        "eligible warps", "warps that are ready, a scheduler and cycle", "1 or more",
        lambda f: _joined((f.eligible_warps, "{:.2f}")),
        lambda f: below(f.eligible_warps, 1.0) and below(f.issued_pct, BUSY),
    ),
    _Gauge(
        "pipes", "how busy the arithmetic units were", f"above {BUSY:.0f} % that unit is the limit",
        lambda f: ", ".join(f"{name} {share:.0f} %" for name, share in f.pipes_pct.items()),
    ),
    _Gauge(
        "stalls", "why warps waited, in cycles an instruction", "none far above 1; shorten the first", _stalls,
    ),
    _Gauge(
        "load widths", "global loads as they stand in the code", "128 bits, where the data allow it",
        _widths, lambda f: bool(f.load_widths) and max(f.load_widths) < 128,
    ),
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
    return Step("launch", f"{why}: starting and ending is most of that", "do more in one launch: merge kernels")


def _small(f: Facts) -> Step | None:
    if not f.grid or not f.sms:
        return None
    if f.blocks < f.sms:
        why = f"{f.blocks:,} blocks leave {f.sms - f.blocks} of {f.sms} SMs without work"
        return Step("grid", why, "split the work into more blocks, and add up their results at the end")
    waves = f.waves or 0.0
    if 1.0 < waves < FEW and waves / math.ceil(waves) < TAIL:
        why = f"{waves:.2f} waves: in the last one most of the GPU has nothing to do"
        return Step("tail", why, "launch a grid that just fills the SMs and let each block loop (grid stride)")
    return None


def _wasteful(f: Facts) -> Step | None:
    if not above(f.global_excess, WASTE):
        return None
    why = f"global accesses touch {f.global_excess:.2f}× the sectors that their bytes need"
    return Step("coalescing", why, "let neighbouring threads of a warp touch neighbouring addresses")


def _again(f: Facts) -> Step | None:
    if not above(f.call_excess, WASTE) or below(f.dram_pct, HALF):
        return None
    why = f"the call moves {f.call_excess:.2f}× the bytes over the memory bus that the task needs"
    return Step("bytes", why, "read every element once: keep it in registers or shared memory between passes")


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


def _cache(f: Facts) -> Step | None:
    if above(f.l1_pct, ROOF):
        why = f"L1 and shared memory are busy {f.l1_pct:.0f} % of the time"
        return Step("L1", why, "use each loaded value more often: tiles in registers, wider shared loads (float4)")
    if above(f.l2_pct, ROOF):
        why = f"L2 is busy {f.l2_pct:.0f} % of the time"
        return Step("L2", why, "use each loaded value more often: tiles in shared memory")
    return None


def _conflicts(f: Facts) -> Step | None:
    if not above(f.shared_excess, WASTE):
        return None
    why = f"shared memory needs {f.shared_excess:.2f}× the rounds that its bytes need"
    return Step("bank conflicts", why, "pad the row by one element, or swizzle the index")


def _spills(f: Facts) -> Step | None:
    if not f.spilled_bytes:
        return None
    why = f"{f.spilled_bytes:,} B a thread do not fit in registers and go through memory"
    return Step("spills", why, "hold less at once: smaller tiles, less unrolling, or looser __launch_bounds__")


def _occupied(f: Facts) -> Step | None:
    if not below(f.possible_pct, HALF) or above(f.issued_pct, BUSY) or f.limiter not in _ROOM:
        return None
    return Step("occupancy", f"{f.limiter} allow only {f.possible_pct:.0f} % of the warps", _ROOM[f.limiter])


_ROOM = {
    "registers": "use fewer registers (smaller tiles, __launch_bounds__), or more independent work in each thread",
    "shared memory": "use less shared memory a block, or more independent work in each thread",
    "blocks": "use larger blocks: an SM holds few of them",
}


def _instructions(f: Facts) -> Step | None:
    if not above(f.issued_pct, BUSY):
        return None
    why = f"the schedulers issue in {f.issued_pct:.0f} % of the cycles"
    return Step("instructions", why, "issue fewer: wider accesses, 32-bit indices, less arithmetic in the loop")


def _waiting(f: Facts) -> Step | None:
    if (first := next(iter(waits(f)), None)) and first[1] >= 1.0:
        means, remedy = STALLS[first[0]]
        return Step("latency", f"a warp waits {first[1]:.1f} cycles an instruction {means}", remedy)
    return None


def _asked(f: Facts) -> Step | None:
    """Without counters. Caches may hide it, so that whatever else is known comes first."""
    if not above(f.asked_excess, WASTE):
        return None
    why = f"the call asks for {f.asked_excess:.2f}× the bytes that the task needs; caches answer some of them"
    return Step("bytes", why, "use each element more often once it is loaded: registers, then shared memory")


def _narrow(f: Facts) -> Step | None:
    """Without counters: too few bytes in flight is what is left when the roof is far and nothing else is known."""
    if f.stall_cycles or not below(f.roofline_pct, ROOF) or not f.load_widths:
        return None
    why = f"{f.roofline_pct:.0f} % of the roof, and the widest global load has {max(f.load_widths)} bits"
    return Step("latency", why, _MORE if max(f.load_widths) >= 128 else _WIDER)


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
    _short, _wasteful, _again, _memory, _compute, _small, _conflicts, _cache, _spills, _occupied, _instructions,
    _waiting, _asked, _narrow,
)  # fmt: skip
