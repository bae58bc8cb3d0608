"""A/A: one kernel, built twice, against itself. How far from 1 is the ratio, and does the interval cover 1?

python benchmarks/aa.py --seconds 300 [--grades 100] [--sizes "5 µs,50 µs"] [--threshold 0.85] [--competitor]

Wanted (issue 5): |ratio − 1| ≤ 1 % in at least 99 of 100 from 50 µs up, ≤ 2 % below; the interval covers 1 in at least
93 of 100. Writes benchmarks/results/aa-<gpu>.json. The sizes take turns, so that any time limit is fair to them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import duel
from duel import Grade


def main() -> None:
    told = arguments()
    until = time.monotonic() + told.seconds
    first, second = duel.built([duel.text(0, "first"), duel.text(0, "second")])
    name = "aa-competitor" if told.competitor else "aa"
    grades: list[Grade] = []
    with duel.competitor(told.competitor):
        for number in range(told.grades):
            learner, reference = (first, second) if number % 2 else (second, first)
            with duel.workers(len(told.sizes)):
                for size in told.sizes:
                    grades.append(duel.grade(size, told.threshold, learner, reference, seed=1000 * number))
            duel.record(name, vars(told), [asdict(g) for g in grades], table(grades))
            if time.monotonic() > until:
                break
    print(table(grades))


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=300.0, help="stop after this long")
    words.add_argument("--grades", type=int, default=100, help="of each size, at most")
    words.add_argument("--sizes", type=lambda t: t.split(","), default=list(duel.SIZES))
    words.add_argument("--threshold", type=float, default=duel.EXERCISE.threshold, help="nearer to 1: more samples")
    words.add_argument("--competitor", action="store_true", help="another process keeps the GPU busy in bursts")
    return words.parse_args()


def tally(size: str, grades: Sequence[Grade]) -> dict[str, Any]:
    """What the grades of one size say together. Pure."""
    told = [g for g in grades if g.size == size and not g.failed]
    off = sorted(abs(g.ratio - 1) for g in told)
    limit = 0.02 if size in ("5 µs", "20 µs") else 0.01
    return {
        "size": size,
        "grades": len(told),
        "failed": sum(bool(g.failed) for g in grades if g.size == size),
        "us": sorted(g.learner_us for g in told)[len(told) // 2] if told else 0.0,
        "median": off[len(off) // 2] if off else 0.0,
        "p99": off[min(len(off) - 1, int(0.99 * len(off)))] if off else 0.0,
        "limit": limit,
        "within": sum(o <= limit for o in off),
        "covers": sum(g.ci[0] <= 1 <= g.ci[1] for g in told),
        "verdicts": {v: sum(g.verdict == v for g in told) for v in sorted({g.verdict for g in told})},
    }


def table(grades: Sequence[Grade]) -> str:
    lines = [
        "| size | measured | grades | median off 1 | 99th percentile | within limit | covers 1 | verdicts | failed |",
        "|---|--:|--:|--:|--:|--:|--:|---|--:|",
    ]
    for size in dict.fromkeys(g.size for g in grades):
        t = tally(size, grades)
        lines.append(
            f"| {size} | {t['us']:.1f} µs | {t['grades']} | {100 * t['median']:.2f} % | {100 * t['p99']:.2f} % "
            f"| {t['within']} (≤ {100 * t['limit']:.0f} %) | {t['covers']} | {t['verdicts']} | {t['failed']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
