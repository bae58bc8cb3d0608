"""Hides the arena from the launcher while it runs: the inputs are on the device by then, to be read there."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import os
from collections.abc import Iterator
from typing import Any

NOTHING = 0  # PROT_NONE


@contextlib.contextmanager
def hidden(address: int, size: int) -> Iterator[None]:
    """No access to these pages from here; what a device has pinned of them it still reaches."""
    _protect(address, size, NOTHING)
    try:
        yield
    finally:
        _protect(address, size, mmap.PROT_READ | mmap.PROT_WRITE)


def _protect(address: int, size: int, access: int) -> None:
    if _mprotect()(address, size, access):
        raise OSError(ctypes.get_errno(), "mprotect")


@functools.cache
def _mprotect() -> Any:
    function = ctypes.CDLL(None, use_errno=True).mprotect
    function.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    return function


def forget(name: str) -> None:
    """Closes every descriptor of this memory (Python's mmap keeps one of its own): what is mapped stays mapped."""
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the one that lists the folder is gone
            if os.readlink(f"/proc/self/fd/{number}").startswith(f"/memfd:{name}"):
                os.close(number)
