"""A library's imports, and the sentence for the rule that they break."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from grader import catalog, declaration, symbols

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


def cuda_object(folder: Path, source: Path) -> bytes:
    """As nvcc compiles it for the cuda backend."""
    slug = source.parent.name
    exercise = catalog.load(ROOT, slug)
    (folder / "launcher.h").write_text(declaration.header(exercise.declaration))
    words = ["nvcc", "-std=c++17", "-arch=sm_90", "-Xcompiler", "-fPIC", "-include", f"{folder}/launcher.h", "-c"]
    subprocess.run([*words, str(source), "-o", f"{folder}/out.o"], check=True)
    return (folder / "out.o").read_bytes()


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH")
@pytest.mark.parametrize("slug", ["07_softmax", "16_prefix_sum", "42_flash_attention", "72_stream_overlap"])
def test_an_honest_kernel_compiled_by_nvcc_breaks_no_rule(tmp_path: Path, slug: str) -> None:
    made = cuda_object(tmp_path, ROOT / "solutions" / slug / f"{slug[3:]}.cu")
    assert "__cudaLaunchKernel" in symbols.imports(made)
    assert symbols.forbidden(made) is None


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x01", b"MZ" * 100])
def test_what_is_no_library_imports_nothing(data: bytes) -> None:
    assert symbols.imports(data) == frozenset()
