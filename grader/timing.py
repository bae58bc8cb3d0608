"""When to stop timing, and what the samples say. Pure: fed numbers, knows no device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate


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
    most: int = 400
    width: float = 0.03  # of the ratio: what a verdict near the threshold needs
    fine: float = 0.01  # of the ratio: narrower than anyone can use
    glance: float = 0.2  # seconds that are given in any case to make it fine: short kernels need many pairs
    early: float = 0.995  # coverage asked for before the end: who looks after every pair finds 95 % by luck too often
    hopeless: float = 0.25  # of the threshold, twice: no more pairs then, if they take
    patience: float = 2.0  # seconds in the learner's calls: a short kernel may have met another process
    beyond: float = 0.02  # of the threshold, once, in as many seconds: no other process takes so long

    def decide(self, ratios: Sequence[float], elapsed: float, calls: float = 0.0) -> Decision:
        """`elapsed`: seconds for all of it; `calls`: those of the learner's calls alone."""
        if calls >= self.patience and max(ratios) < self.threshold * (self.hopeless if ratios[1:] else self.beyond):
            return Decision.CLEAR
        if len(ratios) < self.least:
            return Decision.MORE
        over = len(ratios) >= self.most or elapsed >= self.seconds
        low, high = interval(ratios) if over else interval(ratios, self.early)
        least, most = blurred((low, high))
        clear = least >= self.threshold or most < self.threshold
        far = max(low - self.threshold, self.threshold - high) > high - low
        enough = far or high - low <= self.width * high
        slow = most < self.threshold  # how slow exactly is of no use to anyone
        fine = slow or elapsed >= self.glance or high - low <= self.fine * high
        if clear and (over or (enough and fine)):
            return Decision.CLEAR
        return Decision.NOISY if over else Decision.MORE


SAID = 0.98  # coverage asked for at the end: who stops when it is narrow finds it so by luck, and covers 95
BLUR = 0.001  # of the ratio: by so much two builds of one kernel differ from process to process, whatever the pairs say
NEAR = 0.1  # of the threshold: what a throttled or shared GPU may shift a ratio by


def bounds(ratios: Sequence[float]) -> tuple[float, float]:
    """What is said of the ratio: the interval of the median, and what may be off in all pairs alike."""
    return blurred(interval(ratios))


def blurred(ci: tuple[float, float]) -> tuple[float, float]:
    return ci[0] * (1 - BLUR), ci[1] * (1 + BLUR)


def settle(
    decision: Decision, ci: tuple[float, float], threshold: float, disturbed: bool, broken: bool = False
) -> Decision:
    """On a disturbed GPU no verdict is given near the threshold, on a broken one none at all."""
    near = ci[0] < threshold * (1 + NEAR) and ci[1] > threshold * (1 - NEAR)
    return Decision.NOISY if broken or (disturbed and near) else decision


def interval(values: Sequence[float], coverage: float = SAID) -> tuple[float, float]:
    """Interval of the median, whatever the distribution; the whole range where that covers less than asked.

    Hettmansperger & Sheather, Confidence intervals based on interpolated order statistics (1986). Resampling
    (bootstrap) covers 91 % where 95 are asked of eight values, this one 95.
    """
    data, count = sorted(values), len(values)
    covers = _coverage(count)
    wide = sum(one >= coverage for one in covers[: (count - 1) // 2])
    if not wide:
        return data[0], data[-1]
    excess = (covers[wide - 1] - coverage) / (covers[wide - 1] - covers[wide])
    share = (count - wide) * excess / (wide + (count - 2 * wide) * excess)
    inner, outer = data[wide : count - wide], data[wide - 1 : count - wide + 1]
    return outer[0] + share * (inner[0] - outer[0]), outer[-1] + share * (inner[-1] - outer[-1])


def _coverage(count: int) -> list[float]:
    """Of the intervals from the lowest value to the highest, from the second of each, and so on."""
    binomial = accumulate(range((count - 1) // 2), lambda chosen, k: chosen * (count - k) // (k + 1), initial=1)
    return [1.0 - 2.0 * outside / 2.0**count for outside in accumulate(binomial)]
