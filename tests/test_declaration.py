"""The launcher's C declaration: what is read is what was written, and mistakes are explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import declaration
from grader.errors import SpecError
from grader.model import Param

SOFTMAX = (
    'extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream);'
)

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda n: n not in ("const", "stream"))
SPACE = st.sampled_from([" ", "  ", "\n    "])


@st.composite
def params(draw: st.DrawFn) -> Param:
    pointer = draw(st.booleans())
    ctype = draw(st.sampled_from(declaration.CTYPES))
    const, table = (pointer and draw(st.booleans()) for _ in range(2))
    return Param(draw(NAMES), ctype, pointer, const, table=table)


def written(param: Param, space: str = " ") -> str:
    const = f"const{space}" if param.const else ""
    table = f"{space}const{space}*" if param.table else ""
    return f"{const}{param.ctype}{'*' if param.pointer else ''}{table}{space}{param.name}"


def whole(name: str, words: list[str]) -> str:
    return f'extern "C" cudaError_t launch_{name}({", ".join([*words, "cudaStream_t stream"])});'


def test_softmax() -> None:
    found = declaration.parse(SOFTMAX)
    assert found.launcher == "launch_softmax"
    assert [p.name for p in found.params] == ["x", "y", "rows", "cols"]
    assert [p.name for p in found.params if p.output] == ["y"]


@given(NAMES, st.lists(params(), max_size=6), SPACE)
def test_what_is_read_is_what_was_written(name: str, wanted: list[Param], space: str) -> None:
    found = declaration.parse(whole(name, [written(p, space) for p in wanted]))
    assert found.launcher == f"launch_{name}"
    assert list(found.params) == wanted
    assert "\n" not in found.text


def test_no_parameters_but_the_stream() -> None:
    assert declaration.parse(whole("nothing", [])).params == ()


def test_workspace_is_no_output() -> None:
    found = declaration.parse(whole("sum", ["const float* x", "float* y", "void* ws", "size_t ws_bytes"]))
    assert [p.name for p in found.params if p.output] == ["y"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cudaError_t launch_x(cudaStream_t stream);",
        'extern "C" void launch_x(cudaStream_t stream);',
        'extern "C" cudaError_t softmax(cudaStream_t stream);',
        SOFTMAX.rstrip(";"),
    ],
)
def test_another_form_is_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(SpecError, match="write it so"):
        declaration.parse(text)


@pytest.mark.parametrize("last", ["int n", "cudaStream_t s", "cudaStream_t* stream"])
def test_the_stream_comes_last(last: str) -> None:
    with pytest.raises(SpecError, match="must be `cudaStream_t stream`"):
        declaration.parse(f'extern "C" cudaError_t launch_x({last});')


@pytest.mark.parametrize(
    "word", ["float", "long n", "std::vector<float> v", "float** x", "float const* x", "float x[]", "float& x"]
)
def test_a_strange_parameter_is_named(word: str) -> None:
    with pytest.raises(SpecError) as caught:
        declaration.parse(whole("x", [word]))
    assert repr(word) in str(caught.value)
    assert "use one of float," in str(caught.value)


@pytest.mark.parametrize(
    ("word", "header"),
    [
        ("const __half* x", "cuda_fp16.h"),
        ("__nv_bfloat16* y", "cuda_bf16.h"),
        ("const __nv_fp8_e4m3* q", "cuda_fp8.h"),
    ],
)
def test_header_includes_what_the_types_need(word: str, header: str) -> None:
    text = whole("x", [word])
    lines = declaration.header(declaration.parse(text)).splitlines()
    assert f"#include <{header}>" in lines
    assert lines[-1] == text


def test_header_includes_no_more_than_that() -> None:
    lines = declaration.header(declaration.parse(SOFTMAX)).splitlines()
    assert lines == ["#include <cuda_runtime.h>", "#include <stdint.h>", SOFTMAX]
