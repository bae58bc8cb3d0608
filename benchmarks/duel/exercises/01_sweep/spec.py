"""y = passes · x in whole numbers. Not a learner's exercise: aa.py and ab.py time variants of it."""

import torch

from grader.spec import integers, size

sizes = {"n": size(0, 1 << 20, near=(4, 1024)), "passes": size(1, 4)}
recipes = ("normal",)


def inputs(g, recipe, n, passes):
    return {"x": integers(g, -1000, 1000, n)}


def oracle(x, passes, **_):
    return {"y": x.long() * passes}


def library(x, passes, **_):
    y = torch.empty_like(x)
    return lambda: torch.mul(x, passes, out=y)


def moved(n, passes):
    return 8 * n
