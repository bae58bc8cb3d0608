"""Scores of one query per sequence against its keys; -inf from seq_lens[s] on, where k is undefined (NaN)."""

import math

import torch

from grader.spec import draw, serial, size

sizes = {
    "max_len": size(1, 1300, near=(8, 32, 128, 256, 1024)),
    "num_seqs": size(1, 9),
    "eighths": size(1, 16, near=(4, 8)),  # head_dim is 8 times that
    "ragged": size(0, 1),  # 0: all sequences are max_len long
}
recipes = ("normal", "constant", "spikes", "ties")


def inputs(g, recipe, max_len, num_seqs, eighths, ragged):
    q = draw(g, recipe, num_seqs, 8 * eighths)
    k = draw(g, recipe, num_seqs, max_len, 8 * eighths)
    lens = torch.full((num_seqs,), float(max_len), device=g.device)
    if ragged and num_seqs > 1:  # from 1 to max_len in equal steps, in random order: always the same number of keys
        lens = torch.linspace(1, max_len, num_seqs, device=g.device).round()
        lens = lens[torch.randperm(num_seqs, generator=g, device=g.device)]
    k.masked_fill_((torch.arange(max_len, device=g.device) >= lens[:, None])[..., None], torch.nan)
    scale = (1.0 if ragged else 0.75) / math.sqrt(8 * eighths)  # not always the usual one
    return {"q": q, "k": k, "seq_lens": lens.int(), "head_dim": 8 * eighths, "scale": scale}


def oracle(q, k, seq_lens, max_len, head_dim, scale, **_):
    q, k = scale * q.double()[..., None], k.double()
    beyond = torch.arange(max_len, device=k.device) >= seq_lens[:, None]
    logits = (k @ q)[..., 0].masked_fill(beyond, -torch.inf)
    magnitude = (k.abs() @ q.abs())[..., 0].masked_fill(beyond, 0.0)
    return {"logits": logits, "logits__S": magnitude * serial(head_dim)}


def library(q, k, scale, **_):
    return lambda: scale * torch.einsum("sd,std->st", q, k)  # reads all keys, and masks none


def moved(max_len, num_seqs, eighths, ragged):
    keys = num_seqs * (max_len + 1) // 2 if ragged and num_seqs > 1 else num_seqs * max_len
    return 32 * eighths * (keys + num_seqs) + 4 * num_seqs * (max_len + 1)


def flops(max_len, num_seqs, eighths, ragged):
    return 16 * eighths * num_seqs * (max_len // 2 if ragged else max_len)
