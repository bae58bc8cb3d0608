"""What NVML says of the GPU the worker will use: no CUDA context, a few milliseconds."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.conditions import State


@dataclass(frozen=True)
class Gpu:
    """The first visible GPU."""

    name: str
    uuid: str
    capability: tuple[int, int]
    driver: str
    cuda: int  # newest CUDA the driver can run: 13000 is 13.0
    memory: int  # bytes


@contextlib.contextmanager
def nvml() -> Iterator[Any]:
    """The pynvml module, initialised; None where there is no NVIDIA driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no module, no driver, no permission: each means no GPU for us
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def wake() -> None:
    """Makes the context that torch will use, beside its import: half a second. Failure is torch's to report."""

    def retain() -> None:
        with contextlib.suppress(OSError, AttributeError):
            cuda, device, context = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), ctypes.c_void_p()
            cuda.cuInit(0)
            cuda.cuDeviceGet(ctypes.byref(device), 0)
            cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)

    threading.Thread(target=retain, name="wake", daemon=True).start()


def handle(p: Any) -> Any:
    """NVML's handle of the GPU that CUDA calls 0, or None; CUDA_VISIBLE_DEVICES may reorder them."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    try:
        if first.isdigit():
            return p.nvmlDeviceGetHandleByIndex(int(first))
        return p.nvmlDeviceGetHandleByUUID(first.encode()) if first else None
    except p.NVMLError:
        return None


def find() -> Gpu | None:
    """The GPU, or None."""
    with nvml() as p:
        if p is None or (h := handle(p)) is None:
            return None
        return Gpu(
            _text(p.nvmlDeviceGetName(h)),
            _text(p.nvmlDeviceGetUUID(h)),
            tuple(p.nvmlDeviceGetCudaComputeCapability(h)),
            _text(p.nvmlSystemGetDriverVersion()),
            int(p.nvmlSystemGetCudaDriverVersion_v2()),
            int(p.nvmlDeviceGetMemoryInfo(h).total),
        )


def state(own: frozenset[int]) -> State | None:
    """Clocks, heat, power, and who else is there; `own` are our processes with a context."""
    with nvml() as p:
        if p is None or (h := handle(p)) is None:
            return None
        listed = {process.pid for process in p.nvmlDeviceGetComputeRunningProcesses(h)}
        # In a container NVML may show pids of another namespace: then only their number tells.
        others = len(listed - own) if listed & own else max(0, len(listed) - len(own))
        return State(
            int(p.nvmlDeviceGetClockInfo(h, p.NVML_CLOCK_SM)),
            int(p.nvmlDeviceGetTemperature(h, p.NVML_TEMPERATURE_GPU)),
            p.nvmlDeviceGetPowerUsage(h) / 1000,
            int(p.nvmlDeviceGetCurrentClocksThrottleReasons(h)),
            others,
            _told(p, lambda: p.nvmlDeviceGetEnforcedPowerLimit(h), 0) / 1000,
            int(_told(p, lambda: p.nvmlDeviceGetTotalEccErrors(h, UNCORRECTED, VOLATILE), 0)),
            _told(p, lambda: p.nvmlDeviceGetMigMode(h)[0], 0) == 1,
        )


UNCORRECTED, VOLATILE = 1, 0  # NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC


def _told(p: Any, ask: Callable[[], Any], otherwise: Any) -> Any:
    """Consumer boards have neither ECC nor MIG, and NVML says so with an error."""
    try:
        return ask()
    except p.NVMLError:
        return otherwise


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
