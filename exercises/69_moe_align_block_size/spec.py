"""Positions of topk_ids grouped by expert, each group padded to whole blocks; the order within a group is free."""

import torch

from grader.spec import integers, size

sizes = {"tokens": size(1, 8191), "top_k": size(1, 32), "experts": size(1, 512, (32, 256)), "block_size": size(1, 128)}
recipes = ("even", "skewed", "full", "last")


def inputs(g, recipe, tokens, top_k, experts, block_size):
    k, chosen = min(top_k, experts), integers(g, 0, experts, tokens, 1, dtype=torch.int64)
    if recipe == "skewed":  # a few experts get most of the tokens, many get none
        chosen = (experts * torch.rand(tokens, 1, generator=g, device=g.device) ** 4).long()
    if recipe == "full":  # counts that are whole blocks need no padding
        chosen = torch.arange(tokens, device=g.device)[:, None] // block_size
    if recipe == "last":  # every token chooses the same experts, the last one among them
        chosen.fill_(experts - 1)
    ids = (chosen + torch.arange(k, device=g.device) * experts // k) % experts  # never an expert twice
    capacity = moved(tokens, k, experts, block_size) // 4 - ids.numel()
    return {"topk_ids": ids.int().view(-1), "numel": ids.numel(), "sorted_capacity": capacity}


def oracle(topk_ids, numel, sorted_capacity, experts, block_size, **_):
    counts = torch.bincount(topk_ids, minlength=experts)
    ends = ((counts + block_size - 1) // block_size * block_size).cumsum(0)  # of the padded groups
    order, slots = torch.argsort(topk_ids, stable=True), torch.arange(sorted_capacity, device=ends.device)
    sorted_ids, firsts = torch.full_like(slots, numel), slots[::block_size].contiguous()
    sorted_ids[slots[:numel] + (ends - counts.cumsum(0)).roll(1).index_fill_(0, slots[:1], 0)[topk_ids[order]]] = order
    expert_ids = torch.searchsorted(ends, firsts, right=True).masked_fill_(firsts >= ends[-1], -1)
    return {"sorted_ids": sorted_ids, "expert_ids": expert_ids, "num_tokens_post_pad": ends[-1:]}


def canonical(got, block_size, **given):
    by_value = got["sorted_ids"].sort()
    group = oracle(block_size=block_size, **given)["expert_ids"].repeat_interleave(block_size)[by_value.indices]
    return got | {"sorted_ids": by_value.values[torch.where(group < 0, 1 << 30, group).argsort(stable=True)]}


def library(**given):
    return lambda: oracle(**given)  # a sort


def workspace(tokens, top_k, experts, **_):
    return 16384 + 4 * experts * -(-tokens * min(top_k, experts) // 1024)  # a histogram for each 1,024 ids, and more


def moved(tokens, top_k, experts, block_size):
    n = tokens * min(top_k, experts)  # ids, then sorted_ids: room for any choice
    return 4 * n + 4 * (n + experts * (block_size - 1) if n >= experts else n * block_size)
