"""What the cuda backend does around a recording: marks, and what became of them. The GPU's memory is played."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from grader import build, catalog, isolate, wire
from grader.backends import cuda
from grader.model import Argument, Buffer, Build, Fate, Job, Run

ROOT = Path(__file__).resolve().parents[1]
X, Y = Buffer("x", 0, 64, 4, True), Buffer("y", 64, 48, 4, False, True)
INOUT, WS, NONE = (
    Buffer("z", 128, 32, 4, True, True),
    Buffer("ws", 192, 64, 1, False),
    Buffer("e", 256, 0, 4, False, True),
)
JOB = Job((X, Y, INOUT, WS, NONE), (), 256)


class Memory:
    """As much of the runtime as marking takes."""

    def __init__(self) -> None:
        self.bytes = ctypes.create_string_buffer(bytes(range(256)), 256)
        self.address = ctypes.addressof(self.bytes)

    def memsetAsync(self, where: int, value: int, size: int, stream: int) -> None:
        ctypes.memset(where, value, size)

    def memcpy(self, to: int, source: int, size: int, kind: int) -> None:
        ctypes.memmove(to, source, size)

    def streamSynchronize(self, stream: int) -> None: ...

    def deviceSynchronize(self) -> None: ...


@pytest.fixture
def device() -> Any:
    made = object.__new__(cuda.Device)  # the real one makes a context
    made.runtime = Memory()
    made.memory, made.stream = made.runtime.address, 0
    return made


def test_recording_leaves_the_marks_and_the_inputs(device: Any) -> None:
    device.mark(JOB)
    assert device.runtime.bytes.raw[:64] == bytes(range(64)), "inputs are not marked"
    assert not device.touched(JOB)


@pytest.mark.parametrize("at", [64, 111, 128, 159, 192, 255])
def test_a_byte_that_changed_while_recording_is_work_elsewhere(device: Any, at: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(cuda, "PIECE", 10)  # so that a buffer has several, and a last one that is shorter
    device.mark(JOB)
    device.runtime.bytes[at] = b"\0"
    assert device.touched(JOB)


@pytest.mark.parametrize("at", [63, 112, 127, 160])
def test_what_lies_between_is_the_red_zones_business(device: Any, at: int) -> None:
    device.mark(JOB)
    device.runtime.bytes[at] = b"\1"
    assert not device.touched(JOB)


# ---------------------------------------------------------------- what is compiled

ADDER = """
__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{256} + threadIdx.x;
    if (i < n) c[i] = a[i] + fmaxf(b[i], -HUGE_VALF);
}
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    add<<<static_cast<unsigned>(LARGER(n + 255, int64_t{256}) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
"""
LARGER = "#define LARGER(a, b) ((a) > (b) ? (a) : (b))\n"


@pytest.mark.skipif(not shutil.which("nvcc"), reason="needs nvcc")
@pytest.mark.parametrize(
    ("first", "beside"),
    [
        ("".join(f"#include {name}\n" for name in sorted(cuda.ALONE)) + LARGER, False),
        *((f"#include {name}\n{LARGER}", False) for name in sorted(cuda.ALONE)),
        ("#define LARGER std::max\n", True),  # as with nvcc alone, where <cmath> brings it
        ("#include <cstdlib>\n" + LARGER, True),  # not tried without
        ("#define WHERE <cmath>\n#include WHERE\n" + LARGER, True),
    ],
)
def test_nvcc_reads_no_more_of_the_standard_library_than_is_needed(tmp_path: Path, first: str, beside: bool) -> None:
    exercise = catalog.load(ROOT, "01_vector_add")
    (tmp_path / "launcher.h").write_text(cuda.header(exercise, first + ADDER))
    (tmp_path / "k.cu").write_text(first + ADDER)
    words = ["nvcc", "-std=c++17", "-arch=sm_90", cuda.NO_BESSEL, "-include", "launcher.h", "-c", "k.cu", "-o", "k.o"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert not done.returncode, done.stderr
    assert (cuda.BESIDE_BESSEL in (tmp_path / "launcher.h").read_text()) == beside


# ---------------------------------------------------------------- on a GPU


N = 1000
BUFFERS = tuple(Buffer(name, 8192 * n, 4 * N, 4, name != "c", name == "c") for n, name in enumerate("abc", 1))
ADD = Job(
    BUFFERS, (*(Argument("float", buffer=b.name, pointer=True) for b in BUFFERS), Argument("int64_t", N)), 1 << 16
)


def made(text: str) -> Build:
    sources = cuda.sources(catalog.load(ROOT, "01_vector_add"), text, "vector_add.cu")
    return build.start(sources, "cuda", build.cache()).wait()


def ran(file: Path) -> Run:
    """One case of 1000 elements."""
    with isolate.start("cuda", 1 << 20) as worker:
        worker.add(made(file.read_text()).library, "launch_vector_add")
        return worker.run(ADD)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["30_half_on_own_stream", "30_own_stream", "30_legacy_stream", "30_not_forked"])
def test_work_on_another_stream_is_found_while_it_is_recorded(name: str) -> None:
    """By this backend itself, at the first case: the simulator, which looks too, is not asked."""
    assert ran(ROOT / "tests/cheats" / f"{name}.cu").findings == (cuda.STRAY,)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["add_stream_chain_joined", "add_two_streams_joined", "add_thread_joined"])
def test_work_that_is_joined_is_not(name: str) -> None:
    assert ran(ROOT / "tests/controls" / f"{name}.cu").findings == ()


@pytest.mark.gpu
def test_a_graph_in_the_graph_hides_no_kernel() -> None:
    """Where a driver refuses to record the launch of a graph, that is as good."""
    run = ran(ROOT / "tests/cheats/25_old_graph_replayed.cu")
    recorded = run.fate is Fate.RETURNED and not run.findings
    assert [launch.kernel for launch in run.launches] == (["add"] if recorded else [])


@pytest.mark.gpu
def test_the_references_kernels_are_known_from_the_learners_by_their_handles() -> None:
    """Two libraries of the same text but for a remark: the names are the same, the kernels are not."""
    text = (ROOT / "solutions/01_vector_add/vector_add.cu").read_text()
    with isolate.start("cuda", 1 << 20) as worker:
        for one in (text, text + "// another\n"):
            worker.add(made(one).library, "launch_vector_add")
        worker.settle_or_raise()
        assert worker.tell({"do": "arm", "job": wire.job_to(ADD)}, 20.0)["findings"] == []
