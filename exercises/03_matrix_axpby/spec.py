"""C = αA + βB for M x N matrices whose rows are padded: NaN behind the inputs' rows, C's padding stays as it was."""

import torch
import torch.nn.functional as F

from grader.spec import draw, size

sizes = {
    "N": size(1, 5_003, near=(4, 16, 32, 128, 256, 1024, 4096)),  # gives way first, so that M > 65,535 is tried
    "M": size(1, 70_001, near=(8, 16, 32, 64, 256, 1024, 65535)),
    "unit": size(1, 4, near=(4,)),  # all leading dimensions are multiples of it: 4 lets float4 in
    "pad_a": size(0, 8, near=(1,)),
    "pad_b": size(0, 8, near=(1,)),
    "pad_c": size(0, 8, near=(1,)),
}
recipes = ("normal", "constant", "spikes", "cancel")


def pitch(N, unit, pad):
    return (-(-N // unit) + pad) * unit


def inputs(g, recipe, N, M, unit, pad_a, pad_b, pad_c):
    a = draw(g, recipe, M, N)
    b = a + draw(g, recipe, M, N, std=1e-3) if recipe == "cancel" else draw(g, recipe, M, N)
    alpha, beta = (1.0, -1.0) if recipe == "cancel" else (1.5, -0.75)
    lda, ldb, ldc = (pitch(N, unit, pad) for pad in (pad_a, pad_b, pad_c))
    padded = {"A": F.pad(a, (0, lda - N), value=torch.nan), "B": F.pad(b, (0, ldb - N), value=torch.nan)}
    return padded | {"lda": lda, "ldb": ldb, "ldc": ldc, "alpha": alpha, "beta": beta}


def oracle(A, B, N, alpha, beta, **_):
    a, b = alpha * A[:, :N].double(), beta * B[:, :N].double()
    return {"C": a + b, "C__S": a.abs() + b.abs()}


def outputs(N, M, unit, pad_c, **_):
    return {"C": (M, pitch(N, unit, pad_c))}


def library(A, B, N, alpha, beta, **_):
    return lambda: torch.add(beta * B[:, :N], A[:, :N], alpha=alpha)


def moved(N, M, **_):
    return 12 * M * N
