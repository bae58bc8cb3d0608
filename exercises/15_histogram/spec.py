"""Histogram of n whole numbers in 0 … bins - 1; `hot` percent of them are in one bin. n may be 0."""

import torch

from grader.spec import integers, size

# Halved to fit the simulator, the largest n is 93,751: odd, and more than 16 bits can count.
sizes = {
    "n": size(0, 12_000_255, near=(32, 256, 1024, 4096, 65536)),
    "bins": size(1, 8192, near=(2, 32, 256, 1024, 4096, 8192)),
    "hot": size(0, 100, near=(40, 90, 100)),
}
recipes = ("last", "first", "ends", "sorted")


def inputs(g, recipe, n, bins, hot):
    x = integers(g, 0, bins, n)
    crowd = torch.rand(n, generator=g, device=g.device) < hot / 100
    x[crowd] = 0 if recipe == "first" else bins - 1
    if recipe == "ends":  # nothing but the first and the last bin
        x = torch.where(x < bins // 2, 0, bins - 1).int()
    return {"x": x.sort().values if recipe == "sorted" else x}  # sorted: whole warps in one bin


def oracle(x, bins, **_):
    return {"hist": torch.bincount(x, minlength=bins)}


def library(x, bins, **_):
    return lambda: torch.bincount(x, minlength=bins)


def moved(n, bins, hot):
    return 4 * n + 4 * bins
