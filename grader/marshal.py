"""A job's arguments as C values, for both backends."""

from __future__ import annotations

import ctypes
import itertools
import struct
from collections.abc import Callable
from typing import Any

from grader.model import Buffer, Job

# Every scalar a launcher may take, by its C name without const.
SCALARS: dict[str, Any] = {
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "bool": ctypes.c_bool,
    "char": ctypes.c_int8,
    "signed char": ctypes.c_int8,
    "unsigned char": ctypes.c_uint8,
    "short": ctypes.c_int16,
    "unsigned short": ctypes.c_uint16,
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "unsigned int": ctypes.c_uint,
    "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong,
    "long long": ctypes.c_longlong,
    "unsigned long long": ctypes.c_ulonglong,
    "size_t": ctypes.c_size_t,
    "ptrdiff_t": ctypes.c_ssize_t,
    "int8_t": ctypes.c_int8,
    "int16_t": ctypes.c_int16,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "uint16_t": ctypes.c_uint16,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
}


def arguments(job: Job, address: Callable[[Buffer], int], table: Callable[[bytes], int]) -> list[Any]:
    """The launcher's arguments in order, the stream left out. Raises KeyError for an unknown type or buffer.

    `table` puts an array of pointers into device memory and says where.
    """
    places = {b.name: address(b) for b in job.buffers}
    row = {a.buffer: b.nbytes // a.rows for a in job.arguments for b in job.buffers if a.rows and a.buffer == b.name}
    values = []
    for a in job.arguments:
        if a.rows:
            pointers = [places[a.buffer] + i * row[a.buffer] for i in range(a.rows)]
            values.append(ctypes.c_void_p(table(struct.pack(f"{a.rows}Q", *pointers))))
        elif a.pointer:
            values.append(ctypes.c_void_p(places[a.buffer] if a.buffer else None))
        else:
            kind = SCALARS[a.ctype]
            values.append(kind(a.value if kind in (ctypes.c_float, ctypes.c_double) else int(a.value)))
    return values


def regions(job: Job) -> list[tuple[int, int]]:
    """(start, stop) of what is device memory where some buffers are host memory; a red zone is shared by halves."""
    ordered = sorted(job.buffers, key=lambda b: b.offset)
    middles = [(a.offset + a.nbytes + b.offset) // 2 for a, b in itertools.pairwise(ordered)]
    cuts = itertools.pairwise([0, *middles, job.span])
    return [cut for cut, buffer in zip(cuts, ordered, strict=True) if not buffer.host]
