"""Rows of key and value (strided, NaN between them) scattered into two paged caches by slot; slot -1 is skipped."""

import torch

from grader import paged
from grader.spec import draw, integers, size

sizes = {
    "tokens": size(1, 4095, near=(32, 256)),
    "num_heads": size(1, 16, near=(8,)),
    "head_size": size(1, 256, near=(8, 64, 80, 128)),
    "block_size": size(1, 64, near=(8, 16, 32)),
    "pad": size(0, 40, near=(8,)),  # between the rows of key; twice that in value
    "unit": size(1, 8, near=(8,)),  # strides are multiples of it: 8 lets 16-byte copies in
}
recipes = ("normal", "full", "sparse", "bits")


def inputs(g, recipe, tokens, num_heads, head_size, block_size, pad, unit):
    row, blocks, found = num_heads * head_size, -(-tokens // block_size) + paged.SPARE, {}
    for name, gap in (("key", pad), ("value", 2 * pad)):
        stride = -(-(row + gap) // unit) * unit
        x = draw(g, "normal", tokens, stride, dtype=torch.bfloat16)
        if recipe == "bits":  # all there are: infinities, NaN, numbers too small or too large for fp16
            x = integers(g, -(2**15), 2**15, tokens, stride, dtype=torch.int16).view(torch.bfloat16)
        x[:, row:] = torch.nan
        cache = draw(g, "normal", blocks, block_size, num_heads, head_size, dtype=torch.bfloat16)
        found |= {name: x, f"{name}_cache": cache, f"{name}_stride": stride}
    skipped = {"full": 0.0, "sparse": 0.9}.get(recipe, 0.1)
    return found | {"slot_mapping": paged.slots(g, tokens, blocks * block_size, skipped)}


def oracle(key, value, key_cache, value_cache, slot_mapping, num_heads, head_size, **_):
    key_cache, value_cache = key_cache.double(), value_cache.double()
    row, kept = num_heads * head_size, slot_mapping >= 0
    for cache, x in ((key_cache, key), (value_cache, value)):
        cache.view(-1, row)[slot_mapping[kept]] = x[kept, :row].double()
    return {"key_cache": key_cache, "value_cache": value_cache}


def library(key, value, key_cache, value_cache, slot_mapping, num_heads, head_size, **_):
    row, kept = num_heads * head_size, slot_mapping >= 0
    pairs = [(cache.view(-1, row), x[:, :row]) for cache, x in ((key_cache, key), (value_cache, value))]
    return lambda: [cache.index_copy_(0, slot_mapping[kept], x[kept]) for cache, x in pairs]


def moved(tokens, num_heads, head_size, **_):
    return 8 * tokens * num_heads * head_size + 8 * tokens
