"""residual += x, rounded to bf16; x = RMSNorm of that, times w: two bf16 matrices, both in place."""

import torch
import torch.nn.functional as F

from grader.spec import draw, integers, size

sizes = {
    "tokens": size(1, 515, near=(4, 8, 32, 83, 256)),
    "hidden": size(1, 16384, near=(8, 32, 256, 768, 1024, 2048, 5120, 8192)),
}
recipes = ("normal", "constant", "spikes", "ends", "tiny", "absorb", "halfway", "cancel")


def inputs(g, recipe, tokens, hidden):
    small = 1e-3 if recipe == "tiny" else 1.0  # tiny: the mean square is about eps
    x, r = (draw(g, recipe, tokens, hidden, std=std * small) for std in (1.0, 4.0))
    if recipe == "ends":
        x[:, 0], r[:, -1] = -500.0, 1000.0  # every row's first and last column must count
    if recipe == "absorb":
        x[:], x[:, : -(-hidden // 64)] = 0.4375, 8.0
        r = x + 0.0625 * (x < 1)  # sums of 0.9375 and 16: squares of 0.879 and 256, and in bf16 256 + 0.879 is 256
    if recipe == "halfway":  # between two bf16 numbers, to the even one
        r = (integers(g, 128, 256, tokens, hidden) / 128.0) * (1 - 2 * integers(g, 0, 2, tokens, hidden))
        x = (1 - 2 * integers(g, 0, 2, tokens, hidden)) / 256.0
    if recipe == "cancel":
        r[:, ::2] = -x[:, ::2].to(torch.bfloat16).float()  # half of the sums are 0, as is all of a row of one
    w = draw(g, "normal", hidden, mean=1.0, std=0.1, dtype=torch.bfloat16)
    return {"x": x.to(torch.bfloat16), "residual": r.to(torch.bfloat16), "w": w, "eps": 1e-6}


def oracle(x, residual, w, eps, **_):
    r = (x.float() + residual.float()).to(torch.bfloat16).double()  # rounded first: the norm reads what is stored
    return {"residual": r, "x": r * torch.rsqrt(r.square().mean(-1, keepdim=True) + eps) * w.double()}


def library(x, residual, w, eps, hidden, **_):
    return lambda: F.rms_norm(residual.add_(x), (hidden,), w, eps)


def moved(tokens, hidden):
    return 8 * tokens * hidden
