"""CUDA text -> C++ that any host compiler accepts. Only what C++ cannot say is rewritten; no line moves. Pure.

k<T><<<grid, block, bytes, stream>>>(a, b)   ->  sim::launch(sim::request("k<T>", grid, …), call of k<T>)(a, b)
__shared__ float s[32][33];                  ->  auto& s = sim::shared<float[32][33]>([]{}, "s");
extern __shared__ float s[];                 ->  auto* s = sim::dynamic<float>("s");
__constant__ float c[4];                     ->  the same, and a registration behind it
float acc[4];   (in device code)             ->  the same, and SIM_UNSET(acc); behind it (csrc/include/sim/local.h)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader import inline, scope, unset
from grader.lexer import Source

# What the simulator has not, by the name in the source.
UNSUPPORTED = {
    "cub": "CUB",
    "thrust": "Thrust",
    "cutlass": "CUTLASS",
    "cute": "CuTe",
    "tex1Dfetch": "textures",
    "tex1D": "textures",
    "tex2D": "textures",
    "tex3D": "textures",
    "surf2Dread": "surfaces",
    "surf2Dwrite": "surfaces",
    "this_cluster": "thread block clusters",
    "cluster_group": "thread block clusters",
    "cuTensorMapEncodeTiled": "tensor maps (TMA)",
    "CUtensorMap": "tensor maps (TMA)",
    "cudaMemcpyPeerAsync": "peer access between devices",
    "cudaDeviceEnablePeerAccess": "peer access between devices",
    "cudaGraphConditionalHandle": "conditional graphs",
    "curand_init": "cuRAND",
}
_HEADERS = re.compile(
    r"\s*#\s*include\s*[<\"](cub|thrust|cutlass|cute|curand|cublas|cusparse|cufft|cudnn|nvrtc|nvshmem|nccl)(?=[\W_])"
)
_LAUNCHERS = ("cudaLaunchKernel", "cudaLaunchCooperativeKernel")
_HOST_ONLY = {
    "vector",
    "string",
    "map",
    "set",
    "cout",
    "cerr",
    "endl",
    "sort",
    "function",
    "mt19937",
    "unique_ptr",
    "thread",
    "mutex",
}


class Refused(Exception):
    """The source uses what the simulator has not: never the learner's fault."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.line, self.text = line, text


@dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str


def translate(text: str, watched: bool = False) -> str:
    """The same lines in C++. Raises Refused.

    `watched`: a local without a value gets another name, and SIM_UNSET makes its own a reference to it.
    """
    source = Source(text)
    found = list(scope.declarations(source))
    _refuse(source)
    edits = [
        *_launches(source, _typed(found)),
        *_shared(source),
        *_variables(source, found),
        *_unset(source, found, watched),
        *_casts(source),
        *_assembly(source),
        *_host_calls(source, found),
    ]
    return _apply(text, edits)


def _apply(text: str, edits: list[Edit]) -> str:
    """Every edit keeps the number of lines it covers."""
    out, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at:
            continue
        missing = text.count("\n", edit.start, edit.end) - edit.text.count("\n")
        out += [text[at : edit.start], edit.text, "\n" * missing]
        at = edit.end
    return "".join([*out, text[at:]])


# ---------------------------------------------------------------- what is not there


def _refuse(source: Source) -> None:
    for token in source.directives:
        line = source.line_at(token.start)
        if header := _HEADERS.match(token.text):
            raise Refused(line, f"the simulator has no {header[1]} headers")
        if "<<<" in token.text and re.match(r"\s*#\s*define", token.text):
            raise Refused(line, "the simulator cannot see a launch inside a macro: write it out")
        if re.search(r"\b__shared__\b", token.text) and re.match(r"\s*#\s*define", token.text):
            raise Refused(line, "the simulator cannot see __shared__ inside a macro: write it out")
    for i, word in enumerate(source.words):
        if word in UNSUPPORTED and source.tokens[i].kind == "name" and _used(source, i):
            raise Refused(source.line(i), f"the simulator does not support {UNSUPPORTED[word]} ({word})")


