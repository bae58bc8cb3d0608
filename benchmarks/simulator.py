"""How fast the simulator is: `python benchmarks/simulator.py` prints the table and writes simulator.json beside it.

Thread-instructions are those of the PTX, counted once by an interpreter, and stand in each kernel's file.
"""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "simulator")]

import play  # noqa: E402

from grader.backends import simulator  # noqa: E402
from grader.model import Fate  # noqa: E402

MODES = {
    "unchecked": {"checked": False, "checking": False, "traced": 0, "threads": 1},
    "checked": {"checked": True, "traced": 0},
    "checked, counted in 4 blocks": {"checked": True, "traced": 4},
    "checked, counted everywhere": {"checked": True, "traced": 1 << 31},
}


def measure(file: Path, folder: Path, mode: dict[str, int]) -> float:
    """Milliseconds of processor time of the best of five runs, copies in and out included."""
    text = file.read_text()
    options = dict(mode)
    library = play.build(text, file.name, folder / f"{file.stem}{options['checked']}", bool(options.pop("checked")))
    played = play.play(library, text, repeat=5, **options)
    assert played.run.fate is Fate.RETURNED and not played.run.findings, play.describe(played)
    return played.seconds * 1e3


CLOCKS = {"wall": "perf_counter", "processor": "process_time"}


def sharing(file: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Milliseconds of an unchecked run on 1 and on 2 OS threads, by both clocks. Rounds alternate: the load changes."""
    text = file.read_text()
    library = play.build(text, file.name, folder / f"{file.stem}shared", False)
    best: dict[str, dict[str, float]] = {name: {} for name in CLOCKS}
    for _ in range(10):
        for name, clock in CLOCKS.items():
            for n in (1, 2):
                played = play.play(library, text, repeat=20, checking=False, threads=n, clock=clock)
                best[name][str(n)] = min(round(played.seconds * 1e3, 1), best[name].get(str(n), float("inf")))
    return best


def building(file: Path, folder: Path) -> float:
    """Seconds of processor time to translate, compile and link, best of three."""
    times = []
    for i in range(3):
        begun = time.process_time() + _children()
        play.build(file.read_text(), file.name, folder / f"build{i}")
        times.append(time.process_time() + _children() - begun)
    return min(times)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    if why := simulator.why_not():
        raise SystemExit(why)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted((HERE / "simulator").glob("*.cu")):
            million = float(play.option(file.read_text(), "instructions", "0"))
            if not million:
                continue
            row: dict[str, object] = {"kernel": file.stem, "million_instructions": million}
            row |= {mode: round(measure(file, Path(folder), options), 1) for mode, options in MODES.items()}
            row["threads"] = sharing(file, Path(folder))
            row["build_seconds"] = round(building(file, Path(folder)), 2)
            rows.append(row)
    print(table(rows))
    machine = {"machine": _processor(), "cxx": os.environ.get("CXX", "c++"), "cores": os.cpu_count()}
    (HERE / "simulator.json").write_text(json.dumps({**machine, "rows": rows}, indent=1) + "\n")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor()


def table(rows: list[dict[str, object]]) -> str:
    """Milliseconds, and milliseconds per million thread-instructions in brackets."""
    lines = ["| kernel | M instr | " + " | ".join(MODES) + " | build s |", "|---|--:|" + "--:|" * (len(MODES) + 1)]
    for r in rows:
        million = float(str(r["million_instructions"]))
        cells = [f"{r[m]} ms ({float(str(r[m])) / million:.2f})" for m in MODES]
        lines.append(f"| {r['kernel']} | {million} | " + " | ".join(cells) + f" | {r['build_seconds']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
