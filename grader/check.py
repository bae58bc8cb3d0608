"""Is this tensor that tensor, and was anything else touched? Pure: no device, no files."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import torch

from grader.layout import Layout, gaps, raw
from grader.model import Finding, Mismatch, Tolerance

EPSILON = 2.0**-24  # half a unit in the last place of fp32
BLOCK = 1 << 15  # elements at a time on the CPU: what is made on the way stays in caches; torch starts no threads
PAGE = 1 << 18  # bytes at a time


def accepted(got: torch.Tensor, want: torch.Tensor, scale: torch.Tensor | None, tolerance: Tolerance) -> torch.Tensor:
    """Element by element: is it right? NaN matches only NaN, an infinity only itself.

    got: any dtype; want: float64 or integer of the same shape; scale: the oracle's S, or None.
    """
    if got.numel() <= BLOCK or got.is_cuda:
        return _accepted(got, want, scale, tolerance)
    scales = itertools.repeat(None) if scale is None else _blocks(scale.expand(want.shape))
    parts = zip(_blocks(got), _blocks(want), scales, strict=False)
    return torch.cat([_accepted(*part, tolerance) for part in parts]).view(want.shape)


def _blocks(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return torch.split(tensor.reshape(-1), BLOCK)


def _accepted(got: torch.Tensor, want: torch.Tensor, scale: torch.Tensor | None, tolerance: Tolerance) -> torch.Tensor:
    if not want.is_floating_point() and not got.is_floating_point():
        return got.to(torch.int64) == want.to(torch.int64)
    a, b = got.double(), want.double()
    allowed = _allowed(b, scale, tolerance)
    if tolerance == Tolerance(why=tolerance.why):  # T0: the one rounding to the output's type
        b = want.to(got.dtype).double()
    off = (a - b).abs_()
    near = (off <= allowed).logical_and_(off < torch.inf)
    return near if bool(near.all()) else near | (a == b) | (a.isnan() & b.isnan())


def _allowed(want: torch.Tensor, scale: torch.Tensor | None, tolerance: Tolerance) -> torch.Tensor:
    allowed = want.abs().mul_(tolerance.rtol).add_(tolerance.atol)
    return allowed if scale is None else allowed + tolerance.c * EPSILON * scale.double()


def share(
    got: Mapping[str, torch.Tensor], want: Mapping[str, torch.Tensor], tolerances: Mapping[str, Tolerance]
) -> float:
    """The largest error as a share of what is allowed there, the rounding to the output's type left out.

    Outputs of one byte are left out: they are codes, where a neighbour is allowed or is not.
    """
    worst = 0.0
    for name, tensor in ((n, t) for n, t in got.items() if t.element_size() > 1):
        b = want[name].double()
        a = (tensor[..., : b.shape[-1]] if b.dim() else tensor).double()
        allowed = _allowed(b, want.get(f"{name}__S"), tolerances.get(name, tolerances[""]))
        rounding = b.abs() * torch.finfo(tensor.dtype).eps / 2 if tensor.is_floating_point() else 0.0
        error = ((a - b).abs() - rounding).clamp(min=0)
        counted = (allowed > 0) & a.isfinite() & b.isfinite()  # elsewhere it is exact, or wrong
        worst = max(worst, float((error / allowed)[counted].max())) if counted.any() else worst
    return worst


def compare(
    argument: str, got: torch.Tensor, want: torch.Tensor, scale: torch.Tensor | None, tolerance: Tolerance
) -> Mismatch | None:
    """None if every element is accepted."""
    right = accepted(got, want, scale, tolerance)
    wrong = int((~right).sum())
    if not wrong:  # also when there are no elements at all
        return None
    flat = int((~right).reshape(-1).to(torch.uint8).argmax())
    index = tuple(int(i) for i in np.unravel_index(flat, tuple(want.shape)))
    return Mismatch(argument, index, got[index].item(), want[index].item(), wrong, right.numel())


def untouched(layout: Layout, before: np.ndarray, after: np.ndarray) -> tuple[Finding, ...]:
    """Findings for every red zone and every input that the launcher wrote to."""
    found = []
    for start, stop, left, right in gaps(layout):
        if changed := _first(before[start:stop], after[start:stop]):
            found.append(_redzone(layout, start + changed[0], left, right, changed[1]))
    for buffer in layout.job.buffers:
        if buffer.initialised and not buffer.output:
            span = slice(buffer.offset, buffer.offset + buffer.nbytes)
            if changed := _first(before[span], after[span]):
                element = changed[0] // buffer.itemsize
                text = (
                    f"{buffer.name} is an input, but element {element} of it was overwritten; write to the output only"
                )
                found.append(Finding("input", text, variable=buffer.name, count=changed[1]))
    return tuple(found)


def _first(before: np.ndarray, after: np.ndarray) -> tuple[int, int] | None:
    """Where two byte arrays first differ and in how many places."""
    if same(before, after):
        return None
    where = np.flatnonzero(before != after)
    return int(where[0]), len(where)


def same(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two byte arrays of one length are equal."""
    return all(np.array_equal(before[i : i + PAGE], after[i : i + PAGE]) for i in range(0, len(before), PAGE))


def _redzone(layout: Layout, at: int, left: str, right: str, count: int) -> Finding:
    """A write outside every buffer is blamed on the nearest one."""
    sizes = {b.name: b for b in layout.job.buffers}
    untyped = {a.buffer for a in layout.job.arguments if a.ctype == "void"}
    past = at - (sizes[left].offset + sizes[left].nbytes) if left else None
    short = sizes[right].offset - at if right else None
    behind = past is not None and (short is None or past <= short)
    buffer = sizes[left if behind else right]
    item, unit = (1, "bytes") if buffer.name in untyped else (buffer.itemsize, "elements")
    if past is not None and behind:
        place = f"{past // item} {unit} past the end of" if past >= item else "just past the end of"
    else:
        assert short is not None
        place = f"{-(-short // item)} {unit} before"
    text = f"a write landed {place} {buffer.name} ({buffer.nbytes // item} {unit}); guard the index before you store"
    return Finding("oob", text, variable=buffer.name, count=count)


def padding(argument: str, got: torch.Tensor, before: torch.Tensor, width: int) -> tuple[Finding, ...]:
    """An output with room behind the answer: what lies from `width` on in the last dimension must be as it was."""
    a, b = raw(got[..., width:]), raw(before[..., width:])
    if not (changed := _first(b, a)):
        return ()
    if got.dim() == 1:
        text = f"{argument} was written from element {width} on, behind the {width} that belong there"
    else:
        text = f"the padding of {argument}, behind its {width} columns, was overwritten; stop at the last column"
    return (Finding("padding", text, variable=argument, count=changed[1]),)


def judge_outputs(
    got: Mapping[str, torch.Tensor], want: Mapping[str, torch.Tensor], tolerances: Mapping[str, Tolerance]
) -> Mismatch | None:
    """The first output that is wrong; `want` holds scales under `<output>__S`."""
    for name, tensor in got.items():
        expected = want[name]
        narrow = tensor[..., : expected.shape[-1]] if expected.dim() else tensor
        tolerance = tolerances.get(name, tolerances[""])
        if mismatch := compare(name, narrow, expected, want.get(f"{name}__S"), tolerance):
            return mismatch
    return None
