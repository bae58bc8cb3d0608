"""Where text meets the terminal: colour, width, progress. Knows streams, and nothing of verdicts."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from grader.errors import MachineError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

UNBOUNDED = 10_000  # without a terminal nothing wraps: a line of output is a line for grep


def coloured(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """NO_COLOR, then FORCE_COLOR, then whether a person is looking."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def watched() -> bool:
    """Whether a person looks at stdout, and not for plain text: only then is Markdown worth rendering."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def links(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to send OSC 8 links: to a terminal, which ignores them when it does not know them."""
    plain = environ.get("TERM", "") in ("", "dumb", "linux") or environ.get("TERM_PROGRAM") == "vscode"  # links itself
    return sys.stdout.isatty() and coloured(sys.stdout, environ) and not plain


def width(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """COLUMNS, else the terminal's, else as wide as it takes."""
    if environ.get("COLUMNS", "").isdigit() and int(environ["COLUMNS"]) > 0:
        return max(20, int(environ["COLUMNS"]))
    return max(20, shutil.get_terminal_size().columns) if stream.isatty() else UNBOUNDED


def out(*renderables: Any) -> None:
    """Prints strings and rich renderables on stdout."""
    if all(isinstance(item, str) for item in renderables):
        sys.stdout.write("".join(f"{item}\n" for item in renderables))
        return
    console = _console(sys.stdout)
    with console.capture() as captured:
        for item in renderables:
            console.print(item)
    lines = captured.get().splitlines()
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))  # tables are padded to their width


def html(path: Path, title: str, *renderables: Any) -> None:
    """The same in colour, as one page that needs nothing else."""
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), record=True, width=160, force_terminal=True, markup=False, highlight=False)
    for item in renderables:
        console.print(item)
    text = console.export_html(inline_styles=True)
    text = text.replace("<meta charset", f"<title>{escape(title)}</title>\n<meta charset", 1)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}; choose another file") from error


def text(renderable: Any, columns: int) -> str:
    """The same without colour, `columns` wide: for a page that shows what the terminal shows."""
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), width=columns, markup=False, highlight=False, emoji=False, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def note(text: str) -> None:
    """One line for the person, on stderr: stdout may be a pipe."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def clear() -> None:
    """An empty screen; what was on it stays in the terminal's memory."""
    if os.environ.get("TERM") != "dumb":
        sys.stdout.write("\n" * max(1, shutil.get_terminal_size().lines - 1) + "\x1b[H\x1b[2J")


def flush() -> None:
    """Out now: whoever reads us line by line waits for it."""
    sys.stdout.flush()


def dim(text: str) -> Text:
    from rich.text import Text

    return Text(text, "dim")


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    colour = coloured(stream)
    return Console(
        file=stream,
        color_system="standard" if colour else None,  # 16 colours: readable on light and on dark themes
        force_terminal=colour,
        no_color=not colour,
        width=width(stream),
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def ask(text: str) -> None:
    """A question; the answer is typed on the same line."""
    sys.stderr.write(text)
    sys.stderr.flush()


def defect(error: Exception) -> str:
    """One line on a defect of ours; the traceback goes to stderr under GRADER_DEBUG=1."""
    trace = traceback.extract_tb(error.__traceback__)
    if os.environ.get("GRADER_DEBUG") == "1":
        note("".join(traceback.format_exception(error)).rstrip())
    where = f" ({Path(trace[-1].filename).name}:{trace[-1].lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{where}"


class Progress:
    """Says what is going on: a line that changes where a person looks, else a line each few seconds."""

    def __init__(self, stream: TextIO | None = None, every: float = 2.0) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.every = every
        self.said = 0.0

    def __call__(self, text: str) -> None:
        if self.live:
            room = max(20, shutil.get_terminal_size().columns) - 1
            self._write(f"\r\033[K{text[:room]}")
        elif time.monotonic() - self.said >= self.every:
            self.said = time.monotonic()
            self._write(f"{text}\n")

    def clear(self) -> None:
        if self.live:
            self._write("\r\033[K")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
