"""RMSNorm of the rows of a bf16 matrix, hidden + pad elements apart; NaN lies between the rows."""

import torch
import torch.nn.functional as F

from grader.spec import draw, size

sizes = {
    "tokens": size(1, 515, near=(4, 8, 32, 83, 256)),
    "hidden": size(1, 16384, near=(8, 32, 256, 768, 1024, 2048, 5120, 8192)),
    "pad": size(0, 24, near=(8,)),
}
recipes = ("normal", "constant", "spikes", "shift", "ends", "tiny", "absorb", "mixed")


def inputs(g, recipe, tokens, hidden, pad):
    x = draw(g, recipe, tokens, hidden, std=1e-3 if recipe == "tiny" else 1.0)  # tiny: the mean of x² is about eps
    if recipe == "ends":
        x[:, 0], x[:, -1] = -500.0, 1000.0  # every row's first and last column must count
    if recipe == "absorb":
        x[:], x[:, : -(-hidden // 64)] = 0.9375, 16.0  # in bf16, 256 + 0.879 is 256
    if recipe == "mixed":
        x[0] = 0.0  # nothing but eps
        x[1:2] *= 1000.0  # its neighbours' sums will not do
    w = draw(g, "normal", hidden, mean=1.0, std=0.1, dtype=torch.bfloat16)
    padded = F.pad(x.to(torch.bfloat16), (0, pad), value=torch.nan)
    return {"x": padded, "x_stride": hidden + pad, "w": w, "eps": 1e-6}


def oracle(x, w, eps, hidden, **_):
    x = x[:, :hidden].double()
    return {"out": x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * w.double()}


def library(x, w, eps, hidden, **_):
    return lambda: F.rms_norm(x[:, :hidden], (hidden,), w, eps)


def moved(tokens, hidden, **_):
    return 4 * tokens * hidden