def _used(source: Source, i: int) -> bool:
    """A namespace is used before ::, anything else wherever it stands but as a member."""
    if source.words[i] in ("cub", "thrust", "cutlass", "cute"):
        return source.word(i + 1) == "::"
    return source.word(i - 1) not in (".", "->")


# ---------------------------------------------------------------- launches


def _typed(found: list[scope.Function | scope.Variable]) -> set[str]:
    """Kernels whose name alone says their type: no templates, no overloads."""
    kernels = [f for f in found if isinstance(f, scope.Function) and "__global__" in f.words]
    several = {f.name for f in kernels if sum(g.name == f.name and g.body != (0, 0) for g in kernels) > 1}
    untyped = {f.name for f in kernels if "template" in f.words or f.defaults}
    return {f.name for f in kernels} - several - untyped


def _launches(source: Source, typed: set[str]) -> Iterator[Edit]:
    for i, word in enumerate(source.words):
        if word == "<<<":
            yield from _launch(source, i, typed)


def _launch(source: Source, i: int, typed: set[str]) -> Iterator[Edit]:
    start, close = _kernel_start(source, i), _close(source, i)
    if source.word(close + 1) != "(" or close + 1 not in source.partner:
        raise Refused(source.line(i), "a launch must read kernel<<<grid, block>>>(arguments)")
    kernel = source.between(start, i - 1)
    name = " ".join(kernel.split()).replace("\\", "\\\\").replace('"', '\\"')
    flat = " ".join(kernel.split())
    call = f"&{flat}" if flat.split("::")[-1] in typed else f"[&](auto&... sim_a) SIM_PLAIN {{ {flat}(sim_a...); }}"
    config = source.between(i + 1, close - 1)
    text = f'::sim::launch(::sim::request("{name}", {config}), {call})'
    yield Edit(source.tokens[start].start, source.tokens[close].end, text)
    yield from _null_arguments(source, close + 1)


def _null_arguments(source: Source, parenthesis: int) -> Iterator[Edit]:
    """NULL is a number to a host compiler, which a generic call could not turn into a pointer."""
    for k in range(parenthesis + 1, source.partner[parenthesis]):
        alone = source.word(k - 1) in ("(", ",") and source.word(k + 1) in (")", ",")
        if source.words[k] == "NULL" and alone:
            yield Edit(source.tokens[k].start, source.tokens[k].end, "nullptr")


def _kernel_start(source: Source, i: int) -> int:
    """Backwards over name, ns::name, name<arguments> or (pointer)."""
    j = i - 1
    if source.word(j) in (">", ">>"):
        j = _angle_start(source, j) - 1
    if source.word(j) == ")":
        return source.partner.get(j, j)
    while source.word(j - 1) in ("::", ".", "->"):
        if source.tokens[j - 2].kind != "name":
            return j - 1 if source.word(j - 1) == "::" else j
        j -= 2
    return j


def _angle_start(source: Source, j: int) -> int:
    depth = 0
    while j >= 0:
        word = source.word(j)
        if word in (")", "]", "}"):
            j = source.partner.get(j, j)
        elif word == ">":
            depth += 1
        elif word == "<":
            depth -= 1
            if depth == 0:
                return j
        j -= 1
    raise Refused(1, "a launch without a kernel before its <<<")


def _close(source: Source, i: int) -> int:
    k = i + 1
    while k < len(source.words):
        if source.words[k] == ">>>":
            return k
        if source.words[k] in ("(", "[", "{"):
            k = source.partner.get(k, k)
        k += 1
    raise Refused(source.line(i), "a launch whose <<< has no >>>")


