"""y = f(x), fp32, for f = relu, sigmoid, tanh, silu, gelu (erf), gelu (tanh): op 0 to 5."""

import torch
import torch.nn.functional as F

from grader.spec import draw, integers, size

sizes = {"n": size(1, 8_000_771, near=(4, 32, 256, 1024, 1 << 18, 1 << 20)), "op": size(0, 5, near=(1, 4))}
recipes = ("normal", "specials", "wide")

FUNCTIONS = (F.relu, torch.sigmoid, torch.tanh, F.silu, F.gelu, lambda x: F.gelu(x, approximate="tanh"))
SPECIALS = (torch.nan, 1e4, -1e4, torch.inf, 88.0, -88.0, 20.0, -20.0, 1e-3, -1e-3, 0.0, -0.0, -torch.inf)


def inputs(g, recipe, n, op):
    x = draw(g, "normal", n, std=60.0 if recipe == "wide" else 3.0)
    values = torch.tensor(SPECIALS if op < 3 else SPECIALS[:-1], device=g.device)  # -inf · 0 is a matter of taste
    if recipe == "specials":
        x = values[torch.arange(n, device=g.device) % len(values)]
    if recipe == "wide":  # half of it specials: each op must meet them in a few dozen cases
        chosen = values[integers(g, 0, len(values), n, dtype=torch.int64)]
        x = torch.where(torch.rand(n, generator=g, device=g.device) < 0.5, chosen, x)
    return {"x": x}


def oracle(x, op, **_):
    return {"y": FUNCTIONS[op](x.double())}


def library(x, op, **_):
    return lambda: FUNCTIONS[op](x)


def moved(n, op):
    return 8 * n
