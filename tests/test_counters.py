"""The simulator's counts are those that Nsight Compute gave on an H200, on a device of as many multiprocessors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import counters

from grader import backends

WHY_NOT = backends.get("simulator").why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

RECORD = json.loads((counters.HOME / "benchmarks" / "results" / "counters-NVIDIA_H200.json").read_text())
KERNELS = {" ".join(kernel): kernel for kernel in counters.KERNELS}
EQUAL = [row for row in RECORD["rows"] if row["simulator"] == row["ncu"]]  # the others: docs/figures.md says why


@pytest.mark.parametrize("row", EQUAL, ids=[row["kernel"].replace(" ", "-") for row in EQUAL])
def test_counts_are_the_hardwares(row: dict[str, Any]) -> None:
    slug, attempt, text = KERNELS[row["kernel"]]
    if counters.digest(slug, attempt) != row["source"]:
        pytest.skip("the source has changed since Nsight Compute saw it")
    assert counters.simulated(slug, attempt, text, RECORD["multiprocessors"])[1] == row["ncu"]


def test_most_are_equal() -> None:
    assert len(EQUAL) >= 15 and len(RECORD["rows"]) == 20


def test_lanes_out_of_step_explain_the_rest() -> None:
    """nvcc unrolls by four and does the remainder first, so that the lanes with a remainder fall behind the others.

    three_passes at 4,097 columns: lane 0 of the first warp has 17 rounds, the others 16. In each of its 16 requests
    lanes 1 to 31 read neighbours, and lane 0 a sector of its own; row r begins at element r modulo 8 of a sector.
    """
    (row,) = (row for row in RECORD["rows"] if "three_passes" in row["kernel"])
    together = [len({(r + lane) // 8 for lane in range(32)}) for r in range(33)]
    apart = [1 + len({(r + lane) // 8 for lane in range(1, 32)}) for r in range(33)]
    more = sum(16 * (b - a) for a, b in zip(together, apart, strict=True))
    for access, passes in (("read", 3), ("write", 1)):
        name = f"global {access} sectors"
        assert row["simulator"][name] + passes * more == row["ncu"][name]

    # warp_per_row_online at 1,000 columns: lanes 0 to 7 have 32 rounds, the others 31: three first, by themselves
    (row,) = (row for row in RECORD["rows"] if "warp_per_row_online" in row["kernel"])
    for access, passes in (("read", 2), ("write", 1)):
        name = f"global {access} requests"
        assert row["simulator"][name] + passes * 33 * 3 == row["ncu"][name]
