"""y = A x for a sparse fp32 matrix in CSR form; rows of very different lengths, empty ones among them."""

import warnings

import torch

from grader.spec import draw, integers, size

sizes = {
    "nnz": size(0, 2**20 - 1, near=(32, 256, 2048, 65536)),
    "rows": size(1, 10_007, near=(32, 256, 1024)),
    "cols": size(1, 10_007, near=(32, 256, 1024)),
}
recipes = ("pareto", "even", "hub", "gaps", "scattered")


def inputs(g, recipe, nnz, rows, cols):
    weight = 16 * (1 - torch.rand(rows, generator=g, device=g.device)) ** (-1 / 1.2)  # Pareto: mean 96, few huge
    weight = torch.full_like(weight, 16) if recipe == "even" else weight.clamp(max=16_000)
    if recipe == "hub":
        weight[-1] = 40 * weight.mean()
    if recipe == "gaps":
        weight *= torch.rand(rows, generator=g, device=g.device) < 0.125
        weight[0], weight[-1], weight[rows // 2] = 0, 0, 16
    ends = weight.long().cumsum(0)  # whole numbers: in floats a parallel sum need not rise
    row_ptr = torch.cat([ends.new_zeros(1), ends * nnz // ends[-1]])
    row = torch.repeat_interleave(torch.arange(rows, device=g.device), row_ptr.diff())
    near = (row * cols // rows + draw(g, "normal", nnz, std=1000.0).long()) % cols  # around the diagonal
    col_idx = integers(g, 0, cols, nnz) if recipe == "scattered" else near.int()
    values = "ties" if recipe == "even" else "normal"  # small whole numbers: exact, whatever the order
    vals, x = draw(g, values, nnz), draw(g, values, cols)
    return {"row_ptr": row_ptr.int(), "col_idx": col_idx, "vals": vals, "x": x}


def oracle(row_ptr, col_idx, vals, x, rows, **_):
    length = row_ptr.diff().long()
    row = torch.repeat_interleave(torch.arange(rows, device=x.device), length)
    product = vals.double() * x.double()[col_idx.long()]
    zero = torch.zeros(rows, dtype=torch.float64, device=x.device)
    magnitude = zero.index_add(0, row, product.abs())
    if (product == product.round()).all():
        magnitude = zero  # whole numbers: fp32 adds them exactly in any order, and every nonzero shows
    return {"y": zero.index_add(0, row, product), "y__S": magnitude * (1 + length.sqrt() / 4)}  # serial(length)


def library(row_ptr, col_idx, vals, x, rows, cols, **_):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "sparse CSR tensor support is in beta state"
        a = torch.sparse_csr_tensor(row_ptr, col_idx, vals, size=(rows, cols))
    return lambda: a @ x


def moved(nnz, rows, cols):
    return 8 * nnz + 8 * rows + 4 * cols


def flops(nnz, **_):
    return 2 * nnz
