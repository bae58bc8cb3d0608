"""One query per sequence attends to its keys and values in a paged cache; what holds no token of theirs is NaN."""

import torch.nn.functional as F

from grader import paged
from grader.spec import size

sizes = {
    "num_seqs": size(1, 12, near=(2,)),
    "eighth": size(1, 32, near=(8, 10, 12, 14, 16)),  # head_size / 8
    "num_kv_heads": size(1, 8),
    "max_seq_len": size(1, 16000, near=(16, 32, 256, 512, 2048)),
    "group": size(1, 9, near=(4, 8)),  # query heads that share a kv head
    "pages": size(1, 2),  # block_size / 16
    "spread": size(0, 100, near=(100,)),  # lengths lie up to so many percent below max_seq_len
    "alibi": size(0, 1),
}
recipes = paged.RECIPES


def inputs(g, recipe, num_seqs, eighth, num_kv_heads, max_seq_len, group, pages, spread, alibi):
    return paged.decode(g, recipe, num_seqs, group, num_kv_heads, 8 * eighth, max_seq_len, 16 * pages, spread, alibi)


oracle = paged.attend


def library(q, key_cache, value_cache, block_tables, block_size, num_seqs, num_kv_heads, scale, **_):
    slot = block_tables.long().clamp(0).repeat_interleave(block_size, 1) * block_size
    slot += slot.new_ones(slot.shape).cumsum(1).sub(1) % block_size

    def run():  # gather, then attention without a mask: padded to the longest
        k, v = (x[slot].transpose(1, 2) for x in paged.rows(key_cache, value_cache))
        return F.scaled_dot_product_attention(q[:, :, None], k, v, scale=scale, enable_gqa=True)

    return run


def moved(num_seqs, eighth, num_kv_heads, max_seq_len, group, spread, **_):
    tokens = num_seqs * (max_seq_len - (max_seq_len - 1) * spread // 200)  # on average
    return 32 * eighth * num_kv_heads * (tokens + num_seqs * group)


def flops(group, **shape):
    return group * (moved(group=0, **shape))  # per number of K or V, 2 bytes: one multiplication and addition a head
