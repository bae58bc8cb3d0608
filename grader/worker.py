"""The child process: loads the learner's library, launches, copies back. It never sees the answer.

Started by isolate.py with file descriptors for its channel, the arena and the report. It imports neither torch
nor anything that knows what is right.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader import backends, seccomp, veil, wire

FILE_BYTES = 64 << 20  # of one file, the log included


def main(arguments: list[str]) -> int:
    backend, *numbers = arguments
    socket_, memory, report, parent = map(int, numbers)
    if parent:
        _die_with(parent)
    _limit()
    channel = wire.Channel(socket.socket(fileno=socket_), room=1)
    arena = mmap.mmap(memory, 0)
    veil.forget("arena")
    serve(channel, _Lazy(backend, arena, report))
    return 0


def _die_with(parent: int) -> None:
    """A killed judge must leave no worker behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def _limit() -> None:
    """What a launcher may use up of the machine: no core files, and neither a full disk nor an endless log."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    with contextlib.suppress(OSError):  # where memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


class _Lazy:
    """Makes the device at the first message, so that a failure to make it is an answer and not a crash."""

    def __init__(self, backend: str, arena: mmap.mmap, report: int) -> None:
        self.backend, self.arena, self.report = backend, arena, report
        self.made: Any = None

    def __call__(self) -> Any:
        self.made = self.made or backends.get(self.backend).Device(self.arena, self.report)
        return self.made


def serve(channel: wire.Channel, device: _Lazy) -> None:
    """Answers messages until the judge hangs up."""
    while True:
        try:
            message = channel.receive() or {}
        except wire.Lost:
            os._exit(0)  # the judge is gone: no destructor of the learner's runs
        message["descriptors"] = channel.descriptors
        said = answer(device, message)
        channel.send(said | {"number": message.get("number")})


def answer(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    try:
        return _VERBS[message["do"]](device, message)
    except Exception as error:  # whatever it is, the judge must hear of it
        return {"failed": f"{type(error).__name__}: {error}"}


def _start(device: _Lazy, _: dict[str, Any]) -> dict[str, Any]:
    device()
    return {"ready": True}


def _seal(device: _Lazy, _: dict[str, Any]) -> dict[str, Any]:
    """Before the first library, after the device is made: making one may need what is given up, using it must not."""
    made = device()
    seccomp.seal()
    if rehearse := getattr(made, "rehearse", None):
        rehearse()
    return {"done": True}


def _options(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    device().options(**message["options"])
    return {"done": True}


def _load(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    """The library comes as a descriptor, kept open: no folder has to be seen from here, and its name stays its own."""
    library = Path(f"/proc/self/fd/{message['descriptors'].pop()}")
    return {"why_not": device().load(library, message["launcher"])}


def _run(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    return {"run": wire.run_to(device().run(wire.job_from(message["job"])))}


def _apart(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    device().apart(wire.job_from(message["job"]))
    return {"done": True}


def _profile(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    device().profile(wire.job_from(message["job"]))
    return {"done": True}


def _share(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    """Device memory of the judge's, as a descriptor: timed contents and answers are exchanged there."""
    descriptor = message["descriptors"].pop()
    try:
        return {"why_not": device().share(descriptor, message["size"])}
    finally:
        os.close(descriptor)


def _arm(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    return {"findings": [asdict(finding) for finding in device().arm(wire.job_from(message["job"]))]}


def _sample(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    return {"us": device().sample(message["library"], message["poison"], message["kept"])}


def _batch(device: _Lazy, message: dict[str, Any]) -> dict[str, Any]:
    device().batch(message["library"], message["calls"])
    return {"done": True}


_VERBS = {
    "start": _start,
    "seal": _seal,
    "options": _options,
    "load": _load,
    "run": _run,
    "apart": _apart,
    "profile": _profile,
    "share": _share,
    "arm": _arm,
    "sample": _sample,
    "batch": _batch,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
