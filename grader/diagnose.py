"""From what is wrong to what went wrong: a named pattern and a learner's sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from grader.check import accepted
from grader.model import Diagnosis, Launch, Tolerance

HALF = 2.0**-7  # relative: a rounding to bf16 is half of this, a few to fp16 are less


@dataclass(frozen=True)
class Evidence:
    """Everything known of one wrong output; tensors are flat-comparable, want and got of one shape."""

    argument: str
    got: torch.Tensor
    want: torch.Tensor
    scale: torch.Tensor | None
    before: torch.Tensor  # the poison that lay there
    tolerance: Tolerance
    launches: tuple[Launch, ...] = ()

    @property
    def right(self) -> torch.Tensor:
        return accepted(self.got, self.want, self.scale, self.tolerance)

    @property
    def wrong(self) -> torch.Tensor:
        return ~self.right

    @property
    def unwritten(self) -> torch.Tensor:
        """Elements that still hold their poison, bit by bit."""
        if not self.got.numel():
            return torch.zeros(self.got.shape, dtype=torch.bool)
        width = self.got.element_size()
        same = self.got.contiguous().reshape(-1).view(torch.uint8) == self.before.contiguous().reshape(-1).view(
            torch.uint8
        )
        return same.view(-1, width).all(1).view(self.got.shape)


def diagnose(evidence: Evidence) -> Diagnosis:
    """The first pattern that fits; each is exact enough not to guess."""
    for pattern in (_unwritten, _overflow, _garbage, _factor, _precision, _rows, _tail):
        if found := pattern(evidence):
            picture = chart(evidence.wrong)
            return Diagnosis(found.pattern, found.explanation, picture)
    return Diagnosis("unknown", "", chart(evidence.wrong))


def _unwritten(e: Evidence) -> Diagnosis | None:
    missing = e.unwritten & e.wrong
    if not missing.any() or (e.wrong & ~missing).any():
        return None
    count, total = int(missing.sum()), missing.numel()
    if count == total:
        return Diagnosis(
            "unwritten", f"{e.argument} was never written: it still holds what was there before the launch"
        )
    if e.got.dim() > 1 and (rest := _only_first_rows(missing)):
        return Diagnosis(
            "rows", f"only the first {rest} rows were written; the others still hold what was there before"
        )
    flat = missing.reshape(-1).nonzero().reshape(-1)
    first, last = int(flat[0]), int(flat[-1])
    if last == total - 1 and last - first + 1 == count:
        return Diagnosis(
            "tail", f"the last {count} of {total} elements were never written: does the grid round up to cover them?"
        )
    return Diagnosis(
        "unwritten", f"{count} of {total} elements were never written, the first at {_index(e.got, first)}"
    )


def _only_first_rows(missing: torch.Tensor) -> int:
    rows = missing.reshape(missing.shape[0], -1).all(1)
    done = int((~rows).sum())
    whole = bool((~missing[:done]).all()) and bool(rows[done:].all())
    return done if done and whole else 0


def _overflow(e: Evidence) -> Diagnosis | None:
    if not e.got.is_floating_point():
        return None
    bad = e.wrong & ~e.got.isfinite() & e.want.isfinite()
    if not bad.any():
        return None
    return Diagnosis(
        "overflow",
        f"{int(bad.sum())} elements are inf or nan where a finite number belongs: "
        "something overflowed (expf of a large number?) or 0/0 was formed",
    )


def _garbage(e: Evidence) -> Diagnosis | None:
    """got - want is the poison that was there: added onto memory that was not cleared."""
    if not e.got.is_floating_point() or not e.wrong.all():
        return None
    off = e.got.double() - e.want.double()
    before = e.before.double()
    if torch.allclose(off, before, rtol=1e-3, atol=0.0):
        return Diagnosis("garbage", f"{e.argument} was added to, not set: it did not start at zero. Clear it first")
    return None


def _tail(e: Evidence) -> Diagnosis | None:
    """Every wrong element lies in one run at the very end."""
    flat = e.wrong.reshape(-1)
    count, total = int(flat.sum()), flat.numel()
    if 0 < 2 * count < total and total >= 8 and bool(flat[total - count :].all()):  # fewer could be chance
        return Diagnosis(
            "tail", f"only the last {count} of {total} elements are wrong: the last, partial block or tile"
        )
    return None


def _rows(e: Evidence) -> Diagnosis | None:
    if e.got.dim() < 2 or e.got.shape[0] < 2:
        return None
    bad = e.wrong.reshape(e.wrong.shape[0], -1).any(1)
    if not bool(bad[0]) and bool(bad[1:].all()):
        return Diagnosis("rows", "only the first row is right: is the row's offset (row × columns) added everywhere?")
    return None


def _factor(e: Evidence) -> Diagnosis | None:
    """got = k·want everywhere."""
    if not e.got.is_floating_point() or e.got.numel() < 4 or not e.want.isfinite().all() or not e.got.isfinite().all():
        return None
    want, got = e.want.double().reshape(-1), e.got.double().reshape(-1)
    if not (want != 0).all() or int(torch.unique(want).numel()) < 4:
        return None
    ratio = got / want
    middle = float(ratio.median())
    if abs(middle - 1) > 1e-3 and bool(((ratio - middle).abs() <= 1e-4 * abs(middle)).all()) and middle != 0:
        return Diagnosis("factor", f"every element is {middle:.6g} times what it should be: a constant factor is wrong")
    return None


def _precision(e: Evidence) -> Diagnosis | None:
    """Every wrong element is off by no more than a few roundings to fp16 or bf16."""
    if not e.got.is_floating_point() or not e.got.isfinite().all():
        return None
    bad = e.wrong
    size = e.want.double().abs()
    if e.scale is not None:  # sums: cancellation makes |want| small, not the terms
        size = torch.maximum(size, e.scale.double())
    error = ((e.got.double() - e.want.double()).abs() / size.clamp_min(1e-30))[bad]
    if not error.numel() or not bool((error <= HALF).all()):
        return None
    return Diagnosis(
        "precision",
        f"{e.argument} is close (off by at most {float(error.max()):.1e} relative) but not close enough for fp32: "
        "is something computed or accumulated in half precision?",
    )


def _index(tensor: torch.Tensor, flat: int) -> str:
    index = []
    for extent in reversed(tensor.shape):
        index.append(flat % extent)
        flat //= extent
    return "[" + ", ".join(map(str, reversed(index))) + "]"


# ---------------------------------------------------------------- a small map


def chart(wrong: torch.Tensor, width: int = 64, height: int = 8) -> str:
    """Where it is wrong: `·` right, `x` wrong, one cell for many elements when there are too many."""
    if wrong.dim() == 0 or wrong.numel() < 2:
        return ""
    plane = wrong.reshape(1, -1) if wrong.dim() == 1 else wrong.reshape(-1, wrong.shape[-1])
    rows, cols = min(height, plane.shape[0]), min(width, plane.shape[1])
    lines = []
    for r in range(rows):
        band = plane[r * plane.shape[0] // rows : (r + 1) * plane.shape[0] // rows]
        cells = [band[:, c * plane.shape[1] // cols : (c + 1) * plane.shape[1] // cols].any() for c in range(cols)]
        lines.append("".join("x" if cell else "·" for cell in cells))
    return "\n".join(lines)
