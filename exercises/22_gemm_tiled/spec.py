"""C = A·B, fp32, row-major: A is M x K, B is K x N."""

import torch

from grader.spec import draw, serial, size

sizes = {  # K gives way first
    "K": size(1, 613, near=(8, 16, 32, 64, 512)),
    "M": size(1, 197, near=(8, 16, 32, 64, 128)),
    "N": size(1, 211, near=(8, 16, 32, 64, 128)),
}
recipes = ("normal", "constant", "ties", "spikes")


def inputs(g, recipe, K, M, N):
    if recipe == "spikes":  # three values of k are the most of every sum: each one shows
        A = draw(g, "normal", M, K, std=0.1)
        A[:, [0, K // 2, K - 1]] += 10.0
        return {"A": A, "B": draw(g, "normal", K, N)}
    return {"A": draw(g, recipe, M, K), "B": draw(g, recipe, K, N)}


def oracle(A, B, K, **_):
    a, b = A.double(), B.double()
    C, magnitude = a @ b, (a.abs() @ b.abs()) * serial(K)
    whole = (A == A.round()).all()  # then fp32 adds exactly, and every product shows
    return {"C": C, "C__S": torch.zeros_like(C) if whole else magnitude}


def library(A, B, **_):
    return lambda: A @ B  # cuBLAS; torch leaves TF32 off unless it is told otherwise


def moved(K, M, N):
    return 4 * (M * K + K * N + M * N)


def flops(K, M, N):
    return 2 * M * N * K
