"""y = W·x for fp16 weights W of (N, K) and one vector x, summed in fp32 and rounded once; K = 8 · packs."""

import torch

from grader.spec import draw, serial, size

sizes = {  # N gives way first, and stays odd when it is halved to fit
    "N": size(1, 4421, near=(2, 4, 8, 32, 37, 256)),
    "packs": size(1, 1793, near=(2, 32, 64, 128, 256, 512, 1024, 1792)),
}
recipes = ("normal", "constant", "ties", "spikes", "cancel")


def inputs(g, recipe, N, packs):
    K = 8 * packs
    drawn = recipe if recipe in ("constant", "ties") else "normal"
    W = draw(g, drawn, N, K)
    x = draw(g, drawn, K, std=K**-0.5)
    if recipe == "spikes":  # three values of k are the most of every sum: each one shows
        W[:, [0, K // 2, K - 1]] += 100.0
    if recipe == "cancel":  # the second half of a sum takes back the first, all but a little of it
        W[:, K // 2 :] = W[:, : K // 2]
        x[K // 2 :] = 0.1 * x[K // 2 :] - x[: K // 2]
    return {"W": W.half(), "x": x.half(), "K": K}


def oracle(W, x, K, **_):
    w, v = W.double(), x.double()
    whole = (v == v.round()).all()  # then fp32 adds exactly, and only the last rounding is left
    return {"y": w @ v, "y__S": (w.abs() @ v.abs()) * (0 if whole else serial(K))}


def library(W, x, **_):
    return lambda: torch.mv(W, x)  # cuBLAS, fp32 sums


def moved(N, packs):
    return 2 * (N * 8 * packs + 8 * packs + N)


def flops(N, packs):
    return 2 * N * 8 * packs
