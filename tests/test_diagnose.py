"""Named patterns: each from a failure made for it, and no name where none fits."""

from __future__ import annotations

import pytest
import torch

from grader import layout
from grader.diagnose import Evidence, chart, diagnose
from grader.model import Tolerance

N = 257


def vector() -> torch.Tensor:
    return torch.linspace(1.0, 7.0, N, dtype=torch.float64).sin() * 3


def poison(*shape: int) -> torch.Tensor:
    count = int(torch.tensor(shape).prod())
    return torch.from_numpy(layout.poison(4 * count, 3)).view(torch.float32).reshape(shape).clone()


def named(got: torch.Tensor, want: torch.Tensor, before: torch.Tensor, scale: torch.Tensor | None = None) -> str:
    return diagnose(Evidence("y", got, want, scale, before, Tolerance(rtol=1e-5, atol=1e-7))).pattern


def changed(change: str) -> str:
    want, before = vector(), poison(N)
    got = want.float()
    if change == "unwritten":
        got = before.clone()
    elif change == "holes":
        got[3], got[77] = before[3], before[77]
    elif change == "tail":
        got[256:] = before[256:]
    elif change == "wrong tail":
        got[250:] += 1
    elif change == "overflow":
        got[5], got[9] = torch.inf, torch.nan
    elif change == "garbage":
        got = (want + before.double()).float()
    elif change == "factor":
        got = (want * 1.4426950408889634).float()
    elif change == "precision":
        got = want.half().float()
    elif change == "noise":
        got = torch.randn(N, generator=torch.Generator().manual_seed(5))
    return named(got, want, before)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ("unwritten", "unwritten"),
        ("holes", "unwritten"),
        ("tail", "tail"),
        ("wrong tail", "tail"),
        ("overflow", "overflow"),
        ("garbage", "garbage"),
        ("factor", "factor"),
        ("precision", "precision"),
        ("noise", "unknown"),
    ],
)
def test_pattern(change: str, pattern: str) -> None:
    assert changed(change) == pattern


def test_rows() -> None:
    want, before = torch.randn(8, 33, dtype=torch.float64, generator=torch.Generator().manual_seed(1)), poison(8, 33)
    got = want.float()
    got[1:] = before[1:]
    assert named(got, want, before) == "rows" or named(got, want, before) == "tail"
    got = want.float()
    got[1:] = got[0] * 1.5 + 2
    assert named(got, want, before) in ("rows", "tail")


def test_the_chart_marks_what_is_wrong() -> None:
    wrong = torch.zeros(4, 10, dtype=torch.bool)
    wrong[2, 7] = True
    assert chart(wrong).splitlines() == ["··········", "··········", "·······x··", "··········"]
    assert chart(torch.ones(1 << 20, dtype=torch.bool)) == "x" * 64
    assert chart(torch.tensor(True)) == ""
