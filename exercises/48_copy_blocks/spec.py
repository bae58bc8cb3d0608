"""Pairs (source, destination) of blocks, copied in the key and the value caches of all layers; num_pairs may be 0."""

import torch

from grader import paged
from grader.spec import integers, size

sizes = {
    "block_bytes": size(1, 65536, near=(2, 16, 66, 2048)),  # gives way first, so that many layers and pairs are tried
    "num_layers": size(1, 40, near=(2, 32)),
    "num_pairs": size(0, 256, near=(7, 32)),
}
recipes = ("fork", "single", "fan")


def inputs(g, recipe, block_bytes, num_layers, num_pairs):
    blocks = 2 * num_pairs + paged.SPARE
    sharing = {"single": 1, "fork": 2, "fan": num_pairs}[recipe]  # so many destinations have the same source
    found = torch.randperm(blocks, generator=g, device=g.device)  # sources and destinations: none is both
    source = found[num_pairs + torch.arange(num_pairs, device=g.device) // max(sharing, 1)]
    pitch = (blocks * block_bytes // 256 + 2) * 256  # the caches of layers do not touch each other
    caches = {f"{kind}_caches": integers(g, 0, 256, num_layers, pitch, dtype=torch.uint8) for kind in ("key", "value")}
    return caches | {"block_mapping": torch.stack([source, found[:num_pairs]], 1)}


def oracle(block_mapping, block_bytes, **arguments):
    found = {}
    for name in ("key_caches", "value_caches"):
        found[name] = arguments[name].clone()
        blocks = cut(found[name], block_bytes)
        blocks[:, block_mapping[:, 1]] = blocks[:, block_mapping[:, 0]]
    return found


def cut(caches, block_bytes):
    """(layers, blocks, bytes): a view of the same memory."""
    return caches.unfold(1, block_bytes, block_bytes)


def library(block_mapping, block_bytes, key_caches, value_caches, **_):
    source, target = block_mapping.t()
    views = [cut(caches, block_bytes) for caches in (key_caches, value_caches)]
    return lambda: [blocks.index_copy_(1, target, blocks[:, source]) for blocks in views]


def moved(block_bytes, num_layers, num_pairs):
    return 4 * num_layers * num_pairs * block_bytes + 16 * num_layers + 16 * num_pairs
