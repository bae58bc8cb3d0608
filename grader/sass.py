"""cuobjdump's listing of machine code -> what kinds of instruction a kernel has, and how wide its accesses are.

They are counted where they stand in the code, not as often as they run: a loop's body counts once. `parse` is pure.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.nvcc import demangle

SECONDS = 30.0
_FUNCTION = re.compile(r"^\s*Function : (\S+)")
_INSTRUCTION = re.compile(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P[0-9T]+\s+)?([A-Z][A-Z0-9_]*)((?:\.[A-Za-z0-9_]+)*)")
_WIDTH = re.compile(r"\.(?:[US])?(8|16|64|128)(?=\.|$)")

# By the longest prefix that matches; the first letters say the kind.
KINDS: Mapping[str, str] = {
    "LDGSTS": "async copy", "UBLKCP": "async copy", "UTMA": "async copy",
    "LDG": "global load", "STG": "global store", "LD": "global load", "ST": "global store",
    "LDS": "shared load", "STS": "shared store", "LDSM": "shared load", "STSM": "shared store",
    "LDL": "local load (spill)", "STL": "local store (spill)",
    "LDC": "constant", "ULDC": "constant", "LDCU": "constant",
    "ATOM": "atomic", "RED": "atomic", "REDUX": "shuffle",
    "HMMA": "tensor", "IMMA": "tensor", "DMMA": "tensor", "QMMA": "tensor", "HGMMA": "tensor", "QGMMA": "tensor",
    "IGMMA": "tensor", "UTCHMMA": "tensor", "UTCQMMA": "tensor",
    "FADD": "fp32", "FMUL": "fp32", "FFMA": "fp32", "FMNMX": "fp32", "FSETP": "fp32", "FSEL": "fp32", "FCHK": "fp32",
    "DADD": "fp64", "DMUL": "fp64", "DFMA": "fp64", "DSETP": "fp64", "DMNMX": "fp64",
    "HADD": "half", "HMUL": "half", "HFMA": "half", "HSETP": "half", "HMNMX": "half",
    "MUFU": "special function", "SHFL": "shuffle", "VOTE": "shuffle", "MATCH": "shuffle",
    "BAR": "barrier", "SYNCS": "barrier", "WARPSYNC": "barrier", "DEPBAR": "barrier", "MEMBAR": "barrier",
    "BRA": "branch", "EXIT": "branch", "CALL": "branch", "RET": "branch", "BSSY": "branch", "BSYNC": "branch",
    "NOP": "",
}  # fmt: skip
ACCESSES = ("global load", "global store", "shared load", "shared store", "async copy")


@dataclass(frozen=True)
class Code:
    """One kernel's instructions."""

    kernel: str
    kinds: Mapping[str, int]  # kind -> how many
    widths: Mapping[tuple[str, int], int]  # (access, bits a thread) -> how many

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


def parse(listing: str) -> tuple[Code, ...]:
    """Every function of the listing, in its order."""
    found, kinds, widths = [], Counter[str](), Counter[tuple[str, int]]()
    name = ""
    for line in listing.splitlines():
        if begun := _FUNCTION.match(line):
            if name:
                found.append(Code(name, dict(kinds), dict(widths)))
            name, kinds, widths = demangle(begun[1]), Counter(), Counter()
        elif name and (read := _INSTRUCTION.match(line)) and (said := kind(read[1])):
            kinds[said] += 1
            if said in ACCESSES:
                widths[said, _bits(read[2])] += 1
    return (*found, Code(name, dict(kinds), dict(widths))) if name else ()


def kind(opcode: str) -> str:
    """`LDG` -> global load; integer, address and move instructions are all "integer and moves"; "" for padding."""
    fits = [prefix for prefix in KINDS if opcode.startswith(prefix) and (len(prefix) > 2 or opcode == prefix)]
    return KINDS[max(fits, key=len)] if fits else "integer and moves"


def _bits(modifiers: str) -> int:
    """`.E.128.CONSTANT` -> 128; 32 where nothing is said. ldmatrix (.16.M88.4) moves 4 × 32 bits a thread."""
    if matrices := re.search(r"\.M88(?:\.(\d))?", modifiers):
        return 32 * int(matrices[1] or 1)
    found = _WIDTH.search(modifiers)
    return int(found[1]) if found else 32


def read(library: Path) -> tuple[Code, ...] | str:
    """The kernels of a compiled library, or why they cannot be read."""
    if not (tool := shutil.which("cuobjdump")):
        return "cuobjdump is not on PATH; it comes with the CUDA toolkit, or as pip's nvidia-cuda-cuobjdump"
    command = [tool, "-sass", str(library)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"cuobjdump did not finish in {SECONDS:.0f} s"
    return parse(done.stdout) or f"cuobjdump found no machine code{': ' * bool(done.stderr)}{done.stderr.strip()[:200]}"
