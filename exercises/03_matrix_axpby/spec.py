"""C = αA + βB for M x N matrices with padded rows (lda = N + pad_a, ...): NaN in the inputs' padding, C's untouched."""

import torch
import torch.nn.functional as F

from grader.spec import draw, size

sizes = {
    "N": size(1, 5_003, near=(4, 16, 32, 128, 256, 1024, 4096)),  # gives way first, so that M > 65,535 is tried
    "M": size(1, 70_001, near=(8, 16, 32, 64, 256, 1024, 65535)),
    "pad_a": size(0, 8, near=(1, 4)),
    "pad_b": size(0, 8, near=(1, 4)),
    "pad_c": size(0, 8, near=(1, 4)),
}
recipes = ("normal", "constant", "spikes", "cancel")


def inputs(g, recipe, M, N, pad_a, pad_b, pad_c):
    a = draw(g, recipe, M, N)
    b = a + draw(g, recipe, M, N, std=1e-3) if recipe == "cancel" else draw(g, recipe, M, N)
    alpha, beta = (1.0, -1.0) if recipe == "cancel" else (1.5, -0.75)
    padded = {"A": F.pad(a, (0, pad_a), value=torch.nan), "B": F.pad(b, (0, pad_b), value=torch.nan)}
    return padded | {"lda": N + pad_a, "ldb": N + pad_b, "ldc": N + pad_c, "alpha": alpha, "beta": beta}


def oracle(A, B, N, alpha, beta, **_):
    a, b = alpha * A[:, :N].double(), beta * B[:, :N].double()
    return {"C": a + b, "C__S": a.abs() + b.abs()}


def outputs(M, N, pad_c, **_):
    return {"C": (M, N + pad_c)}


def library(A, B, N, alpha, beta, **_):
    return lambda: torch.add(beta * B[:, :N], A[:, :N], alpha=alpha)


def moved(M, N, **_):
    return 12 * M * N
