"""The real GPU: nvcc compiles, CuPy is the device runtime, a captured graph is what is judged."""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader import declaration, gpu, marshal
from grader.model import Buffer, Compiled, Exercise, Fate, Finding, Job, Launch, Resources, Run, Sources

# ---------------------------------------------------------------- is it usable


def why_not() -> str:
    found = gpu.find()
    if found is None:
        return "no NVIDIA GPU is visible here (nvidia-smi and CUDA_VISIBLE_DEVICES tell more)"
    if not importlib.util.find_spec("cupy"):
        major = found.cuda // 1000
        return f"CuPy is not installed; pip install cupy-cuda{major}x"
    if not torch_has_cuda():
        return "this torch is a CPU build; install a CUDA build of torch (https://pytorch.org/get-started/locally)"
    return _toolkit_why_not(found.cuda)


def torch_has_cuda() -> bool:
    """Read off torch/version.py, for importing torch takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return False
    text = (Path(next(iter(spec.submodule_search_locations))) / "version.py").read_text()
    return bool(re.search(r"^cuda(?:: [^=]+)? = '[\d.]+'", text, re.MULTILINE))


def _toolkit_why_not(driver: int) -> str:
    if not (nvcc := shutil.which("nvcc")):
        return "nvcc is not on PATH; install the CUDA toolkit or add its bin folder to PATH"
    major, minor = toolkit(nvcc)
    if major > driver // 1000:
        return (
            f"nvcc {major}.{minor} is newer than the driver runs (CUDA {driver // 1000}.{driver % 1000 // 10}); "
            "update the driver or install an older toolkit"
        )
    return ""


def toolkit(nvcc: str) -> tuple[int, int]:
    """nvcc's version."""
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def device() -> str:
    found = gpu.find()
    return found.name if found else "no GPU"


# ---------------------------------------------------------------- how it is compiled


def sources(exercise: Exercise, text: str, name: str) -> Sources:
    """Raw .cu, no torch header: 1 s instead of 47."""
    found = gpu.find()
    arch = "{}.{}".format(*found.capability) if found else "9.0"
    half = "HALF_OPERATORS HALF_CONVERSIONS HALF2_OPERATORS BFLOAT16_CONVERSIONS"
    return Sources(
        files={name: text, "launcher.h": declaration.header(exercise.declaration)},
        compile=(name,),
        cuda_cflags=(
            "-O3", "-std=c++17", "-lineinfo", "-Xptxas", "-v", "-include", "launcher.h",
            *(f"-U__CUDA_NO_{word}__" for word in half.split()),  # torch forbids fp16 arithmetic; CUDA does not
        ),
        ldflags=(f"-Wl,-rpath,{_home() / 'lib64'}",),
        environment={"TORCH_CUDA_ARCH_LIST": arch, "CUDA_HOME": str(_home())},
    )  # fmt: skip


def _home() -> Path:
    if home := os.environ.get("CUDA_HOME"):
        return Path(home)
    nvcc = shutil.which("nvcc")
    return Path(nvcc).resolve().parents[1] if nvcc else Path("/usr/local/cuda")


_NOISE = re.compile(r"^(\[\d+/\d+\]|FAILED:|ninja:|grader: |ptxas info|Traceback|nvcc warning : .*Wno-dep)")
_COMMAND = re.compile(r"^\S*(nvcc|c\+\+|g\+\+)\s.*-[co]\s")
_ERROR = re.compile(r"\berror\b\s*[:#]|: error|undefined reference|catastrophic error|fatal error", re.IGNORECASE)


def explain(output: str) -> Compiled:
    """nvcc's words at the learner's line numbers; ptxas's words as figures."""
    lines = [_short(line) for line in output.splitlines()]
    words = [w for w in lines if not _NOISE.match(w) and not _COMMAND.match(w) and not _ptxas(w)]
    text = "\n".join(words).strip()
    failed = any(_ERROR.search(w) for w in words)
    return Compiled(text if failed else "", "" if failed else text, _resources(output))


