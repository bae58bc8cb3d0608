"""Column sums of a (rows, cols) fp32 matrix, tall or wide."""

import torch

from grader.spec import draw, serial, size

sizes = {  # rows gives way first; the largest case is a wide one, and tall ones have few columns
    "rows": size(1, 2**20 - 1, near=(8, 32, 64, 256, 1024, 65_536)),
    "cols": size(1, 8192, near=(4, 32, 64, 128, 256, 1024, 4096)),
}
recipes = ("normal", "constant", "spikes", "ties")


def inputs(g, recipe, rows, cols):
    if recipe == "spikes":  # in every column three rows are nearly all of the sum: each one shows
        x = draw(g, "normal", rows, cols, std=1e-3)
        x[[0, rows // 2, rows - 1]] = 1000.0
        return {"x": x}
    return {"x": draw(g, recipe, rows, cols, mean=0.5)}


def oracle(x, rows, **_):
    return {"out": x.sum(0, dtype=torch.float64), "out__S": x.abs().sum(0, dtype=torch.float64) * serial(rows)}


def library(x, **_):
    return lambda: torch.sum(x, 0)


def workspace(**_):
    return 1 << 20  # 64 sums for each of 4,096 columns


def moved(rows, cols):
    return 4 * cols * (rows + 1)


def flops(rows, cols):
    return cols * rows
