"""Was the GPU in a state to be timed? From NVML's readings before and after -> sentences for the verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# NVML's clocks event reasons (nvml.h) that make a time untrustworthy, and those that only bound it.
REASONS = {
    0x8: "the hardware slowed the clocks down",
    0x20: "the driver slowed the clocks down because of heat",
    0x40: "the hardware slowed the clocks down because of heat",
    0x80: "the power supply slowed the clocks down",
}
POWER_CAP = 0x4
HOT = 90  # °C
SAG = 0.9  # of the clock before: less than that afterwards, and the samples are not of one kind


@dataclass(frozen=True)
class State:
    """One reading."""

    sm_mhz: int
    temperature: int  # °C
    watts: float
    reasons: int  # bit mask of nvmlClocksEventReason…
    others: int  # processes on this GPU that are not ours


def notes(before: State | None, after: State | None) -> tuple[str, ...]:
    """What the reader of a ratio must know; empty when all was well or nothing could be read."""
    if before is None or after is None:
        return ()
    seen = before.reasons | after.reasons
    said = [text for bit, text in REASONS.items() if seen & bit]
    if seen & POWER_CAP:
        said.append("the clocks were held down by the power cap")
    if max(before.others, after.others):
        said.append(f"{max(before.others, after.others)} other processes were on this GPU")
    if after.temperature >= HOT:
        said.append(f"the GPU was {after.temperature} °C hot")
    if before.sm_mhz and after.sm_mhz < SAG * before.sm_mhz:
        said.append(f"the SM clock fell from {before.sm_mhz} to {after.sm_mhz} MHz")
    return tuple(said)


def disturbed(before: State | None, after: State | None) -> bool:
    """Whether a verdict close to its threshold should not be given."""
    if before is None or after is None:
        return False
    throttled = any((before.reasons | after.reasons) & bit for bit in REASONS)
    return throttled or max(before.others, after.others) > 0
