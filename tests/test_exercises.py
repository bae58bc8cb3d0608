"""The content itself: every folder of exercises/, solutions/ and tests/attempts/ is whole and means what it says."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

import pytest

from grader import author, catalog, expect, pristine, prove
from grader.folder import Folder

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = [p.name for p in sorted((ROOT / "exercises").iterdir()) if p.is_dir() and p.name != "__pycache__"]


@functools.cache
def folder(slug: str) -> Folder:
    """With its questions, which are asked once."""
    return Folder(ROOT, catalog.load(ROOT, slug))


def attempts(slug: str) -> list[Path]:
    return sorted((ROOT / "tests" / "attempts" / slug).glob("*.cu"))


def title(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def test_there_are_exercises() -> None:
    assert EXERCISES
    assert catalog.discover(ROOT) == EXERCISES


@pytest.mark.parametrize("slug", EXERCISES)
@pytest.mark.parametrize("rule", author.RULES)
def test_rule(slug: str, rule: str) -> None:
    one = folder(slug)
    if rule == "skeleton" and "CI" not in os.environ:
        if not pristine.is_untouched(one.skeleton.read_text(), one.exercise.source.read_text()):
            pytest.skip("you have begun this exercise")
    assert list(author.RULES[rule](one)) == []


@pytest.mark.parametrize("path", [p for slug in EXERCISES for p in attempts(slug)], ids=title)
@pytest.mark.parametrize("backend", ["cuda", "simulator"])
def test_an_attempt_says_what_it_expects(path: Path, backend: str) -> None:
    assert expect.expected(path, backend)


def test_no_attempts_without_an_exercise() -> None:
    assert {p.name for p in (ROOT / "tests" / "attempts").iterdir() if p.is_dir()} <= set(EXERCISES)


SOURCES = [p for slug in EXERCISES for p in (*sorted((ROOT / "solutions" / slug).glob("*.cu")), *attempts(slug))]


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH: no .cu is compiled for a GPU here")
@pytest.mark.parametrize("path", SOURCES, ids=title)
def test_nvcc_compiles(path: Path) -> None:
    assert list(prove.nvcc(catalog.load(ROOT, path.parent.name), path)) == []
