"""What a compiled launcher takes from other libraries -> the rule it breaks. Pure; in the judge, before anything runs.

Not the wall (seccomp and the room are that) but the sentence: a launcher that starts a program, looks for the
grader's own functions or lets a library do its work is told so at once, and by name.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from grader.model import LIBRARIES, Finding
from grader.nvcc import path

_RULES: tuple[tuple[str, str, str], ...] = (
    (
        "starts a program or a process",
        "a launcher only puts work on `stream`",
        "fork vfork _Fork clone system popen posix_spawn posix_spawnp "
        "execl execle execlp execv execve execveat execvp execvpe fexecve",
    ),
    (
        "uses the network",
        "the answer is to be computed here",
        "socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg getaddrinfo",
    ),
    (
        "looks up functions by name",
        "call what the headers declare; for the driver's own there is cudaGetDriverEntryPoint",
        "dlsym dlvsym dlopen dlmopen dl_iterate_phdr _r_debug",
    ),
    (
        "reaches into memory that is not its own",
        "use the pointers that the launcher was given",
        "ptrace process_vm_readv process_vm_writev mprotect pkey_mprotect",
    ),
    (
        "speaks to the operating system behind the grader's back",
        "a launcher only puts work on `stream`",
        "syscall prctl kill killpg sigqueue pidfd_open pidfd_send_signal",
    ),
)
_PYTHON = ("uses the worker's Python", "it is the grader's own")
_CALLED = re.compile(  # of NVIDIA's libraries, and of torch, which the build links where something uses it
    r"(?:cublas|cudnn|cufft|cusparse|cusolver|curand|cutensor|nccl)[A-Z]|_ZNK?(?:2at|3c10|5torch)\d"
)


def forbidden(compiled: bytes) -> Finding | None:
    """The first rule that its imports break."""
    names = imports(compiled)
    if called := sorted(filter(_CALLED.match, names)):
        return _borrowed(path(called[0])[-1:] or (called[0],))
    for act, remedy, listed in _RULES:
        if found := sorted(names & set(listed.split())):
            return _finding(found[0], act, remedy)
    python = sorted(name for name in names if name.startswith(("Py", "_Py")))
    return _finding(python[0], *_PYTHON) if python else None


def _finding(name: str, act: str, remedy: str) -> Finding:
    return Finding("host", f"{name}() {act}, which is not allowed here: {remedy}", variable=name)


def read(library: Path, allowed: Collection[str] = ()) -> Finding | None:
    """Of the object files beside it: the library itself may hold CUDA's runtime, which does all that for a reason.

    `allowed`: of LIBRARIES, whose kernels the exercise lets a launcher use.
    """
    compiled = [file.read_bytes() for file in sorted(library.parent.glob("*.o"))]
    found = [borrowed(one, allowed) for one in compiled] + [forbidden(one) for one in compiled]
    return next(filter(None, found), None)


# ---------------------------------------------------------------- whose kernels are they

_IDLE = ("EmptyKernel",)  # CUB compiles it into everything, and asks the runtime about it
# nvcc's host function of a kernel, or, where that is inlined, its static variable; in it the kernel's own name.
_STUB = re.compile(r"_Z(?:GV)?Z?L?(\d+)__device_stub_(_Z\w+)")


def borrowed(compiled: bytes, allowed: Collection[str] = ()) -> Finding | None:
    """The first kernel that a library of headers has put into this object, and the exercise does not allow."""
    for kernel in map(path, sorted(kernels(compiled))):
        if (whose := _library(kernel)) and whose not in allowed and kernel[-1] not in _IDLE:
            return _borrowed((whose, kernel[-1]))
    return None


def _borrowed(kernel: tuple[str, ...]) -> Finding:
    name = "::".join(kernel)
    return Finding("borrowed", f"{name} does the work; here the kernel is yours to write", variable=name)


def _library(kernel: tuple[str, ...]) -> str:
    """By its own namespace or, where a macro has renamed that, by the one inside it: cub::CUB_300001_SM_900."""
    for scope in kernel[:-1]:
        name = re.sub(r"_\d\w*$", "", scope).lower()
        if name in LIBRARIES:
            return name
    return ""


def kernels(compiled: bytes) -> frozenset[str]:
    """The mangled names of the kernels that an object defines, as nvcc calls them on the device."""
    found = (_STUB.fullmatch(name) for name, section in _symbols(compiled) if section)
    return frozenset(stub[2][: int(stub[1]) - len("__device_stub_")] for stub in found if stub)


# ---------------------------------------------------------------- reading ELF


def imports(library: bytes) -> frozenset[str]:
    """The undefined names of an ELF object or library; none of what is no such file."""
    return frozenset(name for name, section in _symbols(library) if not section)


def _symbols(library: bytes) -> Iterator[tuple[str, int]]:
    """(name, section, 0 where it is undefined): of an object all, of a library those that others see."""
    if library[:5] != b"\x7fELF\x02":
        return
    sections = _sections(library)
    (kind,) = struct.unpack_from("<H", library, 16)
    table = next((s for s in sections if s[0] == (_SYMTAB if kind == _OBJECT else _DYNSYM)), None)
    if table is None or table[3] >= len(sections):
        return
    _, offset, size, link = table
    strings = sections[link][1]
    for at in range(offset, offset + size, 24):
        name, _, _, section = struct.unpack_from("<IBBH", library, at)
        if name:
            yield _string(library, strings + name), section


_OBJECT = 1  # ET_REL
_SYMTAB, _DYNSYM = 2, 11


def _sections(library: bytes) -> list[tuple[int, int, int, int]]:
    """(type, offset, size, link) of each section."""
    (start,) = struct.unpack_from("<Q", library, 40)
    each, count = struct.unpack_from("<HH", library, 58)
    return [_section(library, start + n * each) for n in range(count)]


def _section(library: bytes, at: int) -> tuple[int, int, int, int]:
    kind, offset, size, link = struct.unpack_from("<4xI16xQQI", library, at)
    return kind, offset, size, link


def _string(library: bytes, at: int) -> str:
    return library[at : library.index(b"\0", at)].decode(errors="replace")
