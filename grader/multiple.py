"""Right but for a factor: everywhere, in places, or row by row. Pure."""

from __future__ import annotations

import math

import torch

from grader.model import Diagnosis
from grader.patterns import FEW, Evidence

CONSTANTS = {
    1 / math.log(2): "log₂e", math.log(2): "ln 2", -1.0: "a sign", 0.5: "a half", math.sqrt(2): "√2",
    1 / math.sqrt(2): "1/√2", math.pi: "π", 1 / math.pi: "1/π",
}  # fmt: skip


def factor(e: Evidence) -> Diagnosis | None:
    """got = k·want: everywhere, twice in places, or by a number of each row's own."""
    if not e.telling(e.wrong) or not e.g[e.wrong].isfinite().all() or (e.w[e.wrong] == 0).any():
        return None
    ratio = e.g / e.w
    k = ratio[e.wrong].median()
    if bool(e.agrees(k * e.w, k)[e.wrong].all()):
        return _multiple(e, float(k))
    return _by_row(e, ratio)


def _multiple(e: Evidence, k: float) -> Diagnosis | None:
    whole = not (~e.wrong & (e.w != 0)).any()
    if abs(k - 2) < 1e-4:
        some = "every element is" if whole else f"{int(e.wrong.sum()):,} of {e.wrong.numel():,} elements are"
        return Diagnosis("twice", f"{some} twice what it should be: added or counted two times?")
    if not whole or abs(k) < 1e-6 or abs(k - 1) <= max(1e-3, 16 * e.epsilon):
        return None
    name = next((f" ({words})" for value, words in CONSTANTS.items() if abs(k - value) < 1e-4 * abs(value)), "")
    return Diagnosis("factor", f"every element is {k:.6g}{name} times what it should be: a constant factor is wrong")


def _by_row(e: Evidence, ratio: torch.Tensor) -> Diagnosis | None:
    if e.g.dim() < 2 or e.g.shape[-1] < FEW or not e.wrong.any(-1).sum() > 1:
        return None
    k = ratio.median(-1, keepdim=True).values
    bad = e.wrong.any(-1, keepdim=True)
    if not bool((bad == e.wrong).all()) or not bool(((k - 1).abs() > 1e-3)[bad].all()) or bool((k[bad] == 0).any()):
        return None
    if not bool(e.agrees(k * e.w, k)[e.wrong].all()):
        return None
    return Diagnosis("factor", "each wrong row is off by a factor of its own: what the row is divided by is wrong")


def zero(e: Evidence) -> Diagnosis | None:
    if not e.telling(e.wrong) or bool((e.g != 0)[e.wrong].any()):
        return None
    some = "everywhere" if bool(e.wrong.all()) else f"in {int(e.wrong.sum()):,} of {e.wrong.numel():,} elements"
    return Diagnosis("zero", f"{e.argument} is 0 {some}: cleared, but nothing is stored or added there")
