"""C = α·A·B + β·C in place, fp32, row-major: A is M x K, B is K x N."""

import torch

from grader.spec import draw, serial, size

SCALING = ((1.0, 0.0), (0.5, 1.0), (0.0, -0.75), (1.5, -2.0))  # α, β; with β = 0 no element of C is finite
sizes = {  # K gives way first; the largest case has whole float4s in every row, and cut tiles
    "K": size(1, 592, near=(4, 8, 16, 32, 64, 512)),
    "M": size(1, 197, near=(4, 8, 16, 32, 64, 128)),
    "N": size(1, 212, near=(4, 8, 16, 32, 64, 128)),
    "scaling": size(0, 3, near=(2,)),  # both ends are always tried
}
recipes = ("normal", "constant", "ties", "spikes")


def inputs(g, recipe, K, M, N, scaling):
    alpha, beta = SCALING[scaling]
    drawn = "normal" if recipe == "spikes" else recipe
    A, B, C = draw(g, drawn, M, K), draw(g, drawn, K, N), draw(g, drawn, M, N)
    if recipe == "spikes":  # three values of k are the most of every sum: each one shows
        A *= 0.1
        A[:, [0, K // 2, K - 1]] += 10.0
    if beta == 0:  # an infinity times 0 is a nan that was not there before: easier to tell from an unwritten element
        C.fill_(torch.inf if recipe == "normal" else torch.nan)
    return {"A": A, "B": B, "C": C, "alpha": alpha, "beta": beta}


def oracle(A, B, C, K, alpha, beta, **_):
    a, b, c = alpha * A.double(), B.double(), beta * C.double() if beta else torch.zeros_like(C).double()
    magnitude = (a.abs() @ b.abs()) * serial(K) + c.abs()
    whole = (A == A.round()).all()  # then fp32 adds exactly, and every product shows
    return {"C": a @ b + c, "C__S": torch.zeros_like(magnitude) if whole else magnitude}


def library(A, B, C, alpha, beta, **_):
    return lambda: torch.addmm(C, A, B, alpha=alpha, beta=beta)  # cuBLAS; no TF32 unless torch is told so


def moved(K, M, N, **_):
    return 4 * (M * K + K * N + 2 * M * N)


def flops(K, M, N, **_):
    return 2 * M * N * K