def _short(line: str) -> str:
    """The build folder is nobody's business."""
    return re.sub(r"/\S*/(?:\.making-|builds/)[^/\s]*/", "", line)


def _ptxas(line: str) -> bool:
    return bool(re.match(r"\s*(\d+ bytes stack frame|ptxas )", line))


def _resources(output: str) -> tuple[Resources, ...]:
    """`Compiling entry function '_Z7softmax…' for 'sm_90'` … `Used 32 registers, …, 128 bytes smem`."""
    found = []
    for part in re.split(r"Compiling entry function ", output)[1:]:
        if (name := re.match(r"'(\w+)'", part)) and (used := re.search(r"Used (\d+) registers", part)):
            found.append(
                Resources(
                    demangle(name[1]),
                    int(used[1]),
                    _number(r"(\d+) bytes spill stores", part) + _number(r"(\d+) bytes spill loads", part),
                    _number(r"(\d+) bytes smem", part),
                    _number(r"(\d+) bytes stack frame", part),
                )
            )
    return tuple(found)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def demangle(name: str) -> str:
    """`_Z7softmaxPKfPfll` -> softmax: the last plain identifier of an Itanium name; the name itself if unsure."""
    position, last = (2 if name.startswith("_Z") else len(name)), ""
    if name[position : position + 1] == "N":
        position += 1
    while number := re.match(r"\d+", name[position:]):
        start = position + number.end()
        last, position = name[start : start + int(number[0])], start + int(number[0])
    return last or name


# ---------------------------------------------------------------- in the worker

THREAD_LOCAL = 1  # cudaStreamCaptureModeThreadLocal: only this thread's unsafe calls are refused
NON_BLOCKING = 1
PINNED = 32 << 20  # copies from here on are worth pinning the arena for
REFUSED = (900, 901, 904, 905, 906, 907, 908)  # the cudaErrorStreamCapture… family
KERNEL, HOST, ALLOC, FREE = 0, 3, 10, 11  # CUgraphNodeType


