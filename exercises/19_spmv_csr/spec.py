"""y = A x for a sparse fp32 matrix in CSR form; rows of very different lengths, empty ones among them."""

import warnings

import torch

from grader.spec import draw, integers, size

EDGES = (32, 256, 1024)
sizes = {"nnz": size(0, 2**20 - 1, near=(*EDGES, 2048)), "rows": size(1, 10_007, EDGES), "cols": size(1, 10_007, EDGES)}
recipes = ("pareto", "even", "hub", "gaps", "scattered")


def inputs(g, recipe, nnz, rows, cols):
    uniform = torch.rand(rows, generator=g, device=g.device)
    weight = 16 * (1 - uniform) ** (-1 / 1.2)  # Pareto: from 16 up; most rows are short, a few 1,000 times that
    weight.clamp_(max=16 if recipe == "even" else 16_000)
    if recipe == "hub":
        weight[-1] = 40 * weight.mean()
    if recipe == "gaps":
        weight[uniform < 0.875], weight[0], weight[-1], weight[rows // 2] = 0, 0, 0, 16
    ends = weight.long().cumsum(0)  # whole numbers: in floats a parallel sum need not rise
    row_ptr = torch.cat([ends.new_zeros(1), ends * nnz // ends[-1]])
    row = torch.repeat_interleave(torch.arange(rows, device=g.device), row_ptr.diff())
    near = (row * cols // rows + draw(g, "normal", nnz, std=1000.0).long()) % cols  # around the diagonal
    col_idx = integers(g, 0, cols, nnz) if recipe == "scattered" else near.int()
    vals, x = (draw(g, "ties" if recipe == "even" else "normal", n) for n in (nnz, cols))
    return {"row_ptr": row_ptr.int(), "col_idx": col_idx, "vals": vals, "x": x}


def oracle(row_ptr, col_idx, vals, x, rows, **_):
    length = row_ptr.diff().long()
    row = torch.repeat_interleave(torch.arange(rows, device=x.device), length)
    product = vals.double() * x.double()[col_idx.long()]
    y, magnitude = (torch.zeros(rows, dtype=torch.float64, device=x.device) for _ in range(2))
    y.index_add_(0, row, product)
    if (product != product.round()).any():  # else whole numbers: fp32 adds them exactly, and every nonzero shows
        magnitude.index_add_(0, row, product.abs())
    return {"y": y, "y__S": magnitude * (1 + length.sqrt() / 4)}  # serial(length)


def library(row_ptr, col_idx, vals, x, rows, cols, **_):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "sparse CSR tensor support is in beta state"
        a = torch.sparse_csr_tensor(row_ptr, col_idx, vals, size=(rows, cols))
    return lambda: a @ x


def moved(nnz, rows, cols):
    return 8 * nnz + 8 * rows + 4 * cols
