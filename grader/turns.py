"""Graders on one GPU take turns with timing; their small cases run side by side, and beside it.

An advisory lock (flock) on one file for each GPU, whoever the user is; it is gone with its process. Other programs know
nothing of it: for those `conditions` looks. Cases wait for nobody: with ten processes one is always in a case, and a
kernel that hangs would keep all others from timing.
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

from grader import gpu, interrupt
from grader.errors import MachineError

PAUSE = 0.002  # seconds between two tries
SAID = 1.0  # of waiting, before it is told
PATIENCE = 30.0  # then on all the same: whoever has the GPU may have been stopped with Ctrl-Z


@contextlib.contextmanager
def alone(progress: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """For timing: no other grader times meanwhile."""
    file = _opened()
    try:
        _wait(file, progress)
        yield
    finally:
        os.close(file)


def _wait(file: int, progress: Callable[[str], None]) -> None:
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


def _opened() -> int:
    """A descriptor of the file, which whoever comes first makes for everybody to read: that is enough to lock it."""
    path = Path(tempfile.gettempdir()) / f"cuda-grader-{_uuid()}.lock"
    try:
        with contextlib.suppress(FileExistsError):
            made = os.open(path, os.O_CREAT | os.O_EXCL)
            os.fchmod(made, 0o644)
            os.close(made)
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        remedy = "remove it, or set TMPDIR to a folder you may write"
        raise MachineError(f"cannot open the file by which graders take turns: {error}; {remedy}") from error


@functools.cache
def _uuid() -> str:
    found = gpu.find()
    return found.uuid if found else "none"
