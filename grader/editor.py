"""Which editor, how it is told the line, and its start."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import MachineError

if TYPE_CHECKING:
    from subprocess import Popen

PLUS = ("vi", "vim", "nvim", "gvim", "nano", "pico", "emacs", "emacsclient", "micro", "kak", "joe", "mg", "ne", "gedit")
GOTO = ("code", "code-insiders", "codium", "vscodium", "code-oss", "cursor", "windsurf")
COLON = ("hx", "helix", "subl", "zed", "zeditor")
WINDOWED = (*GOTO, "subl", "zed", "zeditor", "gvim", "gedit")  # opens beside the terminal and returns at once
FALLBACK = ("code", "codium", "nano", "vim", "vi")

Which = Callable[[str], str | None]


def chosen(environ: Mapping[str, str] = os.environ, which: Which = shutil.which) -> list[str]:
    """$VISUAL, then $EDITOR, then VS Code where it is, then what is installed; [] when there is none."""
    for name in ("VISUAL", "EDITOR"):
        if words := shlex.split(environ.get(name, "")):
            return words
    return next(([name] for name in FALLBACK if which(name)), [])


def command(words: list[str], path: Path, line: int) -> list[str]:
    """The command that opens `path` at `line`; at its top where we do not know how this editor is told."""
    name = Path(words[0]).name.removesuffix(".exe")
    if name in PLUS:
        return [*words, f"+{line}", str(path)]
    if name in GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    return [*words, f"{path}:{line}" if name in COLON else str(path)]


def windowed(words: list[str]) -> bool:
    return Path(words[0]).name.removesuffix(".exe") in WINDOWED


def start(words: list[str], **how: Any) -> Popen[bytes]:
    """Raises MachineError when there is no such program; `how` is Popen's."""
    import subprocess

    try:
        return subprocess.Popen(words, **how)
    except OSError as error:
        raise MachineError(f"{words[0]} cannot be started ({error.strerror}); correct VISUAL or EDITOR") from error


def ended(words: list[str], code: int) -> None:
    """Raises MachineError when the editor says that it failed."""
    if code:
        raise MachineError(f"{words[0]} ended with exit code {code}; set VISUAL or EDITOR to another editor")
