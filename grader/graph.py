"""What a captured CUDA graph holds: kernels with their grids, and nodes that break the launcher's rules.

Driver API through ctypes: CuPy does not wrap these calls. Used in the worker only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.model import Finding, Launch
from grader.nvcc import demangle

KERNEL, HOST, CHILD, ALLOC, FREE = 0, 3, 4, 10, 11  # CUgraphNodeType
THREAD_LOCAL = 1  # cudaStreamCaptureModeThreadLocal: only this thread's unsafe calls are refused


@dataclass(frozen=True)
class Kernel:
    """One kernel node: what is launched, by the name in its module ("" where the driver tells none) and its handle."""

    launch: Launch
    symbol: str
    handle: int


@dataclass(frozen=True)
class Nodes:
    """The nodes of a captured graph, those of graphs in it included."""

    kinds: tuple[int, ...]
    kernels: tuple[Kernel, ...] = ()

    @property
    def launches(self) -> tuple[Launch, ...]:
        return tuple(kernel.launch for kernel in self.kernels)

    def findings(self) -> tuple[Finding, ...]:
        if ALLOC in self.kinds or FREE in self.kinds:
            text = "the launcher allocates memory (cudaMallocAsync) at every call; use `ws`, or shared memory"
            return (Finding("allocation", text),)
        if HOST in self.kinds:
            return (Finding("host", "the launcher puts host code on the stream; all the work belongs in kernels"),)
        return ()

    def foreign(self, library: bytes) -> tuple[Finding, ...]:
        """The first kernel that this library did not register with the runtime: nvcc keeps each name as a string."""
        names = (kernel.symbol for kernel in self.kernels if kernel.symbol)
        odd = next((name for name in names if name.encode() + b"\0" not in library), "")
        return (_borrowed(odd, "which is not in your file"),) if odd else ()

    def shared(self, other: Nodes) -> tuple[Finding, ...]:
        """The first kernel that is the very one of another library's graph."""
        known = {kernel.handle for kernel in other.kernels}
        odd = next((kernel for kernel in self.kernels if kernel.handle and kernel.handle in known), None)
        return (_borrowed(odd.symbol, "which is the reference's"),) if odd else ()


def _borrowed(symbol: str, whose: str) -> Finding:
    name = demangle(symbol)
    text = f"the launcher launches {name}, {whose}: here the kernel is yours to write"
    return Finding("borrowed", text, variable=name)


def inspect(graph: int) -> Nodes:
    """CUgraph -> node kinds, and kernels with their grids."""
    cuda = ctypes.CDLL("libcuda.so.1")
    found = list(_walk(cuda, graph))
    return Nodes(tuple(kind for kind, _ in found), tuple(_kernel(cuda, n) for kind, n in found if kind == KERNEL))


def _walk(cuda: ctypes.CDLL, graph: int) -> Iterator[tuple[int, int]]:
    """(kind, node) of each; a graph in the graph hides nothing."""
    count = ctypes.c_size_t()
    cuda.cuGraphGetNodes(ctypes.c_void_p(graph), None, ctypes.byref(count))
    nodes = (ctypes.c_void_p * count.value)()
    if count.value:
        cuda.cuGraphGetNodes(ctypes.c_void_p(graph), nodes, ctypes.byref(count))
    for node in filter(None, nodes):
        kind, child = ctypes.c_int(), ctypes.c_void_p()
        cuda.cuGraphNodeGetType(ctypes.c_void_p(node), ctypes.byref(kind))
        yield kind.value, node
        if kind.value == CHILD:
            cuda.cuGraphChildGraphNodeGetGraph(ctypes.c_void_p(node), ctypes.byref(child))
            yield from _walk(cuda, child.value or 0)


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


def _kernel(cuda: ctypes.CDLL, node: int) -> Kernel:
    params, name = _KernelNode(), ctypes.c_char_p()
    cuda.cuGraphKernelNodeGetParams_v2(ctypes.c_void_p(node), ctypes.byref(params))
    if params.func and hasattr(cuda, "cuFuncGetName"):  # CUDA 12.3
        cuda.cuFuncGetName(ctypes.byref(name), ctypes.c_void_p(params.func))
    elif params.kern and hasattr(cuda, "cuKernelGetName"):
        cuda.cuKernelGetName(ctypes.byref(name), ctypes.c_void_p(params.kern))
    symbol = (name.value or b"").decode()
    launch = Launch(demangle(symbol) or "a kernel", tuple(params.grid), tuple(params.block), int(params.shared))
    return Kernel(launch, symbol, int(params.func or params.kern or 0))


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
