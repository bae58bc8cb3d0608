"""Rows of bf16 -> fp8 (E4M3) codes and one fp32 scale per row; scale_ub is one float or null; x is finite."""

import torch

from grader.spec import draw, integers, size

sizes = {"tokens": size(1, 300, near=(32,)), "hidden": size(1, 20000, near=(8, 32, 256, 1024, 5137, 8192))}
recipes = ("normal", "bounded", "halfway", "zero_rows", "tiny", "outlier", "magnitudes", "loose")

FP8, LEAST = torch.float8_e4m3fn, 1.0 / (448.0 * 512.0)
MARGIN = 2.0**-20  # 8 times what x * (1 / scale) in fp32 may be off
BOUNDS = {"bounded": 3.0, "loose": 1e4}  # in the other recipes scale_ub is null


def inputs(g, recipe, tokens, hidden):
    x = draw(g, recipe, tokens, hidden, std=1e-4 if recipe == "tiny" else 2.0)  # 1e-4: below the smallest scale
    if recipe == "halfway":  # the scale is 1, and all codes but one are ties
        codes = torch.arange(127, dtype=torch.uint8, device=g.device).view(FP8).float()
        signs = 2 * integers(g, 0, 2, tokens, hidden) - 1
        x = ((codes[1:] + codes[:-1]) / 2)[integers(g, 0, 126, tokens, hidden)] * signs
        x[:, -1] = 448.0
    if recipe == "zero_rows":
        x[::3] = 0.0
    if recipe in ("outlier", "bounded"):
        x[:, -1] = 300.0
    if recipe == "magnitudes":
        x *= torch.exp2(integers(g, -10, 61, tokens, 1).float())  # a neighbour's scale will not do
    bound = torch.full((1,), BOUNDS[recipe], device=g.device) if recipe in BOUNDS else None
    return {"x": x.to(torch.bfloat16), "scale_ub": bound}


def scaled(x, bound):
    top = x.abs().amax(-1, keepdim=True).clamp(max=torch.inf if bound is None else float(bound))
    return (top / 448).clamp(min=LEAST)


def oracle(x, scale_ub, **_):
    v, scale = x.double(), scaled(x.double(), scale_ub)
    slack = torch.where(torch.frexp(scale)[0] == 0.5, 0.0, MARGIN)  # a power of two: only the code is rounded
    code, low, high = ((v / scale * (1 + s * slack)).clamp(-448, 448).to(FP8).double() for s in (0, -1, 1))
    return {"q": code, "q__S": (high - low).abs() * 2**24, "scale": scale[:, 0]}


def library(x, scale_ub, **_):
    return lambda: (x / scaled(x.float(), None)).clamp(-448, 448).to(FP8)  # scale_ub is null where this is timed


def moved(tokens, hidden):
    return 3 * tokens * hidden + 4 * tokens
