"""A file that changes, a key that is pressed -> events; and the bell that ends a run nobody waits for any more.

Knows files, terminals and signals, and nothing of grading. The main thread does the work, since that is the thread a
signal can interrupt: whatever cleans up after Ctrl-C cleans up after a save as well. A second thread looks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

POLL = 0.1  # seconds between two looks; a change counts when two looks in a row agree on it
REREAD = 1.0  # the content is read this often even where the time of the last change stands still
CHANGED, GONE = "changed", "gone"  # events; every other event is a key
QUIT = "q"


class Changed(KeyboardInterrupt):
    """The run under way is not wanted any more. What handles Ctrl-C handles this."""


class File:
    """One file, looked at by time and content.

    Polled, because a network file system tells nobody of a save made elsewhere; by content, because there the times
    are coarse or cached, and because a save that changes nothing deserves no run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamp: tuple[int, int, int] | None = None
        self.read_at = 0.0
        self.digest = ""

    def look(self, now: float) -> str:
        """The content's hash; "" when there is no such file, or none that can be read."""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self.stamp or now - self.read_at >= REREAD:
                self.digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
                self.stamp, self.read_at = stamp, now
        except OSError:
            self.stamp, self.digest = None, ""
        return self.digest


class Settled:
    """Hashes, one a look -> events. An editor that writes in two goes, or renames, makes one event and not three."""

    def __init__(self, digest: str) -> None:
        self.known = self.last = digest

    def event(self, digest: str) -> str:
        """CHANGED, GONE, or "" as long as nothing new is certain."""
        steady, self.last = digest == self.last, digest
        if not steady or digest == self.known:
            return ""
        self.known = digest
        return CHANGED if digest else GONE


class Bell:
    """Rung by any thread: raises Changed in the main thread, but only inside `with bell.armed()`."""

    def __init__(self) -> None:
        self.on = False

    def ring(self) -> None:
        if self.on:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.on:
            self.on = False  # what cleans up is not interrupted again
            raise Changed

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        before = signal.signal(signal.SIGUSR1, self._heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGUSR1, before)

    @contextlib.contextmanager
    def armed(self) -> Iterator[None]:
        self.on = True
        try:
            yield
        finally:
            self.on = False


class Keyboard:
    """Single keys without Enter, while it is entered; the terminal is put back at the end, however that comes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.listening = descriptor, False

    def __enter__(self) -> Keyboard:
        self.before = termios.tcgetattr(self.descriptor)
        self.resumed = signal.signal(signal.SIGCONT, lambda *_: tty.setcbreak(self.descriptor))  # after Ctrl-Z
        tty.setcbreak(self.descriptor)
        self.listening = True
        return self

    def __exit__(self, *_: object) -> None:
        self.listening = False
        signal.signal(signal.SIGCONT, self.resumed)
        termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self.before)

    def pressed(self, seconds: float) -> str:
        """The next key; "" when none came in that time, QUIT when the terminal has gone away."""
        if not self.listening or not select.select([self.descriptor], [], [], seconds)[0]:
            return ""
        try:
            data = os.read(self.descriptor, 1)
        except OSError:
            return QUIT
        return data.decode("ascii", "replace") if data else QUIT

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """To an editor in the same terminal."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


class Eyes:
    """The second thread: looks at one file and at the keys, and puts what it sees into `events`."""

    def __init__(self, path: Path, keyboard: Keyboard | None) -> None:
        self.keyboard, self.bell = keyboard, Bell()
        self.events: queue.Queue[str] = queue.Queue()
        self.over = threading.Event()
        self.turn(path)
        self.thread = threading.Thread(target=self._look, name="eyes", daemon=True)

    def turn(self, path: Path) -> None:
        """From now on, that file; as it is now, it is known."""
        file = File(path)
        self.sight = (file, Settled(file.look(time.monotonic())))

    @contextlib.contextmanager
    def open(self) -> Iterator[Eyes]:
        with self.bell.hung():
            self.thread.start()
            try:
                yield self
            finally:
                self.over.set()
                self.thread.join()

    def _look(self) -> None:
        while not self.over.is_set():
            self._see(self._key())

    def _key(self) -> str:
        """Waits one look long, or less when a key is pressed."""
        if self.keyboard and self.keyboard.listening:
            return self.keyboard.pressed(POLL)
        time.sleep(POLL)
        return ""

    def _see(self, key: str) -> None:
        file, settled = self.sight
        event = settled.event(file.look(time.monotonic()))
        busy = self.bell.on
        for seen in filter(None, (event, key)):
            if not busy or seen in (CHANGED, GONE, QUIT):  # no other key is for a screen that is not there yet
                self.events.put(seen)
                self.bell.ring()

    def next(self) -> str:
        """The next event; several changes are one."""
        seen = self.events.get()
        while seen in (CHANGED, GONE) and not self.events.empty():
            seen = self.events.get()
        return seen


@contextlib.contextmanager
def ending(numbers: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGHUP)) -> Iterator[None]:
    """Whoever ends us leaves a terminal in order. What is ignored, as nohup has it, stays so."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keyboard() -> Keyboard | None:
    """None where nobody sits at a terminal."""
    return Keyboard(sys.stdin.fileno()) if sys.stdin.isatty() and sys.stdout.isatty() else None
