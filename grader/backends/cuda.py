"""The real GPU: nvcc compiles, CuPy is the device runtime, a captured graph is what is judged."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import mmap
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import declaration, gpu, graph, included, marshal, nvcc, ranges, shared, veil
from grader.model import Buffer, Exercise, Fate, Finding, Job, Run, Sources
from grader.stopwatch import ANYWHERE, Called, Timed

# ---------------------------------------------------------------- is it usable


def why_not() -> str:
    found = gpu.find()
    if found is None:
        return "no NVIDIA GPU is visible here (nvidia-smi and CUDA_VISIBLE_DEVICES tell more)"
    if not importlib.util.find_spec("cupy"):
        major = found.cuda // 1000
        return f"CuPy is not installed; pip install cupy-cuda{major}x"
    if not torch_cuda():
        return "this torch is a CPU build; install a CUDA build of torch (https://pytorch.org/get-started/locally)"
    return _toolkit_why_not(found.cuda)


def torch_cuda() -> str:
    """The CUDA that torch was built for, "" for none: read off torch/version.py, for importing it takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return ""
    text = (Path(next(iter(spec.submodule_search_locations))) / "version.py").read_text()
    found = re.search(r"^cuda(?:: [^=]+)? = '([\d.]+)'", text, re.MULTILINE)
    return found[1] if found else ""


def _toolkit_why_not(driver: int) -> str:
    if not (compiler := shutil.which("nvcc")):
        return "nvcc is not on PATH; install the CUDA toolkit or add its bin folder to PATH"
    major, minor = toolkit(compiler)
    if major > driver // 1000:
        return (
            f"nvcc {major}.{minor} is newer than the driver runs (CUDA {driver // 1000}.{driver % 1000 // 10}); "
            "update the driver or install an older toolkit"
        )
    return ""


@functools.cache
def toolkit(compiler: str) -> tuple[int, int]:
    """nvcc's version."""
    text = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def device() -> str:
    found = gpu.find()
    return found.name if found else "no GPU"


# ---------------------------------------------------------------- how it is compiled


SPLITS, THREADS = (12, 4), 4  # the oldest toolkit that is asked to; threads of one nvcc
NO_BESSEL = "-D_GLIBCXX_BITS_SPECFUN_H"  # a sixth of what nvcc reads; the header also brings std::max and the like:
BESIDE_BESSEL = "#include <array>\n#include <limits>\n#include <type_traits>\n"

# Headers that compile without those three, which take an eighth of the time themselves.
ALONE = frozenset(
    f"<{name}>"
    for name in (
        "cfloat", "climits", "cmath", "cstddef", "cstdint", "cuda_bf16.h", "cuda_fp16.h", "cuda_fp8.h",
        "cuda_pipeline.h", "cuda_runtime.h", "float.h", "limits.h", "math.h", "mma.h", "stdint.h",
    )
)  # fmt: skip


def header(exercise: Exercise, text: str) -> str:
    """What stands before the learner's text."""
    alone = ALONE.issuperset(re.findall(r"#\s*include\s*(\S+)", text)) and not re.search(r"\bstd\b", text)
    return ("" if alone else BESIDE_BESSEL) + declaration.header(exercise.declaration)


def sources(exercise: Exercise, text: str, name: str) -> Sources:
    """Raw .cu, no torch header: 1 s instead of 47. Nor the Bessel functions of <cmath>, a sixth of what is left."""
    found = gpu.find()
    arch = "{}.{}".format(*found.capability) if found else "9.0"
    half = "HALF_OPERATORS HALF_CONVERSIONS HALF2_OPERATORS BFLOAT16_CONVERSIONS"
    return Sources(
        files={name: text, "launcher.h": header(exercise, text)},
        compile=(name,),
        cuda_cflags=(
            "-O3", "-std=c++17", "-lineinfo", "-Xptxas", "-v", NO_BESSEL, "-include", "launcher.h",
            "-DCCCL_DISABLE_NVTX",  # it looks up functions by name
            *_assembler(),
            *_split(),
            *(f"-U__CUDA_NO_{word}__" for word in half.split()),  # torch forbids fp16 arithmetic; CUDA does not
        ),
        ldflags=(f"-Wl,-rpath,{_home() / 'lib64'}",),
        environment={"TORCH_CUDA_ARCH_LIST": arch, "CUDA_HOME": str(_home()), **included.ENVIRONMENT},
    )  # fmt: skip


def _split() -> tuple[str, ...]:
    """Several kernels are optimised side by side; learner and reference alike, so what that changes is no advantage."""
    compiler = shutil.which("nvcc")
    return (f"-split-compile={THREADS}",) if compiler and toolkit(compiler) >= SPLITS else ()


