"""The runtime's JSON lines -> findings worded for a learner, ranked, and counters. Pure.

One line is one fact: {"finding": kind, "what": variant, "where": "softmax.cu:41", …}, {"launch": …} or
{"traffic": line, …}.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from grader.model import Finding, Launch, Traffic

Fact = dict[str, Any]

# The cause before its consequences: a race makes values look uninitialised, a deadlock follows a divergence.
RANK = (
    "unsupported", "host", "launch", "assert", "oob", "const", "mask", "divergence", "race", "uninit",
    "deadlock", "timeout", "allocation", "sync", "stream",
)  # fmt: skip


def findings(text: str) -> tuple[tuple[Finding, ...], tuple[Traffic, ...]]:
    """What the runtime wrote, also when it died while writing."""
    facts = list(_facts(text))
    found = [_finding(f) for f in facts if "finding" in f]
    return tuple(_ranked(found)), tuple(_traffic(f) for f in facts if "traffic" in f)


def launches(text: str) -> tuple[Launch, ...]:
    """The kernels that ran, in order."""
    return tuple(Launch(f["kernel"], _three(f["grid"]), _three(f["block"])) for f in _facts(text) if "launch" in f)


def complete(text: str) -> bool:
    """Whether the runtime came to its end: the last thing that it says."""
    return any(f.get("end") is True for f in _facts(text))


def left(text: str) -> int:
    """On how many of its streams the launcher had not waited for the work when it returned."""
    return sum(int(f.get("left", 0)) for f in _facts(text))


def _facts(text: str) -> Iterator[Fact]:
    for line in text.splitlines():
        try:
            fact = json.loads(line)
        except ValueError:
            continue
        if isinstance(fact, dict):
            yield fact


def _three(values: list[int]) -> tuple[int, int, int]:
    x, y, z = values
    return x, y, z


def _traffic(f: Fact) -> Traffic:
    return Traffic(f["traffic"], f["space"], f["access"], f["requests"], f["sectors"], f["ideal"])


def _finding(f: Fact) -> Finding:
    kind = str(f["finding"])
    return Finding(
        kind=kind,
        text=_WORDS.get(kind, _unknown)(f),
        where=f.get("where", ""),
        variable=f.get("variable", ""),
        thread=tuple(f.get("thread", ())),
        block=tuple(f.get("block", ())),
        other=_other(f),
        count=int(f.get("count", 1)),
    )


def _other(f: Fact) -> str:
    parts = [f["other"]] if f.get("other") else []
    if "other_thread" in f:
        parts.append(f"thread {_tuple(f['other_thread'])}")
    if "other_block" in f:
        parts.append(f"block {_tuple(f['other_block'])}")
    return ", ".join(parts)


def _tuple(values: list[int]) -> str:
    return "(" + ", ".join(str(v) for v in values) + ")"


# ---------------------------------------------------------------- which come first, and which only follow


def _ranked(found: list[Finding]) -> list[Finding]:
    kept = [f for f in _merged(found) if not _follows(f, found)]
    order = {kind: i for i, kind in enumerate(RANK)}
    return sorted(kept, key=lambda f: order.get(f.kind, len(RANK)))


def _merged(found: list[Finding]) -> list[Finding]:
    """One race is seen from both of its lines, and as read and as write: once is enough."""
    first: dict[object, Finding] = {}
    for i, f in enumerate(sorted(found, key=lambda f: "reads what" not in f.text)):
        lines = frozenset((f.where, f.other.split(",")[0]))
        key = (lines, f.variable) if f.kind == "race" else i
        first[key] = replace(first[key], count=first[key].count + f.count) if key in first else f
    return list(first.values())


def _follows(f: Finding, found: list[Finding]) -> bool:
    """A race explains the uninitialised read of the same variable, a divergence the deadlock at its barrier."""
    if f.kind == "uninit":
        return any(g.kind == "race" and g.variable == f.variable for g in found)
    if f.kind == "deadlock":
        return any(g.kind == "divergence" and g.where == f.where for g in found)
    return False


# ---------------------------------------------------------------- the sentences


def _who(f: Fact) -> str:
    return f"thread {_tuple(f['thread'])} of block {_tuple(f['block'])}" if "thread" in f else "the host"


def _unit(f: Fact) -> int:
    """Bytes of an element; 0 where nobody can tell: void*, or bytes that are accessed as something else."""
    item = int(f.get("item", 0))
    return item if item > 1 or (item == 1 and f.get("size") == 1) else 0


def _element(f: Fact) -> str:
    """Which element of the variable, or which bytes."""
    unit, offset, size = _unit(f), int(f["offset"]), int(f.get("size", 0))
    if unit and offset % unit == 0:
        return f"element {offset // unit}"
    return f"bytes {offset} to {offset + size - 1}" if size > 1 else f"byte {offset}"


def _length(f: Fact) -> str:
    unit, extent = _unit(f), int(f["extent"])
    return f"{extent // unit} elements" if unit and extent % unit == 0 else f"{extent} bytes"


def _oob(f: Fact) -> str:
    what, name = f["what"], f["variable"] or "memory"
    if what in ("index", "host index"):
        return (
            f"index {f['offset']} is outside the declared array {f['note']}, by {_who(f)}: "
            "check the loop's bound or the index's formula"
        )
    if what == "stack":
        return f"{_who(f)} overflowed its stack: recursion too deep, or local arrays too large"
    if what == "fault":
        return f"{_who(f)} touched an address that is not memory"
    if what == "misaligned":
        return (
            f"a {f['size']}-byte access at an address that is not a multiple of {f['size']}, by {_who(f)}: "
            "vector loads need aligned pointers; handle a misaligned head and tail element by element"
        )
    if what.startswith("wild"):
        act = what.split()[1]
        address = hex(f["offset"] & (2**64 - 1))
        return f"{_who(f)} {act}s at {address}, which is no device memory: a host pointer, or an uninitialised one"
    if what == "freed":
        return f"{_who(f)} uses {name} after it was freed"
    if what in ("copy to", "copy from", "set"):
        return (
            f"a copy or set of {f['size']} bytes overruns {name} ({f['extent']} bytes): check the size, it is in bytes"
        )
    act = "writes" if "write" in what else "reads"
    space = "__shared__ " if "shared" in what else ""
    edge = (
        "check the index against the size before the access"
        if not space
        else "check the array's size against the largest index"
    )
    return f"{_who(f)} {act} {_element(f)} of {space}{name}, which has {_length(f)}: {edge}"


def _race(f: Fact) -> str:
    place = f"{'__shared__ ' if f['extent'] else ''}{f['variable']}, {_element({**f, 'size': 0})}"
    story = {
        "read after write": "one thread reads what another writes",
        "write after read": "one thread overwrites what another still reads",
        "two writes": "two threads write the same element",
    }[f["what"]]
    remedy = {
        "blocks": (
            "two blocks of a launch are not ordered: give each its own element, use atomics (with __threadfence() "
            "before the one that says the data is there), or launch twice"
        ),
        "warp": "the lanes of a warp do not run in step: put __syncwarp() or __syncthreads() between the two",
        "block": "put __syncthreads() between the two",
    }[f["note"]]
    return f"race on {place}: {story}, and nothing orders them; {remedy}"


def _uninit(f: Fact) -> str:
    what, name = f["what"], f["variable"]
    if what == "copy":
        return f"the host copies {name}, of which {_element({**f, 'size': 0})} was never written"
    if "atomic" in what:
        return f"{_who(f)} updates {_element(f)} of {name}, which holds no value yet: set it to zero first"
    if f["note"] == "copy":
        return (
            f"{_who(f)} reads {_element(f)} of __shared__ {name} while its asynchronous copy is in flight: "
            "wait for the copy, then synchronise"
        )
    if what == "local":
        part = f"{_element(f)} of its own {name}" if f["extent"] > f["item"] else f"its own {name}"
        return f"{_who(f)} reads {part} before it has set it: give it a value where it is declared, on line {f['note']}"
    where = f"__shared__ {name}" if "shared" in what else name
    return f"{_who(f)} reads {_element(f)} of {where}, which nobody has written: initialise it, or do not read it"


def _divergence(f: Fact) -> str:
    if f["what"] == "two":
        return (
            "threads of one block wait at two different __syncthreads(): it must be reached by all threads of the "
            "block together, so move it out of the branch"
        )
    return (
        f"only {f['size']} of {f['extent']} threads reach this __syncthreads(), the others have returned: "
        "let every thread live to the barrier and guard the work instead of returning early"
    )


def _deadlock(f: Fact) -> str:
    here = "__syncthreads()" if f["what"] == "barrier" else f"a warp operation with mask 0x{f['item'] & 0xFFFFFFFF:08x}"
    there = f", while others wait at {f['other']}" if f.get("other") else ""
    left = f"; {f['size']} threads have returned" if f["size"] else ""
    return f"deadlock: {_who(f)} waits at {here}{there}{left}: all that it waits for must come to the same place"


def _mask(f: Fact) -> str:
    mask = f"0x{f['item'] & 0xFFFFFFFF:08x}"
    if f["what"] == "unnamed":
        return (
            f"{_who(f)} calls a warp operation whose mask {mask} does not name its own lane: "
            "compute the mask from who really calls"
        )
    gone = "has returned" if f["what"] == "returned" else "does not exist in this block"
    return (
        f"{_who(f)} reads lane {f['offset']}, which {gone}, though the mask {mask} names it: its value is undefined; "
        "keep all lanes alive and give the absent ones the neutral element"
    )


_LAUNCH = {
    "empty block": "the block has no threads",
    "empty grid": "the grid has no blocks: return early when there is nothing to do",
    "threads": "a block has at most 1024 threads",
    "block z": "blockDim.z is at most 64",
    "grid x": "gridDim.x is at most 2147483647",
    "grid yz": "gridDim.y and gridDim.z are at most 65535",
    "shared": "a block has at most 227 KB of shared memory",
    "opt in": (
        "more than 48 KB of dynamic shared memory need "
        "cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes) first"
    ),
    "cooperative": (
        "a cooperative launch must fit on the device at once; "
        "ask cudaOccupancyMaxActiveBlocksPerMultiprocessor for the number of blocks"
    ),
    "too large": "the simulator does not run so many blocks: size the grid by the problem, or use a grid-stride loop",
}


def _launch(f: Fact) -> str:
    if f["what"] == "grid":
        return f"grid.sync() in {f['note']}, which was not launched with cudaLaunchCooperativeKernel"
    if f["what"] == "static":
        return (
            f"{f['note']} declares {f['size']} bytes of static shared memory; at most {f['extent']} are allowed: "
            "use dynamic shared memory"
        )
    return f"{f['note']} cannot start: {_LAUNCH[f['what']]}"


def _timeout(f: Fact) -> str:
    if f["what"] == "host":
        return "the launcher did not return within the time limit: it loops in host code"
    if f["what"] == "grid":
        return f"{f['note']} had run {f['size']} of its {f['extent']} blocks when the time was up: is it too large?"
    return (
        f"{f['note']} was still running when the time was up, {_who(f)} here: "
        "does this loop end, and does its step change what it tests?"
    )


def _host(f: Fact) -> str:
    name = f["variable"] or "device memory"
    if f["what"] == "crash" and f["note"] == "Aborted":
        return "host code aborted: an exception that nobody caught, a failed assertion, or abort()"
    return {
        "reads": f"host code reads {name} directly: device memory is for kernels; copy it with cudaMemcpyAsync",
        "writes": f"host code writes {name} directly: device memory is for kernels; copy it with cudaMemcpyAsync",
        "kernel reads": "a kernel reads a host variable: pass it as an argument, or declare it __constant__",
        "kernel writes": "a kernel writes a host variable: declare it __device__, or pass a pointer to device memory",
        "exit": "the launcher ended the process: return an error code instead",
        "crash": f"host code crashed ({f['note']}): does it dereference a device pointer, or a null one?",
        "host division": "host code divides by zero",
        "free": "cudaFree of a pointer that cudaMalloc did not return, or that was freed before",
        "direction": "the copy's direction does not fit its pointers: check cudaMemcpyHostToDevice and its kin",
        "set": "cudaMemset of a host pointer",
        "thread": "the launcher leaves a thread running when it returns: all its work belongs on `stream`, there alone",
        "forbidden": (
            "the launcher made a system call that is not allowed here: it may start no process, and neither signal nor "
            "watch another one"
        ),
    }[f["what"]]


def _assert(f: Fact) -> str:
    if f["what"] == "division":
        return f"{_who(f)} divides an integer by zero: the result is undefined"
    if f["what"] == "trap":
        return f"{_who(f)} reached __trap()"
    return f"assertion failed: {f['note']}"


def _unsupported(f: Fact) -> str:
    if f["what"] == "dynamic parallelism":
        return "the simulator does not support launching a kernel from a kernel"
    if f["what"] == "in kernel":
        return f"the simulator does not support {f['note']} in a kernel"
    return f"the simulator does not support {f['note']}"


def _stream(f: Fact) -> str:
    name = f["note"] or "work"
    if f["what"] == "unjoined":
        return (
            f"{name} runs on a stream of its own that `stream` does not wait for: record an event on it and call "
            "cudaStreamWaitEvent(stream, event), or use `stream`"
        )
    if f["what"] == "unforked":
        return (
            f"{name} runs on a stream of its own that does not wait for `stream`, where the inputs come from: record "
            "an event on `stream` and let it wait for that, or use `stream`"
        )
    return f"{name} uses the default stream: pass the stream that the launcher was given"


def _rule(sentence: str) -> Callable[[Fact], str]:
    return lambda f: sentence.format(**f)


def _unknown(f: Fact) -> str:
    return f"{f['finding']}: {f['what']}"


_WORDS: dict[str, Callable[[Fact], str]] = {
    "oob": _oob,
    "race": _race,
    "uninit": _uninit,
    "divergence": _divergence,
    "deadlock": _deadlock,
    "mask": _mask,
    "launch": _launch,
    "timeout": _timeout,
    "host": _host,
    "assert": _assert,
    "unsupported": _unsupported,
    "const": lambda f: f"{_who(f)} writes __constant__ {f['variable']}: kernels may only read it",
    "allocation": _rule("the launcher allocates {size} bytes: it must use what it was given (the workspace, if any)"),
    "sync": _rule("{note} in the launcher makes the host wait: the caller's stream orders the work, remove it"),
    "stream": _stream,
}
