"""Builds one .cu of the corpus and runs its launcher in a child process; used by tests and benchmarks.

The launcher is always `launch(const float* in, float* out, int n, cudaStream_t stream)`: `in` holds 0, 1, 2, …, `out`
holds nothing. The first comment lines say what is expected:

    // expect: race 12        a finding of this kind on this line (several lines: all of them)
    // expect: silent         none at all
    // expect: error words    the compiler's message contains the words
    // expect: refused words  the translator refuses
    // n: 1000                the size (default 256)
    // out[3]: 42             a value that must come out
    // seconds: 1             the time limit
    // watched                built so that reads of locals without a value are seen, as after a wrong answer
"""

from __future__ import annotations

import json
import mmap
import os
import re
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from grader.backends import simulator
from grader.model import Argument, Buffer, Fate, Job, Run

DECLARATION = 'extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream);'


class BuildError(Exception):
    """What the learner would see of the compiler's output."""


@dataclass(frozen=True)
class Played:
    run: Run
    out: list[float]
    seconds: float = 0.0
    accesses: int = 0
    printed: tuple[str, ...] = ()


def option(text: str, name: str, default: str) -> str:
    found = re.search(rf"^// {name}: (.*)$", text, re.M)
    return found[1] if found else default


def watched(text: str) -> bool:
    return re.search(r"^// watched$", text, re.M) is not None


def build(
    text: str, name: str, folder: Path, checked: bool = True, declaration: str = DECLARATION, watched: bool = False
) -> Path:
    """Translate, compile, link: what grader.build does through torch, without its seconds."""
    exercise: Any = SimpleNamespace(declaration=SimpleNamespace(text=declaration))
    made = simulator.sources(exercise, text, name, checked, watched)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in made.files.items():
        (folder / file).write_text(content)
    includes = [f"-I{path}" for path in made.include_paths]
    cxx = simulator.compiler().command
    _call([*cxx, *includes, "-fPIC", "-std=c++20", *made.cflags, "-c", *made.compile, "-o", "kernel.o"], folder)
    _call([*cxx, "kernel.o", *made.ldflags, "-shared", "-o", "kernel.so"], folder)
    return folder / "kernel.so"


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(simulator.explain(done.stderr).errors or done.stderr)


def play(library: Path, text: str, **options: Any) -> Played:
    """Runs it in a child; a child that died has left its findings in the report."""
    with open(library.with_suffix(".report"), "w+b") as report:
        words = {
            "library": str(library),
            "n": int(option(text, "n", "256")),
            "seconds": float(option(text, "seconds", "5")),
            "patience": 8,  # on a busy machine
        }
        command = [sys.executable, __file__, json.dumps({**words, **options}), str(report.fileno())]
        child = subprocess.run(
            command,
            pass_fds=[report.fileno()],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": _root()},
        )
        report.seek(0)
        left = report.read().decode(errors="replace")
    if child.returncode == 0:
        *printed, last = child.stdout.splitlines()
        said = json.loads(last)
        facts = said.pop("text")
        found, traffic = simulator.findings(facts)
        return Played(
            Run(Fate(said["fate"]), said["status"], findings=found, traffic=traffic),
            said["out"],
            said["seconds"],
            said["accesses"],
            tuple(printed),
        )
    found, traffic = simulator.findings(left)
    return Played(Run(Fate.CRASHED, child.returncode, child.stderr, findings=found, traffic=traffic), [])


RUNTIME = Path(__file__).resolve().parents[2] / "csrc"


def build_driver(folder: Path, *flags: str) -> Path:
    """The runtime in a program of its own, without Python, by the compiler that CXX names."""
    parts = [str(f) for f in sorted(RUNTIME.glob("*.cpp")) if f.name != "bindings.cpp"]
    words = ["-std=c++17", "-O1", "-g1", "-fno-strict-aliasing", "-rdynamic", f"-I{RUNTIME}", *flags]
    driver = str(Path(__file__).with_name("driver.cpp"))
    _call([*simulator.compiler().command, *words, *parts, driver, "-ldl", "-lpthread", "-o", "driver"], folder)
    return folder / "driver"


def drive(command: Sequence[str], library: Path, text: str, pedantic: bool = False) -> Played:
    """What `play` does, by a program that `build_driver` made; `command` is how it is started."""
    report = library.with_suffix(".report")
    words = [option(text, "n", "256"), option(text, "seconds", "5"), str(int(pedantic)), str(report)]
    child = subprocess.run([*command, str(library), *words], capture_output=True, text=True)
    said = report.read_text(errors="replace") if report.exists() else ""
    found, traffic = simulator.findings(said)
    if child.returncode:
        return Played(Run(Fate.CRASHED, child.returncode, child.stderr, findings=found, traffic=traffic), [])
    last = json.loads(said.splitlines()[-1])
    run = Run(Fate.RETURNED, last["status"], findings=found, traffic=traffic)
    return Played(run, [float(x) for x in last["out"]], printed=tuple(child.stdout.splitlines()))


def _root() -> str:
    return str(Path(__file__).resolve().parents[2])


def _child(options: dict[str, Any], report: int) -> None:
    import time

    clock = getattr(time, options.get("clock", "process_time"))  # not the wall's: others may use the machine
    n = options["n"]
    start = 4096, 4096 + (4 * n + 8191) // 4096 * 4096
    arena = mmap.mmap(-1, 2 * start[1] + (1 << 16))
    arena[start[0] : start[0] + 4 * n] = struct.pack(f"{n}f", *range(n))
    arena[start[1] : start[1] + 4 * n] = b"\x45" * 4 * n  # as in driver.cpp: no write leaves this
    device = simulator.Device(arena, report)
    known = ("checking", "traced", "pedantic", "threads", "rubbish", "patience")
    device.options(**{k: options[k] for k in known if k in options})
    if why := device.load(Path(options["library"]), "launch"):
        raise SystemExit(why)
    facts: list[str] = []
    original = device.runtime.finish
    device.runtime = SimpleNamespace(**{k: getattr(device.runtime, k) for k in dir(device.runtime) if k[0] != "_"})
    device.runtime.finish = lambda: facts.append(original()) or facts[-1]  # type: ignore[func-returns-value]
    ctype = "void" if options.get("untyped") else "float"
    pointers = Argument("float", buffer="in", pointer=True), Argument(ctype, buffer="out", pointer=True)
    buffers = Buffer("in", start[0], 4 * n, 4, True), Buffer("out", start[1], 4 * n, 4, False)
    job = Job(buffers, (*pointers, Argument("int", n)), len(arena), options["seconds"])
    best = float("inf")
    for _ in range(options.get("repeat", 1)):
        begun = clock()
        run = device.run(job)
        best = min(best, clock() - begun)
    run = simulator.reported(run, facts[-1], job)
    out = list(struct.unpack(f"{n}f", arena[start[1] : start[1] + 4 * n]))[:4096]
    said = {"fate": run.fate.value, "status": run.status, "text": facts[-1], "out": out, "seconds": best}
    print(json.dumps({**said, "accesses": device.runtime.accesses()}))


def describe(played: Played) -> str:
    lines = [f"{played.run.fate.value} status {played.run.status}"]
    lines += [f"{f.kind} {f.where} x{f.count} {f.variable} {f.other}: {f.text}" for f in played.run.findings]
    return "\n".join([*lines, played.run.message])


if __name__ == "__main__":
    _child(json.loads(sys.argv[1]), int(sys.argv[2]))
