"""When to stop timing, and what the samples say. Pure: fed numbers, knows no device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

RESAMPLES = 2000


class Decision(Enum):
    MORE = "more samples are needed"
    CLEAR = "the interval lies on one side of the threshold"
    NOISY = "the budget is spent and the interval straddles the threshold"


@dataclass(frozen=True)
class Rule:
    """Stop when the interval clears the threshold and is narrow, or when the budget ends."""

    threshold: float
    seconds: float = 8.0
    least: int = 8  # pairs: fewer say nothing of the spread
    most: int = 60
    width: float = 0.03  # of the ratio: narrower than anyone can use
    early: float = 0.995  # coverage asked for before the end: who looks after every pair finds 95 % by luck too often
    hopeless: float = 0.1  # of the threshold, each time: no more pairs then, if they take
    patience: float = 2.0  # seconds together: a short kernel may have met another process

    def decide(self, ratios: Sequence[float], elapsed: float) -> Decision:
        if len(ratios) >= 2 and elapsed >= self.patience and max(ratios) < self.hopeless * self.threshold:
            return Decision.CLEAR
        if len(ratios) < self.least:
            return Decision.MORE
        over = len(ratios) >= self.most or elapsed >= self.seconds
        low, high = interval(ratios) if over else interval(ratios, self.early)
        clear = low >= self.threshold or high < self.threshold
        far = max(low - self.threshold, self.threshold - high) > high - low
        if clear and (over or far or high - low <= self.width * high):
            return Decision.CLEAR
        if over:
            return Decision.NOISY
        return Decision.MORE


NEAR = 0.1  # of the threshold: what a throttled or shared GPU may shift a ratio by


def settle(
    decision: Decision, ci: tuple[float, float], threshold: float, disturbed: bool, broken: bool = False
) -> Decision:
    """On a disturbed GPU no verdict is given near the threshold, on a broken one none at all."""
    near = ci[0] < threshold * (1 + NEAR) and ci[1] > threshold * (1 - NEAR)
    return Decision.NOISY if broken or (disturbed and near) else decision


def median(values: Sequence[float]) -> float:
    return float(np.median(values))


def interval(values: Sequence[float], coverage: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of the median (Efron & Tibshirani, An Introduction to the Bootstrap, ch. 13).

    The random numbers are fixed, so that the same samples always give the same verdict.
    """
    data = np.asarray(values, dtype=float)
    picks = np.random.default_rng(0).integers(0, len(data), (RESAMPLES, len(data)))
    medians = np.median(data[picks], axis=1)
    tail = 50 * (1 - coverage)
    low, high = np.percentile(medians, (tail, 100 - tail))
    return float(low), float(high)
