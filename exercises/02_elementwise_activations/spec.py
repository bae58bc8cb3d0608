"""y = f(x), fp32, for f = relu, sigmoid, tanh, silu, gelu (erf), gelu (tanh): op 0 to 5."""

import torch
import torch.nn.functional as F

from grader.spec import draw, integers, size

sizes = {"n": size(1, 8_000_771, near=(4, 32, 256, 1024, 1 << 18, 1 << 20)), "op": size(0, 5, near=(1, 4))}
recipes = ("normal", "constant", "specials", "wide")

FUNCTIONS = (F.relu, torch.sigmoid, torch.tanh, F.silu, F.gelu, lambda x: F.gelu(x, approximate="tanh"))
SPECIALS = (0.0, -0.0, 1e-3, -1e-3, 20.0, -20.0, 88.0, -88.0, 1e4, -1e4, torch.inf, -torch.inf, torch.nan)


def inputs(g, recipe, n, op):
    if recipe == "specials":
        x = torch.tensor(SPECIALS, device=g.device)[integers(g, 0, len(SPECIALS), n, dtype=torch.int64)]
        if op >= 3:
            x[x == -torch.inf] = -1e4  # -inf · 0: some right formulas give 0, others NaN
        return {"x": x}
    return {"x": draw(g, recipe, n, std=60.0 if recipe == "wide" else 3.0)}


def oracle(x, op, **_):
    return {"y": FUNCTIONS[op](x.double())}


def library(x, op, **_):
    return lambda: FUNCTIONS[op](x)


def moved(n, op):
    return 8 * n
