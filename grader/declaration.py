"""The launcher's C declaration -> its parameters. Pure."""

from __future__ import annotations

import re

from grader.errors import SpecError
from grader.model import Declaration, Param

# C scalar types a launcher may take, and what struct/torch call them.
CTYPES = (
    "float", "double", "bool", "char", "int", "unsigned", "int8_t", "uint8_t", "int16_t", "uint16_t",
    "int32_t", "uint32_t", "int64_t", "uint64_t", "size_t", "void",
    "__half", "__nv_bfloat16", "__nv_fp8_e4m3", "__nv_fp8_e5m2",
)  # fmt: skip

_NAME = r"(?P<launcher>(?:launch|run)_\w+)"
_WHOLE = re.compile(rf'\s*extern\s+"C"\s+cudaError_t\s+{_NAME}\s*\((?P<params>.*)\)\s*;\s*', re.DOTALL)
_PARAM = re.compile(r"(?P<const>const\s+)?(?P<ctype>\w+)\s*(?P<pointer>\*(?P<table>\s*const\s*\*)?)?\s*(?P<name>\w+)")


def parse(text: str) -> Declaration:
    """`extern "C" cudaError_t launch_x(const float* a, float* b, int64_t n, cudaStream_t stream);`

    A launcher called run_x takes no stream: it makes its own, and waits.
    """
    whole = _WHOLE.fullmatch(text)
    if not whole:
        raise SpecError(
            f"declaration {text!r} is not of the form "
            'extern "C" cudaError_t launch_name(…, cudaStream_t stream); write it so'
        )
    params = [p.strip() for p in whole["params"].split(",")]
    streamed = whole["launcher"].startswith("launch_")
    if streamed and (stream := params.pop()) != "cudaStream_t stream":
        raise SpecError(f"the last parameter is {stream!r}; it must be `cudaStream_t stream`")
    return Declaration(" ".join(text.split()), whole["launcher"], tuple(map(_param, params)), streamed)


def _param(text: str) -> Param:
    found = _PARAM.fullmatch(text)
    if not found or found["ctype"] not in CTYPES:
        raise SpecError(f"parameter {text!r} is not understood; use one of {', '.join(CTYPES)}, with const and *")
    pointer, const, table = (bool(found[word]) for word in ("pointer", "const", "table"))
    return Param(found["name"], found["ctype"], pointer, const, table=table)


def header(declaration: Declaration) -> str:
    """C++ that goes before the learner's source, so that a changed signature does not compile."""
    types = {p.ctype for p in declaration.params}
    extra = {"__half": "cuda_fp16.h", "__nv_bfloat16": "cuda_bf16.h", "__nv_fp8_e4m3": "cuda_fp8.h"}
    includes = ["cuda_runtime.h", "stdint.h", *(h for t, h in extra.items() if t in types)]
    return "".join(f"#include <{name}>\n" for name in includes) + declaration.text + "\n"