def _casts(source: Source) -> Iterator[Edit]:
    """cudaLaunchKernel((void*)k, …): without the cast the kernel's parameters are known."""
    for i, word in enumerate(source.words):
        if word not in _LAUNCHERS or source.word(i + 1) != "(":
            continue
        first = source.words[i + 2 : i + 7]
        for cast in (["(", "void", "*", ")"], ["(", "const", "void", "*", ")"], ["(", "void", "const", "*", ")"]):
            if first[: len(cast)] == cast:
                yield Edit(source.tokens[i + 2].start, source.tokens[i + 1 + len(cast)].end, "")
        if first[0] == "reinterpret_cast":
            opened = next(k for k in range(i + 2, len(source.words)) if source.words[k] == "(")
            yield Edit(source.tokens[i + 2].start, source.tokens[opened].start, "")


# ---------------------------------------------------------------- __shared__

_QUALIFIERS = ("extern", "static", "__shared__")
_ALIGNMENTS = ("alignas", "__align__", "__builtin_align__", "__attribute__")


def _shared(source: Source) -> Iterator[Edit]:
    i = 0
    while i < len(source.words):
        if source.words[i] == "__shared__":
            end = _statement_end(source, i)
            yield _shared_edit(source, _statement_start(source, i), end)
            i = end
        i += 1


def _statement_start(source: Source, i: int) -> int:
    while i > 0:
        before = source.word(i - 1)
        if before in (*_QUALIFIERS, "volatile", "const"):
            i -= 1
        elif before == ")" and source.word(source.partner.get(i - 1, 0) - 1) in _ALIGNMENTS:
            i = source.partner[i - 1] - 1
        else:
            return i
    return i


def _statement_end(source: Source, i: int) -> int:
    k = i
    while source.word(k) != ";":
        if source.word(k) in ("", "{", "="):
            raise Refused(source.line(i), "__shared__ takes a plain declaration without initialiser, ended by ;")
        if source.word(k) in ("(", "["):
            k = source.partner.get(k, k)
        k += 1
    return k


def _shared_edit(source: Source, start: int, end: int) -> Edit:
    kept = [k for k in _unaligned(source, start, end) if source.words[k] not in _QUALIFIERS]
    dynamic = "extern" in source.words[start:end]
    outside = dynamic and not _in_function(source, start)
    first, *more = _declarators(source, kept)
    cut = _name_at(source, first)
    kind = _spell(source, first[:cut])
    parts = [first[cut:], *more]
    text = " ".join(_declare(source, kind, part, dynamic, outside) for part in parts)
    return Edit(source.tokens[start].start, source.tokens[end].end, text)


def _unaligned(source: Source, start: int, end: int) -> Iterator[int]:
    k = start
    while k < end:
        if source.words[k] in _ALIGNMENTS:
            k = source.partner.get(k + 1, k)
        else:
            yield k
        k += 1


def _declarators(source: Source, kept: list[int]) -> list[list[int]]:
    """Split at commas outside all brackets."""
    parts: list[list[int]] = [[]]
    depth = 0
    for k in kept:
        word = source.words[k]
        depth += (word in ("(", "[", "{", "<")) - (word in (")", "]", "}", ">"))
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(k)
    return parts


def _name_at(source: Source, part: list[int]) -> int:
    """Where in `part` the declared name stands: before the first [ at the outermost level, or last."""
    depth, last = 0, -1
    for n, k in enumerate(part):
        word = source.words[k]
        if word == "[" and depth == 0:
            break
        depth += (word in ("(", "<")) - (word in (")", ">"))
        if source.tokens[k].kind == "name" and depth == 0:
            last = n
    if last < 1:
        line = source.line(part[0]) if part else 1
        raise Refused(
            line, "this form of __shared__ declaration is not understood: write `__shared__ type name[size];`"
        )
    return last


def _spell(source: Source, part: list[int]) -> str:
    return " ".join(source.tokens[k].text for k in part)


