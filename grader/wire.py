"""Jobs and runs as JSON lines between judge and worker. Never pickle: the worker's words are not trusted."""

from __future__ import annotations

import json
import select
import socket
from dataclasses import asdict
from typing import Any

from grader.model import Argument, Buffer, Fate, Finding, Job, Launch, Run, Traffic

LIMIT = 16 << 20  # bytes of one message


class Lost(Exception):
    """The other side is gone, or says nothing sensible."""


class Channel:
    """JSON lines over a socket. `room` is how many descriptors may come with a message: the judge takes none."""

    def __init__(self, link: socket.socket, room: int = 0) -> None:
        self.link, self.rest, self.room = link, b"", room
        self.descriptors: list[int] = []  # that came, in order

    def send(self, message: dict[str, Any], *descriptors: int) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            if descriptors:
                data = data[socket.send_fds(self.link, [data], descriptors) :]
            self.link.sendall(data)
        except OSError as error:
            raise Lost(str(error)) from error

    def receive(self, seconds: float | None = None) -> dict[str, Any] | None:
        """The next message; None when the time is up. Raises Lost."""
        while b"\n" not in self.rest:
            if not select.select([self.link], [], [], seconds)[0]:
                return None
            try:
                more, came, *_ = socket.recv_fds(self.link, 1 << 16, self.room)
            except OSError as error:
                raise Lost(str(error)) from error
            if not more or len(self.rest) > LIMIT:
                raise Lost("the worker closed its channel")
            self.rest += more
            self.descriptors += came
        line, _, self.rest = self.rest.partition(b"\n")
        try:
            message = json.loads(line)
        except ValueError as error:
            raise Lost("the worker's message is not JSON") from error
        if not isinstance(message, dict):
            raise Lost("the worker's message is not an object")
        return message


def job_to(job: Job) -> dict[str, Any]:
    return asdict(job)


def job_from(data: dict[str, Any]) -> Job:
    buffers = tuple(Buffer(**b) for b in data["buffers"])
    arguments = tuple(Argument(**a) for a in data["arguments"])
    return Job(**{**data, "buffers": buffers, "arguments": arguments})


def run_to(run: Run) -> dict[str, Any]:
    return {**asdict(run), "fate": run.fate.value}


def run_from(data: dict[str, Any]) -> Run:
    """Raises Lost when a field is missing or of the wrong kind."""
    try:
        return Run(
            Fate(data["fate"]),
            int(data["status"]),
            str(data["message"]),
            tuple(launch_from(x) for x in data["launches"]),
            int(data["nodes"]),
            tuple(finding_from(x) for x in data["findings"]),
            tuple(Traffic(**x) for x in data["traffic"]),
            str(data["log"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Lost(f"the worker's answer is not understood: {error}") from error


def launch_from(data: dict[str, Any]) -> Launch:
    return Launch(str(data["kernel"]), _three(data["grid"]), _three(data["block"]), int(data.get("shared", 0)))


def finding_from(data: dict[str, Any]) -> Finding:
    return Finding(**{**data, "thread": tuple(data.get("thread", ())), "block": tuple(data.get("block", ()))})


def _three(values: Any) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in values)
    return x, y, z
