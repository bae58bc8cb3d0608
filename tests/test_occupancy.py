"""Against NVIDIA's occupancy calculator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.occupancy import LIMITS, occupancy


@pytest.mark.parametrize(
    ("capability", "threads", "registers", "shared", "warps", "limiter"),
    [
        ((9, 0), 256, 32, 0, 64, "warps"),
        ((9, 0), 256, 48, 0, 40, "registers"),
        ((9, 0), 256, 64, 0, 32, "registers"),
        ((9, 0), 1024, 64, 0, 32, "registers"),
        ((9, 0), 1024, 65, 0, 0, ""),  # 1024 × 72 registers: cannot be launched
        ((9, 0), 256, 32, 48 << 10, 32, "shared memory"),
        ((9, 0), 128, 255, 227 << 10, 4, "shared memory"),
        ((9, 0), 32, 16, 0, 32, "blocks"),
        ((8, 0), 256, 32, 48 << 10, 24, "shared memory"),
        ((8, 6), 256, 32, 0, 48, "warps"),
        ((7, 5), 256, 32, 0, 32, "warps"),
        ((9, 0), 100, 32, 0, 64, "warps"),  # four warps, the last one not full
    ],
)
def test_occupancy(
    capability: tuple[int, int], threads: int, registers: int, shared: int, warps: int, limiter: str
) -> None:
    found = occupancy(capability, threads, registers, shared)
    assert (found.warps, found.limiter) == (warps, limiter) if found else warps == 0


def test_a_small_grid_leaves_sms_empty() -> None:
    found = occupancy((9, 0), 256, 32, 0, grid=132, sms=132)
    assert found is not None and (found.warps, found.limiter, found.percent) == (8, "grid", 12.5)


def test_an_unknown_gpu() -> None:
    assert occupancy((3, 5), 256, 32, 0) is None


@given(st.sampled_from(sorted(LIMITS)), st.integers(1, 1024), st.integers(0, 255), st.integers(0, 227 << 10))
def test_it_never_holds_more_than_it_can(
    capability: tuple[int, int], threads: int, registers: int, shared: int
) -> None:
    found = occupancy(capability, threads, registers, shared)
    if found:
        limits = LIMITS[capability]
        assert 0 < found.warps <= limits.warps and found.blocks <= limits.blocks
        assert found.blocks * shared <= limits.shared and 32 * found.warps * registers <= 65_536
