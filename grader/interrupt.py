"""Ctrl-C that is always heard: Python drops a KeyboardInterrupt that comes in a callback, as after each fork."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_pressed = threading.Event()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Remembers a Ctrl-C, so that `check` can raise what was dropped. Leaves other handlers than Python's own alone."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    _pressed.clear()
    signal.signal(signal.SIGINT, _press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _press(number: int, frame: FrameType | None) -> None:
    _pressed.set()
    signal.default_int_handler(number, frame)


def check() -> None:
    """For loops that wait. Raises KeyboardInterrupt."""
    if _pressed.is_set():
        raise KeyboardInterrupt
