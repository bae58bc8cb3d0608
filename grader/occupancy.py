"""Registers, shared memory, block and grid -> how many warps an SM can hold, and what limits it. Pure.

The rules are those of NVIDIA's occupancy calculator; the numbers those of the CUDA C++ Programming Guide, "Technical
Specifications per Compute Capability".
"""

from __future__ import annotations

from dataclasses import dataclass

WARP = 32
REGISTERS = 65_536  # per SM, for every capability here
REGISTER_UNIT = 256  # registers are given out per warp, in such pieces
WARP_UNIT = 4  # one warp per SM quarter


@dataclass(frozen=True)
class Limits:
    """Of one SM."""

    warps: int
    blocks: int
    shared: int  # bytes
    reserved: int = 1024  # of each block's shared memory, for CUDA itself
    unit: int = 128  # shared memory is given out in such pieces


LIMITS = {
    (7, 0): Limits(64, 32, 96 << 10, 0, 256),
    (7, 5): Limits(32, 16, 64 << 10, 0, 256),
    (8, 0): Limits(64, 32, 164 << 10),
    (8, 6): Limits(48, 16, 100 << 10),
    (8, 7): Limits(48, 16, 164 << 10),
    (8, 9): Limits(48, 24, 100 << 10),
    (9, 0): Limits(64, 32, 228 << 10),
    (10, 0): Limits(64, 32, 228 << 10),
    (12, 0): Limits(48, 24, 100 << 10),
}


@dataclass(frozen=True)
class Occupancy:
    """Of one kernel on one SM."""

    warps: int  # resident at most
    most: int  # that an SM can hold
    blocks: int
    limiter: str  # registers | shared memory | blocks | warps | grid

    @property
    def percent(self) -> float:
        return 100 * self.warps / self.most


def occupancy(
    capability: tuple[int, int], threads: int, registers: int, shared: int, grid: int = 0, sms: int = 0
) -> Occupancy | None:
    """None for a GPU that is not in the table, or a launch that cannot be. `grid` and `sms` may be left unknown."""
    limits = LIMITS.get(capability)
    if limits is None or not 1 <= threads <= 1024:
        return None
    warps = -(-threads // WARP)
    may = {
        "warps": limits.warps // warps,
        "blocks": limits.blocks,
        "registers": _by_registers(registers, warps),
        "shared memory": _by_shared(limits, shared),
    }
    if grid and sms:
        may["grid"] = -(-grid // sms)
    limiter = min(may, key=lambda name: may[name])
    return Occupancy(may[limiter] * warps, limits.warps, may[limiter], limiter) if may[limiter] else None


def _by_registers(registers: int, warps: int) -> int:
    if not registers:
        return REGISTERS
    each = -(-registers * WARP // REGISTER_UNIT) * REGISTER_UNIT
    return REGISTERS // each // WARP_UNIT * WARP_UNIT // warps


def _by_shared(limits: Limits, shared: int) -> int:
    each = -(-(shared + limits.reserved) // limits.unit) * limits.unit
    return limits.shared // each if each else limits.blocks
