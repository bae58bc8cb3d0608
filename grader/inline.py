"""Inline PTX -> C++: a table of the one-liners that exercises use. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ASYNC = r"cp\.async\.c[ag]\.shared\.global(?:\.L2::\w+)? \[%0\], \[%1\], "

# PTX with the operands as {0}, {1} … -> a C++ statement.
TABLE = {
    r"mov\.u32 %0, %laneid": "{0} = (unsigned)sim_lane",
    r"mov\.u32 %0, %warpid": "{0} = (unsigned)sim_thread / 32",
    r"mov\.u32 %0, %lanemask_lt": "{0} = (1u << sim_lane) - 1",
    r"mov\.u32 %0, %lanemask_eq": "{0} = 1u << sim_lane",
    r"mov\.u32 %0, %smid": "{0} = blockIdx.x % ::sim_multiprocessors()",
    r"mov\.u64 %0, %(?:globaltimer|clock64)": "{0} = sim_clock()",
    r"mov\.u32 %0, %clock": "{0} = (unsigned)sim_clock()",
    r"(?:membar\.(?:cta|gl|sys)|fence\.(?:sc|acq_rel)\.(?:cta|gpu|sys))": "sim_fence()",
    r"(?:bar\.sync|barrier\.sync) 0": "sim_barrier(0, 0)",
    r"bar\.warp\.sync %0": "__syncwarp({0})",
    r"nanosleep\.u32 %0": "sim_sleep()",
    r"trap": "sim_trap()",
    r"prefetch\.global\.L[12] \[%0\]": "(void)({0})",
    _ASYNC + r"(?:%2|16|8|4)": "::sim::copy({0}, {1}, {2})",
    _ASYNC + r"(?:%2|16|8|4), %[23]": "::sim::copy({0}, {1}, {2}, {3})",
    r"cp\.async\.commit_group": "sim_copy_commit()",
    r"cp\.async\.wait_group (?:%0|\d+)": "sim_copy_wait({0})",
    r"cp\.async\.wait_all": "(sim_copy_commit(), sim_copy_wait(0))",
    r"ex2\.approx(?:\.ftz)?\.f32 %0, %1": "{0} = exp2f({1})",
    r"lg2\.approx(?:\.ftz)?\.f32 %0, %1": "{0} = log2f({1})",
    r"rcp\.approx(?:\.ftz)?\.f32 %0, %1": "{0} = 1.0f / ({1})",
    r"rsqrt\.approx(?:\.ftz)?\.f32 %0, %1": "{0} = 1.0f / sqrtf({1})",
    r"sqrt\.approx(?:\.ftz)?\.f32 %0, %1": "{0} = sqrtf({1})",
    r"tanh\.approx\.f32 %0, %1": "{0} = tanhf({1})",
    r"fma\.rn\.f32 %0, %1, %2, %3": "{0} = fmaf({1}, {2}, {3})",
    r"add\.f32 %0, %1, %2": "{0} = ({1}) + ({2})",
    r"mul\.f32 %0, %1, %2": "{0} = ({1}) * ({2})",
}


# Matrix instructions: opcode -> the function that takes the registers in their written order.
_MATRIX = {
    r"mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.f16\.f16\.f32": "mma<::sim::Half>",
    r"mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.bf16\.bf16\.f32": "mma<::sim::Bfloat>",
    r"mma\.sync\.aligned\.m16n8k8\.row\.col\.f32\.tf32\.tf32\.f32": "mma<::sim::Tf32>",
    r"ldmatrix\.sync\.aligned\.m8n8\.x([124])(?:\.shared)?\.b16": r"ldmatrix\1<false>",
    r"ldmatrix\.sync\.aligned\.m8n8\.x([124])\.trans(?:\.shared)?\.b16": r"ldmatrix\1<true>",
}


@dataclass(frozen=True)
class Assembly:
    """asm("text" : outputs : inputs : …), taken apart."""

    text: str
    operands: tuple[str, ...]


def translate(tokens: list[str]) -> str | None:
    """What is inside asm( … ) -> a C++ statement, or None when it is not in the table."""
    asm = parse(tokens)
    if not asm.text:
        return "((void)0)"  # asm volatile("" ::: "memory"): a fence for the compiler only
    for pattern, statement in TABLE.items():
        if re.fullmatch(pattern, asm.text):
            return _fill(statement, asm)
    return _matrix(asm)


def _matrix(asm: Assembly) -> str | None:
    opcode, _, registers = asm.text.partition(" ")
    for pattern, function in _MATRIX.items():
        found = re.fullmatch(pattern, opcode)
        numbers = [int(n) for n in re.findall(r"%(\d+)", registers)]
        if found and all(n < len(asm.operands) for n in numbers):
            arguments = ", ".join(f"({asm.operands[n]})" for n in numbers)
            return f"(::sim::{found.expand(function)}({arguments}))"
    return None


def _fill(statement: str, asm: Assembly) -> str | None:
    operands = list(asm.operands)
    number = re.search(r"(?:, |group )(\d+)(?:,|$)", asm.text)
    if number:  # an immediate stands where an operand might
        at = 2 if asm.text.startswith("cp.async.c") else 0
        operands.insert(at, number[1])
    try:
        return f"({statement.format(*(f'({o})' if '=' not in statement else o for o in operands))})"
    except IndexError:
        return None


def opcode(tokens: list[str]) -> str:
    """The first line of the PTX, for the message."""
    return parse(tokens).text.split(";")[0][:60]


def parse(tokens: list[str]) -> Assembly:
    parts = _sections(tokens)
    text = "".join(_unquote(t) for t in parts[0])
    text = re.sub(r"\\[nt]", " ", text).replace("%%", "%").strip().rstrip(";").strip()
    operands = [_operand(group) for part in parts[1:3] for group in _commas(part) if group]
    return Assembly(re.sub(r"\s+", " ", text), tuple(operands))


def _sections(tokens: list[str]) -> list[list[str]]:
    """Split at the colons of the outermost level; :: is two of them."""
    parts: list[list[str]] = [[]]
    depth = 0
    for t in tokens:
        depth += (t in ("(", "[")) - (t in (")", "]"))
        if depth == 0 and t in (":", "::"):
            parts += [[] for _ in t]
        else:
            parts[-1].append(t)
    return parts


def _commas(tokens: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    depth = 0
    for t in tokens:
        depth += (t in ("(", "[")) - (t in (")", "]"))
        if t == "," and depth == 0:
            groups.append([])
        else:
            groups[-1].append(t)
    return groups


def _operand(group: list[str]) -> str:
    """ "=r"(x) -> x"""
    opened = group.index("(") if "(" in group else len(group)
    return " ".join(group[opened + 1 : -1])


def _unquote(token: str) -> str:
    return token[1:-1] if token.startswith('"') else ""
