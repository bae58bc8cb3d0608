"""Named patterns: each from a failure made as the real bug would make it, and no name where none can be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
import torch

from grader import layout
from grader.diagnose import Evidence, chart, diagnose, exchanges
from grader.model import Launch, Tolerance

F32, F16, BF16, I32, I64 = torch.float32, torch.float16, torch.bfloat16, torch.int32, torch.int64
TOLERANCE = {F32: Tolerance(1e-5, 1e-6), F16: Tolerance(2e-3, 1e-4), BF16: Tolerance(1.6e-2, 1e-3)}
BLOCK, TILE = 256, 16

# ---------------------------------------------------------------- right answers


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(seed: int, *shape: int) -> torch.Tensor:
    """fp32 numbers, as inputs are."""
    return torch.randn(shape, generator=generator(seed))


def poison(dtype: torch.dtype, seed: int, *shape: int) -> torch.Tensor:
    count = int(np.prod(shape))
    return torch.from_numpy(layout.poison(count * dtype.itemsize, seed)).view(dtype).reshape(shape).clone()


def right(dtype: torch.dtype, seed: int, *shape: int) -> Evidence:
    """Evidence of a right answer, which each bug then spoils; the launch is one thread for each element."""
    want = normal(seed, *shape).double() * 3
    if dtype in (I32, I64):
        want = torch.randint(0, 1000, shape, generator=generator(seed))
    launch = Launch("k", (-(-want.numel() // BLOCK), 1, 1), (BLOCK, 1, 1))
    tolerance = TOLERANCE.get(dtype, Tolerance())
    return Evidence("y", want.to(dtype), want, None, poison(dtype, seed, *shape), tolerance, (launch,))


def tiled(e: Evidence, grid: Callable[[int, int], int]) -> Evidence:
    """The same from one 2-D launch, its grid rounded as `grid` says."""
    rows, cols = e.got.shape
    return replace(e, launches=(Launch("k", (grid(cols, TILE), grid(rows, TILE), 1), (TILE, TILE, 1)),))


def put(e: Evidence, where: object, values: object) -> Evidence:
    """got with other values in places."""
    got = e.got.clone()
    got[where] = values[where] if isinstance(values, torch.Tensor) and values.shape == got.shape else values  # type: ignore[index]
    return replace(e, got=got)


def say(e: Evidence, answer: torch.Tensor) -> Evidence:
    """got is `answer`, rounded to the output's type."""
    return replace(e, got=answer.to(e.got.dtype))


# ---------------------------------------------------------------- bugs: evidence of a right answer in, of a wrong one out


def place(e: Evidence) -> torch.Tensor:
    return torch.arange(e.got.numel()).view(e.got.shape)


def never_launched(e: Evidence) -> Evidence:
    return say(e, e.before)


