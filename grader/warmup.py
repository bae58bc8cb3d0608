"""What the speed stage needs and can have before it begins: a context, shared memory, this GPU's peak."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nvtx
import torch

from grader import check, gpu, layout, peaks, turns
from grader.cases import contents, planned
from grader.errors import MachineError
from grader.exchange import Exchange
from grader.isolate import Worker
from grader.model import Case, Exercise
from grader.peaks import Peaks
from grader.spec import Spec

RISE = 0.25  # seconds: an idle GPU takes a tenth to raise its clocks, and copied 4 % slower before
AHEAD = 10  # flushes before a timed call: they take longer than queueing an operation of many kernels does
SECONDS = 20.0  # no answer within this: the kernel hangs at the timed size, or is thousands of times too slow


@dataclass(frozen=True)
class Ready:
    """What the speed stage needs and can have before it begins."""

    exchange: Exchange
    peaks: Peaks


@contextlib.contextmanager
def preparing(exercise: Exercise, spec: Spec, worker: Worker, cache: Path) -> Iterator[Future[Ready]]:
    """The judge's own CUDA context, shared memory and this GPU's peak, while the compiler and the cases run."""
    unwanted = threading.Event()
    with Exchange(worker, exercise.recorded) as exchange, ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(_prepare, exercise, spec, exchange, cache, unwanted)
        finally:
            unwanted.set()
    torch.cuda.empty_cache()  # gigabytes that another process may need while this one waits for an edit


def _prepare(
    exercise: Exercise, spec: Spec, exchange: Exchange, cache: Path, unwanted: threading.Event
) -> Ready:  # fmt: skip
    with nvtx.annotate("context"):
        known = device_peaks(cache)
    with enough_memory():
        # A verdict without times does not wait for the rest.
        with nvtx.annotate("spans"):
            spans = [_span(exercise, spec, sizes) for sizes in exercise.timed if not unwanted.is_set()]
        if not unwanted.is_set():
            with nvtx.annotate("exchange"):
                exchange.reach(max(spans))
    return Ready(exchange, known)


def _span(exercise: Exercise, spec: Spec, sizes: Mapping[str, int]) -> int:
    """Bytes that a timed shape takes. Making its contents also loads torch's kernels, and so does checking them."""
    case = Case(dict(sizes), spec.recipes[0])
    values = on_gpu(contents(spec, case, 0, "cuda"))
    want = spec.oracle(**values, **sizes)
    plan = planned(exercise, spec, case, values, want, SECONDS)
    rehearse(exercise, spec, plan, case, values, want)
    return plan.job.span


def rehearse(
    exercise: Exercise, spec: Spec, plan: layout.Layout, case: Case, values: dict[str, Any], want: Mapping[str, Any]
) -> None:
    """Checks what is right, or zeros where an output is larger than the answer."""
    got = {
        name: torch.zeros(shape, dtype=plan.dtypes[name], device=want[name].device)
        for name, shape in plan.shapes.items()
    }
    for name, output in got.items():
        if output.shape == want[name].shape:
            output.copy_(want[name])
    check.judge_outputs(spec.canonical(got, **values, **case.sizes), want, exercise.tolerances)


def device_peaks(cache: Path) -> Peaks:
    """What is known of this GPU; where nothing is, a copy is measured now. `doctor --calibrate` measures the rest."""
    found = gpu.find()
    torch.cuda.init()  # type: ignore[no-untyped-call]
    uuid = found.uuid if found else ""
    if known := peaks.read(cache, uuid):
        return known
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with turns.alone():
        made = Peaks(found.name if found else "", now, copy_gb_s=copy_rate())
    peaks.write(cache, uuid, made)
    return made


def copy_rate() -> float:
    """GB/s of a device copy, bytes read plus written."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    best, over = float("inf"), time.monotonic() + RISE
    while time.monotonic() < over:
        best = min(best, *cold(lambda: target.copy_(source)))
    return 2 * source.numel() / best / 1e3


def arena_size(exercise: Exercise, spec: Spec) -> int:
    """Room for the largest timed shape with its red zones; sparse, so generous."""
    return max(3 * spec.moved(**s) + spec.workspace(**s) for s in exercise.timed) + (64 << 20)


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """The judge's own tensors may not fit beside the worker's."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise MachineError(
            "the GPU has too little free memory for the timed size; close what else uses it, or add --no-speed"
        ) from None


def on_gpu(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.cuda() if torch.is_tensor(value) else value for name, value in values.items()}


def _event() -> Any:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def cold(call: Callable[[], Any], times: int = 10) -> list[float]:
    """µs of `call` with a cold L2, a few times."""
    flush = torch.empty(2 * l2_bytes(), dtype=torch.uint8, device="cuda")
    samples = []
    for _ in range(times + 2):
        start, stop = _event(), _event()
        for _ in range(AHEAD):
            flush.zero_()
        start.record()
        call()
        stop.record()
        stop.synchronize()
        samples.append(1000.0 * start.elapsed_time(stop))
    return samples[2:]


def l2_bytes() -> int:
    return int(torch.cuda.get_device_properties(0).L2_cache_size)
