"""Two attention states, of a prefix and a suffix of the keys, become one; an infinite LSE says that a side is empty."""

import torch

from grader.spec import draw, integers, size

sizes = {
    "tokens": size(1, 700, near=(2, 32, 256, 512)),
    "heads": size(1, 20, near=(8, 16)),
    "eighths": size(1, 32, near=(4, 8, 16)),  # head_size is 8 times that
}
recipes = ("normal", "ties", "large", "empty", "cancel")


def inputs(g, recipe, tokens, heads, eighths):
    prefix, suffix = (draw(g, "normal", tokens, heads, 8 * eighths, dtype=torch.bfloat16) for _ in range(2))
    if recipe == "cancel":
        suffix = -prefix  # what is left is the difference of the weights
    a, b = (draw(g, recipe, heads, tokens, std=1.0 if recipe == "cancel" else 5.0) for _ in range(2))
    if recipe == "large":  # exp overflows on one side, is 0 on the other
        a, b = a + 300, b + torch.where(torch.rand(heads, tokens, generator=g, device=g.device) < 0.5, 300, -300)
    if recipe == "empty":  # of each side half; which infinity says so differs
        for lse in (a, b):
            kind = integers(g, 0, 4, heads, tokens)
            lse[kind == 0], lse[kind == 1] = -torch.inf, torch.inf
        a[0, 0], b[0, 0] = -torch.inf, torch.inf  # both at once
    scalars = {"head_size": 8 * eighths}
    return {"prefix": prefix, "prefix_lse": a, "suffix": suffix, "suffix_lse": b} | scalars


def oracle(prefix, prefix_lse, suffix, suffix_lse, **_):
    lse = torch.stack([prefix_lse, suffix_lse]).double()
    lse.masked_fill_(lse.isinf(), -torch.inf)
    weight = torch.softmax(lse, 0).mT[..., None]  # [side, token, head, 1]
    weight[:, weight[0].isnan()] = torch.tensor([[1.0], [0.0]], dtype=lse.dtype, device=lse.device)  # both empty
    states = torch.stack([prefix, suffix]).double()
    out, magnitude = (weight * states).sum(0), states.abs().sum(0)  # a weight may be 1 less the other
    return {"out": out, "out__S": magnitude, "out_lse": torch.logsumexp(lse, 0)}


def library(prefix, prefix_lse, suffix, suffix_lse, **_):
    def merge():
        weight = torch.sigmoid(prefix_lse - suffix_lse).mT[..., None].bfloat16()
        return torch.lerp(suffix, prefix, weight), torch.logaddexp(prefix_lse, suffix_lse)

    return merge


def moved(tokens, heads, eighths):
    return tokens * heads * (48 * eighths + 12)
