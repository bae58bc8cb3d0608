"""The untouched skeleton: is a source still it, and how to get it back. Needs no git."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from grader.errors import MachineError, SpecError, UsageError
from grader.model import Exercise
from grader.record import sha


def skeleton(home: Path, exercise: Exercise) -> str:
    """The skeleton as it was shipped: solutions/<id>/skeleton.cu, which a learner never edits."""
    path = home / "solutions" / exercise.id / "skeleton.cu"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read ({error}); copy the exercise's first .cu there") from error


def is_untouched(skeleton: str, text: str) -> bool:
    """The same but for white space at the ends of lines, which editors change by themselves."""
    return _lines(skeleton) == _lines(text)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def todo(text: str) -> int:
    """The line where work starts: the first TODO, else the first line."""
    return next((n for n, line in enumerate(text.splitlines(), 1) if "TODO" in line), 1)


def put(path: Path, text: str, backups: Path, at: str) -> Path | None:
    """Writes a source over the learner's; returns where theirs was kept, None if there was nothing to keep.

    The backup is complete before the file is touched, and the file changes at one instant or not at all.
    """
    path = path.resolve()  # a learner may have linked it to elsewhere
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        old = path.read_bytes() if path.exists() else b""
        if old == text.encode():
            return None
        kept = _backup(old, backups, at) if old else None
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        if path.exists():
            fresh.chmod(path.stat().st_mode)
        fresh.replace(path)
    except OSError as error:
        raise MachineError(f"nothing changed: {error}; make {backups} and {path.parent} writable") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return kept


def _backup(old: bytes, backups: Path, at: str) -> Path:
    """<backups>/<UTC time>-<sha8>.cu"""
    when = at[:19].replace("-", "").replace(":", "")
    path = backups / f"{when}-{sha(old.decode(errors='surrogateescape'))[:8]}.cu"
    backups.mkdir(parents=True, exist_ok=True)
    path.write_bytes(old)
    return path


def lay(home: Path, texts: Mapping[str, str]) -> None:
    """Writes files that must not be there yet, and none of them if one is."""
    for path in texts:
        if (home / path).parent.exists():
            raise UsageError(f"{(home / path).parent} exists; choose another number or name, or remove it")
    try:
        for path, text in texts.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{error}; work in a clone that you may write to") from error


def reset(home: Path, exercise: Exercise, backups: Path, at: str) -> Path | None:
    """Puts the skeleton back."""
    return put(exercise.source, skeleton(home, exercise), backups, at)
