"""What a captured CUDA graph holds: kernels with their grids, and nodes that break the launcher's rules.

Driver API through ctypes: CuPy does not wrap these calls. Used in the worker only.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from grader.model import Finding, Launch
from grader.nvcc import demangle

KERNEL, HOST, ALLOC, FREE = 0, 3, 10, 11  # CUgraphNodeType
THREAD_LOCAL = 1  # cudaStreamCaptureModeThreadLocal: only this thread's unsafe calls are refused


class Nodes:
    """The nodes of a captured graph."""

    def __init__(self, kinds: list[int], launches: list[Launch]) -> None:
        self.kinds, self.launches = kinds, tuple(launches)

    def findings(self) -> tuple[Finding, ...]:
        if ALLOC in self.kinds or FREE in self.kinds:
            text = "the launcher allocates memory (cudaMallocAsync) at every call; use `ws`, or shared memory"
            return (Finding("allocation", text),)
        if HOST in self.kinds:
            return (Finding("host", "the launcher puts host code on the stream; all the work belongs in kernels"),)
        return ()


def inspect(graph: int) -> Nodes:
    """CUgraph -> node kinds, and kernels with their grids. Driver API: CuPy does not wrap these calls."""
    cuda = ctypes.CDLL("libcuda.so.1")
    count = ctypes.c_size_t()
    cuda.cuGraphGetNodes(ctypes.c_void_p(graph), None, ctypes.byref(count))
    nodes = (ctypes.c_void_p * count.value)()
    if count.value:
        cuda.cuGraphGetNodes(ctypes.c_void_p(graph), nodes, ctypes.byref(count))
    kinds, launches = [], []
    for node in filter(None, nodes):
        kind = ctypes.c_int()
        cuda.cuGraphNodeGetType(ctypes.c_void_p(node), ctypes.byref(kind))
        kinds.append(kind.value)
        if kind.value == KERNEL:
            launches.append(_launch(cuda, node))
    return Nodes(kinds, launches)


class _KernelNode(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS_v2 (cuda.h)."""

    _fields_ = [
        ("func", ctypes.c_void_p),
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared", ctypes.c_uint),
        ("params", ctypes.c_void_p),
        ("extra", ctypes.c_void_p),
        ("kern", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
    ]


def _launch(cuda: ctypes.CDLL, node: int) -> Launch:
    params, name = _KernelNode(), ctypes.c_char_p()
    cuda.cuGraphKernelNodeGetParams_v2(ctypes.c_void_p(node), ctypes.byref(params))
    if params.func and hasattr(cuda, "cuFuncGetName"):  # CUDA 12.3
        cuda.cuFuncGetName(ctypes.byref(name), ctypes.c_void_p(params.func))
    elif params.kern and hasattr(cuda, "cuKernelGetName"):
        cuda.cuKernelGetName(ctypes.byref(name), ctypes.c_void_p(params.kern))
    mangled = (name.value or b"a kernel").decode()
    return Launch(demangle(mangled), tuple(params.grid), tuple(params.block), int(params.shared))


_RULES = {
    b"cudaMalloc": ("allocation", "cudaMalloc", "the caller passes all memory; use `ws` or shared memory"),
    b"cudaFree": ("allocation", "cudaFree", "the caller passes all memory; use `ws` or shared memory"),
    b"cudaDeviceSynchronize": ("sync", "cudaDeviceSynchronize", "the caller waits; just launch"),
    b"cudaStreamSynchronize": ("sync", "cudaStreamSynchronize", "the caller waits; just launch"),
    b"cudaMemcpy": ("sync", "cudaMemcpy", "it waits for the device; use cudaMemcpyAsync on `stream`, device to device"),
    b"cudaMemset": ("stream", "cudaMemset", "it runs on the default stream; use cudaMemsetAsync on `stream`"),
}


def broken_rule(library: Path) -> Finding:
    """Which forbidden call the library imports: the likeliest reason why it could not be recorded."""
    names = library.read_bytes()
    for symbol, (kind, call, remedy) in _RULES.items():
        if b"\0" + symbol + b"\0" in names:
            return Finding(kind, f"the launcher calls {call}, which is not allowed here: {remedy}")
    text = "the launcher does something that cannot be recorded into a CUDA graph; only put work on `stream`"
    return Finding("sync", text)
