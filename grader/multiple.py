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
    if not e.telling(e.odd) or not e.g[e.odd].isfinite().all() or (e.w[e.odd] == 0).any():
        return None
    ratio = e.g / e.w
    k = ratio[e.odd].median()
    if e.fits(k * e.w, e.odd, k):
        return _multiple(e, k)
    return _by_row(e, ratio)


def _multiple(e: Evidence, k: torch.Tensor) -> Diagnosis | None:
    everywhere = e.fits(k * e.w, ~e.held, k)
    if abs(k - 2) <= max(1e-4, 2 * e.epsilon):
        some = "every element is" if everywhere else f"{int(e.odd.sum()):,} of {e.odd.numel():,} elements are"
        return Diagnosis("twice", f"{some} twice what it should be: added or counted two times?")
    if not everywhere or abs(k) < 1e-6 or abs(k - 1) <= max(1e-3, 16 * e.epsilon):
        return None
    return Diagnosis("factor", f"every element is {_number(float(k))} times what it should be: a constant is wrong")


def _number(k: float) -> str:
    return next((f"{k:.6g} ({name})" for c, name in CONSTANTS.items() if abs(k - c) < 1e-4 * abs(c)), f"{k:.6g}")


def _by_row(e: Evidence, ratio: torch.Tensor) -> Diagnosis | None:
    rows = e.odd.any(-1, keepdim=True)
    if e.g.dim() < 2 or e.g.shape[-1] < FEW or int(rows.sum()) < 2:
        return None
    k = ratio.median(-1, keepdim=True).values
    least = max(1e-3, 4 * e.tolerance.rtol, 16 * e.epsilon)
    if not k.isfinite().all() or (k[rows] == 0).any() or float((k[rows] - 1).abs().median()) < least:
        return None
    spread = (e.w.amax(-1, keepdim=True) - e.w.amin(-1, keepdim=True))[rows] / e.w.abs().amax(-1, keepdim=True)[rows]
    if float(spread.median()) < 0.1 or not e.fits(k * e.w, rows & ~e.held, k):
        return None  # any function of a row that is all one number looks like a factor
    return Diagnosis("factor", "each wrong row is off by a factor of its own: what the row is divided by is wrong")


def zero(e: Evidence) -> Diagnosis | None:
    if not e.telling(e.wrong) or bool((e.g != 0).any()):
        return None
    return Diagnosis("zero", f"{e.argument} is 0 everywhere: is it only cleared, and nothing stored or added?")
