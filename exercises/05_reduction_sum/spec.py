"""Sum of n fp32 numbers into one; n may be 0."""

import torch

from grader.spec import draw, serial, size

# A power of two less 1 stays one when it is halved to fit: there is always a last, partial block.
sizes = {"n": size(0, 2**23 - 1, near=(32, 256, 1024, 4096, 65536))}
recipes = ("normal", "constant", "spikes", "ties")


def inputs(g, recipe, n):
    if recipe == "spikes":
        return {"x": draw(g, recipe, n, std=1e-3)}  # the spikes are nearly all of the sum: each one shows
    return {"x": draw(g, recipe, n, mean=0.5)}


def oracle(x, n, **_):
    magnitude = x.abs().sum(dtype=torch.float64)
    return {"out": x.sum(dtype=torch.float64)[None], "out__S": magnitude[None] * serial(n)}


def library(x, **_):
    return lambda: torch.sum(x)


def workspace(**_):
    return 1 << 20  # 4 KiB for each of 256 SMs


def moved(n):
    return 4 * n


def flops(n):
    return n
