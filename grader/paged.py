"""Paged KV caches for the serving exercises' specs: ragged requests, block tables, slots, attention over them.

Whatever is drawn is valid: no index leads outside, whatever the sizes.

Shapes depend on the sizes alone, never on what was drawn: timed buffers are refilled in place.
"""

from __future__ import annotations

from typing import Any

import torch

from grader.spec import draw

__all__ = ["RECIPES", "SPARE", "attend", "block_table", "decode", "filled", "lengths", "rows", "slots", "starts"]

SPARE = 5  # physical blocks that belong to nobody
PACK = 8  # numbers of a key that lie together: 16 bytes of fp16


def starts(g: torch.Generator, total: int, parts: int, even: bool = False) -> torch.Tensor:
    """parts + 1 offsets that never fall, from 0 to total: where each ragged part begins. Parts may be empty."""
    if even:
        return torch.arange(parts + 1, device=g.device) * total // parts
    cuts = torch.randint(0, total + 1, (parts + 1,), generator=g, device=g.device)
    cuts[0], cuts[-1] = 0, total
    return cuts.sort().values


def block_table(g: torch.Generator, used: torch.Tensor, width: int, unused: int = -1) -> torch.Tensor:
    """(len(used), width) block numbers: the first used[r] of row r, none twice; `unused` in the others.

    They lie below len(used) · width + SPARE: as many physical blocks a cache needs.
    """
    count = len(used) * width
    table = torch.randperm(count + SPARE, generator=g, device=g.device)[:count].view(len(used), width)
    return torch.where(torch.arange(width, device=g.device) < used[:, None], table, unused).int()


def slots(g: torch.Generator, tokens: int, room: int, skipped: float = 0.0) -> torch.Tensor:
    """A slot below `room` for each token, none twice; -1 instead for a share of them, though not for the first."""
    found = torch.randperm(room, generator=g, device=g.device)[:tokens]
    skip = torch.rand(tokens, generator=g, device=g.device) < skipped
    skip[:1] = False
    return torch.where(skip, -1, found)


def lengths(g: torch.Generator, seqs: int, most: int, block_size: int, spread: int) -> torch.Tensor:
    """int32 lengths from `most` down to (1 - spread/100) of it, 1 at least; one ends with its block, one is 1."""
    low = most - (most - 1) * spread // 100
    found = torch.randint(low, most + 1, (seqs,), generator=g, device=g.device, dtype=torch.int32)
    found[0] = max(low, most // block_size * block_size)
    if spread == 100 and seqs > 1:
        found[-1] = 1
    return found


def filled(table: torch.Tensor, lens: torch.Tensor, block_size: int) -> torch.Tensor:
    """(blocks, block_size) bool: which slots of the cache hold a token; the others are to be poisoned."""
    found = torch.zeros(table.numel() + SPARE, block_size, dtype=torch.bool, device=table.device)
    position = torch.arange(table.shape[1] * block_size, device=table.device).expand(len(table), -1)
    found.view(-1)[_slot(table, block_size, position)[position < lens[:, None]]] = True
    return found


# ---------------------------------------------------------------- one query per sequence: a decode step

Tensors = dict[str, Any]
RECIPES = ("normal", "constant", "last", "rising", "large", "shared")


def decode(
    g: torch.Generator, recipe: str, seqs: int, group: int, kv_heads: int, head_size: int, most: int, block_size: int,
    spread: int, alibi: int,
) -> Tensors:  # fmt: skip
    """Arguments of a paged decode attention, by the names that vLLM has for them; NaN wherever there is no token.

    constant: all tokens weigh the same; last: the last one outweighs all; rising: each one more than those before;
    large: exp of a score overflows; shared: sequences begin with the same physical blocks.
    """
    width, heads = -(-most // block_size) + 1, group * kv_heads
    lens = lengths(g, seqs, most, block_size, spread)
    table = block_table(g, -(-lens // block_size), width)
    if recipe == "shared":
        common = int(lens.min()) // block_size // 2
        table[:, :common] = table[0, :common].clone()
    holds = filled(table, lens, block_size)
    q = draw(g, recipe, seqs, heads, head_size, std=16.0 if recipe == "large" else 2.0)
    k = draw(g, recipe, *holds.shape, kv_heads, head_size, std=2.0)
    v = draw(g, "ties" if recipe == "constant" else "normal", *holds.shape, kv_heads, head_size, mean=0.5)
    if recipe in ("last", "rising"):
        position = torch.arange(width * block_size, device=g.device).expand(seqs, -1)
        weight = (position == lens[:, None] - 1) * 4.0 if recipe == "last" else position / lens[:, None] * 8
        slot, taken = _slot(table, block_size, position), position < lens[:, None]
        q, k = q.abs(), k / 16
        k.view(-1, kv_heads, head_size)[slot[taken]] += weight[taken][:, None, None]
    k, v = (x.masked_fill(~holds[..., None, None], torch.nan).half() for x in (k, v))
    return {
        "q": q.half(),
        "key_cache": k.view(*k.shape[:-1], -1, PACK).permute(0, 2, 3, 1, 4).contiguous(),
        "value_cache": v.permute(0, 2, 3, 1).contiguous(),
        "block_tables": table, "seq_lens": lens, "block_table_stride": width, "block_size": block_size,
        "alibi_slopes": draw(g, "normal", heads, std=0.1) if alibi else None,
        "num_heads": heads, "head_size": head_size, "scale": head_size**-0.5,
    }  # fmt: skip


def rows(key_cache: torch.Tensor, value_cache: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both caches as (slots, heads, head size)."""
    k, v = key_cache.permute(0, 3, 1, 2, 4).flatten(3), value_cache.permute(0, 3, 1, 2)
    return k.flatten(0, 1), v.flatten(0, 1)


def attend(
    q: torch.Tensor, key_cache: torch.Tensor, value_cache: torch.Tensor, block_tables: torch.Tensor,
    seq_lens: torch.Tensor, alibi_slopes: torch.Tensor | None, block_size: int, scale: float, **_: Any,
) -> Tensors:  # fmt: skip
    """out, and its S: Σ p·|v|, times what rounding may do to a score (its terms' magnitude) and to a serial sum."""
    found, magnitude = [], []
    keys, values = rows(key_cache, value_cache)
    group = q.shape[1] // keys.shape[1]
    slopes = torch.zeros(q.shape[1], device=q.device) if alibi_slopes is None else alibi_slopes
    slopes = slopes.double().view(-1, group, 1)  # heads as (kv heads, group)
    for query, line, n in zip(q.double(), block_tables, seq_lens.tolist(), strict=True):
        position = torch.arange(n, device=q.device)
        slot = _slot(line[None], block_size, position[None])[0]
        k, v = (x[slot].double().transpose(0, 1) for x in (keys, values))  # (kv heads, tokens, head size)
        query, bias = query.view(len(k), group, -1) * scale, slopes * (position - n + 1)
        p = torch.softmax(query @ k.mT + bias, -1)
        reach = (query.abs() @ k.abs().mT + bias.abs()).amax(-1, keepdim=True)
        found.append((p @ v).flatten(0, 1))
        magnitude.append((p @ v.abs() * (1 + reach / 8 + n**0.5 / 16)).flatten(0, 1))
    return {"out": torch.stack(found), "out__S": torch.stack(magnitude)}


def _slot(table: torch.Tensor, block_size: int, position: torch.Tensor) -> torch.Tensor:
    """Where each sequence's positions lie in the cache."""
    return table.long().gather(1, position // block_size) * block_size + position % block_size