class Device:
    """One context; made only in the worker. A sticky error means that the worker must be replaced."""

    def __init__(self, arena: mmap.mmap, report: int) -> None:
        from cupy.cuda import runtime

        del report  # what went wrong is in the return values here
        self.runtime = runtime
        runtime.setDevice(0)
        self.arena = arena
        self.host = ctypes.addressof(ctypes.c_char.from_buffer(arena))
        self.stream = runtime.streamCreateWithFlags(NON_BLOCKING)
        self.memory, self.capacity, self.pinned = 0, 0, 0
        self.functions: list[Callable[..., int]] = []
        self.libraries: list[Path] = []

    def load(self, library: Path, launcher: str) -> str:
        """Empty, or why the launcher cannot be called. Libraries are numbered in the order of loading."""
        try:
            function = getattr(ctypes.CDLL(str(library)), launcher)
        except (OSError, AttributeError) as error:
            return str(error)
        function.restype = ctypes.c_int
        self.functions.append(function)
        self.libraries.append(library)
        return ""

    # -------------------------------------------------- one judged run

    def run(self, job: Job) -> Run:
        """Record the launcher into a graph on whatever lies in memory; replay it on this job's contents."""
        self.reserve(job.span)
        graph, status, message = self.capture(0, job, self.memory)
        if status or not graph:
            return self.refusal(status, message)
        nodes = inspect(graph)
        if not nodes.kinds and (stray := self.stray(job)):
            return Run(Fate.RETURNED, nodes=0, findings=(stray,))
        findings = nodes.findings()
        self.upload(job.span)
        try:
            self.replay(graph)
        except self.runtime.CUDARuntimeError as error:
            return Run(Fate.CRASHED, error.status, _message(error), nodes.launches, len(nodes.kinds), findings)
        self.download(job.span)
        return Run(Fate.RETURNED, 0, "", nodes.launches, len(nodes.kinds), findings)

    def reserve(self, span: int) -> None:
        if span > self.capacity:
            if self.memory:
                self.runtime.free(self.memory)
            self.memory, self.capacity = 0, 0
            self.capacity = max(span, 1 << 24)
            self.memory = self.runtime.malloc(self.capacity)
        if span > max(PINNED, self.pinned):
            if self.pinned:
                self.runtime.hostUnregister(self.host)
            self.runtime.hostRegister(self.host, span, 0)
            self.pinned = span

    def upload(self, span: int) -> None:
        self.runtime.memcpyAsync(self.memory, self.host, span, 1, self.stream)

    def download(self, span: int) -> None:
        self.runtime.memcpyAsync(self.host, self.memory, span, 2, self.stream)
        self.runtime.streamSynchronize(self.stream)

    def capture(self, library: int, job: Job, memory: int) -> tuple[int, int, str]:
        """(graph, status, message): what the launcher put on the stream, recorded and not yet run."""
        arguments = marshal.arguments(job, lambda buffer: memory + buffer.offset)
        self.runtime.streamBeginCapture(self.stream, THREAD_LOCAL)
        status = self.functions[library](*arguments, ctypes.c_void_p(self.stream))
        try:
            graph = self.runtime.streamEndCapture(self.stream)
        except self.runtime.CUDARuntimeError as error:
            return 0, status or error.status, _message(error)
        if status:
            return 0, status, _name(self.runtime, status)
        return graph, 0, ""

    def replay(self, graph: int) -> None:
        executable = self.runtime.graphInstantiate(graph)
        try:
            self.runtime.graphLaunch(executable, self.stream)
            self.runtime.streamSynchronize(self.stream)
        finally:
            self.runtime.graphExecDestroy(executable)
            self.runtime.graphDestroy(graph)

    def refusal(self, status: int, message: str) -> Run:
        """The launcher returned an error, or did what cannot be recorded."""
        if status in REFUSED:
            return Run(Fate.RETURNED, status, message, findings=(broken_rule(self.libraries[0]),))
        return Run(Fate.CRASHED, status, message)

    def stray(self, job: Job) -> Finding | None:
        """Nothing was recorded: was the work put on another stream? Then calling it writes to the outputs."""
        self.upload(job.span)
        self.runtime.deviceSynchronize()
        before = [self._bytes(b) for b in job.buffers if b.output]
        graph, _, _ = self.capture(0, job, self.memory)
        if graph:
            self.runtime.graphDestroy(graph)
        self.runtime.deviceSynchronize()
        self.download(job.span)
        if before == [self._bytes(b) for b in job.buffers if b.output]:
            return None
        return Finding(
            "stream",
            "the kernel did not run on `stream` but on another one (the default stream?); "
            "pass it as the fourth launch parameter: kernel<<<grid, block, 0, stream>>>(…)",
        )

    def apart(self, job: Job) -> None:
        """Plain launch, every buffer in an allocation of its own that ends where the buffer ends."""
        places = {}
        for b in job.buffers:
            shift = b.offset % 256
            places[b.name] = self.runtime.malloc(max(shift + b.nbytes, 1)) + shift
            if b.initialised:
                self.runtime.memcpy(places[b.name], self.host + b.offset, b.nbytes, 1)
        arguments = marshal.arguments(job, lambda buffer: places[buffer.name])
        status = self.functions[0](*arguments, ctypes.c_void_p(self.stream))
        self.runtime.check_status(status)
        self.runtime.streamSynchronize(self.stream)

    # -------------------------------------------------- timing: libraries 0 (learner) and 1 (reference)

    def arm(self, job: Job) -> dict[str, Any]:
        """Record every library on two sets of buffers; the contents are uploaded to both."""
        self.reserve(job.span)
        self.upload(job.span)
        self.runtime.streamSynchronize(self.stream)
        self.timed = Timed(self, job)
        return {"launches": self.timed.launches, "empty_us": self.timed.empty_us}

    def sample(self, library: int, upload: bool, poison: int) -> float:
        """µs of one cold replay; its outputs then lie in the arena."""
        return self.timed.sample(library, upload, poison)

    def _bytes(self, buffer: Buffer) -> bytes:
        data = ctypes.create_string_buffer(max(buffer.nbytes, 1))
        if buffer.nbytes:
            self.runtime.memcpy(ctypes.addressof(data), self.memory + buffer.offset, buffer.nbytes, 2)
        return data.raw


