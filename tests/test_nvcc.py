"""nvcc's words, recorded with CUDA 13.0: errors whole and at the learner's lines, warnings kept, figures read."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import graph, nvcc
from grader.model import Resources

FOLDER = "/home/me/.cache/grader/builds/.making-abc123/"
COMMAND = (
    f"[1/2] /usr/local/cuda/bin/nvcc --generate-dependencies-with-compile -O3 -c {FOLDER}softmax.cu -o softmax.cuda.o\n"
)
PTXAS = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_ZN1a1kILi32EEEvPKfPf' for 'sm_90'
ptxas info    : Function properties for _ZN1a1kILi32EEEvPKfPf
    16 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 14 registers, used 1 barriers, 128 bytes smem
ptxas info    : Compile time = 2.392 ms
"""
WARNING = """softmax.cu(2): warning #177-D: variable "unused" was declared but never referenced
      int unused;
          ^

"""
ERROR = """softmax.cu(8): error: expected an expression
      float m;; = -
                ^

softmax.cu(10): error: identifier "s" is undefined
      s += expf(x[c] - m);
      ^

2 errors detected in the compilation of "softmax.cu".
"""


def test_errors_are_whole_and_name_the_learners_file() -> None:
    failed = f"FAILED: [code=2] softmax.cuda.o\n{ERROR.replace('softmax.cu', FOLDER + 'softmax.cu')}"
    found = nvcc.explain(
        COMMAND + failed + "ninja: build stopped: subcommand failed.\ngrader: Error building 'kernel'\n"
    )
    assert found.errors == ERROR.strip()
    assert not found.warnings


def test_a_warning_is_no_error() -> None:
    found = nvcc.explain(COMMAND + WARNING + PTXAS + "[2/2] c++ softmax.cuda.o -shared -o kernel\n")
    assert found.warnings == WARNING.strip()
    assert not found.errors


def test_what_ptxas_says_of_a_kernel() -> None:
    assert nvcc.explain(COMMAND + PTXAS).resources == (Resources("k", 14, 12, 128, 16),)
    assert not nvcc.explain(COMMAND + PTXAS).warnings


@pytest.mark.parametrize(
    ("mangled", "name"),
    [
        ("_Z7softmaxPKfPfll", "softmax"),
        ("_ZN1a1kILi32EEEvPKfPf", "k"),
        ("_ZN12_GLOBAL__N_13addEPf", "add"),
        ("_ZN3cub6detailL6kernelIfEEvPf", "kernel"),
        ("_ZL3addPf", "add"),
        ("plain", "plain"),
        ("_Z", "_Z"),
    ],
)
def test_demangle(mangled: str, name: str) -> None:
    assert nvcc.demangle(mangled) == name


@pytest.mark.parametrize(
    ("symbols", "kind", "call"),
    [
        (b"\0cudaMalloc\0", "allocation", "cudaMalloc"),
        (b"\0cudaDeviceSynchronize\0", "sync", "cudaDeviceSynchronize"),
        (b"\0cudaMemcpy\0", "sync", "cudaMemcpy"),
        (b"\0cudaMemcpyAsync\0", "sync", "recorded"),
    ],
)
def test_the_likeliest_broken_rule(symbols: bytes, kind: str, call: str, tmp_path: Path) -> None:
    library = tmp_path / "kernel.so"
    library.write_bytes(b"ELF" + symbols)
    found = graph.broken_rule(library)
    assert found.kind == kind and call in found.text
