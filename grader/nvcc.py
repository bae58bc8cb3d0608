"""nvcc's and ptxas's words -> errors at the learner's lines, warnings, and registers per kernel. Pure."""

from __future__ import annotations

import re

from grader.model import Compiled, Resources

_NOISE = re.compile(r"^(\[\d+/\d+\]|FAILED:|ninja:|grader: |ptxas info|Traceback|nvcc warning : .*Wno-dep)")
_COMMAND = re.compile(r"^\S*(nvcc|c\+\+|g\+\+)\s.*-[co]\s")
_ERROR = re.compile(r"\berror\b\s*[:#]|: error|undefined reference|catastrophic error|fatal error", re.IGNORECASE)


def explain(output: str) -> Compiled:
    """nvcc's words at the learner's line numbers; ptxas's words as figures."""
    lines = [_short(line) for line in output.splitlines()]
    words = [w for w in lines if not _NOISE.match(w) and not _COMMAND.match(w) and not _ptxas(w)]
    text = "\n".join(words).strip()
    failed = any(_ERROR.search(w) for w in words)
    return Compiled(text if failed else "", "" if failed else text, _resources(output))


def _short(line: str) -> str:
    """The build folder is nobody's business."""
    return re.sub(r"/\S*/(?:\.making-|builds/)[^/\s]*/", "", line)


def _ptxas(line: str) -> bool:
    return bool(re.match(r"\s*(\d+ bytes stack frame|ptxas )", line))


def _resources(output: str) -> tuple[Resources, ...]:
    """`Compiling entry function '_Z7softmax…' for 'sm_90'` … `Used 32 registers, …, 128 bytes smem`."""
    found = []
    for part in re.split(r"Compiling entry function ", output)[1:]:
        if (name := re.match(r"'(\w+)'", part)) and (used := re.search(r"Used (\d+) registers", part)):
            found.append(
                Resources(
                    demangle(name[1]),
                    int(used[1]),
                    _number(r"(\d+) bytes spill stores", part) + _number(r"(\d+) bytes spill loads", part),
                    _number(r"(\d+) bytes smem", part),
                    _number(r"(\d+) bytes stack frame", part),
                )
            )
    return tuple(found)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def demangle(name: str) -> str:
    """`_Z7softmaxPKfPfll` -> softmax: the last plain identifier of an Itanium name; the name itself if unsure."""
    return next(reversed(path(name)), name)


def path(name: str) -> tuple[str, ...]:
    """`_ZN3cub6detailL4kernIfEEvPf` -> cub, detail, kern: an Itanium name's scopes and itself; () if it is none."""
    position, found = (2 if name.startswith("_Z") else len(name)), []
    if name[position : position + 1] == "N":
        position += 1
    while number := re.match(r"L?(\d+)", name[position:]):  # L: internal linkage
        start = position + number.end()
        position = start + int(number[1])
        found.append(name[start:position])
    return tuple(found)
