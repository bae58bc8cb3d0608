"""What the compilers read: headers of CUDA and of the system pass, a solution does not, however it is named."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import build, catalog, included
from grader.backends import cuda, simulator
from grader.model import Build, Sources

ROOT = Path(__file__).resolve().parents[1]
SOLUTION = ROOT / "solutions" / "01_vector_add" / "vector_add.cu"
needs_nvcc = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH")
simulated = pytest.mark.skipif(bool(simulator.why_not()), reason=simulator.why_not() or "-")

LAUNCHER = """\
#include <cuda_runtime.h>
#include <cooperative_groups.h>
#include <cmath>
#include <cstdint>
#include <vector>
{extra}
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {{
    return cudaSuccess;
}}
"""
FOREIGN = {  # `notes` is a text that compiles: a file of the author's, beside the answers
    "plain": '#include "{notes}"',
    "through a macro": '#define WHERE "{notes}"\n#include WHERE',
    "roundabout": '#include "/usr/include/../..{notes}"',
    "as a system header": '# 1 "x" 3\n#include "{notes}"',
    "in the assembler": '#define A(x) __asm__ x\nA((".section .rodata\\n.inc" "bin \\"{notes}\\"\\n.text\\n"));',
}


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "answers").mkdir()
    path = tmp_path / "answers" / "notes.h"
    path.write_text("int answer;\n")
    return path


def simulate(text: str) -> Build:
    sources = simulator.sources(catalog.load(ROOT, "01_vector_add"), text, "vector_add.cu")
    return build.start(sources, "simulator", build.cache()).wait()


@simulated
@pytest.mark.parametrize("way", FOREIGN)
def test_a_build_that_read_a_foreign_file_is_an_error_at_its_line(notes: Path, way: str) -> None:
    extra = FOREIGN[way].format(notes=notes)
    made = simulate(LAUNCHER.format(extra=extra))
    assert made.errors.startswith("vector_add.cu:") and "notes.h is read" in made.errors, made.errors
    assert not made.library.exists()


@simulated
def test_headers_of_cuda_and_of_the_system_pass() -> None:
    assert not simulate(LAUNCHER.format(extra="")).errors


def compiled(folder: Path, extra: str) -> str:
    """By nvcc, with the backend's flags and those that torch adds -> what is said of what it read."""
    sources = cuda.sources(catalog.load(ROOT, "01_vector_add"), LAUNCHER.format(extra=extra), "vector_add.cu")
    for name, text in sources.files.items():
        (folder / name).write_text(text)
    command = f"nvcc -MD -MF k.o.d {' '.join(sources.cuda_cflags)} -c vector_add.cu -o k.o"
    environment = {**os.environ, **sources.environment}
    subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True, env=environment)
    return included.refusal(folder, sources)


@needs_nvcc
@pytest.mark.parametrize(
    "extra",
    [
        *FOREIGN.values(),
        '#ifdef __CUDA_ARCH__\n#include "{notes}"\n#endif',  # each of nvcc's passes reads for itself
        '#ifndef __CUDA_ARCH__\n#include "{notes}"\n#endif',
    ],
    ids=[*FOREIGN, "for the device", "for the host"],
)
def test_nvcc_lists_a_foreign_file(tmp_path: Path, notes: Path, extra: str) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    assert f"{notes.name} is read" in compiled(folder, extra.format(notes=notes))


@needs_nvcc
def test_nvcc_lists_nothing_else(tmp_path: Path) -> None:
    assert compiled(tmp_path, "#include <cuda/std/array>\n#include <mma.h>") == ""


def test_a_solution_is_foreign_wherever_the_package_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert included.foreign([str(SOLUTION)], tmp_path, ()) == str(SOLUTION)
    monkeypatch.setattr(included, "SYSTEM", (str(ROOT),))  # as under /usr/lib/python3/dist-packages
    assert included.foreign([str(ROOT / "README.md")], tmp_path, ()) == ""
    assert included.foreign([str(SOLUTION)], tmp_path, ()) == str(SOLUTION)


def test_the_shim_headers_are_ours_and_a_link_out_of_the_folder_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "out").symlink_to(SOLUTION.parent)
    shims = simulator.headers()
    assert included.foreign([str(shims / "sim.h"), "launcher.h"], folder, (str(shims),)) == ""
    assert included.foreign(["out/vector_add.cu"], folder, ()) == "out/vector_add.cu"
    assert included.foreign(["../vector_add.cu"], folder, ()) == "../vector_add.cu"


def test_what_the_compiler_writes_on_its_way_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(included.tempfile, "gettempdir", lambda: str(tmp_path))
    own = [f"{tmp_path}/tmpxft_00006de2_00000000-6_k.cudafe1.stub.c", f"{tmp_path}/ccgoiCrR.s"]
    assert included.foreign(own, tmp_path / "made", ()) == ""
    assert included.foreign([*own, f"{tmp_path}/k.cu"], tmp_path / "made", ()) == f"{tmp_path}/k.cu"


def test_without_a_list_nothing_is_said(tmp_path: Path) -> None:
    assert included.refusal(tmp_path, Sources({}, ("k.cu",))) == ""


names = st.text(st.characters(codec="ascii", exclude_categories=("C",), exclude_characters=" \\:#$"), min_size=1)


@given(st.lists(st.lists(names, min_size=1, max_size=3).map(" ".join), unique=True))
def test_a_makefile_gives_back_its_names(listed: list[str]) -> None:
    escaped = [name.replace(" ", "\\ ") for name in listed]
    assert included.files("k.o: " + " \\\n ".join(escaped) + "\n") == listed
