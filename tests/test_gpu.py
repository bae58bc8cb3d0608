"""What NVML says -> a State; what a board does not have is no error."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from grader import gpu
from grader.conditions import State


class NVMLError(Exception):
    pass


def refuse(*_: object) -> Any:
    raise NVMLError("Not Supported")


H100 = {  # as NVML 580 answers on an H100 under load
    "nvmlInit": lambda: None,
    "nvmlShutdown": lambda: None,
    "nvmlDeviceGetHandleByIndex": lambda n: n,
    "nvmlDeviceGetComputeRunningProcesses": lambda h: [SimpleNamespace(pid=p) for p in (10, 11, 12)],
    "nvmlDeviceGetClockInfo": lambda h, which: 1980,
    "nvmlDeviceGetTemperature": lambda h, which: 45,
    "nvmlDeviceGetPowerUsage": lambda h: 350_000,
    "nvmlDeviceGetCurrentClocksThrottleReasons": lambda h: 0x4,
    "nvmlDeviceGetEnforcedPowerLimit": lambda h: 700_000,
    "nvmlDeviceGetTotalEccErrors": lambda h, kind, counter: 2 if (kind, counter) == (1, 0) else 0,
    "nvmlDeviceGetMigMode": lambda h: [1, 1],
}


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(**changed: Any) -> None:
        names = {**H100, "NVML_CLOCK_SM": 1, "NVML_TEMPERATURE_GPU": 0, "NVMLError": NVMLError, **changed}
        monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(**names))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return put


def test_all_is_read(board: Any) -> None:
    board()
    assert gpu.state(frozenset({10, 11})) == State(1980, 45, 350.0, 0x4, 1, 700.0, 2, True)


def test_a_board_without_ecc_and_mig(board: Any) -> None:
    board(nvmlDeviceGetTotalEccErrors=refuse, nvmlDeviceGetMigMode=refuse, nvmlDeviceGetEnforcedPowerLimit=refuse)
    assert gpu.state(frozenset({10, 11, 12})) == State(1980, 45, 350.0, 0x4, 0)


def test_processes_of_another_namespace_are_counted(board: Any) -> None:
    board()
    found = gpu.state(frozenset({77, 78}))
    assert found is not None and found.others == 1
