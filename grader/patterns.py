"""Patterns in the values of a wrong output, whatever their place: each is exact enough not to guess. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import torch

from grader.check import EPSILON, accepted, same
from grader.layout import raw
from grader.model import Diagnosis, Launch, Tolerance

FEW = 4  # fewer elements than this agree with almost any story
SAMPLE = 1 << 14  # elements looked at where all would be too slow


@dataclass(frozen=True)
class Evidence:
    """Everything known of one wrong output; got, want, scale and before are of one shape."""

    argument: str
    got: torch.Tensor
    want: torch.Tensor
    scale: torch.Tensor | None
    before: torch.Tensor  # the poison that lay there
    tolerance: Tolerance
    launches: tuple[Launch, ...] = ()
    repeats: tuple[torch.Tensor, ...] = ()  # what the same job left behind when run again, poison and all
    previous: torch.Tensor | None = None  # the right answer of the case before, of any shape
    inputs: Mapping[str, torch.Tensor] = field(default_factory=dict)
    swaps: Mapping[str, torch.Tensor] = field(default_factory=dict)  # "a and b" -> the answer with them exchanged

    @cached_property
    def wrong(self) -> torch.Tensor:
        return ~accepted(self.got, self.want, self.scale, self.tolerance)

    @cached_property
    def held(self) -> torch.Tensor:
        """Elements that still hold their poison, bit by bit; some may be right by chance."""
        if not self.got.numel():
            return torch.zeros(self.got.shape, dtype=torch.bool)
        a, b = (torch.from_numpy(raw(t)) for t in (self.got, self.before))
        return (a == b).view(-1, self.got.element_size()).all(1).view(self.got.shape)

    @cached_property
    def unwritten(self) -> torch.Tensor:
        return self.held & self.wrong

    @cached_property
    def odd(self) -> torch.Tensor:
        """Written, and wrong."""
        return self.wrong & ~self.held

    @cached_property
    def places(self) -> torch.Tensor:
        """Where it is wrong, as indices into the flat output."""
        return self.wrong.reshape(-1).nonzero().reshape(-1)

    def everywhere(self, holds: Callable[[torch.Tensor], torch.Tensor]) -> bool:
        """Is it so, element by element, wherever it is wrong? Most stories end at the first few."""
        return len(self.places) > 0 and all(bool(holds(part).all()) for part in (self.places[:64], self.places))

    @cached_property
    def g(self) -> torch.Tensor:
        return self.got.double()

    @cached_property
    def w(self) -> torch.Tensor:
        return self.want.double()

    @cached_property
    def epsilon(self) -> float:
        return torch.finfo(self.got.dtype).eps if self.got.is_floating_point() else 0.0

    def fits(self, answer: torch.Tensor, at: torch.Tensor, factor: torch.Tensor | None = None) -> bool:
        """Is got there `answer`, as nearly as the exercise asks? It is `factor` times the right one's size."""
        index = at.reshape(-1).nonzero().reshape(-1)
        near = len(index) > 0 and all(self._near(answer, part, factor) for part in (index[:64], index))
        return near and self._nearer(answer.reshape(-1)[index], index)

    def _nearer(self, said: torch.Tensor, index: torch.Tensor) -> bool:
        """Four times nearer than to the right answer: neighbours of smooth data are all alike."""
        got, want = self.g.reshape(-1)[index], self.w.reshape(-1)[index]
        return bool((got - said).norm() * 4 <= (got - want).norm())

    def _near(self, answer: torch.Tensor, index: torch.Tensor, factor: torch.Tensor | None) -> bool:
        got, said = self.g.reshape(-1)[index], answer.reshape(-1)[index]
        if not self.epsilon:
            return bool((got == said).all())
        allowed = max(self.tolerance.rtol, 4 * self.epsilon) * said.abs() + self.tolerance.atol
        if self.scale is not None:
            size = self.scale.double() if factor is None else self.scale.double() * factor.abs()
            allowed = allowed + self.tolerance.c * EPSILON * size.expand(self.w.shape).reshape(-1)[index]
        return bool(((got - said).abs() <= allowed).all())

    def telling(self, where: torch.Tensor) -> bool:
        """Do the right values at these places differ enough that agreeing with them is no chance?"""
        values = self.w.reshape(-1)[where.reshape(-1).nonzero()[:SAMPLE, 0]]
        count, distinct = len(values), len(torch.unique(values))
        bits = 12.0 if self.epsilon and 2 * distinct > count else math.log2(max(distinct, 1))
        return count >= FEW and count * bits >= 24


