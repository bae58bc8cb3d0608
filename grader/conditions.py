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
    limit: float = 0.0  # watts the board may draw; 0: not told
    uncorrected: int = 0  # ECC errors since the driver was loaded that could not be corrected
    mig: bool = False  # a slice of a GPU


def notes(before: State | None, after: State | None) -> tuple[str, ...]:
    """What the reader of a ratio must know; empty when all was well or nothing could be read."""
    if before is None or after is None:
        return ()
    seen = before.reasons | after.reasons
    said = [text for bit, text in REASONS.items() if seen & bit]
    if seen & POWER_CAP:
        said.append("the clocks were held down by the power cap" + _of(before, after))
    if shared(before, after):
        said.append(f"{max(before.others, after.others)} other processes were on this GPU")
    if after.temperature >= HOT:
        said.append(f"the GPU was {after.temperature} °C hot")
    if _sagged(before, after):
        said.append(f"the SM clock fell from {before.sm_mhz} to {after.sm_mhz} MHz")
    if broken(before, after):
        said.append("the GPU's memory had errors that ECC could not correct: nothing it says can be believed")
    if after.mig:
        said.append("this is a MIG slice: peaks and times are the slice's, not the GPU's")
    return tuple(said)


def _of(before: State, after: State) -> str:
    return f" ({max(before.watts, after.watts):.0f} of {after.limit:.0f} W)" if after.limit else ""


def _sagged(before: State, after: State) -> bool:
    return bool(before.sm_mhz) and after.sm_mhz < SAG * before.sm_mhz


def broken(before: State | None, after: State | None) -> bool:
    """Whether no verdict at all should be given."""
    return before is not None and after is not None and after.uncorrected > before.uncorrected


def shared(*states: State | None) -> bool:
    """Whether somebody else had turns on the GPU; False where a state could not be read."""
    return None not in states and any(state.others > 0 for state in states if state)


def disturbed(before: State | None, after: State | None) -> bool:
    """Whether a verdict close to its threshold should not be given."""
    if before is None or after is None:
        return False
    seen = before.reasons | after.reasons
    throttled = any(seen & bit for bit in REASONS)
    # A matrix product draws all the power there is: both kernels are then timed at the same lower clock.
    sagged = _sagged(before, after) and not seen & POWER_CAP
    return throttled or sagged or shared(before, after)
