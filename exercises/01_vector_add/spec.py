"""c = a + b, fp32: one rounding, so the answer is exact; NaN, ±inf and subnormal numbers included."""

import torch

from grader.spec import draw, integers, size

sizes = {"n": size(0, 5_000_011, near=(4, 32, 256, 1024, 1 << 18, 1 << 20))}
recipes = ("normal", "constant", "spikes", "ties", "specials")

SPECIALS = (0.0, -0.0, 1.0, 1e-40, -1e-40, 3e38, -3e38, torch.inf, -torch.inf, torch.nan)


def inputs(g, recipe, n):
    if recipe == "specials":
        values = torch.tensor(SPECIALS, device=g.device)
        return {name: values[integers(g, 0, len(SPECIALS), n, dtype=torch.int64)] for name in ("a", "b")}
    return {"a": draw(g, recipe, n), "b": draw(g, recipe, n)}


def oracle(a, b, **_):
    return {"c": a.double() + b.double()}


def library(a, b, **_):
    c = torch.empty_like(a)
    return lambda: torch.add(a, b, out=c)


def moved(n):
    return 12 * n
