"""Whose turn it is on the GPU, played by two processes without one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import turns
from grader.errors import MachineError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use(monkeypatch, tmp_path)
    monkeypatch.setattr(turns, "_uuid", lambda: "none")  # as in the other process; another test may have had one
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", str(path))


@contextlib.contextmanager
def another() -> Iterator[subprocess.Popen[str]]:
    """A process that has its turn until it is told to end."""
    code = "from grader import turns\nwith turns.alone(): print('here', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as child:
        assert child.stdout and child.stdout.readline() == "here\n"
        yield child
        child.kill()


def in_time(seconds: float = 0.3) -> bool:
    """Whether this process gets a turn while the other one has its own."""
    got = threading.Event()

    def ask() -> None:
        with turns.alone():
            got.set()

    threading.Thread(target=ask, daemon=True).start()
    return got.wait(seconds)


def test_one_times_at_a_time() -> None:
    with another() as child:
        assert not in_time()
        child.communicate("\n")
        assert in_time(10.0)
    assert in_time(10.0)


def test_a_killed_process_has_no_turn() -> None:
    with another() as child:
        child.kill()
        child.wait()
        assert in_time(10.0)


def test_waiting_is_told_once_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one may have been stopped with Ctrl-Z."""
    monkeypatch.setattr(turns, "SAID", 0.0)
    monkeypatch.setattr(turns, "PATIENCE", 0.2)
    said: list[str] = []
    with another(), turns.alone(said.append):
        pass
    assert said == ["waiting for a turn: another grader is timing on this GPU"]


def test_the_file_is_for_every_user(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with turns.alone():
            pass
    finally:
        os.umask(before)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644
    file.chmod(0o444)  # as another user's
    with turns.alone():
        assert not in_time()


def test_a_folder_that_cannot_be_written_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    use(monkeypatch, folder / "file")
    with pytest.raises(MachineError, match="TMPDIR"), turns.alone():
        pass
