"""Attention of fp16 tensors with grouped heads; causal is aligned bottom-right: query i sees keys 0 to i + Sk - Sq."""

import math

import torch
import torch.nn.functional as F

from grader.spec import draw, serial, size

EDGES = (16, 32, 64, 128, 256)  # Hq = Hkv · group; D is 128 where `wide`, else 64
sizes = {"B": size(1, 2), "group": size(1, 8), "Hkv": size(1, 3), "Sq": size(1, 300, EDGES), "Sk": size(1, 260, EDGES)}
sizes |= {"wide": size(0, 1), "causal": size(0, 1)}
recipes = ("normal", "uniform", "late", "large")


def inputs(g, recipe, B, group, Hkv, Sq, Sk, wide, causal):
    D, Hq = 128 if wide else 64, Hkv * group
    q = draw(g, "normal", B, Hq, Sq, D, std=0 if recipe == "uniform" else 2)  # all scores 0: a padded key counts fully
    k, v = (draw(g, "normal", B, Hkv, Sk, D, mean=mean, std=std) for mean, std in ((0, 2), (0.5, 1)))
    if recipe == "late":
        k[:, :, -1] *= 3  # the maximum moves at the very end
    if recipe == "large":  # scores around 120: exp overflows without the maximum
        q, k = q + 11 / D**0.25, k + 11 / D**0.25
    return {"q": q.half(), "k": k.half(), "v": v.half(), "Hq": Hq, "D": D}


def oracle(q, k, v, group, Sq, Sk, D, causal, **_):
    o, S, lse = (torch.empty(q.shape[:n], dtype=torch.float64, device=q.device) for n in (4, 4, 3))
    hidden = torch.ones(Sq, Sk, dtype=torch.bool, device=q.device).triu(1 + Sk - Sq) if causal else None
    for b, h in torch.cartesian_prod(*(torch.arange(n) for n in q.shape[:2])).tolist():  # one at a time: S × S is large
        qh, kh, vh = q[b, h].double() / math.sqrt(D), k[b, h // group].double(), v[b, h // group].double()
        score, moves = qh @ kh.mT, qh.abs() @ kh.abs().mT
        score = score if hidden is None else score.masked_fill_(hidden, -torch.inf)
        lse[b, h] = torch.logsumexp(score, -1)
        p = torch.softmax(score, -1).nan_to_num_(0.0)  # a query that sees no key gets 0
        o[b, h], S[b, h] = p @ vh, (p * (8 + moves * serial(D))) @ vh.abs() * serial(Sk)
    return {"o": o, "o__S": S, "lse": lse}


def library(q, k, v, causal, **_):
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=bool(causal), enable_gqa=True)


def moved(B, group, Hkv, Sq, Sk, wide, **_):
    return B * Hkv * ((128 << wide) * 2 * (group * Sq + Sk) + 4 * group * Sq)


def flops(B, group, Hkv, Sq, Sk, wide, causal):
    return B * Hkv * group * (256 << wide) * (sum(max(0, Sk - n) for n in range(Sq)) if causal else Sq * Sk)
