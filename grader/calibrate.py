"""Measures what this GPU can do at most, through torch and cuBLAS; peaks.py keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from grader import gpu, peaks, turns
from grader.errors import MachineError
from grader.peaks import Peaks
from grader.warmup import cold, copy_rate

SIDE = 8192  # of the square matrices: a millisecond or more each, and far too large for L2
TIMES = 20


def calibrate(cache: Path, progress: Callable[[str], None]) -> Peaks:
    """About five seconds on an H100; 2.3 GB of its memory. The old file is replaced."""
    found = gpu.find()
    if found is None or not torch.cuda.is_available():
        raise MachineError("there is no GPU to calibrate; `grader doctor` says what is missing")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rates = {}
    for name, measured in MEASURES.items():
        progress(f"measuring {name.replace('_', ' ')}")
        with turns.alone(progress):
            rates[name] = _kept(measured)
    made = Peaks(found.name, now, now, **rates)
    peaks.write(cache, found.uuid, made)
    return made


def _kept(measured: Callable[[], float]) -> float:
    """0 for a format that this GPU or this torch does not have; its message is torch's own."""
    try:
        return measured()
    except torch.OutOfMemoryError:
        raise MachineError("the GPU has too little free memory to calibrate; close what else uses it") from None
    except (RuntimeError, NotImplementedError) as error:
        if "CUDA error" in str(error) and "CUBLAS" not in str(error):
            raise  # sticky: nothing after it can be trusted
        return 0.0
    finally:
        torch.cuda.empty_cache()


# ---------------------------------------------------------------- memory


def read() -> float:
    """GB/s of a sum over 2 GiB: little is written."""
    source = torch.zeros(1 << 29, dtype=torch.float32, device="cuda")
    return 4 * source.numel() / min(cold(lambda: source.sum(), TIMES)) / 1e3


def l2() -> float:
    """GB/s of copies inside L2, read plus written.

    From the difference of two sizes, so that what each launch costs cancels: a rate that is too low would call an
    honest kernel impossible.
    """
    size = torch.cuda.get_device_properties(0).L2_cache_size
    small, large = size // 16, size // 4  # both, source and target together, stay in L2 whatever else lives there
    return (large - small) / (_copying(large) - _copying(small)) / 1e3


def _copying(nbytes: int) -> float:
    """µs of one copy of nbytes / 2 to nbytes / 2, in a graph of many."""
    source, repeats = torch.zeros(nbytes // 2, dtype=torch.uint8, device="cuda"), 200
    target = torch.empty_like(source)
    return min(cold(_graph(lambda: target.copy_(source), repeats), TIMES)) / repeats


def _graph(call: Callable[[], Any], repeats: int) -> Callable[[], None]:
    call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            call()
    return graph.replay


# ---------------------------------------------------------------- arithmetic


def product(dtype: torch.dtype, tf32: bool = False) -> float:
    """TFLOP/s of cuBLAS on square matrices; random contents, for zeros draw less power and clock higher."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    try:
        a, b = (torch.randn(SIDE, SIDE, device="cuda").to(dtype) for _ in range(2))
        out = torch.empty_like(a)
        return _rate(lambda: torch.matmul(a, b, out=out))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def int8() -> float:
    a, b = (torch.randint(-9, 9, (SIDE, SIDE), device="cuda").to(torch.int8) for _ in range(2))
    multiply: Callable[..., torch.Tensor] = torch._int_mm
    return _rate(lambda: multiply(a, b.t()))  # column-major, as the tensor cores want it


def _rate(call: Callable[[], Any]) -> float:
    return 2 * SIDE**3 / min(cold(call, TIMES)) / 1e6


MEASURES: dict[str, Callable[[], float]] = {
    "copy_gb_s": copy_rate,
    "read_gb_s": read,
    "l2_gb_s": l2,
    "fp32_tflop_s": lambda: product(torch.float32),
    "tf32_tflop_s": lambda: product(torch.float32, tf32=True),
    "fp16_tflop_s": lambda: product(torch.float16),
    "bf16_tflop_s": lambda: product(torch.bfloat16),
    "int8_tflop_s": int8,
}
