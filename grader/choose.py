"""Words typed -> exercises and sources. Says what is wrong with a file before anything is built."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader import catalog, pristine
from grader.errors import EmptyError, SpecError, UsageError
from grader.model import Exercise

LIMIT = 1_000_000  # bytes of one source; a kernel is a few thousand


def everything(home: Path) -> tuple[Exercise, ...]:
    if not (ids := catalog.discover(home)):
        raise EmptyError(f"no exercises under {home}; set GRADER_ROOT to the folder that holds exercises/")
    return tuple(catalog.load(home, slug) for slug in ids)


def exercises(
    home: Path, names: Sequence[str], pattern: str = "", whole: bool = False, cwd: Path | None = None
) -> tuple[Exercise, ...]:
    """Those named; else all that match; else the one you stand in; else the one you last touched."""
    if names:
        chosen = tuple({exercise.id: exercise for exercise in (one(home, name) for name in names)}.values())
    elif whole or pattern:
        chosen = everything(home)
    else:
        chosen = (current(home, cwd or Path.cwd()),)
    if pattern:
        chosen = tuple(exercise for exercise in chosen if matches(pattern, exercise))
    if not chosen:
        raise EmptyError(f"-k {pattern!r} matches no exercise; `grader list` shows all")
    return chosen


def one(home: Path, name: str) -> Exercise:
    try:
        return catalog.load(home, catalog.find(home, name))
    except UsageError:
        word = Path(name).name
        if word and (home / "exercises" / word).is_dir():  # an author's folder that is not complete
            return catalog.load(home, word)
        raise


def matches(pattern: str, exercise: Exercise) -> bool:
    """`softmax or scan`, `reduction and not half`: words sought in id, title, track and concepts."""
    text = " ".join((exercise.id, exercise.title, exercise.track, *exercise.concepts)).lower()
    return any(
        all(_holds(term, text) for term in re.split(r"\s+and\s+", choice))
        for choice in re.split(r"\s+or\s+", pattern.strip().lower())
    )


def _holds(term: str, text: str) -> bool:
    return term[4:].strip() not in text if term.startswith("not ") else term in text


def current(home: Path, cwd: Path) -> Exercise:
    """The exercise whose folder (or solution's folder) you stand in, else the last touched."""
    if (here := at_hand(home, cwd)) is None:
        raise EmptyError("no exercise is begun yet; name one, as in `grader run 1`, or see `grader list`")
    return here


def at_hand(home: Path, cwd: Path, known: Iterable[Exercise] = ()) -> Exercise | None:
    """The same, or None before the first edit; `known` are all exercises, where they are read already."""
    return standing_in(home, cwd) or newest(touched(home, known or everything(home)))


def newest(edited: Sequence[Exercise]) -> Exercise | None:
    """The one that was saved last."""
    return max(edited, key=lambda exercise: exercise.source.stat().st_mtime_ns, default=None)


def suits(exercise: Exercise, track: str | None, difficulty: tuple[int, int] | None, needs: str | None) -> bool:
    """`needs` is "gpu" for those that the simulator cannot run, "nothing" for the others."""
    low, high = difficulty or (1, 5)
    hardware = not needs or (needs == "gpu") == bool(exercise.unsimulated)
    return (not track or exercise.track == track) and low <= exercise.difficulty <= high and hardware


def standing_in(home: Path, cwd: Path) -> Exercise | None:
    for part in ("exercises", "solutions"):
        inside = Path(os.path.relpath(cwd.resolve(), home.resolve() / part)).parts
        if inside and inside[0] != ".." and (home / "exercises" / inside[0]).is_dir():
            return catalog.load(home, inside[0])
    return None


def touched(home: Path, exercises: Iterable[Exercise]) -> list[Exercise]:
    """Those whose source is no longer the skeleton."""
    return [exercise for exercise in exercises if _edited(home, exercise)]


def _edited(home: Path, exercise: Exercise) -> bool:
    try:
        text = exercise.source.read_text(encoding="utf-8", errors="replace")
        return not pristine.is_untouched(pristine.skeleton(home, exercise), text)
    except (OSError, SpecError):  # a missing file is no edit; `run` says more
        return False


# ---------------------------------------------------------------- one source


def readme(folder: Path) -> str:
    """An exercise's text, or a solution's; where there is none, that."""
    path = folder / "README.md"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else f"({path} is missing)"


def source(path: Path, exercise: Exercise) -> str:
    """The text of a .cu; UsageError when it cannot be one."""
    again = f"`grader reset {exercise.number}` puts the skeleton back"
    try:
        data = _bytes(path, again)
        text = data.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); make it readable") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line} is not UTF-8 text; save the file as UTF-8, or {again}") from error
    if not text.strip():
        raise UsageError(f"{path} is empty; {again}")
    return text


def _bytes(path: Path, again: str) -> bytes:
    if not path.exists():
        raise UsageError(f"{path} does not exist; correct the path, or {again}")
    if not path.is_file():
        raise UsageError(f"{path} is not a file; name a .cu file")
    if (size := path.stat().st_size) > LIMIT:
        raise UsageError(f"{path} has {size:,} bytes, and {LIMIT:,} is the limit; grade a smaller file, or {again}")
    data = path.read_bytes()
    if b"\0" in data:
        raise UsageError(f"{path} is a binary file; name a CUDA source, or {again}")
    return data


def shown(path: Path) -> str:
    """As one would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
