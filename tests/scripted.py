"""A third backend: "runs" a source that is a word, so that the line can be tested without CUDA or a simulator.

The exercise is y = 2·x over n fp32 numbers; the word in the source says what the launcher does.
"""

from __future__ import annotations

import array
import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grader.model import Buffer, Compiled, Exercise, Fate, Job, Run, Sources


def why_not() -> str:
    return ""


def device() -> str:
    return "scripted"


def sources(exercise: Exercise, text: str, name: str) -> Sources:
    code = f'extern "C" {{ char word[] = "{text}"; }}\n'
    return Sources(files={"kernel.cpp": code, name: text}, compile=("kernel.cpp",))


def explain(output: str) -> Compiled:
    return Compiled(errors=output if "error:" in output else "")


class Device:
    """Reads the word in the library and does it to the arena."""

    def __init__(self, arena: mmap.mmap, report: int) -> None:
        self.arena = arena

    def load(self, library: Path, launcher: str) -> str:
        self.word = ctypes.string_at(ctypes.CDLL(str(library)).word).decode().split()[0]
        return "no launcher" if self.word == "unnamed" else ""

    def run(self, job: Job) -> Run:
        x, y = job.buffers
        values = self.read(x)
        SCRIPTS[self.word](self, x, y, values)
        return Run(Fate.RETURNED, nodes=1)

    def read(self, b: Buffer) -> array.array[float]:
        return array.array("f", self.arena[b.offset : b.offset + b.nbytes])

    def write(self, b: Buffer, values: list[float], shift: int = 0) -> None:
        data = array.array("f", values).tobytes()
        self.arena[b.offset + shift : b.offset + shift + len(data)] = data


Script = Callable[[Device, Buffer, Buffer, "array.array[float]"], None]


def right(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    d.write(y, [2 * a for a in v])


def tail(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    d.write(y, [2 * a for a in v][: len(v) // 4 * 4])


def overrun(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    d.write(y, [2 * a for a in v] + [7.0])


def scribble(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    right(d, x, y, v)
    d.write(x, [0.25 for _ in v])


def hang(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    time.sleep(600)


def crash(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os._exit(0)


def chatter(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    print("hello from the launcher", flush=True)
    tail(d, x, y, v)


def flood(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Prints without end, as a forgotten printf in a kernel does."""
    line = b"x" * (1 << 20)
    try:
        while True:
            os.write(1, line)
    except OSError:
        tail(d, x, y, v)


def big(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Dies when there are more than 100 elements."""
    if len(v) > 100:
        os.kill(os.getpid(), signal.SIGKILL)
    right(d, x, y, v)


def modules(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    known = {"torch", "numpy", "hypothesis", "grader.spec", "grader.check", "grader.judge"} & sys.modules.keys()
    print("the worker holds", sorted(known), flush=True)
    tail(d, x, y, v)


SCRIPTS: dict[str, Script] = {
    f.__name__: f for f in (right, tail, overrun, scribble, hang, crash, leave, chatter, flood, big, modules)
}
