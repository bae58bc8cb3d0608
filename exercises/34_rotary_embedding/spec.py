"""Rotary embedding of q and k in place: the first rot_dim elements of each head turn, the other `rest` stay."""

import torch

from grader.spec import draw, integers, size

MAX = 1024  # rows of the table: positions are below it
sizes = {
    "tokens": size(1, 515, near=(4, 8, 32, 256)),
    "num_heads": size(1, 64, near=(4, 8, 17, 32)),
    "num_kv_heads": size(0, 17, near=(4, 8)),
    "packs": size(1, 16, near=(4, 8)),  # rot_dim / 2 = 8 · packs - odd
    "odd": size(0, 7),  # often 0: then 16-byte accesses are possible
    "rest": size(0, 96),
    "is_neox": size(0, 1),
}
recipes = ("normal", "constant", "spikes", "ties", "run", "repeat")


def inputs(g, recipe, tokens, num_heads, num_kv_heads, packs, odd, rest, **_):
    half, head = 8 * packs - odd, 2 * (8 * packs - odd) + rest
    angles = torch.arange(MAX, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(half).double() / half)
    position = integers(g, 0, MAX, tokens, dtype=torch.int64)
    if recipe in ("run", "repeat"):  # a prompt, which starts again at the table's end; or the same for all tokens
        position = (position[0] + (recipe == "run") * torch.arange(tokens, device=g.device)) % MAX
    q, k = (draw(g, recipe, tokens, n, head, dtype=torch.bfloat16) for n in (num_heads, num_kv_heads))
    table = torch.cat([angles.cos(), angles.sin()], -1).float().to(g.device)
    return {"positions": position, "q": q, "k": k, "cos_sin": table, "head_size": head, "rot_dim": 2 * half}


def turned(x, angles, is_neox):
    half, (c, s) = angles.shape[-1] // 2, angles[:, None].chunk(2, -1)
    one, two = (slice(half), slice(half, 2 * half)) if is_neox else (slice(0, 2 * half, 2), slice(1, 2 * half, 2))
    y, scale, a, b = x.clone(), x.abs(), x[..., one], x[..., two]
    y[..., one], y[..., two] = a * c - b * s, b * c + a * s
    scale[..., one] = scale[..., two] = a.abs() + b.abs()
    return y, scale


def oracle(positions, q, k, cos_sin, is_neox, **_):
    (y, y_scale), (z, z_scale) = (turned(x.double(), cos_sin[positions].double(), is_neox) for x in (q, k))
    return {"q": y, "q__S": y_scale, "k": z, "k__S": z_scale}


def library(positions, q, k, cos_sin, is_neox, **_):
    return lambda: [x.copy_(turned(x.float(), cos_sin[positions], is_neox)[0]) for x in (q, k)]


def moved(tokens, num_heads, num_kv_heads, packs, odd, rest, **_):
    return 4 * tokens * (num_heads + num_kv_heads) * (2 * (8 * packs - odd) + rest)