def _assembler() -> tuple[str, ...]:
    """For the host's; torch hands the flags to a shell, and nvcc splits them at commas."""
    flag = included.assembler(os.environ.get("NVCC_CCBIN") or os.environ.get("CC", ""))
    return ("-Xcompiler", "'{}'".format(flag.replace(",", "\\,"))) if flag else ()


def _home() -> Path:
    if home := os.environ.get("CUDA_HOME"):
        return Path(home)
    compiler = shutil.which("nvcc")
    return Path(compiler).resolve().parents[1] if compiler else Path("/usr/local/cuda")


explain = nvcc.explain  # of the seam


# ---------------------------------------------------------------- in the worker

NON_BLOCKING = 1
MAPPED = 2  # a kernel may use page-locked memory in place
GLIMPSE = 1 << 14  # bytes of a host output read at a time
PINNED = 32 << 20  # copies from here on are worth pinning the arena for
MARK = b"\x5a"  # a finite number in every dtype
PIECE = 16 << 20  # bytes that are compared at a time
STRAY = Finding(
    "stream",
    "work runs on another stream (the default one, or one of its own) that `stream` does not wait for: pass `stream` "
    "as the fourth launch parameter, kernel<<<grid, block, 0, stream>>>(…), or join it with cudaStreamWaitEvent",
)
EARLY = Finding(
    "sync", "the launcher returned before its output in host memory was complete; wait for every stream first"
)
REFUSED = (900, 901, 904, 905, 906, 907, 908)  # the cudaErrorStreamCapture… family


@dataclass(frozen=True)
class Library:
    """One that is loaded."""

    path: Path
    launch: Callable[..., int]
    forget: Callable[[], int]  # the last error of its own CUDA runtime: ours may be another
    image: bytes


