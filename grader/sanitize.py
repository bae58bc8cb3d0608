"""compute-sanitizer on one case: the hardware's own checker, its findings in our words and at the learner's lines.

A second opinion after a crash or an unsafe finding on a GPU, and on demand (`run --sanitize`).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.isolate import Arena, Died, Worker, WorkerError
from grader.model import Finding, Job

TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
SEES = {
    "oob": "memcheck",
    "misaligned": "memcheck",
    "race": "racecheck",
    "uninit": "initcheck",
    "divergence": "synccheck",
    "deadlock": "synccheck",
    "mask": "synccheck",
}  # the tool that sees a kind of finding; rules of the launcher, such as no allocation, are none's
SECONDS = 60.0
# Errors of a kernel that runs; of a launch that fails, or of a host that crashes, no tool knows more.
_FAULT = re.compile(
    r"cudaError(IllegalAddress|MisalignedAddress|LaunchFailure|IllegalInstruction|InvalidAddressSpace|InvalidPc"
    r"|HardwareStackError|Assert)\b"
)


def why_not() -> str:
    """Empty if compute-sanitizer can be run."""
    if shutil.which("compute-sanitizer"):
        return ""
    return "compute-sanitizer is not on PATH; it comes with the CUDA toolkit"


def useful(known: Sequence[Finding], died: str = "") -> tuple[tuple[str, ...], ...]:
    """The tools that can say more, in rounds: of a finding without a line its own; of a kernel that died of an error
    which nothing explains memcheck, and only when that has nothing to say the others."""
    if not known:
        return (TOOLS[:1], TOOLS[1:]) if _FAULT.search(died) else ()
    wanted = {SEES.get(finding.kind) for finding in known if not finding.where}
    tools = tuple(tool for tool in TOOLS if tool in wanted)
    return (tools,) if tools else ()


def sanitize(
    library: Path, launcher: str, arena: Arena, job: Job, rounds: Sequence[Sequence[str]]
) -> tuple[Finding, ...]:  # fmt: skip
    """The case whose contents lie in the arena, once under each tool of a round, all at the same time; the first round
    that finds something is the last."""
    for tools in rounds:
        with ThreadPoolExecutor(len(tools)) as pool:
            logs = list(pool.map(lambda tool: _run(tool, library, launcher, arena, job), tools))
        if found := tuple(finding for log in logs for finding in findings(log)):
            return found
    return ()


def _run(tool: str, library: Path, launcher: str, arena: Arena, job: Job) -> str:
    """One tool's log. Each has a copy of the arena, for they run at the same time."""
    own = Arena(arena.size)
    own.bytes[: job.span] = arena.bytes[: job.span]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        prefix = ("compute-sanitizer", "--tool", tool, "--log-file", str(log), "--print-limit", "20")
        try:
            with Worker("cuda", own, ((library, launcher),), prefix) as worker:
                worker.settle_or_raise()
                worker.apart(job, SECONDS)
                worker.finish(SECONDS)
        except (Died, WorkerError):
            pass  # the log says why
        finally:
            own.close()
        return log.read_text(errors="replace") if log.exists() else ""


# ---------------------------------------------------------------- reading a log


@dataclass(frozen=True)
class _Kind:
    pattern: str
    kind: str
    means: str


_KINDS = (
    _Kind(
        r"Invalid __(\w+)__ (read|write) of size",
        "oob",
        "an access outside the array; check the index against its size",
    ),
    _Kind(
        r"Address .* is misaligned|misaligned",
        "misaligned",
        "a vector load needs an address that is a multiple of its size",
    ),
    _Kind(r"Uninitialized __\w+__ memory read", "uninit", "a read of memory that nothing has written yet"),
    _Kind(
        r"[Rr]ace reported", "race", "two threads use the same shared memory with no barrier between; __syncthreads()"
    ),
    _Kind(r"Barrier error|Divergent thread", "divergence", "a barrier that not all threads of the block reach"),
)
_WHERE = re.compile(r"in (?:\S*/)?([\w.]+\.cuh?):(\d+)")
_THREAD = re.compile(r"by thread \((\d+),(\d+),(\d+)\) in block \((\d+),(\d+),(\d+)\)")


def findings(log: str) -> tuple[Finding, ...]:
    """compute-sanitizer's records -> findings, the same line once with a count."""
    found: dict[tuple[str, str], Finding] = {}
    for record in _records(log):
        finding = _finding(record)
        if finding is None:
            continue
        key = (finding.kind, finding.where)
        count = found[key].count + 1 if key in found else 1
        first = found.get(key, finding)
        found[key] = Finding(
            first.kind, first.text, first.where, first.variable, first.thread, first.block, first.other, count
        )
    return tuple(found.values())


def _records(log: str) -> list[str]:
    """A record begins at an unindented line behind the ========= and holds the indented ones after it."""
    records: list[str] = []
    for line in log.splitlines():
        text = line.removeprefix("=========")
        if not line.startswith("=========") or not text.strip():
            continue
        if text.startswith("     ") and records:
            records[-1] += "\n" + text.strip()
        else:
            records.append(text.strip())
    return records


def _finding(record: str) -> Finding | None:
    kind = next((k for k in _KINDS if re.search(k.pattern, record)), None)
    if kind is None:
        return None
    places = [f"{name}:{line}" for name, line in _WHERE.findall(record)]
    at = _THREAD.search(record)
    numbers = tuple(int(n) for n in at.groups()) if at else ()
    text = f"compute-sanitizer: {record.splitlines()[0]}: {kind.means}"
    return Finding(
        kind.kind, text, places[0] if places else "", "", numbers[:3], numbers[3:], places[1] if len(places) > 1 else ""
    )
