"""Too few bits: what overflowed, and what is close but not close enough. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import torch

from grader.model import Diagnosis
from grader.patterns import FEW, SAMPLE, Evidence, bits

HALF = 2.0**-10  # relative: two roundings to fp16 or TF32
LARGE = 1 << 24  # terms: beyond them, adding up again takes too long


def overflow(e: Evidence) -> Diagnosis | None:
    if not e.epsilon:
        return _wrapped(e)
    bad = e.wrong & ~e.g.isfinite() & e.w.isfinite()
    if not bad.any():
        return None
    many = "one element is" if int(bad.sum()) == 1 else f"{int(bad.sum()):,} elements are"
    if why := _elsewhere(e, bad):
        return Diagnosis("unknown", f"{many} {why}")
    kind = "inf or nan" if (bad & e.g.isinf()).any() else "nan"
    return Diagnosis(
        "overflow",
        f"{many} {kind} where a finite number belongs: "
        "something overflowed (expf of a large number?) or 0/0 was formed",
    )


def _elsewhere(e: Evidence, bad: torch.Tensor) -> str:
    """What is not finite without any overflow: nan from an input that holds some, or where a maximum starts."""
    # An input of the output's shape is read element by element: a nan elsewhere in it says nothing of this one.
    others = {name: x for name, x in e.inputs.items() if x.shape != e.got.shape and x.is_floating_point()}
    tainted = [name for name, x in others.items() if bool(x.isnan().any())]
    if tainted and bool(e.g[bad].isnan().all()):
        return f"nan where a finite number belongs, and {' and '.join(tainted)} holds nan: is a wrong element read?"
    if bool((e.g[bad] == -torch.inf).all()) and float(e.w[bad].abs().max()) < 3e4:
        return "-inf where a finite number belongs: a maximum over nothing, or the log of 0?"
    return ""


def _wrapped(e: Evidence) -> Diagnosis | None:
    """A 64-bit answer that went through 32 bits."""
    if e.got.dtype is not torch.int64 or not e.wrong.any():
        return None
    want, got = e.want[e.wrong], e.got[e.wrong]
    if not bool((got == want.to(torch.int32)).all() | (got == want & 0xFFFFFFFF).all()):
        return None
    return Diagnosis("overflow", f"{e.argument} is what is left of the answer in 32 bits: use int64_t throughout")


def reduced(e: Evidence) -> Diagnosis | None:
    """got has so few bits that it went through a shorter format, or is what a poorer sum gives."""
    if not e.epsilon or not e.wrong.any() or not bool(e.g[e.wrong].isfinite().all()):
        return None
    for words, answer in _poorer(e):
        if _same(e, answer):
            return Diagnosis("precision", f"{e.argument} is what one gets by {words}")
    return _short(e) if e.got.dtype is torch.float32 else None


def _same(e: Evidence, answer: torch.Tensor) -> bool:
    """Off from the right one just as `answer` is, ten times nearer to that."""
    off, error = (e.g - answer)[e.wrong], (e.g - e.w)[e.wrong]
    exact = len(off) >= FEW or bool((off.abs() <= 2**-20 * answer[e.wrong].abs()).all())
    return exact and float(off.norm()) * 10 <= float(error.norm())


def _short(e: Evidence) -> Diagnosis | None:
    got = e.got[e.wrong]
    if int(bits(got[:SAMPLE]).max()) > 16:
        return None
    want, error = e.w[e.wrong].float(), (e.g - e.w).abs()[e.wrong]
    size = e.w.abs() if e.scale is None else torch.maximum(e.w.abs(), e.scale.double())
    used = int(bits(got).max())
    near = HALF * size[e.wrong] * (2 if used > 8 else 4)
    if not 7 <= used <= 16 or not bool((error <= near).all()):
        return None
    if int(bits(want).max()) < used + 7:  # as few bits may be right
        return None
    kind = "bf16" if used <= 8 else "fp16 or TF32" if used <= 11 else ""
    kind = kind if len(got) >= 2 * FEW else ""  # a few fp16 numbers may do with the bits of a bf16 one
    return Diagnosis(
        "precision",
        f"{e.argument} holds only {used} of the 24 bits of an fp32 number (off by {_most(e)} relative): "
        f"it went through {kind or 'half precision'}",
    )


def coarse(e: Evidence) -> Diagnosis | None:
    """Everything is nearly right, nearer than one lost term would leave it."""
    if not e.epsilon or not bool(e.g[e.wrong].isfinite().all()) or not bool(e.w.isfinite().all()):
        return None
    if e.wrong.numel() < 2 and e.scale is not None:  # a sum may have lost a small term
        return None
    nearly = HALF if e.wrong.numel() >= 2 * FEW else HALF / 2
    nearly = min(max(nearly, 2 * e.epsilon), 0.05 / max(*e.got.shape[-1:], 1, 1))
    terms = _longest(e) if e.scale is not None else 0

    def nearly_right(part: torch.Tensor) -> torch.Tensor:
        got, want = (t.reshape(-1)[part] for t in (e.g, e.w))
        limit = nearly * want.abs()
        if e.scale is not None and terms:  # sums: cancellation makes |want| small, not the terms
            size = e.scale.expand(e.w.shape).reshape(-1)[part].double()
            limit = torch.maximum(limit, min(HALF, 0.05 / terms) * size)
        return torch.le((got - want).abs(), limit)

    if not e.everywhere(nearly_right) or (e.wrong.numel() > 64 and int(e.wrong.sum()) < FEW):
        return None
    why = "half precision somewhere, or a formula that only approximates?"
    if e.got.element_size() < 4:
        why = "rounded in another way, or more than once?"
    near = f"{e.argument} is close (off by at most {_most(e)} relative)"
    return Diagnosis("precision", f"{near} but not close enough for {_name(e.got.dtype)}: {why}")


def _longest(e: Evidence) -> int:
    """At most so many terms are in one sum; 0 if the inputs are not known."""
    return max((extent for x in e.inputs.values() for extent in x.shape), default=0)


def _most(e: Evidence) -> str:
    return f"{float(((e.g - e.w).abs() / e.w.abs().clamp_min(1e-300))[e.wrong].max()):.1e}"


def _name(dtype: torch.dtype) -> str:
    return {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}.get(dtype, str(dtype)[6:])


# ---------------------------------------------------------------- the same sum, done worse


def _poorer(e: Evidence) -> Iterator[tuple[str, torch.Tensor]]:
    """Sums and products of the inputs that the right answer turns out to be, in fewer bits or in a row."""
    if (terms := _terms(e)) is not None:
        yield "adding up one by one in fp32, where a tree loses less", _added(terms, np.float32, e.w)
        yield "adding up in fp16, where fp32 belongs", _added(terms, np.float16, e.w)
        yield "rounding each term to fp16 before it is added", _added(terms.half(), np.float32, e.w)
    for a, b in combinations([x for x in e.inputs.values() if x.dim() == 2 and x.is_floating_point()], 2):
        for left, right in ((a, b), (b, a)):
            if left.shape[1] == right.shape[0] and _right(e, left.double() @ right.double()):
                yield "multiplying in TF32, where fp32 belongs", _tf32(left) @ _tf32(right)
                yield (
                    "rounding the inputs to bf16, where fp32 belongs",
                    left.bfloat16().double() @ right.bfloat16().double(),
                )


def _added(terms: torch.Tensor, kind: type[np.floating[Any]], like: torch.Tensor) -> torch.Tensor:
    """Each row's terms, one by one, in that type."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.accumulate(terms.numpy().astype(kind), axis=-1)[:, -1]
    return torch.from_numpy(total.astype(np.float64)).view(like.shape)


def _terms(e: Evidence) -> torch.Tensor | None:
    """What is added up, one row for each element of the answer: the elements of an input, or products of two."""
    count = max(e.got.numel(), 1)
    floats = [x.double() for x in e.inputs.values() if x.is_floating_point() and count <= x.numel() <= LARGE]
    products = (a * b for a, b in combinations(floats, 2) if a.shape == b.shape)
    for terms in (*(x for x in floats if x.numel() > count), *products):
        rows = terms.reshape(count, -1) if terms.numel() % count == 0 else None
        if rows is not None and _right(e, rows.sum(-1)):
            return rows
    return None


def _right(e: Evidence, answer: torch.Tensor) -> bool:
    """Is that the oracle's answer?"""
    same = answer.numel() == e.w.numel()
    return same and bool(torch.allclose(answer.reshape(e.w.shape), e.w, rtol=1e-9, atol=1e-12))


def _tf32(x: torch.Tensor) -> torch.Tensor:
    """Rounded to 10 bits behind the point, as tensor cores read fp32."""
    whole = x.float().contiguous().view(torch.int32) + 0x1000
    return (whole & ~0x1FFF).view(torch.float32).double()