def exchanges(
    values: Mapping[str, Any], answer: Callable[[Mapping[str, Any]], torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The answers that exchanging two like arguments would give; `answer` maps arguments to one."""
    pairs = [(a, b) for a, b in combinations(values, 2) if _alike(values[a], values[b])]
    return {f"{a} and {b}": answer({**values, a: values[b], b: values[a]}) for a, b in pairs}


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and a.dtype == b.dtype and a.is_floating_point()  # indices would lead astray
    return isinstance(a, float) and isinstance(b, float)


def bits(values: torch.Tensor) -> torch.Tensor:
    """How many leading bits of each fp32 significand are in use, 1 to 24."""
    rest = values.float().contiguous().view(torch.int32) & 0x7FFFFF
    return torch.where(rest == 0, 1, 24 - (rest & -rest).clamp_min(1).double().log2().int())


# ---------------------------------------------------------------- exact, at any size


def race(e: Evidence) -> Diagnosis | None:
    """The same bytes in, another answer out: further off than the order of a sum explains."""
    for again in e.repeats:
        if same(raw(again), raw(e.got)):
            continue
        bad = e.wrong | ~accepted(again, e.want, e.scale, e.tolerance)
        if bool((bad & ~accepted(again, e.g if e.epsilon else e.got, e.scale, e.tolerance)).any()):
            return Diagnosis(
                "race",
                f"the same inputs gave another {e.argument} when run again: "
                "threads race, or memory is read before it is set",
            )
    return None


def stale(e: Evidence) -> Diagnosis | None:
    """Bit by bit what was right for the case before."""
    if e.previous is None:
        return None
    flat, wrong = e.got.reshape(-1), e.odd.reshape(-1)
    old = e.previous.to(e.got.dtype).reshape(-1)[: len(flat)]
    at = wrong[: len(old)]
    if wrong[len(old) :].any() or not at.any() or not bool((flat[: len(old)] == old)[at].all()):
        return None
    if int(at.sum()) < FEW and not (e.got.dtype is torch.float32 and bool((bits(old[at]) > 16).any())):
        return None
    if len(torch.unique(old[at])) < min(FEW, int(at.sum())):
        return None
    return Diagnosis(
        "stale",
        f"{e.argument} holds the answer to the case before: something is kept between calls and not computed again",
    )


def garbage(e: Evidence) -> Diagnosis | None:
    """got is want and the poison that was there, added or the larger of the two."""
    if e.everywhere(lambda part: _added(e, part)):
        before = e.before.double()
        told = e.odd & (e.w.abs() > 2**9 * e.epsilon * before.abs())  # else the poison swallowed the answer
        if told.any() and (e.got.element_size() > 2 or int(told.sum()) >= FEW):
            return Diagnosis("garbage", f"{e.argument} was added to, not set: it did not start at zero. Clear it first")
    if not e.odd.any() and any(_compared(e, sign) for sign in (1, -1)):
        return Diagnosis("garbage", f"{e.argument} was compared with what lay there before: it was never set at first")
    return None


def _compared(e: Evidence, sign: int) -> bool:
    """Is it wrong exactly where what lay there before was larger (smaller, if negative)?"""

    def larger(part: torch.Tensor) -> torch.Tensor:
        return sign * e.before.reshape(-1)[part].double() > sign * e.w.reshape(-1)[part]

    if not e.everywhere(larger):
        return False
    mask = sign * e.before.double() > sign * e.w
    return bool((mask <= e.held).all()) and unlikely(mask)


def _added(e: Evidence, part: torch.Tensor) -> torch.Tensor:
    """Where, at these places, got is want and what lay there before."""
    got, want, before = (t.reshape(-1)[part] for t in (e.got, e.want, e.before))
    if not e.epsilon:
        return got == want.to(got.dtype) + before
    w, b = want.double(), before.double()
    return (got.double() - w - b).abs() <= 4 * e.epsilon * (w.abs() + b.abs()) + 1e-6 * w.abs()


def unlikely(mask: torch.Tensor) -> bool:
    """Would one hit exactly these places at random less than once in 64 times?"""
    count, total = int(mask.sum()), mask.numel()
    return math.comb(total, min(count, total - count, 8)) >= 64


# ---------------------------------------------------------------- another answer in the right one's place


def transposed(e: Evidence) -> Diagnosis | None:
    if e.got.dim() < 2 or min(e.got.shape[-2:]) < 2:
        return None
    answer = e.w.transpose(-1, -2).contiguous().reshape(e.w.shape)
    if not e.telling(e.odd) or not e.fits(answer, e.odd):
        return None
    return Diagnosis("transposed", f"{e.argument} is the answer transposed: two indices have changed places")


def swapped(e: Evidence) -> Diagnosis | None:
    for pair, answer in e.swaps.items():
        if answer.shape == e.w.shape and e.telling(e.odd) and e.fits(answer.double(), e.odd):
            return Diagnosis("swapped", f"{e.argument} is the answer with {pair} exchanged")
    return None


def off_by_one(e: Evidence) -> Diagnosis | None:
    """Every wrong element holds its neighbour's answer, or, if whole numbers, is one off."""
    if not e.odd.any():
        return None
    for step, words, answer, known in _shifts(e.w):
        at = e.odd & known
        if e.fits(answer, at) and e.telling(at) and _uneven((answer - e.w)[at]):
            side = ("before" if step > 0 else "after") + words
            return Diagnosis("off_by_one", f"elements hold what belongs {side}: an index is off by one")
    off = (e.g - e.w)[e.odd] if not e.epsilon and e.telling(e.odd) else torch.zeros(1)
    if abs(off[0]) == 1 and bool((off == off[0]).all()):
        size = "large" if off[0] > 0 else "small"
        return Diagnosis("off_by_one", f"{int(e.odd.sum()):,} elements are one too {size}: a count from 1, not 0?")
    return None


def _shifts(want: torch.Tensor) -> Iterator[tuple[int, str, torch.Tensor, torch.Tensor]]:
    """(step, words, the answer one place on, where that is one): along each dimension, then through the memory."""
    for dim in reversed(range(want.dim())):
        place = torch.arange(want.shape[dim]).view(-1, *[1] * (want.dim() - 1 - dim))
        words = " in the same row" if dim == want.dim() - 1 else " in the same column"
        for step in (1, -1) if want.shape[dim] > 2 else ():
            known = (place > 0 if step > 0 else place < want.shape[dim] - 1).expand(want.shape)
            yield step, words if want.dim() > 1 else "", want.roll(step, dim), known
    if want.dim() > 1:
        for step, _, answer, known in _shifts(want.reshape(-1)):
            yield step, " in memory", answer.view(want.shape), known.view(want.shape)


def _uneven(off: torch.Tensor) -> bool:
    """Not one constant everywhere, which would have many causes."""
    return bool(off.max() - off.min() > 1e-3 * off.abs().max())