def _declare(source: Source, kind: str, part: list[int], dynamic: bool, outside: bool) -> str:
    name, dims = source.words[part[0]], _spell(source, part[1:])
    if not dynamic:
        return f'auto& {name} = ::sim::shared<{kind}{dims}>([]{{}}, "{name}");'
    close = source.partner.get(part[1], part[1]) if len(part) > 1 else part[0]
    rest = _spell(source, [k for k in part if k > close])
    if outside:
        return f'static const ::sim::Dynamic<{kind}{rest}> {name}{{"{name}"}};'
    return f'auto* {name} = ::sim::dynamic<{kind}{rest}>("{name}");'


def _in_function(source: Source, i: int) -> bool:
    """Inside braces that no namespace or extern "C" opened."""
    for k in range(i - 1, -1, -1):
        if source.words[k] == "{" and source.partner.get(k, -1) > i:
            head = source.words[max(0, k - 4) : k]
            return "namespace" not in head and head[-1:] != ['"']
    return False


# ---------------------------------------------------------------- __device__ and __constant__ variables


def _variables(source: Source, found: list[scope.Function | scope.Variable]) -> Iterator[Edit]:
    for v in found:
        if isinstance(v, scope.Variable):
            end = source.tokens[v.end].end
            for name in v.names:
                constant = "true" if v.constant else "false"
                yield Edit(end, end, f' static ::sim::Variable sim_variable_{name}({name}, "{name}", {constant});')


# ---------------------------------------------------------------- locals without a value


def _unset(source: Source, found: list[scope.Function | scope.Variable], watched: bool) -> Iterator[Edit]:
    for f in found:
        if isinstance(f, scope.Function) and f.words & {"__device__", "__global__"} and "constexpr" not in f.words:
            for name, at in unset.declared(source, f.body):
                token, end = source.tokens[name], source.tokens[at].end
                if watched:
                    yield Edit(token.start, token.end, f"sim_own_{token.text}")
                yield Edit(end, end, f" SIM_UNSET({token.text});")


# ---------------------------------------------------------------- inline PTX


def _assembly(source: Source) -> Iterator[Edit]:
    for i, word in enumerate(source.words):
        if word not in ("asm", "__asm__", "__asm"):
            continue
        k = i + 1
        while source.word(k) in ("volatile", "__volatile__"):
            k += 1
        if source.word(k) != "(" or k not in source.partner:
            continue
        close = source.partner[k]
        inside = [source.tokens[t].text for t in range(k + 1, close)]
        text = inline.translate(inside)
        if text is None:
            raise Refused(source.line(i), f"the simulator does not know this inline PTX: {inline.opcode(inside)}")
        yield Edit(source.tokens[i].start, source.tokens[close].end, text)


# ---------------------------------------------------------------- host functions called from kernels


def _host_calls(source: Source, found: list[scope.Function | scope.Variable]) -> Iterator[Edit]:
    """nvcc refuses them; a host compiler would not notice."""
    functions = [f for f in found if isinstance(f, scope.Function)]
    host = {f.name for f in functions if not f.device} - {f.name for f in functions if f.device}
    for f in functions:
        if not f.words & {"__device__", "__global__"}:
            continue
        space = "__global__" if "__global__" in f.words else "__device__"
        for k in range(f.body[0] + 1, f.body[1]):
            if what := _host_name(source, k, host):
                message = f"calling a __host__ function ({what}) from a {space} function ({f.name}) is not allowed"
                yield Edit(source.tokens[k].start, source.tokens[k].start, f'_Pragma("GCC error \\"{message}\\"") ')


def _host_name(source: Source, k: int, host: set[str]) -> str:
    word, before, after = source.words[k], source.word(k - 1), source.word(k + 1)
    if word in host and after == "(" and before not in (".", "->", "::") and source.tokens[k - 1].kind != "name":
        return word
    if word == "std" and after == "::" and source.word(k + 2) in _HOST_ONLY:
        return f"std::{source.word(k + 2)}"
    return ""
