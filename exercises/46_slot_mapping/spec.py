"""The cache slot of every token of a ragged batch, through its request's block table; -1 in the padding behind."""

import torch

from grader import paged
from grader.spec import integers, size

sizes = {
    "num_tokens": size(0, 2**17 - 1, near=(32, 256, 1024, 2048)),  # a power of two less 1 stays one when it is halved
    "num_reqs": size(1, 300, near=(32, 257)),
    "pad": size(0, 1100, near=(7, 32, 256)),
    "block_size": size(1, 64, near=(8, 16, 32)),
    "block_table_stride": size(1, 128, near=(32,)),
}
recipes = ("ragged", "even", "scattered", "far")


def requests(starts):
    return torch.repeat_interleave(torch.arange(len(starts) - 1, device=starts.device), starts.diff())


def inputs(g, recipe, num_tokens, num_reqs, pad, block_size, block_table_stride):
    starts = paged.starts(g, num_tokens, num_reqs, even=recipe == "even")
    request, room = requests(starts), block_size * block_table_stride
    length = integers(g, 1, room + 1, num_reqs, dtype=torch.int64)  # tokens that the request has pages for
    before = integers(g, 0, room, num_reqs, dtype=torch.int64)  # its tokens of earlier steps
    position = before[request] + torch.arange(num_tokens, device=g.device) - starts[request]
    if recipe == "scattered":  # a tree of drafts: in any order, and several times
        position = integers(g, 0, room, num_tokens, dtype=torch.int64)
    table = paged.block_table(g, -(-length // block_size), block_table_stride)
    if recipe == "far":  # a slot then needs more than 32 bits
        table[table >= 0] += 2**31 - 1 - table.numel() - paged.SPARE
    return {"query_start_loc": starts.int(), "positions": position % length[request], "block_table": table,
            "max_tokens": num_tokens + pad}  # fmt: skip


def oracle(query_start_loc, positions, block_table, block_size, pad, **_):
    page = block_table[requests(query_start_loc), positions // block_size].long()
    return {"slot_mapping": torch.nn.functional.pad(page * block_size + positions % block_size, (0, pad), value=-1)}


def library(**arguments):
    return lambda: oracle(**arguments)


def moved(num_tokens, num_reqs, pad, block_size, **_):
    return 16 * num_tokens + 8 * pad + 4 * num_reqs + 4 * max(num_tokens // block_size, min(num_tokens, num_reqs))
