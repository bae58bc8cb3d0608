"""Where the judge lays a timed call's contents, and finds its answer."""

from __future__ import annotations

from typing import Any

import torch

from grader import shared
from grader.isolate import Worker


class Exchange:
    """Where contents are laid for the timing worker, and its answers found: device memory that both have mapped.

    The arena in host memory instead, page-locked, where the driver cannot share, or where the launcher works on host
    memory itself.
    """

    def __init__(self, worker: Worker, recorded: bool) -> None:
        self.worker, self.host = worker, not recorded
        self.bytes = torch.empty(0, dtype=torch.uint8)
        self.block: shared.Block | None = None

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        if len(self.bytes):
            torch.cuda.synchronize()
        if self.block:
            self.block.close()
        elif len(self.bytes):
            _runtime().cudaHostUnregister(self.bytes.data_ptr())
        self.bytes, self.block = self.bytes[:0], None

    def reach(self, span: int) -> torch.Tensor:
        """At least so many bytes of it; what lay there before may be lost."""
        if span > len(self.bytes):
            self._release()
            if self.host or not self._share(span):
                self._lock(span)
        return self.bytes

    def _share(self, span: int) -> bool:
        """Device memory, if that can be had."""
        try:
            block = shared.make(span)
        except shared.Refused:
            return False
        if self.worker.share(block.descriptor, block.size):
            block.close()
            return False
        self.block, self.bytes = block, torch.as_tensor(_Bytes(block), device="cuda")
        return True

    def _lock(self, span: int) -> None:
        """Copies of page-locked memory run at 50 GB/s instead of 5."""
        self.bytes = torch.frombuffer(self.worker.arena.bytes, dtype=torch.uint8)[:span]
        _runtime().cudaHostRegister(self.bytes.data_ptr(), span, 0)


class _Bytes:
    """A block as torch takes it."""

    def __init__(self, block: shared.Block) -> None:
        self.__cuda_array_interface__ = {
            "shape": (block.size,), "typestr": "|u1", "data": (block.address, False), "version": 3,
        }  # fmt: skip


def _runtime() -> Any:
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]
