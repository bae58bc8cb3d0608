"""Makes what the papers show of the screen, by doing it: each command runs in a terminal of its own, on the simulator.

python docs/record.py             docs/terminal.svg, and what stands under each `$ …` of the pages
python docs/record.py picture     the first alone; `pages`: the others

A page's screen is a ```console block; the comment above it names the source that stands in the learner's file.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import io
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "terminal.svg"
PAGES = ("docs/index.md", "docs/verdicts.md")
LINES, COLUMNS = 60, 96
KEPT = ("CXX", "HOME", "LANG", "LD_LIBRARY_PATH", "PATH")
FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

# A race whose numbers are right on most days; then the barrier that is missing, and the verdict after it.
SUM = "exercises/05_reduction_sum/reduction_sum.cu"
RACE = "tests/attempts/05_reduction_sum/missing_barrier_in_tree.cu"
STORY = (
    "python -m grader run 5",
    f"sed -n 15,17p {SUM}",
    rf"sed -i '16a\        __syncthreads();' {SUM}",
    "python -m grader run 5",
)

SCREEN = re.compile(r"<!-- (?P<source>\S+\.cu) -->\n```console\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Screen:
    """A ```console block: what stands in the learner's file, and what is typed and printed."""

    source: str  # tests/attempts/01_vector_add/no_bounds_guard.cu
    text: str

    @property
    def commands(self) -> tuple[str, ...]:
        return tuple(re.findall(r"^\$ (.+)$", self.text, re.MULTILINE))


def screens(page: str) -> tuple[Screen, ...]:
    return tuple(Screen(found["source"], found["text"]) for found in SCREEN.finditer(page))


# ---------------------------------------------------------------- a learner's desk


@dataclass(frozen=True)
class Desk:
    """A folder laid out by `grader init`, with a record and a cache of its own: nobody else's attempts show."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        place = self.folder.parent
        own = {"GRADER_CACHE": place / "cache", "XDG_CACHE_HOME": place / "cache", "XDG_STATE_HOME": place / "state"}
        modules = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        rest = {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": modules, "TERM": "xterm-256color"}
        return {**kept, **{name: str(path) for name, path in own.items()}, **rest}

    def put(self, source: str) -> None:
        """The source becomes the learner's file; there are no attempts before it."""
        slug = Path(source).parent.name
        shutil.copyfile(ROOT / source, self.folder / "exercises" / slug / f"{slug.split('_', 1)[1]}.cu")
        for past in (self.folder.parent / "state", self.folder.parent / "cache" / "examples"):
            shutil.rmtree(past, ignore_errors=True)

    def play(self, source: str, commands: Sequence[str]) -> str:
        """What the terminal shows of the commands, one after the other, colours included."""
        self.put(source)
        shown = [f"\x1b[1m$ {command}\x1b[0m\n{terminal(command, self)}" for command in commands]
        return "\n".join(shown)


@contextlib.contextmanager
def desk() -> Iterator[Desk]:
    """Warm: the simulator's headers are compiled once, and a first time tells nothing of the others."""
    with tempfile.TemporaryDirectory() as place:
        made = Desk(Path(place) / "cuda")
        made.folder.mkdir()
        terminal("python -m grader init .", made)
        terminal("python -m grader run 1 --solution", made)
        yield made


def terminal(command: str, at: Desk) -> str:
    """Runs a command in a pseudo-terminal and returns what it printed, ANSI sequences included."""
    words = shlex.split(command)
    words[0] = sys.executable if words[0] == "python" else words[0]
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with subprocess.Popen(words, cwd=at.folder, env=at.environment, stdin=its, stdout=its, stderr=its):
        os.close(its)
        printed = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    """b"" at the end, which Linux says with an error."""
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""


# ---------------------------------------------------------------- onto paper


def plain(printed: str) -> str:
    """Without colours, and without the lines that were overwritten while it ran."""
    return "\n".join(line.rstrip() for line in Text.from_ansi(printed).plain.splitlines()) + "\n"


def svg(printed: str) -> str:
    """The same as a picture that asks nobody for a font."""
    console = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(printed))
    drawn = console.export_svg(title="python -m grader", unique_id="terminal")
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)  # librsvg drops leading blanks
    return re.sub(r"font-family: (Fira Code|arial)[^;]*;?", f"font-family: {FONT};", drawn)


def rewritten(page: str, at: Desk) -> str:
    """The page with every screen as it is now."""

    def made(found: re.Match[str]) -> str:
        screen = Screen(found["source"], found["text"])
        return found[0].replace(screen.text, plain(at.play(screen.source, screen.commands)))

    return SCREEN.sub(made, page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("picture", "pages"), help="default: both")
    what = parser.parse_args().what
    with desk() as at:
        if what != "pages":
            PICTURE.write_text(svg(at.play(RACE, STORY)))
        for page in PAGES if what != "picture" else ():
            (ROOT / page).write_text(rewritten((ROOT / page).read_text(), at))


if __name__ == "__main__":
    main()
