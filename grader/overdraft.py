"""Does a running worker use more of the machine than it may? Looked up from outside, so that it cannot be talked over.

The kernel's own limits do not fit: CUDA and the simulator reserve far more addresses than memory, and the limit on
processes does not hold for root.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOM = 4 << 30  # bytes beside what a case needs
SHADOW = 64  # bytes the simulator keeps per byte of a case, at most
SHARE = 0.75  # of the machine's memory, at most
THREADS = 256


def found(pid: int, span: int) -> str:
    """Empty, or what it uses too much of. `span` is the size of its case."""
    memory, threads = used(last(pid))
    allowed = min(ROOM + SHADOW * span, int(SHARE * _machine()))
    if memory > allowed:
        much, most = memory / 2**30, allowed / 2**30
        return f"it used {much:.1f} GiB of host memory, and may use {most:.1f}: does a loop allocate?"
    return f"it had {threads} threads running, and may have {THREADS}" if threads > THREADS else ""


def used(pid: int) -> tuple[int, int]:
    """(bytes of its own, threads); nothing for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0, 0
    fields = dict(re.findall(r"^(RssAnon|Threads):\s+(\d+)", text, re.MULTILINE))
    return 1024 * int(fields.get("RssAnon", 0)), int(fields.get("Threads", 0))


def last(pid: int) -> int:
    """The worker itself: bubblewrap stands in front of it with two processes of its own."""
    for _ in range(2):
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return pid
        pid = int(children[0]) if children else pid
    return pid


def _machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
