"""h_out = sqrt(|h_in| + 1), both in host memory, through a device buffer of d_elems elements."""

import torch

from grader.spec import draw, size

# A buffer is cut into one piece per stream, so there are always many chunks, and the last one is seldom whole.
sizes = {
    "n": size(1, 10_000_003, near=(64, 256, 3001, 65536)),
    "d_elems": size(512, 1 << 17, near=(1000, 4096)),  # thousands of chunks at most: each is several calls
    "num_streams": size(1, 8, near=(3,)),
}
recipes = ("normal", "spikes", "constant")


def inputs(g, recipe, n, **_):
    return {"h_in": draw(g, recipe, n)}


def oracle(h_in, **_):
    return {"h_out": (h_in.double().abs() + 1).sqrt()}  # what the 64 steps come to


def library(h_in, **_):
    pinned = h_in.cpu().pin_memory() if h_in.is_cuda else h_in
    out = torch.empty_like(pinned, pin_memory=h_in.is_cuda)
    return lambda: out.copy_(pinned.to(h_in.device).abs_().add_(1).sqrt_())  # copy, kernel, copy: nothing overlaps


def workspace(d_elems, **_):
    return 4 * d_elems


def moved(n, **_):
    return 8 * n
