"""A library's imports, and the sentence for the rule that they break."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from grader import symbols

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


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x01", b"MZ" * 100])
def test_what_is_no_library_imports_nothing(data: bytes) -> None:
    assert symbols.imports(data) == frozenset()
