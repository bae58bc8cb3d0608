"""out[t, c] = silu(x[t, c]) · x[t, d + c] for a (tokens, 2d) bf16 matrix."""

import torch
import torch.nn.functional as F

from grader.spec import draw, size

sizes = {
    "tokens": size(1, 515, near=(4, 8, 32, 83, 256)),
    "d": size(1, 16384, near=(8, 32, 64, 256, 512, 1024, 2048, 4096, 13824)),
}
recipes = ("normal", "constant", "spikes", "ties", "wide", "halves")


def inputs(g, recipe, tokens, d):
    x = draw(g, recipe, tokens, 2 * d, std=30.0 if recipe == "wide" else 3.0)
    if recipe == "wide":
        x[::2, 0], x[1::2, 0] = -100.0, 100.0  # e^100 is infinite in fp32
    if recipe == "halves":  # gate and up are of different size: exchanging them shows at once
        x[:, :d] -= 8.0
        x[:, d:] *= 100.0
    return {"x": x.to(torch.bfloat16)}


def oracle(x, **_):
    gate, up = x.double().chunk(2, -1)
    return {"out": F.silu(gate) * up}


def library(x, d, **_):
    return lambda: F.silu(x[:, :d]) * x[:, d:]


def moved(tokens, d):
    return 6 * tokens * d


def flops(tokens, d):
    return 5 * tokens * d
