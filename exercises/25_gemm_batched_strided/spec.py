"""C[i] = A[i]·B[i], fp32, row-major; matrices lie a stride apart: NaN fills the inputs' gaps, C's stay as they were."""

import torch

from grader.spec import draw, serial, size

sizes = {  # the largest case has whole float4s in every row, and cut tiles
    "batch": size(1, 1000, near=(3, 65)),
    **{name: size(1, 68, near=(8, 16, 32, 64)) for name in "MNK"},
    "broadcast": size(0, 2),  # 1: strideB is 0, one B for all; 2: strideA is
    "gap": size(0, 8, near=(4,)),  # elements between a matrix and the next
}
recipes = ("normal", "constant", "ties", "spikes")


def inputs(g, recipe, batch, M, N, K, broadcast, gap):
    drawn = "normal" if recipe == "spikes" else recipe
    A, B = draw(g, drawn, 1 if broadcast == 2 else batch, M, K), draw(g, drawn, 1 if broadcast == 1 else batch, K, N)
    if recipe == "spikes":  # three values of k are the most of every sum: each one shows
        A[..., [0, K // 2, K - 1]] += 100.0
    A, B = (torch.nn.functional.pad(x.flatten(1), (0, gap), value=torch.nan) for x in (A, B))
    strides = {"strideA": M * K + gap, "strideB": K * N + gap, "strideC": M * N + gap}
    return {"A": A, "B": B} | strides | ({}, {"strideB": 0}, {"strideA": 0})[broadcast]


def matrices(A, B, batch, M, N, K, **_):
    A, B = A[:, : M * K].unflatten(1, (M, K)), B[:, : K * N].unflatten(1, (K, N))
    return A.expand(batch, M, K), B.expand(batch, K, N)


def oracle(K, **given):
    a, b = (x.double() for x in matrices(K=K, **given))
    whole = (a == a.round()).all()  # then fp32 adds exactly, and every product shows
    return {"C": (a @ b).flatten(1), "C__S": (a.abs() @ b.abs()).flatten(1) * (0 if whole else serial(K))}


def outputs(batch, M, N, gap, **_):
    return {"C": (batch, M * N + gap)}


def library(**given):
    return lambda: torch.bmm(*matrices(**given))


def moved(batch, M, N, K, broadcast, **_):
    return 4 * (M * K * (broadcast == 2 or batch) + K * N * (broadcast == 1 or batch) + M * N * batch)


def flops(batch, M, N, K, **_):
    return 2 * batch * M * N * K
