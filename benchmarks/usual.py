"""The same kernel the usual way: torch headers, allclose on one input, triton do_bench. For comparison; needs a GPU.

python benchmarks/usual.py [--repeats 3]     writes benchmarks/results/usual-<device>.json

This is what people do without a grader, and what many graders do: the launcher is bound to Python through
<torch/extension.h>, compared once, and timed by do_bench, learner first and reference second, each in one go. Three
passes of softmax, as in loop.py. It checks one input instead of a hundred, and no timed call.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from loop import SLUG, write  # noqa: E402

from grader import backends, catalog  # noqa: E402

BINDING = """
#include <ATen/cuda/CUDAContext.h>
#include <torch/extension.h>
static torch::Tensor softmax_of(torch::Tensor x) {
    auto y = torch::empty_like(x);
    TORCH_CHECK(launch_softmax(x.data_ptr<float>(), y.data_ptr<float>(), x.size(0), x.size(1),
                               at::cuda::getCurrentCUDAStream()) == cudaSuccess);
    return y;
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("softmax", &softmax_of); }
"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--repeats", type=int, default=3)
    repeats = words.parse_args().repeats
    if why := backends.get("cuda").why_not():
        raise SystemExit(f"error: nothing can be timed here: {why}")
    import torch

    major, minor = torch.cuda.get_device_capability()
    os.environ["TORCH_CUDA_ARCH_LIST"] = f"{major}.{minor}"
    naive = (HOME / "tests" / "attempts" / SLUG / "three_passes.cu").read_text()
    best = (HOME / "solutions" / SLUG / "softmax.cu").read_text()
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        print("building the reference: a minute or more", flush=True)
        reference = built(best, "reference", folder)
        figures["itself"] = [timed(reference, shapes()[0]) / timed(reference, shapes()[0]) for _ in range(20)]
        for n in range(repeats):
            print(f"edit {n + 1} of {repeats}", flush=True)
            started = time.perf_counter()
            learner = built(naive, f"learner_{n}", folder)
            compiled = time.perf_counter()
            compared(learner)
            checked = time.perf_counter()
            ratios = [timed(reference, sizes) / timed(learner, sizes) for sizes in shapes()]
            done = time.perf_counter()
            figures.setdefault("build_s", []).append(compiled - started)
            figures.setdefault("check_s", []).append(checked - compiled)
            figures.setdefault("timing_s", []).append(done - checked)
            figures.setdefault("edit_to_verdict_s", []).append(done - started)
            figures.setdefault("ratio", []).append(min(ratios))
            write("usual", backends.get("cuda").device(), figures)


def built(text: str, name: str, folder: str) -> Callable[[Any], Any]:
    """Through cpp_extension.load with torch's headers, as its tutorial has it."""
    from torch.utils import cpp_extension

    place = Path(folder) / name
    place.mkdir()
    (place / f"{name}.cu").write_text(f"{text}\n{BINDING}")
    made = cpp_extension.load(
        name, [str(place / f"{name}.cu")], extra_cuda_cflags=["-O3"], build_directory=str(place), verbose=False
    )
    function: Callable[[Any], Any] = made.softmax
    return function


def compared(function: Callable[[Any], Any]) -> None:
    import torch

    x = torch.randn(1000, 1000, device="cuda")
    torch.testing.assert_close(function(x), torch.softmax(x, 1))


def shapes() -> list[tuple[int, int]]:
    return [(s["rows"], s["cols"]) for s in catalog.load(HOME, SLUG).timed]


def timed(function: Callable[[Any], Any], sizes: tuple[int, int]) -> float:
    """Milliseconds."""
    import torch
    from triton.testing import do_bench

    x = torch.randn(*sizes, device="cuda")
    return float(do_bench(lambda: function(x), return_mode="median"))


if __name__ == "__main__":
    main()
