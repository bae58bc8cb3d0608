"""Device memory of two processes: one makes it, the other opens its descriptor. Neither copies through the host.

CUDA Driver API, Virtual Memory Management: an allocation exported as a file descriptor, which crosses namespaces of
processes where CUDA's older IPC handles do not.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PINNED, DEVICE, DESCRIPTOR, READ_WRITE = 1, 1, 1, 3  # CUmemAllocationType, …LocationType, …HandleType, …Access_flags


class Refused(Exception):
    """The driver cannot do it here: an old one, a virtual machine's, or too little memory."""


class _Properties(ctypes.Structure):
    """CUmemAllocationProp."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("handles", ctypes.c_int),
        ("location", ctypes.c_int),
        ("device", ctypes.c_int),
        ("metadata", ctypes.c_void_p),
        ("flags", ctypes.c_ubyte * 8),
    )


class _Access(ctypes.Structure):
    """CUmemAccessDesc."""

    _fields_ = (("location", ctypes.c_int), ("device", ctypes.c_int), ("flags", ctypes.c_int))


@dataclass(frozen=True)
class Block:
    """Device memory that is mapped here; `descriptor` is what another process opens."""

    address: int
    size: int
    handle: int
    descriptor: int

    def close(self) -> None:
        """Nobody here may look at it afterwards; another process keeps what it has mapped."""
        cuda, address, size = _driver(), ctypes.c_uint64(self.address), ctypes.c_size_t(self.size)
        cuda.cuMemUnmap(address, size)
        cuda.cuMemAddressFree(address, size)
        cuda.cuMemRelease(ctypes.c_uint64(self.handle))
        os.close(self.descriptor)


def make(size: int) -> Block:
    """At least so many bytes on the first visible GPU. Raises Refused."""
    cuda, wanted, unit = _driver(), _Properties(PINNED, DESCRIPTOR, DEVICE, 0), ctypes.c_size_t()
    _try("cuMemGetAllocationGranularity", cuda.cuMemGetAllocationGranularity(_at(unit), _at(wanted), 0))
    size = -(-size // unit.value) * unit.value
    handle, descriptor = ctypes.c_uint64(), ctypes.c_int(-1)
    _try("cuMemCreate", cuda.cuMemCreate(_at(handle), ctypes.c_size_t(size), _at(wanted), ctypes.c_uint64(0)))
    with _released_on_error(handle):
        exported = cuda.cuMemExportToShareableHandle(_at(descriptor), handle, DESCRIPTOR, ctypes.c_uint64(0))
        _try("cuMemExportToShareableHandle", exported)
        return Block(_mapped(handle, size), size, handle.value, descriptor.value)


def opened(descriptor: int, size: int) -> int:
    """The address of another process's block; it stays until this process ends. Raises Refused."""
    handle = ctypes.c_uint64()
    imported = _driver().cuMemImportFromShareableHandle(_at(handle), ctypes.c_void_p(descriptor), DESCRIPTOR)
    _try("cuMemImportFromShareableHandle", imported)
    with _released_on_error(handle):
        return _mapped(handle, size)


def _mapped(handle: ctypes.c_uint64, size: int) -> int:
    cuda, address, length, zero = _driver(), ctypes.c_uint64(), ctypes.c_size_t(size), ctypes.c_uint64(0)
    _try("cuMemAddressReserve", cuda.cuMemAddressReserve(_at(address), length, ctypes.c_size_t(0), zero, zero))
    _try("cuMemMap", cuda.cuMemMap(address, length, ctypes.c_size_t(0), handle, zero))
    allowed = _Access(DEVICE, 0, READ_WRITE)
    _try("cuMemSetAccess", cuda.cuMemSetAccess(address, length, _at(allowed), ctypes.c_size_t(1)))
    return address.value


@contextlib.contextmanager
def _released_on_error(handle: ctypes.c_uint64) -> Iterator[None]:
    try:
        yield
    except Refused:
        _driver().cuMemRelease(handle)
        raise


def _driver() -> Any:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise Refused(str(error)) from error


def _at(value: Any) -> Any:
    return ctypes.byref(value)


def _try(what: str, status: int) -> None:
    if status:
        raise Refused(f"{what} returned {status}")
