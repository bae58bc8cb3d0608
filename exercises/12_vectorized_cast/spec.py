"""n fp32 numbers rounded to bf16, nearest even; both arrays may start at any element; n may be 0."""

import torch

from grader.spec import draw, integers, size

# A power of two less 1 stays one when it is halved to fit: there is always a tail. Few edges, so that an array that
# ends before its first boundary is drawn often.
sizes = {"n": size(0, 2**20 - 1, near=(1, 4, 32, 1024))}
recipes = ("normal", "specials", "halfway", "bits")

SPECIALS = (
    0x3F808000, 0x3F818000, 0xBF808000,  # 1 + 2^-8, 1 + 3·2^-8, -1 - 2^-8: halfway, to the even neighbour
    0x7F800000, 0xFF800000, 0x7FC00000,  # ±inf, NaN
    0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF,  # NaN that turns into inf, -0 or +0 if it is rounded like a number
    0x7F7FC99E, 0xFF7FFFFF, 0x7F7F7FFF,  # 3.4e38 and the lowest float become infinite, this one does not
    0x000116C2, 0x80018000, 0x00000001,  # subnormal: 1e-40, a tie, the smallest
    0x00000000, 0x80000000,  # 0, -0
)  # fmt: skip


def floats(bits):
    return torch.where(bits < 2**31, bits, bits - 2**32).to(torch.int32).view(torch.float32)


def inputs(g, recipe, n):
    if recipe == "normal":
        return {"x": draw(g, recipe, n, std=100.0)}
    if recipe == "specials":
        return {"x": floats(torch.tensor(SPECIALS, device=g.device)[torch.arange(n, device=g.device) % len(SPECIALS)])}
    bits = integers(g, 0, 2**32, n, dtype=torch.int64)  # all floats, subnormals and NaN among them
    if recipe == "halfway":  # between two neighbours in bf16, or one bit beside
        bits = (bits & ~0xFFFF) + 0x8000 + integers(g, -1, 2, n, dtype=torch.int64)
    return {"x": floats(bits)}


def oracle(x, **_):
    return {"y": x.to(torch.bfloat16).double()}


def library(x, **_):
    return lambda: x.to(torch.bfloat16)


def moved(n):
    return 6 * n
