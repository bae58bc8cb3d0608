"""What torch wrote for ninja is used again: for other texts with the same flags, in a process that has no torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader import backends, build, catalog, plan
from grader.model import Sources

ROOT = Path(__file__).resolve().parents[1]


def sources(text: str, **more: object) -> Sources:
    return replace(Sources({"kernel.cpp": text}, ("kernel.cpp",)), **more)  # type: ignore[arg-type]


def begun(text: str, cache: Path, **more: object) -> build.Pending:
    return build.start(sources(text, **more), "tests.scripted", cache)


def plans(cache: Path) -> list[Path]:
    return sorted((cache / "plans").glob("*"))


def test_only_the_first_build_is_planned_by_torch(tmp_path: Path) -> None:
    first = begun("int f() { return 1; }", tmp_path)
    assert not first.planned and first.wait().library.exists()
    second = begun("int f() { return 2; }", tmp_path)
    assert second.planned and second.wait().library.exists()
    assert len(plans(tmp_path)) == 1 and str(tmp_path) not in plans(tmp_path)[0].read_text()


def test_it_makes_the_same_library(tmp_path: Path) -> None:
    made = []
    for cache in (tmp_path / "a", tmp_path / "b"):
        begun("int g() { return 1; }", cache).wait()
        if cache.name == "b":
            plans(cache)[0].unlink()
        pending = begun("int f() { return 2; }", cache)
        made.append((pending.planned, pending.wait().library.read_bytes()))
    assert [planned for planned, _ in made] == [True, False]
    assert made[0][1] == made[1][1]


@pytest.mark.parametrize("more", [{"cflags": ("-O1",)}, {"ldflags": ("-s",)}, {"environment": {"CXX": "g++"}}])
def test_other_flags_have_a_plan_of_their_own(tmp_path: Path, more: dict[str, object]) -> None:
    begun("int f() { return 1; }", tmp_path).wait()
    pending = begun("int f() { return 2; }", tmp_path, **more)
    assert not pending.planned and pending.wait().library.exists() and len(plans(tmp_path)) == 2


def test_a_mistake_is_told_as_torch_would_have_it(tmp_path: Path) -> None:
    text = "int f() { return nosuch; }"
    first = begun(text, tmp_path).wait().errors
    assert not plans(tmp_path)[:1] and "nosuch" in first
    begun("int f() { return 1; }", tmp_path).wait()
    pending = begun(text, tmp_path)
    assert pending.planned and "nosuch" in pending.wait().errors
    assert [path.name for path in (tmp_path / "builds").iterdir() if path.name.startswith(".")] == []


def test_a_plan_that_does_not_work_any_more_is_nobodys_mistake(tmp_path: Path) -> None:
    """Torch makes another."""
    begun("int f() { return 1; }", tmp_path).wait()
    (path,) = plans(tmp_path)
    path.write_text(path.read_text().replace("cxx = ", "cxx = /nowhere/"))
    pending = begun("int f() { return 2; }", tmp_path)
    assert pending.planned and pending.wait().library.exists()
    assert "/nowhere/" not in path.read_text() and begun("int f() { return 3; }", tmp_path).wait().library.exists()


def test_a_folder_with_a_space_has_no_plan(tmp_path: Path) -> None:
    for n in (1, 2):
        pending = begun(f"int f() {{ return {n}; }}", tmp_path / "my cache")
        assert not pending.planned and pending.wait().library.exists()


WITHOUT = """
import sys
from pathlib import Path
from tests.test_plan import begun
pending = begun("int f() { return 2; }", Path(sys.argv[1]))
print(pending.planned, pending.wait().library.exists(), "torch" in sys.modules)
"""


def test_a_new_process_compiles_without_torch(tmp_path: Path) -> None:
    begun("int f() { return 1; }", tmp_path).wait()
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "True True False\n", done.stderr


SLUG = "01_vector_add"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    return tmp_path


def test_what_was_begun_ahead_is_handed_over_once(cache: Path) -> None:
    exercise = catalog.load(ROOT, SLUG)
    text = exercise.source.read_text()
    with build.ahead([(exercise, text, "simulator")]):
        assert not build._begun, "without a plan it would import torch"
    build.begin(exercise, text, "simulator").wait()
    other = text + "// another\n"
    with build.ahead([(exercise, other, "simulator"), (exercise, text, "simulator")]):
        (ahead,) = build._begun.values()
        assert build.begin(exercise, other, "simulator") is ahead and not build._begun
        assert ahead.wait().library.exists()
    assert build.begin(exercise, other, "simulator").wait().cached
    assert build.begin(exercise, text, "simulator").wait().cached, "what was there before stays"


def test_what_nobody_asked_for_is_stopped(cache: Path) -> None:
    exercise = catalog.load(ROOT, SLUG)
    build.begin(exercise, exercise.source.read_text(), "simulator").wait()
    with build.ahead([(exercise, exercise.source.read_text() + "// more\n", "simulator")]):
        (ahead,) = build._begun.values()
        assert ahead.folder.exists()
    assert not ahead.folder.exists() and not ahead.child and not build._begun


def test_what_cannot_be_translated_is_told_later(cache: Path) -> None:
    exercise = catalog.load(ROOT, SLUG)
    build.begin(exercise, exercise.source.read_text(), "simulator").wait()
    with build.ahead([(exercise, "#include <cub/cub.cuh>\n", "simulator")]):
        assert not build._begun
        with pytest.raises(build.Refused):
            backends.get("simulator").sources(exercise, "#include <cub/cub.cuh>\n", "vector_add.cu")


def test_torch_is_known_without_importing_it() -> None:
    code = "import sys; from grader import plan; print(plan.tools()[-1], 'torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "torch/version.py:" in said and said.endswith("False\n")
    assert plan.tools()[-1] in said
