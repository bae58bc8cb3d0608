"""Graders on one GPU take turns with timing; their small cases run side by side, and beside it.

An advisory lock (flock) on a file of the user's, one for each GPU; it is gone with its process. Other users and other
programs know nothing of it: for those `conditions` looks. Cases wait for nobody: with ten processes one is always in a
case, and a kernel that hangs would keep all others from timing.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from grader import gpu, interrupt
from grader.errors import MachineError

PAUSE = 0.002  # seconds between two tries
SAID = 1.0  # of waiting, before it is told
PATIENCE = 60.0  # then on all the same: whoever has the GPU may have been stopped with Ctrl-Z


@contextlib.contextmanager
def alone(progress: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """For timing: no other grader times meanwhile."""
    with _file() as file:
        _wait(file, progress)
        yield


def _wait(file: IO[str], progress: Callable[[str], None]) -> None:
    began, told = time.monotonic(), False
    while (waited := time.monotonic() - began) < PATIENCE:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            interrupt.check()
            if waited >= SAID and not told:
                progress("waiting for a turn: another grader is timing on this GPU")
                told = True
            time.sleep(PAUSE)


def _file() -> IO[str]:
    folder = Path(tempfile.gettempdir()) / f"cuda-grader-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return (folder / f"{_uuid()}.lock").open("a")
    except OSError as error:
        remedy = "set TMPDIR to a folder you may write"
        raise MachineError(f"cannot make the file by which graders take turns: {error}; {remedy}") from error


@functools.cache
def _uuid() -> str:
    found = gpu.find()
    return found.uuid if found else "none"
