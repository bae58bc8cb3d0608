"""A job's arguments as ctypes values, in the launcher's order. Shared by both backends."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from grader.model import Buffer, Job

_TYPES: dict[str, Any] = {
    "float": ctypes.c_float, "double": ctypes.c_double, "bool": ctypes.c_bool, "char": ctypes.c_char,
    "int": ctypes.c_int, "unsigned": ctypes.c_uint, "size_t": ctypes.c_size_t,
    **{f"{sign}int{bits}_t": getattr(ctypes, f"c_{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip


def arguments(job: Job, address: Callable[[Buffer], int]) -> list[Any]:
    """Pointers become what `address` says of their buffer; an empty buffer name is NULL."""
    buffers = {buffer.name: buffer for buffer in job.buffers}
    found = []
    for argument in job.arguments:
        if argument.pointer:
            found.append(ctypes.c_void_p(address(buffers[argument.buffer]) if argument.buffer else None))
        else:
            found.append(_TYPES[argument.ctype](argument.value))
    return found
