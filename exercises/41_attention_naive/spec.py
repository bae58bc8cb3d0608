"""Attention of B·H heads with S tokens each, fp32; D is 32 · 2^doublings. With causal, token i sees tokens 0 to i."""

import math

import torch
import torch.nn.functional as F

from grader.spec import draw, serial, size

sizes = {"B": size(1, 2), "H": size(1, 3), "S": size(1, 300, near=(2, 16, 32, 64, 128, 256))}
sizes |= {"doublings": size(0, 2), "causal": size(0, 1)}
recipes = ("normal", "uniform", "large", "spikes")


def inputs(g, recipe, B, H, S, doublings, causal):
    D = 32 << doublings
    q, k, v = (draw(g, "normal", B, H, S, D, mean=mean, std=std) for mean, std in ((0, 2), (0, 2), (0.5, 1)))
    if recipe == "uniform":
        q *= 0  # all keys weigh the same: every dropped one shows
    if recipe == "large":  # scores around 120: exp overflows without the maximum
        q, k = q + 11 / D**0.25, k + 11 / D**0.25
    if recipe == "spikes":  # in one column of the first, middle and last token
        v[..., [0, S // 2, S - 1], 0] = 1000.0
    return {"q": q, "k": k, "v": v, "D": D}


def oracle(q, k, v, S, D, causal, **_):
    q, k, v = q.double() / math.sqrt(D), k.double(), v.double()
    score, moves = q @ k.mT, q.abs() @ k.abs().mT
    if causal:
        score.masked_fill_(torch.ones(S, S, dtype=torch.bool, device=q.device).triu(1), -torch.inf)
    p = torch.softmax(score, -1)
    return {"o": p @ v, "o__S": (p * (8 + moves * serial(D))) @ v.abs() * serial(S)}


def library(q, k, v, causal, **_):
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=bool(causal))


def workspace(B, H, S, **_):
    return 4 * B * H * S * S


def moved(B, H, S, doublings, **_):
    return 16 * B * H * S * (32 << doublings)


def flops(B, H, S, doublings, causal):
    return 4 * B * H * (32 << doublings) * (S * (S + 1) // 2 if causal else S * S)
