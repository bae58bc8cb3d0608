"""Transpose of a (rows, cols) fp32 matrix: bits are moved, none is changed."""

import torch

from grader.spec import draw, size

sizes = {  # rows gives way first; the largest case is a wide one, and tall ones have few columns
    "rows": size(1, 1 << 20, near=(4, 16, 32, 64, 128, 256, 1024, 4096, 65_536, 1 << 20)),
    "cols": size(1, 2048, near=(4, 16, 32, 64, 128, 256, 1024)),
}
recipes = ("index", "normal", "specials")

SPECIALS = (torch.nan, torch.inf, -torch.inf, 3.4e38, 1e-40, 0.0, -1.0)  # 1e-40 is subnormal


def inputs(g, recipe, rows, cols):
    if recipe == "normal":
        return {"in": draw(g, recipe, rows, cols)}
    at = torch.arange(rows * cols, device=g.device).view(rows, cols)
    if recipe == "specials":
        return {"in": torch.tensor(SPECIALS, device=g.device)[(at + at // cols) % len(SPECIALS)]}
    return {"in": (at + 1).float()}  # a wrong element says where it came from; below 2^24 no two are alike


def oracle(**values):  # `in` is a word of Python's
    return {"out": values["in"].double().t().contiguous()}


def library(**values):
    return lambda: values["in"].t().contiguous()


def moved(rows, cols):
    return 8 * rows * cols
