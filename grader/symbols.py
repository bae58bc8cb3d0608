"""What a compiled launcher takes from other libraries -> the rule it breaks. Pure; in the judge, before anything runs.

Not the wall (seccomp and the room are that) but the sentence: a launcher that starts a program or looks for the
grader's own functions is told so at once, and by name.
"""

from __future__ import annotations

import struct
from pathlib import Path

from grader.model import Finding

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


def forbidden(compiled: bytes) -> Finding | None:
    """The first rule that its imports break."""
    names = imports(compiled)
    for act, remedy, listed in _RULES:
        if found := sorted(names & set(listed.split())):
            return _finding(found[0], act, remedy)
    python = sorted(name for name in names if name.startswith(("Py", "_Py")))
    return _finding(python[0], *_PYTHON) if python else None


def _finding(name: str, act: str, remedy: str) -> Finding:
    return Finding("host", f"{name}() {act}, which is not allowed here: {remedy}", variable=name)


def read(library: Path) -> Finding | None:
    """Of the object files beside it: the library itself may hold CUDA's runtime, which does all that for a reason."""
    found = (forbidden(path.read_bytes()) for path in sorted(library.parent.glob("*.o")))
    return next((finding for finding in found if finding), None)


def imports(library: bytes) -> frozenset[str]:
    """The undefined names of an ELF object or library; none of what is no such file."""
    if library[:5] != b"\x7fELF\x02":
        return frozenset()
    sections = _sections(library)
    (kind,) = struct.unpack_from("<H", library, 16)
    table = next((s for s in sections if s[0] == (_SYMTAB if kind == _OBJECT else _DYNSYM)), None)
    if table is None or table[3] >= len(sections):
        return frozenset()
    _, offset, size, link = table
    strings = sections[link][1]
    found = (struct.unpack_from("<IBBH", library, at) for at in range(offset, offset + size, 24))
    return frozenset(_string(library, strings + name) for name, _, _, section in found if name and not section)


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
