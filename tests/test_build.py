"""Builds: cached by content, complete or absent, safe side by side, killed without a trace."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from grader import build
from grader.model import Build, Sources


def sources(text: str) -> Sources:
    return Sources(files={"kernel.cpp": text}, compile=("kernel.cpp",))


def made(text: str, cache: Path) -> Build:
    return build.start(sources(text), "tests.scripted", cache).wait()


def test_a_build_is_made_once_per_content(tmp_path: Path) -> None:
    first, again, other = (made(f"int f() {{ return {n}; }}", tmp_path) for n in (1, 1, 2))
    assert first.library.exists() and not first.cached and again.cached
    assert first.library == again.library != other.library


def test_the_library_depends_on_no_torch(tmp_path: Path) -> None:
    library = made("int f() { return 3; }", tmp_path).library.read_bytes()
    assert b"libtorch" not in library and b"libc10" not in library


def test_the_linker_reads_nothing_of_torch(tmp_path: Path) -> None:
    """Hundreds of megabytes of symbols, for a kernel that needs none. `--trace` names every file that is read."""
    traced = replace(sources("int f() { return 6; }"), ldflags=("-Wl,--trace",))
    said = (build.start(traced, "tests.scripted", tmp_path).wait().library.parent / "output.txt").read_text()
    read = {Path(line).name for line in said.splitlines() if line.startswith("/") and " " not in line}
    assert "libc.so.6" in read and not [name for name in read if re.match(r"lib(torch|c10)\w*\.so", name)]


def test_an_error_is_kept_whole_and_nothing_is_published(tmp_path: Path) -> None:
    failed = made("int f() { return nosuch; }\nint g() { return another; }", tmp_path)
    assert "nosuch" in failed.errors and "another" in failed.errors
    assert not list((tmp_path / "builds").iterdir())


def test_a_stale_private_folder_with_its_lock_is_harmless_and_goes(tmp_path: Path) -> None:
    left = tmp_path / "builds" / ".making-left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    os.utime(left, (time.time() - 2 * build.STALE,) * 2)
    assert made("int f() { return 4; }", tmp_path).library.exists()
    assert not left.exists()


def test_a_build_under_way_is_not_taken_for_a_stale_one_by_a_clock_that_jumped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = build.start(sources("int f() { return 7; }"), "tests.scripted", tmp_path)
    now = time.time()
    monkeypatch.setattr(build.time, "time", lambda: now + 10 * build.STALE)
    assert made("int f() { return 8; }", tmp_path).library.exists() and slow.folder.exists()
    assert slow.wait().library.exists() and slow.guard == -1


def test_a_stopped_build_leaves_nothing(tmp_path: Path) -> None:
    pending = build.start(sources("int f() { return 5; }"), "tests.scripted", tmp_path)
    pending.stop()
    assert not list((tmp_path / "builds").iterdir())
    assert made("int f() { return 5; }", tmp_path).library.exists()


def test_a_compiler_that_takes_too_long_is_stopped_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SECONDS", 0.01)
    assert "did not finish in 0 s" in made("int f() { return 7; }", tmp_path).errors
    assert not list((tmp_path / "builds").iterdir())


def test_two_processes_build_the_same_thing_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        built = list(pool.map(made, ["int f() { return 6; }"] * 2, [tmp_path] * 2))
    assert built[0].library == built[1].library and built[0].library.exists()
    assert [p.name for p in (tmp_path / "builds").iterdir()] == [built[0].library.parent.name]


def test_a_read_only_cache_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "builds").write_text("a file is in the way")
    with pytest.raises(build.MachineError, match="GRADER_CACHE"):
        build.start(sources("int f();"), "tests.scripted", tmp_path)
