"""The top experts of each row of (tokens, experts) logits, with their softmax; topk is k, or all experts if fewer."""

import torch

from grader.spec import draw, integers, size

sizes = {
    "tokens": size(1, 300, near=(8, 32)),
    "experts": size(1, 256, near=(8, 32, 64, 128, 160)),
    "k": size(1, 8),
    "renormalize": size(0, 1),
}
recipes = ("normal", "ties", "offset", "peaked", "masked", "zeros")


def inputs(g, recipe, tokens, experts, k, renormalize):
    topk = min(k, experts)
    x = draw(g, recipe, tokens, experts)
    x = (x * 4096).round() / 4096  # equal, or different enough for fp32 probabilities
    if recipe == "offset":
        x += 100.0  # exp(100) is infinite
    if recipe == "peaked":
        x[torch.arange(tokens, device=g.device), integers(g, 0, experts, tokens, dtype=torch.int64)] += 30.0
    if recipe == "masked":  # any expert but the last topk may be out
        x[:, : experts - topk][torch.rand(tokens, experts - topk, generator=g, device=g.device) < 0.5] = -torch.inf
    if recipe == "zeros":  # 0 and -0 are equal: a tenth of each row; all of the first, but not where time is taken
        some = torch.rand(tokens, experts, generator=g, device=g.device) < 0.1
        some[0] |= tokens < 1000
        x = torch.where(some, torch.where(x < 0, -0.0, 0.0), x - 8.0)
    return {"gating": x, "topk": topk}


def oracle(gating, topk, renormalize, **_):
    x = gating.double() + 0.0  # no -0 left: a sort by bits could tell it from 0
    indices = x.sort(dim=-1, descending=True, stable=True).indices[:, :topk]
    weights = torch.softmax(x, -1).gather(-1, indices)
    return {"weights": weights / weights.sum(-1, keepdim=True) if renormalize else weights, "indices": indices}


def library(gating, topk, **_):
    return lambda: torch.softmax(gating, -1).topk(topk, -1)


def moved(tokens, experts, k, renormalize):
    return tokens * (4 * experts + 8 * min(k, experts))
