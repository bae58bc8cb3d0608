"""What a person types -> exercises and sources; what a file may not be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from miniature import answer, course

from grader import choose
from grader.errors import EmptyError, SpecError, UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return course(tmp_path)


def ids(home: Path, *names: str, **more: object) -> list[str]:
    return [exercise.id for exercise in choose.exercises(home, names, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "2",
        "02",
        "scale",
        "02_scale",
        "sc",
        "exercises/02_scale",
        "exercises/02_scale/scale.cu",
        "./exercises/02_scale/",
    ],
)
def test_names(home: Path, name: str) -> None:
    assert ids(home, name) == ["02_scale"]


def test_names_are_taken_once_and_in_order(home: Path) -> None:
    assert ids(home, "2", "1", "scale") == ["02_scale", "01_copy"]


def test_an_unknown_name_gets_suggestions(home: Path) -> None:
    with pytest.raises(UsageError, match=r"no exercise called 'skale'; did you mean 02_scale"):
        ids(home, "skale")


def test_a_folder_without_exercise_toml_is_its_authors_to_mend(home: Path) -> None:
    (home / "exercises" / "03_new").mkdir()
    with pytest.raises(SpecError, match=r"03_new/exercise\.toml does not exist; add it"):
        ids(home, "exercises/03_new")


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("copy", "1"),
        ("COPY or scale", "12"),
        ("foundations and not copy", "2"),
        ("grid stride", "2"),
        ("not copy", "2"),
        ("stride and copy", ""),
    ],
)
def test_k(home: Path, pattern: str, chosen: str) -> None:
    if chosen:
        assert "".join(name[1] for name in ids(home, pattern=pattern)) == chosen
    else:
        with pytest.raises(EmptyError, match="matches no exercise"):
            ids(home, pattern=pattern)


@pytest.mark.parametrize("place", ["exercises/02_scale", "solutions/02_scale", "exercises/02_scale/deeper"])
def test_where_you_stand(home: Path, place: str) -> None:
    (home / place).mkdir(exist_ok=True)
    assert ids(home, cwd=home / place) == ["02_scale"]


@pytest.mark.parametrize("place", [".", "exercises", ".."])
def test_nothing_begun(home: Path, place: str) -> None:
    with pytest.raises(EmptyError, match="no exercise is begun yet; name one"):
        ids(home, cwd=home / place)


def test_the_last_touched(home: Path) -> None:
    for n, slug in enumerate(("02_scale", "01_copy")):
        source = home / "exercises" / slug / f"{slug[3:]}.cu"
        source.write_text(answer(slug[3:]))
        os.utime(source, (1e9 - n, 1e9 - n))
    assert ids(home, cwd=home) == ["02_scale"]


def test_no_exercises_at_all(tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match="set GRADER_ROOT"):
        ids(tmp_path, whole=True)


# ---------------------------------------------------------------- one source


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", r"is empty; `grader reset 1`"),
        (b" \n\t\n", "is empty"),
        (b"\x7fELF\0\0", "is a binary file"),
        (b"int a;\n// caf\xe9\n", r"copy\.cu:2 is not UTF-8 text; save the file as UTF-8"),
        (b"/" * 5_000_000, "has 5,000,000 bytes, and 1,000,000 is the limit"),
    ],
)
def test_what_is_no_source(home: Path, data: bytes, says: str) -> None:
    exercise = choose.one(home, "1")
    exercise.source.write_bytes(data)
    with pytest.raises(UsageError, match=says):
        choose.source(exercise.source, exercise)


def test_a_missing_file_and_a_folder(home: Path) -> None:
    exercise = choose.one(home, "1")
    with pytest.raises(UsageError, match="is not a file"):
        choose.source(home, exercise)
    exercise.source.unlink()
    with pytest.raises(UsageError, match="does not exist; .*`grader reset 1` puts the skeleton back"):
        choose.source(exercise.source, exercise)


def test_a_byte_order_mark_and_windows_lines_are_fine(home: Path) -> None:
    exercise = choose.one(home, "1")
    exercise.source.write_bytes("\ufeffint a;\r\nint b;\r\n".encode())
    assert "int a;" in choose.source(exercise.source, exercise)