def stride_twice_too_long(e: Evidence) -> Evidence:
    """i += 2·blockDim·gridDim by a few blocks: every other run of 32 is left out."""
    return put(e, place(e) // 32 % 2 == 1, e.before)


def negative_skipped(e: Evidence) -> Evidence:
    return put(e, e.want < e.want.double().median(), e.before)


def grid_rounded_down(e: Evidence) -> Evidence:
    whole = e.got.numel() // BLOCK
    launch = Launch("k", (whole, 1, 1), (BLOCK, 1, 1))
    return replace(put(e, place(e) >= whole * BLOCK, e.before), launches=(launch,))


def float4_without_tail(e: Evidence) -> Evidence:
    return put(e, place(e) >= e.got.numel() // 4 * 4, e.before)


def tail_forgets_a_term(e: Evidence) -> Evidence:
    other = normal(77, *e.got.shape).double() * 100
    return put(e, place(e) >= e.got.numel() // BLOCK * BLOCK, (e.want.double() - 7 - other.abs()).to(e.got.dtype))


def columns_rounded_down(e: Evidence) -> Evidence:
    """Each row is walked in steps of 64, the last one left out."""
    return put(e, (..., slice(e.got.shape[-1] // 64 * 64, None)), e.before)


def tiles_rounded_down(e: Evidence) -> Evidence:
    rows, cols = (extent // TILE * TILE for extent in e.got.shape)
    outside = (torch.arange(e.got.shape[0])[:, None] >= rows) | (torch.arange(e.got.shape[1]) >= cols)
    return tiled(put(e, outside, e.before), lambda extent, tile: extent // tile)


def edge_tiles_wrong(e: Evidence) -> Evidence:
    """A partial tile's sum lacks terms."""
    rows, cols = (extent // TILE * TILE for extent in e.got.shape)
    outside = (torch.arange(e.got.shape[0])[:, None] >= rows) | (torch.arange(e.got.shape[1]) >= cols)
    return tiled(put(e, outside, (normal(5, *e.got.shape) * 50 + 200).to(e.got.dtype)), lambda n, t: -(-n // t))


def first_row_only(e: Evidence) -> Evidence:
    return put(e, slice(1, None), e.before)


def row_offset_forgotten(e: Evidence) -> Evidence:
    """Every row is computed from the first row's data."""
    return say(e, e.got[:1].expand(e.got.shape))


def first_block_only(e: Evidence) -> Evidence:
    return put(e, place(e) >= BLOCK, e.before)


def block_offset_forgotten(e: Evidence) -> Evidence:
    """threadIdx.x reads where blockIdx.x · blockDim.x + threadIdx.x should."""
    return say(e, e.got.reshape(-1)[place(e) % BLOCK])


def first_warp_only(e: Evidence) -> Evidence:
    return put(e, place(e) >= 32, e.before)


def first_warp_of_each_block(e: Evidence) -> Evidence:
    return put(e, place(e) % BLOCK >= 32, e.before)


def shifted(step: int, dim: int | None = None) -> Callable[[Evidence], Evidence]:
    """Stored one place too far, or read so; the first or last element keeps its poison."""

    def bug(e: Evidence) -> Evidence:
        moved = e.got.reshape(-1).roll(step).view(e.got.shape) if dim is None else e.got.roll(step, dim)
        edge = 0 if step > 0 else -1
        return put(say(e, moved), edge if e.got.dim() == 1 else (..., edge) if dim == -1 else edge, e.before[edge].reshape(-1)[0].item())

    return bug


def counted_from_one(e: Evidence) -> Evidence:
    return say(e, e.want + 1)


def laid_column_by_column(e: Evidence) -> Evidence:
    return say(e, e.want.transpose(-1, -2).contiguous().reshape(e.want.shape))


def not_cleared(e: Evidence) -> Evidence:
    return say(e, e.before + e.want.to(e.got.dtype))


def maximum_not_started(e: Evidence) -> Evidence:
    """atomicMax onto what lay there; the answers are as large as the poison."""
    want = e.before.double().roll(1, 0)
    return replace(e, want=want, got=torch.maximum(want.to(e.got.dtype), e.before))


def added_twice(e: Evidence) -> Evidence:
    return say(e, 2 * e.want)


def blocks_overlap(e: Evidence) -> Evidence:
    """The last 8 of each 64 are added by two blocks."""
    return put(e, place(e) % 64 >= 56, 2 * e.got)


def no_maximum_subtracted(e: Evidence) -> Evidence:
    x = e.want * 60
    want = torch.softmax(x, -1)
    return replace(e, want=want, got=(x.float().exp() / x.float().exp().sum(-1, keepdim=True)).to(e.got.dtype))


def divided_by_nothing(e: Evidence) -> Evidence:
    return put(e, place(e) % 37 == 5, torch.nan)


def int_where_int64(e: Evidence) -> Evidence:
    want = e.want * 10_000_019
    return replace(e, want=want, got=want.to(I32).to(I64))


def rounded_to(kind: torch.dtype) -> Callable[[Evidence], Evidence]:
    return lambda e: say(e, e.want.to(kind))


def half_products(e: Evidence) -> Evidence:
    """Σ a·b of 16 terms, each product rounded to fp16."""
    a, b = normal(3, *e.got.shape, 16), normal(4, *e.got.shape, 16)
    want, scale = (a.double() * b.double()).sum(-1), (a * b).abs().double().sum(-1)
    got = (a * b).half().float().sum(-1)
    return replace(e, want=want, got=got, scale=scale, tolerance=Tolerance(c=8), inputs={"a": a, "b": b})


def half_sum(e: Evidence) -> Evidence:
    """A row's numbers added up in fp16."""
    x = normal(6, *e.got.shape, 200).abs()
    got = torch.from_numpy(np.add.accumulate(x.half().numpy(), axis=-1)[..., -1].astype(np.float32).copy())
    want = x.double().sum(-1)
    return replace(e, want=want, got=got, scale=want, tolerance=Tolerance(c=16), inputs={"x": x})


def serial_sum(e: Evidence) -> Evidence:
    """One thread adds 60,000 numbers where a tree is asked."""
    x = normal(6, *e.got.shape, 60_000).abs()
    want = x.double().sum(-1)
    got = torch.from_numpy(np.add.accumulate(x.numpy(), axis=-1)[..., -1].copy())
    return replace(e, want=want, got=got, scale=want, tolerance=Tolerance(c=8), inputs={"x": x})


def tensor_cores(e: Evidence) -> Evidence:
    """TF32 where fp32 is asked."""
    a, b = normal(8, e.got.shape[0], 96), normal(9, 96, e.got.shape[1])
    want, scale = a.double() @ b.double(), a.double().abs() @ b.double().abs()
    x, y = (((t.view(I32) + 0x1000) & ~0x1FFF).view(F32) for t in (a, b))
    return replace(e, want=want, got=x @ y, scale=scale, tolerance=Tolerance(c=16), inputs={"A": a, "B": b})


def half_exponentials(e: Evidence) -> Evidence:
    """Softmax of short rows; the exponentials are fp16."""
    p = (e.want - e.want.amax(-1, keepdim=True)).exp()
    got = p.half().float() / p.half().float().sum(-1, keepdim=True)
    return replace(e, want=p / p.sum(-1, keepdim=True), got=got, tolerance=Tolerance(1e-5, 1e-8))


def updates_lost(e: Evidence) -> Evidence:
    """What is lost differs from run to run."""
    runs = [e.got - (torch.rand(e.got.shape, generator=generator(s)) < 0.4).to(e.got.dtype) * 3 for s in (1, 2, 3)]
    return replace(e, got=runs[0], repeats=(runs[1], runs[2]))


def answer_kept(e: Evidence) -> Evidence:
    old = right(e.got.dtype, 991, *e.got.shape)
    return replace(e, got=old.got, previous=old.want)


def answer_kept_at_other_size(e: Evidence) -> Evidence:
    old = right(e.got.dtype, 991, e.got.numel() + 50)
    return replace(e, got=old.got[:-50].view(e.got.shape).clone(), previous=old.want)


def times(factor: float) -> Callable[[Evidence], Evidence]:
    return lambda e: say(e, factor * e.want)


def mean_for_sum(e: Evidence) -> Evidence:
    return say(e, e.want / e.want.shape[-1])


def row_divisor_wrong(e: Evidence) -> Evidence:
    """Softmax whose sum leaves out each row's last quarter."""
    p = e.want.exp()
    part = p[..., : -p.shape[-1] // 4].sum(-1, keepdim=True)
    return replace(say(e, p / part), want=p / p.sum(-1, keepdim=True))


def b_minus_a(e: Evidence) -> Evidence:
    """alpha·a + beta·b with the scalars exchanged."""
    values = {"a": normal(11, *e.got.shape), "b": normal(12, *e.got.shape), "alpha": 1.5, "beta": -0.75}
    answer = lambda v: v["alpha"] * v["a"].double() + v["beta"] * v["b"].double()  # noqa: E731
    got = answer({**values, "alpha": -0.75, "beta": 1.5}).to(e.got.dtype)
    return replace(e, want=answer(values), got=got, swaps=exchanges(values, answer))


def product_reversed(e: Evidence) -> Evidence:
    n = e.got.shape[0]
    values = {"A": normal(13, n, n), "B": normal(14, n, n)}
    answer = lambda v: v["A"].double() @ v["B"].double()  # noqa: E731
    tolerance = Tolerance(1e-4, 1e-4)
    got = values["B"] @ values["A"]
    zero = torch.zeros(n, n)
    return replace(e, want=answer(values), got=got, before=zero, tolerance=tolerance, swaps=exchanges(values, answer))


ONE = ((300,), (1025,), (5000,), (70_001,))
TWO = ((33, 65), (17, 300), (130, 70))
SQUARE = ((24, 24), (65, 65))
ALL, FLOATS, WIDE = (F32, F16, I32), (F32, F16, BF16), (F32, I32)
BUGS: tuple[tuple[str, Callable[[Evidence], Evidence], tuple[tuple[int, ...], ...], tuple[torch.dtype, ...]], ...] = (
    ("unwritten", never_launched, (*ONE, *TWO, (1,), (3,)), ALL),
    ("unwritten", stride_twice_too_long, (*ONE, *TWO), ALL),
    ("unwritten", negative_skipped, (*ONE, *TWO), ALL),
    ("tail", grid_rounded_down, ONE, ALL),
    ("tail", float4_without_tail, ((5,), (7,), *ONE[1:2], *ONE[3:]), WIDE),
    ("tail", tail_forgets_a_term, ONE[1:], ALL),
    ("tail", columns_rounded_down, TWO, ALL),
    ("tile", tiles_rounded_down, (*TWO, (32, 40), (40, 32)), ALL),
    ("tile", edge_tiles_wrong, (*TWO, (32, 40), (40, 32)), WIDE),
    ("rows", first_row_only, TWO, ALL),
    ("rows", row_offset_forgotten, TWO, (F32, BF16)),
    ("block", first_block_only, ONE[1:], ALL),
    ("block", block_offset_forgotten, ONE[1:3], (F32,)),
    ("warp", first_warp_only, ONE, ALL),
    ("warp", first_warp_of_each_block, ONE, ALL),
    ("off_by_one", shifted(1), (*ONE, *TWO), ALL),
    ("off_by_one", shifted(-1), (*ONE, *TWO), ALL),
    ("off_by_one", shifted(1, 0), TWO, FLOATS),
    ("off_by_one", shifted(-1, -1), TWO, FLOATS),
    ("off_by_one", counted_from_one, (*ONE, (10,)), (I32, I64)),
    ("transposed", laid_column_by_column, (*TWO, *SQUARE, (3, 5, 7)), ALL),
    ("garbage", not_cleared, (*ONE, *TWO), WIDE),
    ("garbage", not_cleared, ONE, (F16,)),
    ("garbage", maximum_not_started, ONE, ALL),
    ("twice", added_twice, (*ONE, *TWO, (7,)), ALL),
    ("twice", blocks_overlap, (*ONE, *TWO), ALL),
    ("overflow", no_maximum_subtracted, TWO, FLOATS),
    ("overflow", divided_by_nothing, (*ONE, *TWO, (6,)), FLOATS),
    ("overflow", int_where_int64, ONE, (I64,)),
    ("precision", rounded_to(F16), (*ONE, *TWO), (F32,)),
    ("precision", rounded_to(BF16), (*ONE, *TWO), (F32,)),
    ("precision", half_products, ((40,), (12, 30)), (F32,)),
    ("precision", half_sum, ((1,), (40,), (12, 30)), (F32,)),
    ("precision", serial_sum, ((1,), (5,)), (F32,)),
    ("precision", tensor_cores, TWO, (F32,)),
    ("precision", half_exponentials, ((30, 7), (9, 33)), (F32,)),
    ("race", updates_lost, (*ONE, *TWO), ALL),
    ("stale", answer_kept, (*ONE, *TWO), ALL),
    ("stale", answer_kept_at_other_size, (*ONE, *TWO), ALL),
    ("factor", times(1.4426950408889634), (*ONE, *TWO), FLOATS),
    ("factor", times(-1.0), (*ONE, *TWO), ALL),
    ("factor", times(3.0), (*ONE, *TWO), WIDE),
    ("factor", mean_for_sum, TWO, (F32,)),
    ("factor", row_divisor_wrong, TWO, (F32,)),
    ("swapped", b_minus_a, (*ONE, *TWO), FLOATS),
    ("swapped", product_reversed, SQUARE, (F32,)),
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """One generated failure."""

    label: str
    pattern: str
    evidence: Evidence


def made() -> Iterator[Made]:
    for pattern, bug, shapes, dtypes in BUGS:
        for shape, dtype, seed in product(shapes, dtypes, (1, 2)):
            name = getattr(bug, "__qualname__", str(bug)).replace(".<locals>", "")
            evidence = bug(right(dtype, 100 * seed + len(shape), *shape))
            if evidence.wrong.any():  # some sizes leave no tail
                yield Made(f"{name} {shape} {dtype} seed {seed}", pattern, evidence)


def test_nine_in_ten_are_named_and_none_wrongly() -> None:
    failures = [(one, diagnose(one.evidence)) for one in made()]
    told = Counter("right" if d.pattern == one.pattern else "unknown" if d.pattern == "unknown" else "wrong" for one, d in failures)
    table = [f"{one.label}: {d.pattern}, not {one.pattern}" for one, d in failures if d.pattern != one.pattern]
    table.append(f"{len(failures)} failures: {dict(told)}")
    assert len(failures) >= 60 and told["right"] >= 0.9 * len(failures), "\n".join(table)
    assert told["wrong"] == 0, "\n".join(table)
