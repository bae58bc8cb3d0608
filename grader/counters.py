"""Nsight Compute's words and log <-> Facts: which counters it is asked for, what they are called, why it refused. Pure.

The names are those of its own sections (SpeedOfLight, MemoryWorkloadAnalysis, Occupancy, SchedulerStats,
WarpStateStats, SourceCounters), as ncu 2025.3 has them for compute capability 9.0.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.advice import STALLS, Facts

LAUNCHES = 12  # of one call that are looked at: each is run again and again, once for every group of counters

# A figure of Facts -> the counter that is it, as it stands.
PLAIN: Mapping[str, str] = {
    "read_bytes": "dram__bytes_read.sum",
    "written_bytes": "dram__bytes_write.sum",
    "dram_pct": "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
    "l2_pct": "lts__throughput.avg.pct_of_peak_sustained_elapsed",
    "l1_pct": "l1tex__throughput.avg.pct_of_peak_sustained_active",
    "l2_hit_pct": "lts__t_sector_hit_rate.pct",
    "l1_hit_pct": "l1tex__t_sector_hit_rate.pct",
    "resident_pct": "sm__warps_active.avg.pct_of_peak_sustained_active",
    "possible_pct": "sm__maximum_warps_per_active_cycle_pct",
    "waves": "launch__waves_per_multiprocessor",
    "issued_pct": "smsp__issue_active.avg.pct_of_peak_sustained_active",
    "eligible_warps": "smsp__warps_eligible.avg.per_cycle_active",
}
_ACCESS = "l1tex__t_{}_pipe_lsu_mem_global_op_{}.sum"
# A figure -> the two whose quotient it is. The first two are Nsight Compute's "sectors/req"; the others are counted
# instruction by instruction, so that stalls of the unit itself are not taken for conflicts.
RATIOS: Mapping[str, tuple[str, str]] = {
    "load_sectors": (_ACCESS.format("sectors", "ld"), _ACCESS.format("requests", "ld")),
    "store_sectors": (_ACCESS.format("sectors", "st"), _ACCESS.format("requests", "st")),
    "global_excess": ("memory_l2_theoretical_sectors_global", "memory_l2_theoretical_sectors_global_ideal"),
    "shared_excess": ("memory_l1_wavefronts_shared", "memory_l1_wavefronts_shared_ideal"),
}
PIPES: Mapping[str, str] = {
    "fp32": "sm__pipe_fma_cycles_active.avg.pct_of_peak_sustained_active",
    "tensor": "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
    "integer": "sm__inst_executed_pipe_alu.avg.pct_of_peak_sustained_active",
    "special": "sm__inst_executed_pipe_xu.avg.pct_of_peak_sustained_active",
}
LIMITS: Mapping[str, str] = {  # blocks an SM holds by each: the smallest limits, of equal ones the first here
    "warps": "launch__occupancy_limit_warps",
    "registers": "launch__occupancy_limit_registers",
    "shared memory": "launch__occupancy_limit_shared_mem",
    "blocks": "launch__occupancy_limit_blocks",
}
SECTOR = 32  # bytes
WHOLE = 0.99  # of the bytes that a task needs: with fewer, not all accesses were counted
SECTORS = (RATIOS["load_sectors"][0], RATIOS["store_sectors"][0])
TIME = "gpu__time_duration.sum"  # ns
REGISTERS = "launch__registers_per_thread"
SHARED = ("launch__shared_mem_per_block_static", "launch__shared_mem_per_block_dynamic")
_STALLED = "smsp__average_warps_issue_stalled_{}_per_issue_active.ratio"
STALLED: Mapping[str, str] = {reason: _STALLED.format(reason) for reason in STALLS}

METRICS: tuple[str, ...] = (
    TIME, *PLAIN.values(), *(name for pair in RATIOS.values() for name in pair), *PIPES.values(), *LIMITS.values(),
    REGISTERS, *SHARED, *STALLED.values(),
)  # fmt: skip


@dataclass(frozen=True)
class Launched:
    """One profiled launch: its counters by name, those that ncu could not give left out."""

    kernel: str
    grid: tuple[int, ...]
    block: tuple[int, ...]
    metrics: Mapping[str, float]


def words(log: str, metrics: Sequence[str], report: str = "", source: str = "") -> tuple[str, ...]:
    """What stands before the command. With a report, everything ncu can count, and the source that lies in `source`.

    Clocks stay as they are in use; caches are emptied before every pass, as the grader's own timing empties them.
    """
    kept = ("--set", "full", "--import-source", "yes", "--source-folders", source, "--export", report)
    return (
        "env", "LC_ALL=C.UTF-8",  # else numbers come with the commas and points of the country
        "ncu", "--csv", "--page", "raw", "--print-units", "base", "--print-kernel-base", "function",
        "--log-file", log, "--target-processes", "all", "--profile-from-start", "off", "--clock-control", "none",
        "--cache-control", "all", "--launch-count", str(LAUNCHES), *(kept if report else ()),
        "--metrics", ",".join(metrics),
    )  # fmt: skip


def parse(log: str) -> tuple[Launched, ...]:
    """The raw page: a line of names, one of units, one for each launch."""
    lines = [line for line in log.splitlines() if line.startswith('"')]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))[1:]
    return tuple(
        Launched(_kernel(row["Kernel Name"]), _three(row["Grid Size"]), _three(row["Block Size"]), _numbers(row))
        for row in rows
    )


def _kernel(name: str) -> str:
    """`void softmax<256>(const float *)` -> softmax."""
    return name.split("(")[0].split("<")[0].split()[-1].rpartition("::")[2]


def _three(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in re.findall(r"\d+", text))


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    found = {name: _number(row.get(name) or "") for name in METRICS}
    return {name: value for name, value in found.items() if value is not None}


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:  # n/a: not on this chip, or not in this launch
        return None
    return value if math.isfinite(value) else None


def call(found: Sequence[Launched], sms: int, needed: int) -> tuple[Facts, ...]:
    """One for each launch, in their order; what the whole call moves is in all of them. `needed`: bytes, at least."""
    each = [facts(one, sms) for one in found]
    moved = [f.read_bytes + f.written_bytes for f in each if f.read_bytes is not None and f.written_bytes is not None]
    asked = [SECTOR * sum(one.metrics[name] for name in SECTORS) for one in found if one.metrics.keys() >= {*SECTORS}]
    crossed, touched = (sum(some) / needed if needed and len(some) == len(each) else None for some in (moved, asked))
    if touched is not None and touched < WHOLE:
        touched = None  # cp.async, TMA and atomics have counters of their own
    return tuple(replace(f, call_excess=crossed, asked_excess=touched) for f in each)


def facts(one: Launched, sms: int) -> Facts:
    m = one.metrics
    limits = {name: m[counter] for name, counter in LIMITS.items() if counter in m}
    plain = {name: m.get(counter) for name, counter in PLAIN.items()}
    ratios = {name: m[a] / m[b] for name, (a, b) in RATIOS.items() if a in m and m.get(b)}
    return Facts(
        kernel=one.kernel,
        grid=one.grid,
        block=one.block,
        sms=sms,
        us=m[TIME] / 1000 if TIME in m else None,
        limiter=min(limits, key=lambda name: limits[name]) if limits else "",
        registers=int(m[REGISTERS]) if REGISTERS in m else None,
        shared_bytes=int(sum(m[name] for name in SHARED)) if all(name in m for name in SHARED) else None,
        pipes_pct={name: m[counter] for name, counter in PIPES.items() if counter in m},
        stall_cycles={name: m[counter] for name, counter in STALLED.items() if counter in m},
        **plain,  # type: ignore[arg-type]
        **ratios,  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------- when it refuses


def absent(log: str) -> frozenset[str]:
    """Counters that this chip, or this ncu, does not have."""
    named = re.findall(r"Failed to find metric (?:regex:\^?)?([\w\\.]+)", log)
    return frozenset(m for m in METRICS for name in named if m.startswith(name.replace("\\", "").rstrip(".")))


PERMISSION = (
    "the driver lets only administrators read the GPU's counters (ERR_NVGPUCTRPERM); ask for "
    "`options nvidia NVreg_RestrictProfilingToAdminUsers=0` in /etc/modprobe.d and a restart, or run this with sudo; "
    "a container needs --cap-add SYS_ADMIN"
)
TAKEN = (
    "another tool holds the GPU's counters (DCGM, most likely); `dcgmi profile --pause` frees them, and --resume after"
)


def refusal(log: str) -> str:
    """Why there are no counters, with the remedy where it is known."""
    if "ERR_NVGPUCTRPERM" in log:
        return PERMISSION
    if "driver resource was unavailable" in log:
        return TAKEN
    errors = [line.removeprefix("==ERROR==").strip() for line in log.splitlines() if line.startswith("==ERROR==")]
    return f"ncu said: {'; '.join(errors)[:300]}" if errors else "ncu saw no kernel in this call"
