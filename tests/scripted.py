"""A third backend: "runs" a source that is a word, so that the line can be tested without CUDA or a simulator.

The exercise is y = 2·x over n fp32 numbers; the word in the source says what the launcher does.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import mmap
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import threading
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

    def rehearse(self) -> None:
        if os.environ.get("GRADER_NEEDY"):
            subprocess.run(["true"], check=True)

    def share(self, descriptor: int, size: int) -> str:
        if size < 16:
            return "too small"
        if size % 2:
            os.kill(os.getpid(), signal.SIGSYS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{size} bytes for {secrets.token_hex(4)}".encode(), 0)
        return ""

    def load(self, library: Path, launcher: str) -> str:
        self.word = ctypes.string_at(ctypes.CDLL(str(library)).word).decode().split()[0]
        return "no launcher" if self.word == "unnamed" else ""

    def run(self, job: Job) -> Run:
        x, y = job.buffers
        values = self.read(x)
        SCRIPTS[self.word](self, x, y, values)
        return Run(Fate.RETURNED, nodes=1)

    def profile(self, job: Job) -> None:
        self.run(job)

    def read(self, b: Buffer) -> array.array[float]:
        return array.array("f", self.arena[b.offset : b.offset + b.nbytes])

    def write(self, b: Buffer, values: list[float], shift: int = 0) -> None:
        data = array.array("f", values).tobytes()
        self.arena[b.offset + shift : b.offset + shift + len(data)] = data


Script = Callable[[Device, Buffer, Buffer, "array.array[float]"], None]


def right(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    d.write(y, [2 * a for a in v])


def backwards(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Right where the order is free."""
    d.write(y, [2 * a for a in v][::-1])


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


