"""Which files a compiler read -> the sentence for one that a launcher may not use: a solution, a finished build.

The compiler is not shut in as a worker is, so it could read what a source names. The compilers list what they read,
`#include`d files in INCLUDED and `.incbin`d ones in ASSEMBLED, whatever macros, pragmas and line markers pretend.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from grader.model import Sources

INCLUDED, ASSEMBLED = "included.d", "assembled.d"
ENVIRONMENT = {"SUNPRO_DEPENDENCIES": f"{INCLUDED} kernel"}  # each of nvcc's passes appends to it
CFLAGS = (f"-Wp,-MD,{INCLUDED}",)  # unlike -MMD it lists what a line marker calls a system's header, too
SYSTEM = ("/usr/include", "/usr/local/include", "/usr/lib", "/usr/lib64", "/usr/local/cuda")
SECRET = ("grader", "solutions", "exercises", "tests")  # beside this package, wherever that lies
SCRATCH = re.compile(r"tmpxft_[0-9a-f]+_[0-9a-f]+-\d+_[^/]+|cc\w{6}\.s")  # nvcc's and gcc's own, in the folder for such


def assembler(tool: str) -> str:
    """The flag that lists what is `.incbin`d, or "": clang's own assembler has none."""
    return "" if "clang" in tool else f"-Wa,--MD,{ASSEMBLED}"


def refusal(folder: Path, sources: Sources) -> str:
    """Why this build is not used, or "": it read a file that is neither CUDA's, the compiler's nor the grader's own."""
    listed = [folder / name for name in (INCLUDED, ASSEMBLED)]
    read = [name for path in listed if path.exists() for name in files(path.read_text(errors="replace"))]
    home = sources.environment.get("CUDA_HOME")
    if not (odd := foreign(read, folder, sources.include_paths, (home,) if home else ())):
        return ""
    return (
        f"{_named(sources, odd)}: error: {odd} is read, and is neither CUDA's nor the "
        "compiler's: a launcher stands in one file; write there what it needs"
    )


def files(rules: str) -> list[str]:
    """The prerequisites of a makefile's rules, each once."""
    words = re.findall(r"(?:\\[ #]|\$\$|[^\s\\]|\\(?!\s))+", rules.replace("\\\n", " "))
    plain = (re.sub(r"\\([ #])", r"\1", word).replace("$$", "$") for word in words if not word.endswith(":"))
    return list(dict.fromkeys(plain))


def foreign(read: Iterable[str], folder: Path, ours: Iterable[str], cuda: Iterable[str] = ()) -> str:
    """The first file that is in none of these folders, nor in the compiler's own. Names may be relative to `folder`."""
    mine, system = _real([str(folder), *ours]), _real([*cuda, *SYSTEM])
    passed = set()  # folders: there are fifty of them, with a thousand files
    for name in read:
        place = os.path.dirname(os.path.join(folder, name))
        real = "" if place in passed else os.path.realpath(place)
        if not real or _scratch(real, name):
            continue
        if not _within(real, mine):
            if _within(real, _secret()) or not (_within(real, system) or _within(real, _searched())):
                return name
        passed.add(place)
    return ""


def _real(folders: Iterable[str]) -> tuple[str, ...]:
    return tuple(os.path.realpath(folder) for folder in folders)


def _within(place: str, folders: tuple[str, ...]) -> bool:
    return any(place == folder or place.startswith(folder + os.sep) for folder in folders)


def _secret() -> tuple[str, ...]:
    root = Path(__file__).resolve().parents[1]
    return _real(str(root / name) for name in SECRET)


@functools.cache
def _searched() -> tuple[str, ...]:
    """Where the host compilers look by themselves, CPATH included: a toolchain need not lie under /usr."""
    tools = dict.fromkeys(os.environ.get(name) or "c++" for name in ("NVCC_CCBIN", "CXX"))
    said = "".join(map(_asked, tools))
    return _real(re.findall(r"^ (/\S.*)$", said, re.MULTILINE))


def _asked(tool: str) -> str:
    words = [*tool.split(), "-E", "-v", "-x", "c++", os.devnull]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=20).stderr
    except (OSError, subprocess.SubprocessError):
        return ""  # then it is not the one that has built


def _scratch(place: str, name: str) -> bool:
    return place == os.path.realpath(tempfile.gettempdir()) and bool(SCRATCH.fullmatch(os.path.basename(name)))


def _named(sources: Sources, file: str) -> str:
    """`softmax.cu:3`, where a line of the learner's names the file; its first file, where none does."""
    for name, text in sources.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if name.endswith(".cu") and os.path.basename(file) in line:
                return f"{name}:{number}"
    return next((name for name in sources.files if name.endswith(".cu")), sources.compile[0])
