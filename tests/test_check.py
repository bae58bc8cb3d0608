"""check and layout: one spoilt element is found where it is; red zones, inputs and padding are watched."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import catalog, check, declaration, layout, marshal
from grader.model import Argument, Buffer, Case, Job, Tolerance

ROOT = Path(__file__).resolve().parents[1]
EXACT = Tolerance(why="exact")
CLOSE = Tolerance(rtol=1e-5, atol=1e-7)
shapes = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


@given(shapes, st.data())
def test_a_spoilt_element_is_found_where_it_is(shape: tuple[int, ...], data: st.DataObject) -> None:
    want = torch.arange(1, 1 + int(np.prod(shape)), dtype=torch.float64).reshape(shape)
    index = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    got = want.float()
    got[index] *= 1.01
    found = check.compare("y", got, want, None, CLOSE)
    assert found is not None
    assert (found.index, found.wrong, found.total) == (index, 1, want.numel())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize("tolerance", [EXACT, CLOSE])
def test_the_same_is_accepted(dtype: torch.dtype, tolerance: Tolerance) -> None:
    got = torch.tensor([0, 1, 3, 100]).to(dtype)
    assert check.compare("y", got, got.double() if dtype.is_floating_point else got, None, tolerance) is None


@pytest.mark.parametrize(
    ("got", "want", "right"),
    [
        (float("nan"), float("nan"), True),
        (float("nan"), 1.0, False),
        (1.0, float("nan"), False),
        (float("inf"), float("inf"), True),
        (float("-inf"), float("inf"), False),
        (3e38, float("inf"), False),
        (float("inf"), 3e38, False),
        (0.0, 0.0, True),
    ],
)
def test_nan_and_infinity_match_only_themselves(got: float, want: float, right: bool) -> None:
    wide = Tolerance(rtol=1.0, atol=1e30)
    found = check.compare("y", torch.tensor([got]), torch.tensor([want], dtype=torch.float64), None, wide)
    assert (found is None) is right


def test_exact_means_the_one_rounding_to_the_outputs_type() -> None:
    want = torch.tensor([0.1], dtype=torch.float64)
    assert check.compare("y", want.float(), want, None, EXACT) is None
    assert check.compare("y", torch.nextafter(want.float(), torch.tensor([1.0])), want, None, EXACT) is not None


def test_the_scale_allows_c_roundings() -> None:
    want, scale = torch.tensor([1.0], dtype=torch.float64), torch.tensor([100.0])
    tolerance = Tolerance(c=16.0)
    inside = want + 15 * check.EPSILON * 100
    outside = want + 17 * check.EPSILON * 100
    assert check.compare("y", inside, want, scale, tolerance) is None
    assert check.compare("y", outside, want, scale, tolerance) is not None


# ---------------------------------------------------------------- what the launcher gets


def laid(params: str, **values: Any) -> layout.Layout:
    whole = declaration.parse(f'extern "C" cudaError_t launch_x({params}, cudaStream_t stream);')
    exercise = replace(catalog.load(ROOT, "01_vector_add"), declaration=whole)
    return layout.lay(exercise, Case({}, "normal"), values, {"y": (4,)}, 0, 1.0)


def test_none_is_a_null_pointer() -> None:
    plan = laid("const float* x, const float* s, float* y", x=torch.ones(4), s=None)
    assert [b.name for b in plan.job.buffers] == ["x", "y"]
    pointers = marshal.arguments(plan.job, lambda b: b.offset, len)
    assert [bool(p.value) for p in pointers] == [True, False, True]


def test_a_table_points_to_the_rows() -> None:
    plan = laid("float* const* caches, float* y", caches=torch.ones(3, 64))
    found: list[int] = []
    marshal.arguments(plan.job, lambda b: b.offset, lambda packed: found.extend(struct.unpack("3Q", packed)) or 1)
    start = plan.buffer("caches").offset
    assert found == [start, start + 256, start + 512]
    assert plan.buffer("caches").initialised and plan.buffer("caches").output


# ---------------------------------------------------------------- what must not be touched


def plan(n: int = 10) -> layout.Layout:
    x = Buffer("x", layout.RED_ZONE, 4 * n, 4, True)
    y = Buffer("y", 3 * layout.RED_ZONE, 4 * n, 4, False, True)
    job = Job((x, y), (Argument("float", buffer="x", pointer=True),), 5 * layout.RED_ZONE)
    return layout.Layout(job, {"y": (n,)}, {"x": torch.float32, "y": torch.float32}, {"x": "x", "y": "y"})


def test_untouched_memory_gives_no_finding() -> None:
    before = layout.poison(plan().job.span, 1)
    assert check.untouched(plan(), before, before.copy()) == ()


@pytest.mark.parametrize("buffer", ["x", "y"])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_write_beside_a_buffer_is_found_and_named(buffer: str, side: int) -> None:
    layout_ = plan()
    before = layout.poison(layout_.job.span, 1)
    after = before.copy()
    b = layout_.buffer(buffer)
    after[b.offset - 4 if side < 0 else b.offset + b.nbytes] ^= 0xFF
    (finding,) = check.untouched(layout_, before, after)
    assert (finding.kind, finding.variable) == ("oob", buffer)
    assert ("before" if side < 0 else "past the end") in finding.text


@pytest.mark.parametrize(
    ("ctype", "at", "words"),
    [
        ("float", 0, "just past the end of y (10 elements)"),
        ("float", 40, "10 elements past the end of y (10 elements)"),
        ("void", 40, "40 bytes past the end of y (40 bytes)"),
    ],
)
def test_how_far_a_write_went_and_in_what(ctype: str, at: int, words: str) -> None:
    layout_ = plan(10)
    job = replace(layout_.job, arguments=(*layout_.job.arguments, Argument(ctype, buffer="y", pointer=True)))
    before = layout.poison(job.span, 1)
    after = before.copy()
    y = layout_.buffer("y")
    after[y.offset + y.nbytes + at] ^= 0xFF
    (finding,) = check.untouched(replace(layout_, job=job), before, after)
    assert words in finding.text


def test_an_overwritten_input_is_found() -> None:
    layout_ = plan()
    before = layout.poison(layout_.job.span, 1)
    after = before.copy()
    after[layout_.buffer("x").offset + 8] ^= 1
    (finding,) = check.untouched(layout_, before, after)
    assert finding.kind == "input" and "element 2" in finding.text


def test_padding_behind_the_last_column_is_watched() -> None:
    before = torch.ones(3, 8)
    got = before.clone()
    got[:, :5] = 2.0
    assert check.padding("C", got, before, 5) == ()
    got[1, 6] = 0.0
    assert check.padding("C", got, before, 5)[0].kind == "padding"


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
)
def test_poison_is_finite_in_every_type_and_new_for_every_seed(dtype: torch.dtype) -> None:
    one, two = (torch.from_numpy(layout.poison(1 << 16, seed)).view(dtype) for seed in (1, 2))
    one, two = one.double(), two.double()
    assert one.isfinite().all() and (one != 0).all()
    assert (one == two).float().mean() < 0.1


def test_the_share_of_codes_is_not_counted() -> None:
    want = {"q": torch.tensor([3.0], dtype=torch.float64), "y": torch.tensor([1.0], dtype=torch.float64)}
    allowed = {"": Tolerance(atol=1.0, why="a neighbour")}
    assert check.share({"q": torch.tensor([4], dtype=torch.int8)}, want, allowed) == 0.0
    assert check.share({"y": torch.tensor([1.5])}, want, allowed) == pytest.approx(0.5, abs=1e-6)


# ---------------------------------------------------------------- large ones are compared in blocks

ODD = st.sampled_from((0.0, -0.0, 1.0, 1.0 + 2e-5, -1.0, 3e38, float("inf"), float("-inf"), float("nan")))


@given(st.lists(st.tuples(ODD, ODD, st.floats(0, 1e6)), min_size=8, max_size=30), st.booleans(), st.booleans())
def test_blocks_say_what_each_element_says(rows: list[tuple[float, ...]], exact: bool, scaled: bool) -> None:
    """Whole, in blocks with a partial last one, and by the rule as it is written down."""
    got, want, scale = (torch.tensor(column, dtype=torch.float64) for column in zip(*rows, strict=True))
    tolerance = EXACT if exact else Tolerance(rtol=1e-5, atol=1e-7, c=4.0)
    words = (got.float(), want, scale if scaled else None, tolerance)
    with pytest.MonkeyPatch.context() as patch:
        whole = check.accepted(*words)
        patch.setattr(check, "BLOCK", 7)
        blocks = check.accepted(*words)
        plane = check.accepted(*(t[: len(t) // 2 * 2].view(2, -1) if torch.is_tensor(t) else t for t in words))
    assert whole.tolist() == blocks.tolist() == [_right(*row, exact, scaled) for row in rows]
    assert plane.reshape(-1).tolist() == whole[: plane.numel()].tolist() and plane.dim() == 2


def _right(got: float, want: float, scale: float, exact: bool, scaled: bool) -> bool:
    a, b = float(np.float32(got)), float(np.float32(want)) if exact else want
    if not (np.isfinite(a) and np.isfinite(b)):
        return a == b or (np.isnan(a) and np.isnan(b))
    allowed = 0.0 if exact else 1e-5 * abs(want) + 1e-7 + (4.0 * check.EPSILON * scale if scaled else 0.0)
    return abs(a - b) <= allowed


def test_the_answer_is_not_changed_by_being_compared() -> None:
    got, want = torch.full((9,), 2.0, dtype=torch.float64), torch.full((9,), -3.0, dtype=torch.float64)
    check.accepted(got, want, None, CLOSE)
    assert got.eq(2.0).all() and want.eq(-3.0).all()


@pytest.mark.parametrize("n", [0, 1, 6, 7, 8, 20])
def test_bytes_are_compared_to_the_last(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PAGE", 7)
    before = np.arange(n, dtype=np.uint8)
    assert check.same(before, before.copy())
    for i in range(n):
        after = before.copy()
        after[i] += 1
        assert not check.same(before, after)
