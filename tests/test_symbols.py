"""A library's imports, and the sentence for the rule that they break."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from grader import catalog, included, nvcc, symbols
from grader.backends import cuda

ROOT = Path(__file__).resolve().parents[1]

SOURCE = "int cudaGetLastError(void); int {name}(); int f(void) {{ return {name}() + cudaGetLastError(); }}\n"


def library(folder: Path, text: str) -> bytes:
    (folder / "f.c").write_text(text)
    command = ["cc", "-w", "-std=gnu89", "-fno-builtin", "-shared", "-fPIC", "f.c", "-o", "f.so"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "f.so").read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("system", "starts a program"),
        ("fork", "starts a program"),
        ("connect", "network"),
        ("dlsym", "cudaGetDriverEntryPoint"),
        ("PyRun_SimpleString", "Python"),
        ("ptrace", "memory"),
        ("syscall", "operating system"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, name: str, says: str) -> None:
    found = symbols.forbidden(library(tmp_path, SOURCE.format(name=name)))
    assert found and found.kind == "host" and f"{name}()" in found.text and says in found.text


@pytest.mark.parametrize("name", ["printf", "malloc", "pthread_create", "getenv", "my_system", "clock_gettime"])
def test_what_is_nobodys_business(tmp_path: Path, name: str) -> None:
    made = library(tmp_path, SOURCE.format(name=name))
    assert name in symbols.imports(made)
    assert symbols.forbidden(made) is None


def test_its_own_functions_are_not_imports(tmp_path: Path) -> None:
    made = library(tmp_path, "int cudaGetLastError(void); int fork(void) { return cudaGetLastError(); }\n")
    assert "cudaGetLastError" in symbols.imports(made) and "fork" not in symbols.imports(made)


def test_the_learners_object_counts_and_not_what_is_linked_to_it(tmp_path: Path) -> None:
    """CUDA's static runtime calls dlsym and syscall itself."""
    library(tmp_path, SOURCE.format(name="syscall"))
    (tmp_path / "g.c").write_text("int cudaGetLastError(void); int f(void) { return cudaGetLastError(); }\n")
    subprocess.run(["cc", "-w", "-c", "-fPIC", "g.c", "-o", "g.o"], cwd=tmp_path, check=True)
    assert symbols.read(tmp_path / "f.so") is None
    subprocess.run(["cc", "-w", "-std=gnu89", "-c", "-fPIC", "f.c", "-o", "f.o"], cwd=tmp_path, check=True)
    found = symbols.read(tmp_path / "f.so")
    assert found and found.variable == "syscall"


needs_nvcc = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH")


def cuda_object(folder: Path, slug: str, text: str) -> bytes:
    """As nvcc compiles it for the cuda backend; torch's own flags left out."""
    sources = cuda.sources(catalog.load(ROOT, slug), text, "k.cu")
    for name, said in sources.files.items():
        (folder / name).write_text(said)
    command = f"nvcc -arch=sm_90 -Xcompiler -fPIC {' '.join(sources.cuda_cflags)} -c k.cu -o k.o"
    environment = {**os.environ, **sources.environment}
    subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True, env=environment)
    assert included.refusal(folder, sources) == ""
    return (folder / "k.o").read_bytes()


@needs_nvcc
@pytest.mark.parametrize("slug", ["07_softmax", "16_prefix_sum", "42_flash_attention", "72_stream_overlap"])
def test_an_honest_kernel_compiled_by_nvcc_breaks_no_rule(tmp_path: Path, slug: str) -> None:
    made = cuda_object(tmp_path, slug, (ROOT / "solutions" / slug / f"{slug[3:]}.cu").read_text())
    assert "__cudaLaunchKernel" in symbols.imports(made)
    assert symbols.kernels(made) and symbols.borrowed(made) is None and symbols.forbidden(made) is None


# ---------------------------------------------------------------- whose kernels are they

KINDS = """\
#include <cooperative_groups.h>
#include <cuda/pipeline>
#include <cuda/std/array>
#include <cuda_runtime.h>
#include <mma.h>
#include <cstdint>
__global__ void plain(float* c) { c[0] = cuda::std::array<float, 1>{1.0f}[0]; }
static __global__ void hidden(float* c) { cooperative_groups::this_grid().sync(); }
extern "C" __global__ void unmangled(float* c) {}
namespace { __global__ void local(float* c) {} }
namespace mine { template <int N> __global__ void many(float* c) { c[N] = 0.0f; } }
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t s) {
    plain<<<1, 1, 0, s>>>(c); hidden<<<1, 1, 0, s>>>(c); unmangled<<<1, 1, 0, s>>>(c); local<<<1, 1, 0, s>>>(c);
    mine::many<1><<<1, 1, 0, s>>>(c);
    return cudaGetLastError();
}
"""


