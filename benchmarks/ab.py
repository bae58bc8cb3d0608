"""A/B: the same kernel with 2 %, 5 % or 10 % more memory traffic. Is it found, and is it ever reversed?

python benchmarks/ab.py --seconds 300 [--grades 20] [--sizes "50 µs,1 ms"] [--percents 2,5,10] [--competitor]

The slow one is learner and reference in turn; the threshold lies half-way, so that the right verdict is SLOW, then
PASS. NOISY is allowed, the opposite verdict is wrong. Writes benchmarks/results/ab-<gpu>.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import sqrt
from typing import Any

import duel
from duel import Grade

from grader.model import Build


@dataclass(frozen=True)
class Bout:
    """One grading, and which of the two was the slow one."""

    percent: int
    slow_learner: bool
    grade: Grade

    @property
    def found(self) -> bool:
        """The whole interval lies on the right side of 1."""
        low, high = self.grade.ci
        return high < 1 if self.slow_learner else low > 1

    @property
    def reversed(self) -> bool:
        low, high = self.grade.ci
        return low > 1 if self.slow_learner else high < 1

    @property
    def wrong(self) -> bool:
        return self.grade.verdict == ("PASS" if self.slow_learner else "SLOW")


def main() -> None:
    told = arguments()
    until = time.monotonic() + told.seconds
    plain, *slower = duel.built([duel.text(p, "plain") for p in (0, *told.percents)])
    name = "ab-competitor" if told.competitor else "ab"
    bouts: list[Bout] = []
    with duel.competitor(told.competitor):
        for number in range(told.grades):
            with duel.workers(len(told.sizes) * len(slower)):
                for size, (percent, slow) in product(told.sizes, zip(told.percents, slower, strict=True)):
                    bouts.append(bout(size, percent, slow, plain, number))
            duel.record(name, vars(told), [_plain(b) for b in bouts], table(bouts))
            if time.monotonic() > until:
                break
    print(table(bouts))


def bout(size: str, percent: int, slow: Build, plain: Build, number: int) -> Bout:
    slow_learner, half = number % 2 == 0, sqrt(1 + percent / 100)
    learner, reference = (slow, plain) if slow_learner else (plain, slow)
    threshold = 1 / half if slow_learner else half
    return Bout(percent, slow_learner, duel.grade(size, threshold, learner, reference, seed=1000 * number))


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=300.0, help="stop after this long")
    words.add_argument("--grades", type=int, default=20, help="of each size and slowdown, at most")
    words.add_argument("--sizes", type=lambda t: t.split(","), default=["50 µs", "1 ms"])
    words.add_argument("--percents", type=lambda t: [int(p) for p in t.split(",")], default=[2, 5, 10])
    words.add_argument("--competitor", action="store_true", help="another process keeps the GPU busy in bursts")
    return words.parse_args()


def _plain(b: Bout) -> dict[str, Any]:
    return asdict(b.grade) | {"percent": b.percent, "slow": "learner" if b.slow_learner else "reference"}


def tally(size: str, percent: int, bouts: Sequence[Bout]) -> dict[str, Any]:
    """What the bouts of one size and slowdown say together. Pure."""
    told = [b for b in bouts if b.grade.size == size and b.percent == percent]
    well = [b for b in told if not b.grade.failed]
    slowdowns = sorted(1 / b.grade.ratio if b.slow_learner else b.grade.ratio for b in well)
    return {
        "grades": len(well),
        "slowdown": slowdowns[len(slowdowns) // 2] if slowdowns else 0.0,
        "found": sum(b.found for b in well),
        "reversed": sum(b.reversed for b in well),
        "noisy": sum(b.grade.verdict == "NOISY" for b in well),
        "wrong": sum(b.wrong for b in well),
        "failed": len(told) - len(well),
    }


def table(bouts: Sequence[Bout]) -> str:
    names = ("grades", "slowdown", "found", "reversed", "noisy", "wrong", "failed")
    lines = [
        "| size | extra traffic | grades | median slowdown | detected | reversed | NOISY | wrong verdict | failed |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size, percent in dict.fromkeys((b.grade.size, b.percent) for b in bouts):
        t = tally(size, percent, bouts) | {}
        t["slowdown"] = f"{100 * (t['slowdown'] - 1):.2f} %"
        lines.append(f"| {size} | {percent} % | " + " | ".join(str(t[name]) for name in names) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
