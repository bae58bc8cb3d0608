"""Maximum and sum of exp(x - maximum) of each row of a (rows, cols) fp32 matrix; no row is all -inf."""

import torch

from grader.spec import draw, integers, size

sizes = {"rows": size(1, 70), "cols": size(1, 131072, near=(32, 256, 1024, 4096, 16384, 32768))}
recipes = ("normal", "constant", "shift", "ascending", "descending", "masked", "alone", "last", "low")


def inputs(g, recipe, rows, cols):
    x = draw(g, recipe, rows, cols, std=2.0)
    if recipe in ("ascending", "descending"):  # the running maximum moves at every step, or never after the first
        place = torch.arange(cols, device=g.device) + torch.rand(rows, cols, generator=g, device=g.device)
        x = place * (80 / cols) - 40
        x = x.flip(1) if recipe == "descending" else x
    if recipe == "masked":
        x[:, : cols // 2] = -torch.inf  # an attention mask's prefix
    if recipe == "alone":  # one element of a row is finite: most threads see nothing but -inf
        kept = integers(g, 0, cols, rows, 1, dtype=torch.int64)
        x = torch.full_like(x, -torch.inf).scatter_(1, kept, x.gather(1, kept))
    if recipe == "last":
        x[:, -1] = 30.0  # all the weight on the last column
    if recipe == "low":
        x -= 1e4  # a running maximum that starts at 0 leaves a sum of 0
    return {"x": x}


def oracle(x, cols, **_):
    m = x.amax(-1)
    l = (x.double() - m.double()[:, None]).exp_().sum(-1)  # noqa: E741
    return {"m": m.double(), "l": l, "l__S": l * (cols / 64)}  # a serial sum loses the terms below half an ulp of it


def library(x, **_):
    return lambda: torch.logsumexp(x, -1)


def moved(rows, cols):
    return 4 * rows * cols + 8 * rows
