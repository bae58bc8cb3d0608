"""A new exercise, whole and judged right; what is left to its author says TODO. Pure: a name in, texts out."""

from __future__ import annotations

import re

from grader.errors import UsageError

TOML = """\
title = "TODO: what the kernel does, in a few words"
summary = "TODO: y = 2 x, one line for `list`"
track = "TODO: foundations"
difficulty = 1
minutes = 30
prerequisites = []  # TODO: ids of earlier exercises
concepts = ["TODO: grid stride loop"]
declaration = 'extern "C" cudaError_t launch_{name}(const float* x, float* y, int64_t n, cudaStream_t stream);'
hints = [
    "TODO: a question that points at the difficulty",
    "TODO: the concept, or the plan in words",
    "TODO: nearly the code",
]

[tolerance]
rtol = 1e-6
why = "TODO: where these numbers come from"

[speed]
threshold = 0.80
excellent = 0.95
timed = [{{ n = 134217728 }}]  # TODO: shapes that keep the reference busy for 50 µs or more

[walk]
rungs = ["one_thread", "one_block"]  # TODO: attempts, from the naive one to the solution
sizes = {{ n = 1048576 }}  # TODO: only where the first timed shape is too large for them
"""

SPEC = '''\
"""TODO: y = 2 x, fp32; what is special about sizes and data."""

from grader.spec import draw, size

sizes = {"n": size(1, 8_000_003, near=(32, 256))}  # TODO: the first ones give way first
recipes = ("normal", "spikes")  # TODO: the plainest first; data for each known trap


def inputs(g, recipe, n):
    return {"x": draw(g, recipe, n)}


def oracle(x, **_):
    return {"y": 2 * x.double()}


def library(x, **_):
    return lambda: 2 * x


def moved(n):
    return 8 * n
'''

README = """\
# {number:02d} TODO: title

## Task

TODO: what is given, what is to be written, in symbols. Complete `{name}.cu`.

## Worked example

TODO: small numbers, computed.

## What it teaches

- TODO

## Limits

- TODO: sizes, alignment, aliasing, special values.
- No allocation, no synchronisation with the host. All work goes on `stream`.

## Where the same kernel lives

- TODO: path and project.
"""

ANSWER = """\
# {number:02d} TODO: title: solution

## Why it is right

- TODO

## Why it is fast

1. **One thread** (`one_thread`). TODO: from the naive kernel to this one; [walk] in exercise.toml names the steps.
2. **One block** (`one_block`). TODO

<!-- steps: begin -->
Not measured yet: `python benchmarks/steps.py`, then `--write`, fills this in.
<!-- steps: end -->

## What to try next

- TODO
"""

HEAD = """\
// {number:02d} {name}: y[i] = 2 x[i]; x and y hold n floats each.
{run}
#include <cuda_runtime.h>
#include <cstdint>

"""

SKELETON = """\
__global__ void {name}(const float* x, float* y, int64_t n) {{
    // TODO: y[i] = 2 x[i]
}}

extern "C" cudaError_t launch_{name}(const float* x, float* y, int64_t n, cudaStream_t stream) {{
    // TODO: choose the grid and the block, and launch on `stream`:
    // {name}<<<grid, block, 0, stream>>>(x, y, n);
    return cudaGetLastError();
}}
"""

KERNEL = """\
constexpr int THREADS = 256;

__global__ void {name}(const float* x, float* y, int64_t n) {{
    const int64_t i = blockIdx.x * int64_t{{THREADS}} + threadIdx.x;
    if (i < n) y[i] = 2 * x[i];
}}

extern "C" cudaError_t launch_{name}(const float* x, float* y, int64_t n, cudaStream_t stream) {{
    const unsigned blocks = static_cast<unsigned>((n + THREADS - 1) / THREADS);
    {name}<<<blocks, THREADS, 0, stream>>>(x, y, n);
    return cudaGetLastError();
}}
"""

# name -> what comes out, why, and the one change to the solution
ATTEMPTS = {
    "no_bounds_guard": ("UNSAFE oob", "the last block writes past the end of y", ("if (i < n) ", "")),
    "tail_dropped": ("WRONG", "the last, partial block is not launched", (
        "(n + THREADS - 1) / THREADS", "n / THREADS + (n < THREADS)",
    )),
    "copied": ("WRONG", "x is not doubled", ("2 * x[i]", "x[i]")),
    "one_thread": ("PASS", "one thread does everything, in order", (
        "    const int64_t i = blockIdx.x * int64_t{{THREADS}} + threadIdx.x;\n    if (i < n) y[i]",
        "    if (blockIdx.x + threadIdx.x == 0)\n        for (int64_t i = 0; i < n; ++i) y[i]",
    )),
    "one_block": ("PASS", "the first block does everything, in a loop", (
        "    const int64_t i = blockIdx.x * int64_t{{THREADS}} + threadIdx.x;\n    if (i < n) y[i]",
        "    if (blockIdx.x == 0)\n        for (int64_t i = threadIdx.x; i < n; i += THREADS) y[i]",
    )),
}  # fmt: skip


def new(number: int, name: str) -> dict[str, str]:
    """Path under the home -> text, of the folders exercises/, solutions/ and tests/attempts/."""
    if not 1 <= number <= 99 or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"{number} {name!r} will not do; write 1 to 99, and a name of a-z, 0-9 and _, as in 7 softmax")
    slug, words = f"{number:02d}_{name}", {"number": number, "name": name}
    exercise, solution, attempts = f"exercises/{slug}", f"solutions/{slug}", f"tests/attempts/{slug}"
    run = f"// Run it with:  python -m grader run {slug}\n"
    skeleton = HEAD.format(**words, run=run) + SKELETON.format(**words)
    made = {
        f"{exercise}/exercise.toml": TOML.format(**words),
        f"{exercise}/spec.py": SPEC,
        f"{exercise}/README.md": README.format(**words),
        f"{exercise}/{name}.cu": skeleton,
        f"{solution}/skeleton.cu": skeleton,
        f"{solution}/{name}.cu": HEAD.format(**words, run="") + KERNEL.format(**words),
        f"{solution}/README.md": ANSWER.format(**words),
    }
    for mistake, (verdict, why, (old, instead)) in ATTEMPTS.items():
        said = f"// expect: {verdict}\n" + "// expect(cuda): PASS | SLOW | TIMEOUT\n" * (verdict == "PASS")
        source = "#include <cuda_runtime.h>\n#include <cstdint>\n\n" + KERNEL.replace(old, instead).format(**words)
        made[f"{attempts}/{mistake}.cu"] = f"{said}// why: {why}; TODO\n{source}"
    return made
