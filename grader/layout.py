"""Where everything lies in the arena for one case: red zones, poison, contents. Pure: bytes in, bytes out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.errors import SpecError
from grader.model import Argument, Buffer, Case, Exercise, Job, Param

RED_ZONE = 4096  # bytes on each side of a buffer: a grid rounded up to whole blocks overruns into it
ALIGNMENT = 256  # what cudaMalloc promises

DTYPES = {
    "float": torch.float32, "double": torch.float64, "__half": torch.float16, "__nv_bfloat16": torch.bfloat16,
    "int8_t": torch.int8, "char": torch.int8, "uint8_t": torch.uint8, "bool": torch.bool, "void": torch.uint8,
    "int16_t": torch.int16, "int": torch.int32, "int32_t": torch.int32, "unsigned": torch.int32,
    "uint32_t": torch.int32, "int64_t": torch.int64, "uint64_t": torch.int64, "size_t": torch.int64,
    "__nv_fp8_e4m3": torch.float8_e4m3fn, "__nv_fp8_e5m2": torch.float8_e5m2,
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """A job and what its buffers mean to the judge. Offsets are bytes into the arena."""

    job: Job
    shapes: Mapping[str, tuple[int, ...]]  # of outputs, as allocated
    dtypes: Mapping[str, torch.dtype]
    place: Mapping[str, str]  # argument -> buffer it lives in (an in-place output lives in its input's)

    def buffer(self, argument: str) -> Buffer:
        return next(b for b in self.job.buffers if b.name == self.place[argument])


def lay(
    exercise: Exercise, case: Case, values: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]],
    workspace: int, seconds: float, slide: int = 0,
) -> Layout:  # fmt: skip
    """`values` are input tensors and scalars by argument; None makes a pointer null.

    `slide` moves everything (fresh addresses each run).
    """
    place = {p.name: p.name for p in exercise.declaration.params if p.pointer and values.get(p.name, p) is not None}
    if case.alias:
        place |= exercise.alias
    buffers, end = [], RED_ZONE + slide * ALIGNMENT
    for param in (p for p in exercise.declaration.params if p.pointer and place.get(p.name) == p.name):
        nbytes = workspace if param.scratch else _nbytes(param, values, shapes)
        itemsize = DTYPES[param.ctype].itemsize
        start = _align(end) + case.offsets.get(param.name, 0) * itemsize
        written = param.output or param.name in {out for out, home in place.items() if home != out}
        aliased = any(home == param.name and out != param.name for out, home in place.items())
        initialised = param.name in values
        host = param.memory == "host"
        buffers.append(Buffer(param.name, start, nbytes, itemsize, initialised, written or aliased, host))
        end = start + nbytes + RED_ZONE
    arguments, streamed = _arguments(exercise, case, values, place, workspace), exercise.declaration.streamed
    job = Job(tuple(buffers), arguments, _align(end), seconds, exercise.recorded, streamed)
    return Layout(job, shapes, {p.name: DTYPES[p.ctype] for p in exercise.declaration.params if p.pointer}, place)


def _align(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _nbytes(param: Param, values: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> int:
    if param.name in values:
        tensor = values[param.name]
        if tensor.dtype is not DTYPES[param.ctype]:
            raise SpecError(f"inputs(): {param.name} is {tensor.dtype}; the launcher takes {param.ctype}: convert it")
        return int(tensor.numel() * tensor.element_size())
    if param.name not in shapes:
        raise SpecError(f"inputs() gives no {param.name} and the oracle returns none; add it to one of them")
    return int(np.prod(shapes[param.name], dtype=np.int64)) * DTYPES[param.ctype].itemsize


def _arguments(
    exercise: Exercise, case: Case, values: Mapping[str, Any], place: Mapping[str, str], workspace: int
) -> tuple[Argument, ...]:
    scalars = {**case.sizes, "ws_bytes": workspace, **{k: v for k, v in values.items() if not torch.is_tensor(v)}}
    found = []
    for p in exercise.declaration.params:
        if p.pointer:
            rows = len(values[p.name]) if p.table else 0
            found.append(Argument(p.ctype, buffer=place.get(p.name, ""), pointer=True, rows=rows))
        elif p.name in scalars:
            found.append(Argument(p.ctype, scalars[p.name]))
        else:
            raise SpecError(f"nothing says what {p.name} is; return it from inputs() or make it a size")
    return tuple(found)


def poison(span: int, seed: int) -> np.ndarray:
    """`span` bytes that are finite, unlikely numbers in every dtype (1 to 15 as fp16; 0.01 to 1e7 as fp32).

    Never NaN, which a kernel could test for; different for every seed, so that it cannot be recognised.
    """
    rng = np.random.default_rng(seed)
    tile = np.empty((1 << 15, 2), np.uint8)
    tile[:, 0] = rng.integers(0x30, 0x70, len(tile))  # low byte: finite as fp8 too
    tile[:, 1] = rng.integers(0x3C, 0x4C, len(tile))  # high byte: sign and exponent
    return np.resize(tile.reshape(-1), span)


def image(layout: Layout, values: Mapping[str, Any], seed: int) -> np.ndarray:
    """The arena's bytes before the launch."""
    contents = poison(layout.job.span, seed)
    for buffer in layout.job.buffers:
        if buffer.initialised:
            contents[buffer.offset : buffer.offset + buffer.nbytes] = raw(values[buffer.name])
    return contents


def raw(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's bytes."""
    if not tensor.numel():
        return np.empty(0, np.uint8)
    return tensor.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy()


def output(layout: Layout, contents: np.ndarray, argument: str) -> torch.Tensor:
    """One output as a tensor of its allocated shape (a copy)."""
    buffer = layout.buffer(argument)
    if not buffer.nbytes:  # an empty tensor cannot change its element size
        return torch.empty(layout.shapes[argument], dtype=layout.dtypes[argument])
    data = torch.from_numpy(contents[buffer.offset : buffer.offset + buffer.nbytes].copy())
    return data.view(layout.dtypes[argument]).reshape(layout.shapes[argument])


def gaps(layout: Layout) -> list[tuple[int, int, str, str]]:
    """Red zones as (start, stop, buffer before, buffer after)."""
    edges = [(0, 0, "")] + [(b.offset, b.offset + b.nbytes, b.name) for b in layout.job.buffers]
    edges += [(layout.job.span, layout.job.span, "")]
    return [(a[1], b[0], a[2], b[2]) for a, b in itertools.pairwise(edges)]
