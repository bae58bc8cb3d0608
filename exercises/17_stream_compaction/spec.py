"""The elements of x above a threshold, in order; about `keep` percent of n pass. What is behind them stays."""

import torch

from grader.spec import draw, size

# A power of two less 1 stays one when it is halved to fit: there is always a last, partial block.
sizes = {"n": size(1, 2**23 - 1, near=(32, 256, 1024, 4096, 65536)), "keep": size(0, 100, near=(50, 100))}
recipes = ("normal", "equal", "specials", "stretches")

THRESHOLD = 0.5


def inputs(g, recipe, n, keep):
    kept = torch.rand(n, generator=g, device=g.device) < keep / 100
    if recipe == "stretches":  # thousands in a row are kept, then thousands are not: blocks of nothing, blocks of all
        kept = torch.arange(n, device=g.device) % 10_000 < 100 * keep
    away = draw(g, "normal", n).abs()
    above, below = THRESHOLD + away, THRESHOLD - away
    if recipe == "equal":
        below[:] = THRESHOLD  # not greater
    if recipe == "specials":
        above[::3], below[::3], below[1::3] = torch.inf, torch.nan, -torch.inf
    return {"x": torch.where(kept, above, below), "threshold": THRESHOLD}


def oracle(x, threshold, **_):
    kept = x[x > threshold]
    return {"out": kept.double(), "count": torch.tensor([kept.numel()], device=x.device)}


def outputs(n, **_):
    return {"out": (n,), "count": (1,)}  # the oracle's out is shorter: the rest must stay as it was


def library(x, threshold, **_):
    return lambda: x[x > threshold]


def workspace(n, **_):
    return 4096 + 16 * -(-n // 1024)  # two 64-bit words for each 1,024 elements, and some room


def moved(n, keep):
    return 4 * n + 4 * (n * keep // 100)