def far(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """The last element is left out when there are more than 10,000."""
    d.write(y, [2 * a for a in v][: len(v) - (len(v) > 10_000)])


def farthest(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Wrong at the size of FARTHEST alone."""
    d.write(y, [2 * a for a in v][: len(v) - (len(v) == FARTHEST)])


FARTHEST = 100_000


def fallen(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Dies when there are more than 10,000 elements."""
    if len(v) > 10_000:
        os.kill(os.getpid(), signal.SIGSEGV)
    right(d, x, y, v)


def remembers(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Wrong at FARTHEST, and in every later call of the same process."""
    d.spoilt = getattr(d, "spoilt", False) or len(v) == FARTHEST  # type: ignore[attr-defined]
    d.write(y, [2 * a for a in v][: len(v) - d.spoilt])  # type: ignore[attr-defined]


def modules(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    known = {"torch", "numpy", "hypothesis", "grader.spec", "grader.check", "grader.judge"} & sys.modules.keys()
    print("the worker holds", sorted(known), flush=True)
    tail(d, x, y, v)


# ---------------------------------------------------------------- what nobody should do; each then is right, if it may


def spy(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Prints what it can see."""
    root = Path(__file__).resolve().parents[1]
    seen = {
        "solutions": any(root.glob("solutions/*")),
        "tests": any(root.glob("tests/test_*.py")),
        "home": any(name not in SHOWN for name in _list(HOME)),
        "passwd": os.path.exists("/etc/passwd"),
        "shm": bool(_list("/dev/shm")),
        "processes": sum(name.isdigit() for name in _list("/proc")) > 3,
        "secrets": any(name.startswith("GRADER_") for name in os.environ),
        "network": _online(),
        "arena": any("memfd:arena" in os.path.realpath(f"/proc/self/fd/{n}") for n in _list("/proc/self/fd")),
        "writable": any(os.access(p, os.W_OK) and _written(p) for p in ("/", str(root / "grader"), HOME)),
    }
    print("SEEN", " ".join(sorted(name for name, found in seen.items() if found)), flush=True)
    tail(d, x, y, v)


HOME = "/root" if os.getuid() == 0 else f"/home/{os.environ.get('USER', '')}"
SHOWN = (".pyenv", ".local", ".cache")  # where the interpreter may lie


def _list(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _written(folder: str) -> bool:
    try:
        (Path(folder) / "grader-was-here").write_text("x")
        (Path(folder) / "grader-was-here").unlink()
        return True
    except OSError:
        return False


def _online() -> bool:
    try:
        with socket.socket() as link:
            link.settimeout(1.0)
            return link.connect_ex(("127.0.0.1", 9)) == errno.ECONNREFUSED and len(_list("/sys/class/net")) != 1
    except OSError:
        return False


def spawn(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    subprocess.run(["/bin/sh", "-c", "exit 0"], check=True)
    right(d, x, y, v)


def bomb(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Forks, and its children fork."""
    for _ in range(6):
        os.fork()
    right(d, x, y, v)


def kill_judge(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    right(d, x, y, v)


def kill_all(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.kill(-1, signal.SIGTERM)
    right(d, x, y, v)


def orphan(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Wants to outlive the judge."""
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    right(d, x, y, v)


def litter(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Fills whatever it can write to, up to 1 GiB, in files that are small enough."""
    done = 0
    try:
        for n in range(32):
            with open(os.path.join(os.environ["TMPDIR"], f"litter{n}"), "wb") as file:
                done += sum(file.write(bytes(1 << 20)) for _ in range(32))
    except OSError:
        pass
    print("LITTER", done >> 20, flush=True)
    tail(d, x, y, v)


def greedy(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    held = [bytearray(os.urandom(1)) * (64 << 20) for _ in range(1 << 10)]
    d.write(y, [2 * a for a in v][: len(held)])


def threads(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    for _ in range(600):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    time.sleep(600)


def shrink(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Shortens every file it has: a judge that maps one would die of SIGBUS."""
    for n in map(int, _list("/proc/self/fd")):
        with contextlib.suppress(OSError):
            os.truncate(n, 0)
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "memfd:arena" in line:
            with contextlib.suppress(OSError):
                os.truncate(f"/proc/self/map_files/{line.split()[0]}", 0)
    right(d, x, y, v)


def grow(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    for n in map(int, _list("/proc/self/fd")):
        with contextlib.suppress(OSError):
            os.truncate(n, 1 << 40)
    right(d, x, y, v)


def babble(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """Writes what no answer is into every descriptor."""
    for n in map(int, _list("/proc/self/fd")):
        with contextlib.suppress(OSError):
            os.write(n, b'{"run": 1}\nnonsense\n\0\xff\n')
    right(d, x, y, v)


def drown(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    """An answer without end."""
    for n in map(int, _list("/proc/self/fd")):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(n).st_mode):
                for _ in range(64):
                    os.write(n, b"x" * (1 << 20))
    right(d, x, y, v)


def close_all(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.closerange(0, 256)
    right(d, x, y, v)


def abort(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.abort()


def stop(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def throw(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    raise RuntimeError("thrown by the launcher")


def exhausted(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    raise RuntimeError("cudaErrorMemoryAllocation: out of memory")


def lost(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    raise RuntimeError("cudaErrorDeviceUnavailable: all CUDA-capable devices are busy or unavailable")


def recurse(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    recurse(d, x, y, v)


def lie(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    print('{"verdict": "PASS", "run": {"fate": "returned"}}', flush=True)


def slow(d: Device, x: Buffer, y: Buffer, v: array.array[float]) -> None:
    time.sleep(0.05)
    right(d, x, y, v)


SCRIPTS: dict[str, Script] = {
    f.__name__: f
    for f in (
        right, backwards, tail, overrun, scribble, hang, crash, leave, chatter, flood, big, far, farthest, fallen,
        remembers, modules, spy, spawn, bomb,
        kill_judge, kill_all, orphan, litter, greedy, threads, shrink, grow, babble, drown, close_all, abort, stop,
        throw, exhausted, lost, recurse, lie, slow,
    )
}  # fmt: skip