class Timed:
    """Two libraries on the same buffers, replayed from graphs.

    A replay on *other* buffers between the flush and the timed one warms the code and the clocks but not the data:
    without it, the first kernel after a flush pays for its instruction fetch.
    """

    def __init__(self, device: Device, job: Job) -> None:
        self.device, self.job, self.runtime, self.stream = device, job, device.runtime, device.stream
        self.inputs = [b for b in job.buffers if b.initialised]
        self.written = [b for b in job.buffers if not b.initialised]
        self.outputs = [b for b in job.buffers if b.output]
        self.start, self.stop = self.runtime.eventCreate(), self.runtime.eventCreate()
        self.flush_bytes = 2 * int(self.runtime.getDeviceProperties(0)["l2CacheSize"])
        self.flush = self.runtime.malloc(self.flush_bytes)
        self.other = self.runtime.malloc(job.span)
        self.runtime.memcpy(self.other, device.memory, job.span, 3)
        self.launches: list[list[str]] = []
        self.graphs = [self._record(i) for i in range(len(device.functions))]
        self.empty_us = self._empty()

    def _record(self, library: int) -> tuple[int, int]:
        """(on the judged buffers, on the other ones), both run once so that modules are loaded."""
        pair = []
        for memory in (self.device.memory, self.other):
            graph, status, message = self.device.capture(library, self.job, memory)
            if status or not graph:
                raise RuntimeError(f"the launcher cannot be recorded at the timed size: {message}")
            if memory == self.device.memory:
                self.launches.append([launch.kernel for launch in inspect(graph).launches])
            pair.append(self.runtime.graphInstantiate(graph))
            self.runtime.graphLaunch(pair[-1], self.stream)
        self.runtime.streamSynchronize(self.stream)
        return pair[0], pair[1]

    def _empty(self) -> float:
        """What an empty graph takes between two events: subtracted from every sample."""
        self.runtime.streamBeginCapture(self.stream, THREAD_LOCAL)
        graph = self.runtime.graphInstantiate(self.runtime.streamEndCapture(self.stream))
        return sorted(self._time(graph) for _ in range(9))[4]

    def _time(self, graph: int) -> float:
        self.runtime.eventRecord(self.start, self.stream)
        self.runtime.graphLaunch(graph, self.stream)
        self.runtime.eventRecord(self.stop, self.stream)
        self.runtime.eventSynchronize(self.stop)
        return 1000.0 * float(self.runtime.eventElapsedTime(self.start, self.stop))

    def sample(self, library: int, upload: bool, poison: int) -> float:
        memory, host, rt = self.device.memory, self.device.host, self.runtime
        for b in self.inputs if upload else ():
            rt.memcpyAsync(memory + b.offset, host + b.offset, b.nbytes, 1, self.stream)
        for b in self.written:
            rt.memsetAsync(memory + b.offset, poison, b.nbytes, self.stream)
        rt.memsetAsync(self.flush, poison, self.flush_bytes, self.stream)
        judged, warming = self.graphs[library]
        rt.graphLaunch(warming, self.stream)
        us = self._time(judged) - self.empty_us
        for b in self.outputs:
            rt.memcpyAsync(host + b.offset, memory + b.offset, b.nbytes, 2, self.stream)
        rt.streamSynchronize(self.stream)
        return us


def _message(error: Any) -> str:
    return str(error)


def _name(runtime: Any, status: int) -> str:
    try:
        runtime.check_status(status)
    except runtime.CUDARuntimeError as error:
        return str(error)
    return f"cudaError {status}"


# ---------------------------------------------------------------- what the graph holds


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
    return Launch(demangle(mangled), tuple(params.grid), tuple(params.block))


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
