"""The skeleton is known without git, and nothing a learner wrote is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from miniature import SKELETON, answer, course

from grader import catalog, pristine
from grader.errors import MachineError, SpecError
from grader.model import Exercise

AT = "2026-11-24T10:00:00+00:00"


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    return catalog.load(course(tmp_path), "01_copy")


def reset(exercise: Exercise, backups: Path, at: str = AT) -> Path | None:
    return pristine.reset(exercise.folder.parents[1], exercise, backups, at)


@pytest.mark.parametrize(
    ("text", "untouched"),
    [
        ("a;\nb;\n", True),
        ("a;  \nb;", True),
        ("a;\r\nb;\r\n", True),
        ("a;\nb;\n\n\n", True),
        (" a;\nb;\n", False),
        ("a;\n\nb;\n", False),
        ("a; b;\n", False),
        ("a;\nb;\n// note\n", False),
    ],
)
def test_untouched_but_for_the_ends_of_lines(text: str, untouched: bool) -> None:
    assert pristine.is_untouched("a;\nb;\n", text) is untouched


def test_reset_keeps_what_was_there(exercise: Exercise, tmp_path: Path) -> None:
    exercise.source.write_text(answer("copy"))
    kept = reset(exercise, tmp_path / "backups")
    assert exercise.source.read_text() == SKELETON.format(name="copy")
    assert kept and kept.read_text() == answer("copy") and kept.name.startswith("20261124T100000-")


def test_reset_of_the_skeleton_changes_nothing(exercise: Exercise, tmp_path: Path) -> None:
    before = exercise.source.stat()
    assert reset(exercise, tmp_path / "backups") is None
    assert exercise.source.stat() == before and not (tmp_path / "backups").exists()


def test_reset_brings_a_deleted_file_back(exercise: Exercise, tmp_path: Path) -> None:
    exercise.source.unlink()
    assert reset(exercise, tmp_path / "backups") is None
    assert exercise.source.read_text() == SKELETON.format(name="copy")


def test_two_resets_in_one_second_keep_both(exercise: Exercise, tmp_path: Path) -> None:
    for text in ("// one", "// two"):
        exercise.source.write_text(text)
        reset(exercise, tmp_path / "backups")
    assert sorted(p.read_text() for p in (tmp_path / "backups").iterdir()) == ["// one", "// two"]


def test_any_bytes_are_kept(exercise: Exercise, tmp_path: Path) -> None:
    exercise.source.write_bytes(b"\xff\x00 not text")
    kept = reset(exercise, tmp_path / "backups")
    assert kept and kept.read_bytes() == b"\xff\x00 not text"


def test_a_link_stays_a_link(exercise: Exercise, tmp_path: Path) -> None:
    real = exercise.source.rename(tmp_path / "elsewhere.cu")
    exercise.source.symlink_to(real)
    real.write_text("// mine")
    reset(exercise, tmp_path / "backups")
    assert exercise.source.is_symlink() and real.read_text() == SKELETON.format(name="copy")


def test_without_room_for_the_backup_nothing_changes(exercise: Exercise, tmp_path: Path) -> None:
    exercise.source.write_text("// mine")
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(MachineError, match=r"nothing changed.*writable"):
        reset(exercise, tmp_path / "backups")
    assert exercise.source.read_text() == "// mine"
    assert os.listdir(exercise.folder) == os.listdir(exercise.folder.parent / "01_copy")
    assert not list(exercise.folder.glob(".*"))


def test_a_missing_skeleton_is_the_authors_fault(exercise: Exercise, tmp_path: Path) -> None:
    (tmp_path / "solutions" / "01_copy" / "skeleton.cu").unlink()
    with pytest.raises(SpecError, match=r"skeleton\.cu cannot be read"):
        reset(exercise, tmp_path / "backups")


def test_the_line_where_work_starts() -> None:
    assert pristine.todo(SKELETON) == 3 and pristine.todo("no such word") == 1
