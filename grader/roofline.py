"""Bytes, operations and this GPU's peaks -> the least possible time, the share of it, what limits. Pure.

Williams, Waterman & Patterson, Roofline: an insightful visual performance model (CACM 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.model import Param
from grader.peaks import Peaks

MARGIN = 0.9  # of the floor: peaks are measured, and another run may find a few percent more
LAUNCH_US = 4.0  # a kernel that could end sooner than this is waiting for its own start and end
NEAR = 0.5  # of a roof: from here on that roof is the limit
FORMATS = {"__half": "fp16", "__nv_bfloat16": "bf16", "int8_t": "int8", "uint8_t": "int8"}


@dataclass(frozen=True)
class Work:
    """What one call must do at least."""

    moved: int  # bytes
    flops: int
    form: str = "fp32"  # of the arithmetic: fp32 fp16 bf16 int8


@dataclass(frozen=True)
class Place:
    """One time under the roofs."""

    share: float | None  # % of the nearer roof; None where no peak is known
    limiter: str  # memory | compute | latency | launch | unknown


def form(params: tuple[Param, ...]) -> str:
    """The format of the first input that tensor cores take; fp32 otherwise."""
    inputs = [p.ctype for p in params if p.pointer and p.const]
    return next((FORMATS[c] for c in inputs if c in FORMATS), "fp32")


def place(us: float, work: Work, peaks: Peaks, l2_bytes: int) -> Place:
    memory, compute = _memory_us(work, peaks, l2_bytes), _compute_us(work, peaks)
    least = max(memory, compute)
    if not least or us <= 0:
        return Place(None, "unknown")
    share = 100 * least / us
    if share >= 100 * NEAR:
        return Place(share, bound(work, peaks, l2_bytes))
    return Place(share, "launch" if least < LAUNCH_US and us < 3 * LAUNCH_US else "latency")


def bound(work: Work, peaks: Peaks, l2_bytes: int) -> str:
    """Which roof is the lower one for this work, at any speed."""
    return "compute" if _compute_us(work, peaks) > _memory_us(work, peaks, l2_bytes) else "memory"


def _memory_us(work: Work, peaks: Peaks, l2_bytes: int) -> float:
    """Cold inputs come from DRAM; only with a known L2 bandwidth is a small set measured against that."""
    rate = peaks.l2_gb_s if work.moved <= l2_bytes and peaks.l2_gb_s else peaks.copy_gb_s
    return work.moved / rate / 1e3 if rate else 0.0


def _compute_us(work: Work, peaks: Peaks) -> float:
    rate = float(getattr(peaks, f"{work.form}_tflop_s"))
    return work.flops / rate / 1e6 if rate else 0.0


def floor_us(work: Work, peaks: Peaks, l2_bytes: int) -> float:
    """No kernel can be faster. 0 where nothing is known.

    What is written may still lie in L2 when the clock stops, so that much need not have crossed DRAM yet. The
    arithmetic is taken at the fastest format there is: a learner may round more than the exercise asks for.
    """
    dram = max(0, work.moved - l2_bytes) / peaks.dram / 1e3 if peaks.dram else 0.0
    l2 = work.moved / peaks.l2_gb_s / 1e3 if peaks.l2_gb_s else 0.0
    compute = work.flops / peaks.fastest / 1e6 if peaks.fastest and peaks.calibrated else 0.0
    return MARGIN * max(dram, l2, compute)


def impossible(learner_us: float, reference_us: float, floor: float) -> str:
    """Why a time cannot be believed, or "". Where the reference is below the floor too, the floor is what is wrong."""
    if learner_us >= floor or reference_us < floor:
        return ""
    return (
        f"{learner_us:.3g} µs is less than this GPU needs to move the bytes or do the arithmetic "
        f"({floor:.3g} µs): the work was not done inside the timed call"
    )
