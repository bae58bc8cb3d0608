"""Prefix sum of n 32-bit numbers in 64 bits, with (exclusive = 0) or without (1) the element itself; n may be 0."""

import torch

from grader.spec import integers, size

# A power of two less 1 stays one when it is halved to fit: there is always a last, partial block.
sizes = {"n": size(0, 2**23 - 1, near=(32, 256, 1024, 4096, 65536)), "exclusive": size(0, 1)}
recipes = ("full", "ones", "small", "most", "least")


def inputs(g, recipe, n, exclusive):
    low, high = {
        "full": (-(2**31), 2**31),  # two of these can already overflow 32 bits
        "ones": (1, 2),
        "small": (-8, 8),
        "most": (2**31 - 1, 2**31),  # the sums grow as fast as they can
        "least": (-(2**31), 1 - 2**31),
    }[recipe]
    return {"x": integers(g, low, high, n)}


def oracle(x, exclusive, **_):
    out = torch.cumsum(x, 0, dtype=torch.int64)
    return {"out": out - x if exclusive else out}


def library(x, **_):
    return lambda: torch.cumsum(x, 0, dtype=torch.int64)


def workspace(n, **_):
    return 4096 + 16 * -(-n // 1024)  # two 64-bit words for each 1,024 elements, and some room


def moved(n, exclusive):
    return 12 * n