class Device:
    """One context; made only in the worker. A sticky error means that the worker must be replaced."""

    def __init__(self, arena: mmap.mmap, report: int) -> None:
        # This is cupy.cuda.runtime, without the second that importing all of CuPy takes.
        from cupy_backends.cuda.api import runtime

        del report  # what went wrong is in the return values here
        self.runtime = runtime
        runtime.setDevice(0)
        self.arena = arena
        self.host = ctypes.addressof(ctypes.c_char.from_buffer(arena))
        self.stream = runtime.streamCreateWithFlags(NON_BLOCKING)
        self.memory, self.capacity, self.pinned = 0, 0, 0
        self.common = 0  # device memory of the judge's; 0: there is only the arena
        self.libraries: list[Library] = []
        self.timed: Timed | Called | None = None
        self.tables: dict[bytes, int] = {}  # arrays of pointers in device memory

    def rehearse(self) -> None:
        """What a run needs of the driver, once: should the worker's walls be too narrow for it, nobody is blamed."""
        self.reserve(1)
        self.runtime.streamBeginCapture(self.stream, graph.THREAD_LOCAL)
        self.runtime.memsetAsync(self.memory, 0, 1, self.stream)
        self.replay(self.runtime.streamEndCapture(self.stream))

    def share(self, descriptor: int, size: int) -> str:
        """Empty, or why this memory of the judge's cannot be used."""
        try:
            self.common = shared.opened(descriptor, size)
        except shared.Refused as refused:
            return str(refused)
        return ""

    def load(self, library: Path, launcher: str) -> str:
        """Empty, or why the launcher cannot be called. Libraries are numbered in the order of loading."""
        try:
            loaded = ctypes.CDLL(str(library))
            function = getattr(loaded, launcher)
        except (OSError, AttributeError) as error:
            return str(error)
        function.restype = ctypes.c_int
        forget = getattr(loaded, "cudaGetLastError", int)
        self.libraries.append(Library(library, function, forget, library.read_bytes()))
        return ""

    # -------------------------------------------------- one judged run

    def run(self, job: Job) -> Run:
        """Record the launcher into a graph on whatever lies in memory; replay it on this job's contents."""
        if not job.recorded:
            return self.called(job)
        self.reserve(job.span, pin=job.span > PINNED)
        self.mark(job)
        with ranges.named("record"):
            recorded, status, message = self.capture(0, job, self.memory)
        try:
            stray = self.touched(job)
        except self.runtime.CUDARuntimeError as error:
            return Run(Fate.CRASHED, error.status, str(error))
        if stray:  # what was recorded, if anything, is half the work
            if recorded:
                self.runtime.graphDestroy(recorded)
            return Run(Fate.RETURNED, findings=(STRAY,))
        if status or not recorded:
            return self.refusal(job, status, message)
        nodes = graph.inspect(recorded)
        findings = nodes.findings() + nodes.foreign(self.libraries[0].image)
        self.upload(job.span)
        try:
            with ranges.named("judged run"):
                self.replay(recorded)
        except self.runtime.CUDARuntimeError as error:
            return Run(Fate.CRASHED, error.status, str(error), nodes.launches, len(nodes.kinds), findings)
        self.download(job.span)
        return Run(Fate.RETURNED, 0, "", nodes.launches, len(nodes.kinds), findings)

    def called(self, job: Job) -> Run:
        """Call a launcher that waits itself: what it leaves in host memory must be complete when it returns."""
        self.reserve(job.span, pin=True)
        self.exchange(job, upload=True)
        with ranges.named("judged run"):
            status = self.call(0, job, self.place)
        at_once = self._host_outputs(job)
        try:
            self.runtime.deviceSynchronize()
        except self.runtime.CUDARuntimeError as error:
            return Run(Fate.CRASHED, error.status, str(error))
        if status:
            return Run(Fate.CRASHED, status, _name(self.runtime, status))
        early = at_once != self._host_outputs(job)
        self.exchange(job, upload=False)
        return Run(Fate.RETURNED, findings=(EARLY,) if early else ())

    def call(self, library: int, job: Job, place: Callable[[Buffer], int]) -> int:
        """Calls the launcher without recording it; returns its status."""
        stream = [ctypes.c_void_p(self.stream)] if job.streamed else []
        arguments = marshal.arguments(job, place, self.table)
        self.libraries[library].forget()  # an earlier call's error is none of this one's
        with veil.hidden(self.host, len(self.arena)) if job.recorded else contextlib.nullcontext():
            return self.libraries[library].launch(*arguments, *stream)

    def place(self, buffer: Buffer) -> int:
        """Buffers in host memory are the arena's own."""
        return (self.host if buffer.host else self.memory) + buffer.offset

    def exchange(self, job: Job, upload: bool) -> None:
        """Copies what is device memory, red zones included, between arena and device."""
        for start, stop in marshal.regions(job):
            ends = (self.memory + start, self.host + start) if upload else (self.host + start, self.memory + start)
            self.runtime.memcpy(*ends, stop - start, 1 if upload else 2)
        self.runtime.deviceSynchronize()

    def _host_outputs(self, job: Job) -> list[bytes]:
        """From the end, where what is copied last lies: copies that nobody waits for go on while this reads."""
        found = []
        for b in (b for b in job.buffers if b.host and b.output):
            starts = reversed(range(0, b.nbytes, GLIMPSE))
            found += [ctypes.string_at(self.host + b.offset + at, min(GLIMPSE, b.nbytes - at)) for at in starts]
        return found

    def reserve(self, span: int, pin: bool = False) -> None:
        if span > self.capacity:
            if self.memory:
                self.runtime.free(self.memory)
            self.memory, self.capacity = 0, 0
            self.capacity = max(span, 1 << 24)
            self.memory = self.runtime.malloc(self.capacity)
        if pin and span > self.pinned:
            if self.pinned:
                self.runtime.hostUnregister(self.host)
            self.pinned = min(max(span, PINNED), len(self.arena))
            self.runtime.hostRegister(self.host, self.pinned, MAPPED)

    def upload(self, span: int) -> None:
        self.runtime.memcpyAsync(self.memory, self.host, span, 1, self.stream)

    def download(self, span: int) -> None:
        self.runtime.memcpyAsync(self.host, self.memory, span, 2, self.stream)
        self.runtime.streamSynchronize(self.stream)

    def capture(self, library: int, job: Job, memory: int) -> tuple[int, int, str]:
        """(recorded, status, message): what the launcher put on the stream, recorded and not yet run."""
        arguments = marshal.arguments(job, lambda buffer: memory + buffer.offset, self.table)
        self.runtime.streamBeginCapture(self.stream, graph.THREAD_LOCAL)
        self.libraries[library].forget()
        with veil.hidden(self.host, len(self.arena)):
            status = self.libraries[library].launch(*arguments, ctypes.c_void_p(self.stream))
        try:
            recorded = self.runtime.streamEndCapture(self.stream)
        except self.runtime.CUDARuntimeError as error:
            return 0, status or error.status, str(error)
        if status:
            return 0, status, _name(self.runtime, status)
        return recorded, 0, ""

    def table(self, pointers: bytes) -> int:
        """A table outlives its launch: graphs are replayed. The same pointers have the same table."""
        if pointers not in self.tables:
            data = ctypes.create_string_buffer(pointers, len(pointers))
            self.tables[pointers] = self.runtime.malloc(len(pointers))
            self.runtime.memcpy(self.tables[pointers], ctypes.addressof(data), len(pointers), 1)
        return self.tables[pointers]

    def replay(self, recorded: int) -> None:
        executable = self.runtime.graphInstantiate(recorded)
        try:
            self.runtime.graphLaunch(executable, self.stream)
            self.runtime.streamSynchronize(self.stream)
        finally:
            self.runtime.graphExecDestroy(executable)
            self.runtime.graphDestroy(recorded)

    def refusal(self, job: Job, status: int, message: str) -> Run:
        """The launcher returned an error, or did what cannot be recorded."""
        if status not in REFUSED:
            return Run(Fate.CRASHED, status, message)
        # A launch that fails spoils the recording; unrecorded, it says itself what is wrong with it.
        if alone := self.call(0, job, self.place):
            return Run(Fate.CRASHED, alone, _name(self.runtime, alone))
        return Run(Fate.RETURNED, status, message, findings=(graph.broken_rule(self.libraries[0].path),))

    def mark(self, job: Job) -> None:
        """Before recording: whatever a launcher writes to holds MARK, for recording runs nothing."""
        for b in _written(job):
            self.runtime.memsetAsync(self.memory + b.offset, MARK[0], b.nbytes, self.stream)
        self.runtime.streamSynchronize(self.stream)

    def touched(self, job: Job) -> bool:
        """After recording: did something run after all? Then it was put on another stream."""
        self.runtime.deviceSynchronize()
        pieces = ((b.offset + at, min(PIECE, b.nbytes - at)) for b in _written(job) for at in range(0, b.nbytes, PIECE))
        return any(self._bytes(start, size) != MARK * size for start, size in pieces)

    def apart(self, job: Job) -> None:
        """Plain launch, every buffer in an allocation of its own that ends where the buffer ends."""
        self.plain(job, self.spread(job))

    def profile(self, job: Job) -> None:
        """The launcher twice on the same contents; the second time, when code is loaded, a profiler may look."""
        places, cuda = self.spread(job), ctypes.CDLL("libcuda.so.1")
        with ranges.named("warm-up"):
            self.plain(job, places)
        cuda.cuProfilerStart()
        with ranges.named("profiled call"):
            self.plain(job, places)
        cuda.cuProfilerStop()

    def spread(self, job: Job) -> dict[str, int]:
        """Where each buffer lies: an allocation of its own. The arena stays pageable: tools copy what is pinned."""
        if not job.recorded:
            self.reserve(job.span, pin=True)
        places = {b.name: self.host + b.offset for b in job.buffers if b.host}
        for b in job.buffers:
            if not b.host:
                shift = b.offset % 256
                places[b.name] = self.runtime.malloc(max(shift + b.nbytes, 1)) + shift
        return places

    def plain(self, job: Job, places: dict[str, int]) -> None:
        """Puts the inputs there, calls the launcher without recording it, and waits."""
        for b in job.buffers:
            if b.initialised and not b.host:
                self.runtime.memcpy(places[b.name], self.host + b.offset, b.nbytes, 1)
        self.runtime.check_status(self.call(0, job, lambda buffer: places[buffer.name]))
        self.runtime.deviceSynchronize()

    # -------------------------------------------------- timing: libraries 0 (learner) and 1 (reference)

    def arm(self, job: Job) -> tuple[Finding, ...]:
        """Record every library on two sets of buffers; the contents are uploaded to both. Findings: whose kernels?"""
        if self.timed:
            self.timed.close()
        if not job.recorded:
            self.reserve(job.span, pin=True)
            self.timed = Called(self, job)
            return ()
        self.reserve(job.span, pin=not self.common)
        self.runtime.memcpy(self.memory, self.common or self.host, job.span, ANYWHERE)
        self.timed = Timed(self, job)
        return self.provenance(self.timed.nodes)

    def provenance(self, nodes: Sequence[graph.Nodes]) -> tuple[Finding, ...]:
        """Whose kernels are timed? At the timed size, and beside the reference, a launcher may do something else."""
        found = nodes[0].findings() + nodes[0].foreign(self.libraries[0].image)
        if os.path.samefile(self.libraries[0].path, self.libraries[-1].path):  # the reference is graded itself
            return found
        return found + nodes[0].shared(nodes[-1])

    def sample(self, library: int, poison: int, kept: bool) -> float:
        """µs of one cold replay; its outputs are then there for the judge, if `kept`."""
        assert self.timed is not None
        return self.timed.sample(library, poison, kept)

    def batch(self, library: int, calls: int) -> None:
        """So many cold replays, of nothing where `library` is negative: for the judge's clock."""
        assert self.timed is not None
        self.timed.batch(library, calls)

    def _bytes(self, start: int, size: int) -> bytes:
        data = ctypes.create_string_buffer(size)
        self.runtime.memcpy(ctypes.addressof(data), self.memory + start, size, 2)
        return data.raw


def _written(job: Job) -> list[Buffer]:
    """Outputs and workspace, where they are not empty."""
    return [b for b in job.buffers if b.nbytes and (b.output or not b.initialised)]


def _name(runtime: Any, status: int) -> str:
    try:
        runtime.check_status(status)
    except runtime.CUDARuntimeError as error:
        return str(error)
    return f"cudaError {status}"
