"""Paged KV caches for the serving exercises' specs: ragged requests, block tables, slots. Whatever is drawn is valid.

Shapes depend on the sizes alone, never on what was drawn: timed buffers are refilled in place.
"""

from __future__ import annotations

import torch

__all__ = ["SPARE", "block_table", "filled", "lengths", "slots", "starts"]

SPARE = 5  # physical blocks that belong to nobody


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
    position = torch.arange(table.shape[1] * block_size, device=table.device)
    slot = table.long().repeat_interleave(block_size, 1) * block_size + position % block_size
    found.view(-1)[slot[position < lens[:, None]]] = True
    return found
