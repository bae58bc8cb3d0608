"""The content itself: every folder of exercises/, solutions/ and tests/attempts/ is whole and means what it says."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

import pytest

from grader import author, catalog, expect, pristine, prove
from grader.folder import Folder

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = [p.name for p in sorted((ROOT / "exercises").iterdir()) if p.is_dir() and p.name != "__pycache__"]


@functools.cache
def folder(slug: str) -> Folder:
    """With its questions, which are asked once."""
    return Folder(ROOT, catalog.load(ROOT, slug))


def attempts(slug: str) -> list[Path]:
    return sorted((ROOT / "tests" / "attempts" / slug).glob("*.cu"))


def title(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def test_there_are_exercises() -> None:
    assert EXERCISES
    assert catalog.discover(ROOT) == EXERCISES


@pytest.mark.parametrize("slug", EXERCISES)
@pytest.mark.parametrize("rule", author.RULES)
def test_rule(slug: str, rule: str) -> None:
    one = folder(slug)
    if rule == "skeleton" and "CI" not in os.environ:
        if not pristine.is_untouched(one.skeleton.read_text(), one.exercise.source.read_text()):
            pytest.skip("you have begun this exercise")
    assert list(author.RULES[rule](one)) == []


@pytest.mark.parametrize("path", [p for slug in EXERCISES for p in attempts(slug)], ids=title)
@pytest.mark.parametrize("backend", ["cuda", "simulator"])
def test_an_attempt_says_what_it_expects(path: Path, backend: str) -> None:
    assert expect.expected(path, backend)


def test_no_attempts_without_an_exercise() -> None:
    assert {p.name for p in (ROOT / "tests" / "attempts").iterdir() if p.is_dir()} <= set(EXERCISES)


NVCC = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH: no .cu is compiled for a GPU here")


@NVCC
@pytest.mark.parametrize(
    "path", [p for s in EXERCISES for p in sorted((ROOT / "solutions" / s).glob("*.cu"))], ids=title
)
def test_nvcc_compiles(path: Path) -> None:
    assert list(prove.nvcc(catalog.load(ROOT, path.parent.name), path)) == []


@NVCC
@pytest.mark.parametrize("slug", EXERCISES)
def test_nvcc_compiles_the_attempts(slug: str) -> None:
    assert list(prove.nvcc_attempts(catalog.load(ROOT, slug), attempts(slug))) == []


ATTEMPT = """// expect: PASS
#include <cuda_runtime.h>
#include <cstdint>
MORE
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    return SAID;
}
"""
WRITTEN = {
    "right": ("#define DONE cudaSuccess\nstatic int count;", "DONE"),
    "right_too": ("#define DONE cudaError_t(0)\nstatic float count;", "DONE"),
    "other_headers": ("#include <cfloat>", "cudaError_t(FLT_DIG)"),
    "must_not_compile": ("// expect: COMPILE", "cudaSuccess"),
    "does_not": ("", "cudaError_t(1 +)"),
    "needs_a_macro_of_another": ("", "DONE"),
    "needs_a_header_of_another": ("", "cudaError_t(FLT_DIG)"),
    "has_other_parameters": ("#define int64_t int", "cudaSuccess"),
}


def written(folder: Path, *names: str) -> list[Path]:
    paths = [folder / f"{name}.cu" for name in names]
    for path in paths:
        more, said = WRITTEN[path.stem]
        path.write_text(ATTEMPT.replace("MORE", more).replace("SAID", said))
    return paths


@NVCC
def test_the_attempts_that_nvcc_refuses_are_named(tmp_path: Path) -> None:
    """Those with the same headers are compiled together, and are none the better for it."""
    paths = written(tmp_path, *WRITTEN)
    problems = list(prove.nvcc_attempts(catalog.load(ROOT, "01_vector_add"), paths))
    named = [path.stem for path in paths if any(str(path) in problem for problem in problems)]
    assert named == list(WRITTEN)[3:]
    assert f"{tmp_path / 'must_not_compile.cu'} compiles, and must not" in "".join(problems)


@NVCC
def test_attempts_are_compiled_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "nvcc", None)
    assert list(prove.nvcc_attempts(catalog.load(ROOT, "01_vector_add"), written(tmp_path, "right", "right_too"))) == []