@needs_nvcc
def test_the_kernels_of_an_object_in_every_kind_of_scope(tmp_path: Path) -> None:
    made = cuda_object(tmp_path, "01_vector_add", KINDS)
    found = symbols.kernels(made)
    assert {nvcc.demangle(name) for name in found} == {"plain", "hidden", "unmangled", "local", "many"}
    assert symbols.borrowed(made) is None and symbols.forbidden(made) is None
    registered = [name for name in found if name.encode() + b"\0" in made]  # what Nodes.foreign looks for
    assert len(registered) == 4 and b"\0unmangled\0" in made


BLOCK = """\
#include <cub/block/block_reduce.cuh>
#include <cuda_runtime.h>
#include <cstdint>
__global__ void sum(const float* x, float* out) {
    using Reduce = cub::BlockReduce<float, 256>;
    __shared__ Reduce::TempStorage room;
    const float v = Reduce(room).Sum(x[threadIdx.x]);
    if (threadIdx.x == 0) *out = v;
}
extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t, void*, size_t, cudaStream_t stream) {
    sum<<<1, 256, 0, stream>>>(x, out);
    return cudaGetLastError();
}
"""


@needs_nvcc
def test_a_librarys_kernel_is_named_unless_the_exercise_allows_it(tmp_path: Path) -> None:
    made = cuda_object(tmp_path, "05_reduction_sum", (ROOT / "tests/cheats/57_ghost_branch.cu").read_text())
    found = symbols.borrowed(made)
    assert found and found.kind == "borrowed" and found.text.startswith("cub::DeviceReduce")
    assert symbols.borrowed(made, ("cub",)) is None and symbols.borrowed(made, ("thrust",)) == found
    assert symbols.forbidden(made) is None, "allowed, it breaks no other rule"
    (tmp_path / "kernel.so").touch()
    assert symbols.read(tmp_path / "kernel.so") == found and symbols.read(tmp_path / "kernel.so", ("cub",)) is None


@needs_nvcc
def test_a_librarys_block_wide_part_in_a_kernel_of_ones_own_is_ones_own(tmp_path: Path) -> None:
    made = cuda_object(tmp_path, "05_reduction_sum", BLOCK)
    assert symbols.borrowed(made) is None and symbols.forbidden(made) is None


def stubs(folder: Path, *kernels: str) -> bytes:
    """An object with nvcc's host functions of these kernels."""
    names = [f"_Z{14 + len(kernel)}__device_stub_{kernel}Pf" for kernel in kernels]
    (folder / "s.c").write_text("".join(f"void {name}(void) {{}}\n" for name in names))
    subprocess.run(["cc", "-c", "s.c", "-o", "s.o"], cwd=folder, check=True)
    return (folder / "s.o").read_bytes()


@pytest.mark.parametrize(
    ("kernel", "whose"),
    [
        ("_ZN3cub17CUB_300001_SM_9006detail6reduceL18DeviceReduceKernelIfEEvPf", "cub::DeviceReduceKernel"),
        ("_ZN4mine17CUB_300001_SM_9006detail18DeviceReduceKernelIfEEvPf", "cub::DeviceReduceKernel"),
        ("_ZN6thrust23THRUST_200802_SM_800_NS8cuda_cub4core13_kernel_agentIiEEvPf", "thrust::_kernel_agent"),
        ("_ZN7cutlass6KernelIfEEvPf", "cutlass::Kernel"),
        ("_ZN3cub17CUB_300001_SM_9006detail11EmptyKernelIvEEvv", ""),
        ("_Z3cubPf", ""),  # a kernel may be called so
        ("_ZN4mine3addEPf", ""),
        ("_Z5applyIN3cub3SumEEvPf", ""),  # a type of the library in a kernel of one's own
    ],
)
def test_whose_kernel(tmp_path: Path, kernel: str, whose: str) -> None:
    made = stubs(tmp_path, kernel)
    assert symbols.kernels(made) == {kernel}
    found = symbols.borrowed(made)
    assert (found.variable if found else "") == whose


@pytest.mark.parametrize("name", ["cublasSasum_v2", "cudnnConvolutionForward", "_ZN2at4_ops3sum4callERKNS_6TensorE"])
def test_a_function_that_does_the_work_is_named(tmp_path: Path, name: str) -> None:
    found = symbols.forbidden(library(tmp_path, SOURCE.format(name=name)))
    assert found and found.kind == "borrowed" and "yours to write" in found.text


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x01", b"MZ" * 100])
def test_what_is_no_library_imports_nothing(data: bytes) -> None:
    assert symbols.imports(data) == frozenset()
