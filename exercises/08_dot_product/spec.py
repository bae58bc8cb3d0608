"""Dot product of two fp16 vectors into one fp32 number; both may start at any element."""

import torch

from grader.spec import draw, serial, size

# A power of two less 1 stays one when it is halved to fit: there is always a tail.
sizes = {"n": size(1, 2**23 - 1, near=(8, 32, 256, 1024, 4096, 65536))}
recipes = ("normal", "constant", "spikes", "ties")


def inputs(g, recipe, n):
    if recipe == "spikes":  # three products are nearly all of the sum: each one shows
        a = draw(g, "normal", n, mean=1.0, std=0.1, dtype=torch.float16)
        return {"a": a, "b": draw(g, recipe, n, std=1e-3, dtype=torch.float16)}
    a, b = (draw(g, recipe, n, mean=0.25, dtype=torch.float16) for _ in range(2))
    return {"a": a, "b": b}


def oracle(a, b, n, **_):
    products = a.float() * b.float()  # 11 + 11 bits: exact in fp32
    magnitude = products.abs().sum(dtype=torch.float64)
    return {"out": products.sum(dtype=torch.float64)[None], "out__S": magnitude[None] * serial(n)}


def library(a, b, **_):
    return lambda: torch.dot(a, b)  # cublasDotEx; adds in fp32 as we do, but rounds its answer to fp16


def workspace(**_):
    return 1 << 20  # 4 KiB for each of 256 SMs


def moved(n):
    return 4 * n


def flops(n):
    return 2 * n
