"""Rules over a spec.py: its inputs, its oracle, and what nobody may get through with. Runs no kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from grader.folder import Folder, listed, read, small
from grader.layout import DTYPES

LONGEST = 50  # lines of a spec.py
LEAST = 10_000_000  # bytes of a timed shape: below, the reference is not timed well


def brevity(folder: Folder) -> Iterator[str]:
    lines = len(read(folder.exercise.folder / "spec.py").splitlines())
    if lines > LONGEST:
        yield f"spec.py has {lines} lines; {LONGEST} are enough: move what others need too into grader/"


def arguments(folder: Folder) -> Iterator[str]:
    params, sizes = folder.exercise.declaration.params, next(small(folder.spec))
    scratch = {p.name for p in params if p.scratch}
    given = {*folder.inputs(folder.spec.recipes[0], sizes), *sizes, *scratch, "ws_bytes", *folder.outputs}
    if missing := [p.name for p in params if p.name not in given]:
        yield f"nothing says what {listed(missing)} is; return it from inputs() or make it a size"


def timed(folder: Folder) -> Iterator[str]:
    if not folder.exercise.timed:
        yield "[speed] timed is empty; name a shape"
    for shape in folder.exercise.timed:
        if shape.keys() != folder.spec.sizes.keys():
            yield f"the timed shape {dict(shape)} must give {listed(folder.spec.sizes)}, and nothing else; correct it"
        elif (moved := folder.spec.moved(**shape)) <= LEAST:
            yield f"the timed shape {dict(shape)} moves {moved:,} bytes; choose one that moves more than {LEAST:,}"


def inputs(folder: Folder) -> Iterator[str]:
    """Decided by the generator alone, and of the declared types."""
    types = {p.name: DTYPES[p.ctype] for p in folder.exercise.declaration.params if p.pointer}
    for q in folder.questions:
        again = folder.inputs(q.recipe, q.sizes)
        for name, value in q.values.items():
            if torch.is_tensor(value) and value.dtype is not types[name]:
                yield f"inputs() gives {name} as {value.dtype}, and the launcher takes {types[name]}; convert it ({q})"
            elif not _identical(value, again[name]):
                yield f"inputs() gives another {name} for the same seed; draw everything from g ({q})"


def _identical(a: Any, b: Any) -> bool:
    if not torch.is_tensor(a):
        return bool(a == b)
    return torch.equal(*(t.contiguous().view(-1).view(torch.uint8) for t in (a, b)))


def oracle(folder: Folder) -> Iterator[str]:
    """Rounded to the outputs' types it is accepted; finite inputs give a finite answer."""
    for q in folder.questions:
        if not q.accepts():
            yield f"the oracle's own answer, rounded to the outputs' types, is refused; widen the tolerance ({q})"
        if _finite(q.values) and not _finite(q.want):
            yield f"the oracle is not finite for finite inputs; correct it, or its inputs ({q})"


def _finite(values: dict[str, Any]) -> bool:
    return all(bool(v.isfinite().all()) for v in values.values() if torch.is_tensor(v))


def library(folder: Folder) -> Iterator[str]:
    sizes = list(small(folder.spec))[2]
    try:
        folder.spec.library(**folder.inputs(folder.spec.recipes[0], sizes), **sizes)()
    except Exception as error:  # an author's mistake of any kind
        yield f"library() fails with {type(error).__name__}: {error}; correct it"


# ---------------------------------------------------------------- stand-ins: what nobody may get through with


def zeros(folder: Folder) -> Iterator[str]:
    yield from _stand_in(folder, "zeros", torch.zeros_like)


def first_row(folder: Folder) -> Iterator[str]:
    """The first row, or element, is right, and all others are 0."""

    def only_first(right: torch.Tensor) -> torch.Tensor:
        kept = torch.zeros_like(right)
        kept[:1] = right[:1]
        return kept

    yield from _stand_in(folder, "the first row alone", only_first)


def _stand_in(folder: Folder, what: str, of: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[str]:
    """Refused wherever it is not the right answer."""
    for q in folder.telling:
        for name, right in q.right.items():
            instead = of(right) if right.dim() else torch.zeros_like(right)
            if not _identical(instead, right) and q.accepts(**{name: instead}) and (instead != right).any():
                yield f"{what} is accepted as {name}; draw other data, or narrow the tolerance ({q})"


def copies(folder: Folder) -> Iterator[str]:
    """An input that looks like an output is not accepted as it."""
    for q in folder.telling:
        if q.recipe != folder.spec.recipes[0]:
            continue
        for name, right in q.right.items():
            for source, value in q.values.items():
                same = torch.is_tensor(value) and value.dtype is right.dtype and value.shape == right.shape
                if same and value.numel() > 1 and q.accepts(**{name: value}):
                    yield f"a copy of {source} is accepted as {name}; draw other data ({q})"


def half(folder: Folder) -> Iterator[str]:
    """fp32 outputs from inputs and results rounded to fp16 are refused with some data at least."""
    refused = {name: False for name, dtype in folder.outputs.items() if dtype is torch.float32}
    for q in folder.questions if refused else ():
        values = {name: _half(value) for name, value in q.values.items()}
        coarse = folder.spec.oracle(**values, **q.sizes)
        for name in refused:
            same_shape = coarse[name].shape == q.want[name].shape  # else the rounding changed which elements there are
            refused[name] |= same_shape and not q.accepts(**{name: coarse[name].half().float()})
    yield from (
        f"fp16 arithmetic is accepted as {name} with all data; narrow the tolerance"
        for name, found in refused.items()
        if not found
    )


def _half(value: Any) -> Any:
    return value.half().float() if torch.is_tensor(value) and value.dtype is torch.float32 else value


RULES = (brevity, arguments, timed, inputs, oracle, library, zeros, first_row, copies, half)
