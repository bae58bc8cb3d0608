"""Named NVTX ranges in the child, for a profiler that listens; without one nothing is imported and nothing is said."""

from __future__ import annotations

import contextlib
import os

PROFILERS = ("CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH")  # they live in the child, and talk to the outside


def attached() -> str:
    """The variable by which a profiler will be loaded into this process's children, or ""."""
    return next((name for name in PROFILERS if os.environ.get(name)), "")


def named(name: str) -> contextlib.AbstractContextManager[object]:
    """A range on the timeline of nsys."""
    if not attached():
        return contextlib.nullcontext()
    import nvtx  # 70 ms: a worker that nobody watches need not wait for it

    made: contextlib.AbstractContextManager[object] = nvtx.annotate(name)
    return made
