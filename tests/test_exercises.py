"""The content itself: every folder of exercises/, solutions/ and tests/attempts/ is whole and means what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader import catalog, check, declaration, spec
from grader.layout import DTYPES
from grader.model import Exercise, Outcome
from grader.spec import Spec

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = [p.name for p in sorted((ROOT / "exercises").iterdir()) if p.is_dir() and p.name != "__pycache__"]
TASK = ("Task", "Worked example", "What it teaches", "Limits", "Where the same kernel lives")
ANSWER = ("Why it is right", "Why it is fast", "What to try next")

each = pytest.mark.parametrize("slug", EXERCISES)


@pytest.fixture
def exercise(slug: str) -> Exercise:
    return catalog.load(ROOT, slug)


@pytest.fixture
def loaded(exercise: Exercise) -> Spec:
    return spec.load(exercise.folder)


def skeleton(exercise: Exercise) -> Path:
    return ROOT / "solutions" / exercise.id / "skeleton.cu"


def solution(exercise: Exercise) -> Path:
    return ROOT / "solutions" / exercise.id / f"{exercise.name}.cu"


# ---------------------------------------------------------------- files


def test_there_are_exercises() -> None:
    assert EXERCISES
    assert catalog.discover(ROOT) == EXERCISES


@each
def test_folders_hold_what_they_should(exercise: Exercise) -> None:
    wanted = {"README.md", "exercise.toml", "spec.py", f"{exercise.name}.cu"}
    assert _files(exercise.folder) == wanted
    assert _files(skeleton(exercise).parent) == {"README.md", "skeleton.cu", f"{exercise.name}.cu"}


def _files(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir() if p.name != "__pycache__"}


@each
@pytest.mark.parametrize(("kind", "sections"), [("exercises", TASK), ("solutions", ANSWER)])
def test_readme_has_its_sections_in_order(exercise: Exercise, kind: str, sections: tuple[str, ...]) -> None:
    text = (ROOT / kind / exercise.id / "README.md").read_text()
    assert text.startswith(f"# {exercise.id[:2]} ")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == sections


@each
def test_the_skeleton_is_untouched_and_unsolved(exercise: Exercise) -> None:
    text = exercise.source.read_text()
    if text != skeleton(exercise).read_text() and "CI" not in os.environ:
        pytest.skip("you have begun this exercise")
    assert text == skeleton(exercise).read_text()
    assert "// TODO" in text
    assert text != solution(exercise).read_text()
    assert "TODO" not in solution(exercise).read_text()


@each
def test_both_sources_define_the_launcher(exercise: Exercise) -> None:
    for path in (exercise.source, solution(exercise)):
        assert f'extern "C" cudaError_t {exercise.declaration.launcher}(' in path.read_text()


# ---------------------------------------------------------------- exercise.toml


@each
def test_the_launcher_is_named_after_the_folder(exercise: Exercise) -> None:
    verb = "launch" if exercise.declaration.streamed else "run"
    assert exercise.declaration.launcher == f"{verb}_{exercise.name}"


@each
def test_prerequisites_exist_and_come_first(exercise: Exercise) -> None:
    for slug in exercise.prerequisites:
        assert slug in EXERCISES
        assert slug < exercise.id


@each
def test_three_hints(exercise: Exercise) -> None:
    assert len(exercise.hints) == 3
    assert all(len(hint) > 20 for hint in exercise.hints)


@each
def test_thresholds_and_tolerances_are_reasoned(exercise: Exercise) -> None:
    assert 0 < exercise.threshold <= exercise.excellent <= 1.5
    assert all(t.why for t in exercise.tolerances.values())


@each
def test_layout_names_pointers(exercise: Exercise) -> None:
    pointers = {p.name for p in exercise.declaration.params if p.pointer}
    outputs = {p.name for p in exercise.declaration.params if p.output}
    assert {*exercise.misaligned, *exercise.alias.values()} <= pointers
    assert exercise.alias.keys() <= outputs
    assert exercise.tolerances.keys() - {""} <= outputs


# ---------------------------------------------------------------- spec.py


def small(loaded: Spec) -> Iterator[dict[str, int]]:
    """A few sets of sizes that a CPU answers at once: the lowest, odd ones, and just past a warp."""
    for wanted in (0, 5, 37, 67):
        yield {name: min(s.high, max(s.low, wanted)) for name, s in loaded.sizes.items()}


def contents(loaded: Spec, recipe: str, sizes: dict[str, int], seed: int = 7) -> dict[str, Any]:
    return loaded.inputs(torch.Generator().manual_seed(seed), recipe, **sizes)


def outputs(exercise: Exercise) -> dict[str, torch.dtype]:
    return {p.name: DTYPES[p.ctype] for p in exercise.declaration.params if p.output}


@each
def test_every_argument_has_a_value(exercise: Exercise, loaded: Spec) -> None:
    sizes = next(small(loaded))
    scratch = {p.name for p in exercise.declaration.params if p.scratch}
    given = {*contents(loaded, loaded.recipes[0], sizes), *sizes, *scratch, "ws_bytes", *outputs(exercise)}
    assert {p.name for p in exercise.declaration.params} <= given


@each
def test_timed_shapes_are_sizes_of_the_spec(exercise: Exercise, loaded: Spec) -> None:
    assert exercise.timed
    for shape in exercise.timed:
        assert shape.keys() == loaded.sizes.keys()
        assert loaded.moved(**shape) > 10_000_000  # below, the reference is not timed well


@each
def test_inputs_are_decided_by_the_seed_and_typed_as_declared(exercise: Exercise, loaded: Spec) -> None:
    types = {p.name: DTYPES[p.ctype] for p in exercise.declaration.params if p.pointer}
    for recipe in loaded.recipes:
        for sizes in small(loaded):
            first, again = contents(loaded, recipe, sizes), contents(loaded, recipe, sizes)
            for name, value in first.items():
                if torch.is_tensor(value):
                    assert value.dtype is types[name]
                    assert torch.equal(value.view(-1).view(torch.uint8), again[name].view(-1).view(torch.uint8))
                else:
                    assert value == again[name]


@each
def test_the_oracle_is_exact_enough_to_accept_itself(exercise: Exercise, loaded: Spec) -> None:
    for recipe in loaded.recipes:
        for sizes in small(loaded):
            values = contents(loaded, recipe, sizes)
            want = loaded.oracle(**values, **sizes)
            rounded = {name: want[name].to(dtype) for name, dtype in outputs(exercise).items()}
            assert check.judge_outputs(rounded, want, exercise.tolerances) is None, (recipe, sizes)
            if _finite(values):
                assert _finite(want), (recipe, sizes)


def _finite(values: dict[str, Any]) -> bool:
    return all(bool(v.isfinite().all()) for v in values.values() if torch.is_tensor(v))


@each
def test_zeros_are_refused_wherever_the_answer_is_not_zero(exercise: Exercise, loaded: Spec) -> None:
    for recipe in loaded.recipes:
        for sizes in list(small(loaded))[1:]:
            want = loaded.oracle(**contents(loaded, recipe, sizes), **sizes)
            for name, dtype in outputs(exercise).items():
                zeros = {name: torch.zeros(want[name].shape, dtype=dtype)}
                refused = check.judge_outputs(zeros, want, exercise.tolerances) is not None
                assert refused == bool((want[name] != 0).any()), (name, recipe, sizes)


@each
def test_a_copy_of_an_input_is_refused(exercise: Exercise, loaded: Spec) -> None:
    for sizes in list(small(loaded))[1:]:
        values = contents(loaded, loaded.recipes[0], sizes)
        want = loaded.oracle(**values, **sizes)
        for name, dtype in outputs(exercise).items():
            for value in values.values():
                same = torch.is_tensor(value) and value.dtype is dtype and value.shape == want[name].shape
                if same and value.numel() > 1:
                    copy = {name: value}
                    assert check.judge_outputs(copy, want, exercise.tolerances) is not None, (name, sizes)


@each
def test_the_library_call_runs(exercise: Exercise, loaded: Spec) -> None:
    sizes = list(small(loaded))[2]
    loaded.library(**contents(loaded, loaded.recipes[0], sizes), **sizes)()


# ---------------------------------------------------------------- tests/attempts

EXPECT = re.compile(r"// expect(?:\((cuda|simulator)\))?: (.+)")


def attempts(slug: str) -> list[Path]:
    return sorted((ROOT / "tests" / "attempts" / slug).glob("*.cu"))


def expected(path: Path) -> set[str]:
    """The first words of every alternative: {"WRONG", "UNSAFE"}."""
    lines = [EXPECT.fullmatch(line) for line in path.read_text().splitlines()[:4]]
    return {words.split()[0] for found in lines if found for words in found[2].split(" | ")}


@each
def test_three_wrong_attempts_and_a_right_one(slug: str) -> None:
    verdicts = [expected(path) for path in attempts(slug)]
    assert sum("PASS" not in words for words in verdicts) >= 3
    assert sum("PASS" in words for words in verdicts) >= 1


def title(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", [p for slug in EXERCISES for p in attempts(slug)], ids=title)
def test_an_attempt_says_what_it_expects_and_why(path: Path) -> None:
    assert path.read_text().startswith("// expect")
    assert expected(path) and expected(path) <= {outcome.value for outcome in Outcome}
    assert any(line.startswith("// why: ") for line in path.read_text().splitlines()[:5])


def test_no_attempts_without_an_exercise() -> None:
    assert {p.name for p in (ROOT / "tests" / "attempts").iterdir() if p.is_dir()} <= set(EXERCISES)


# ---------------------------------------------------------------- nvcc, where there is one

SOURCES = [
    *(p for slug in EXERCISES for p in sorted((ROOT / "solutions" / slug).glob("*.cu"))),
    *(p for slug in EXERCISES for p in attempts(slug)),
]


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not on PATH: no .cu is compiled for a GPU here")
@pytest.mark.parametrize("path", SOURCES, ids=title)
def test_nvcc_compiles(path: Path, tmp_path: Path) -> None:
    """-O1 is quick and finds the same errors; the header is what the grader puts before a learner's source."""
    header = tmp_path / "declaration.h"
    header.write_text(declaration.header(catalog.load(ROOT, path.parent.name).declaration))
    done = subprocess.run(
        ["nvcc", "-std=c++17", "-arch=sm_90", "-O1", "-include", header, "-c", path, "-o", tmp_path / "out.o"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode == 0) == ("COMPILE" not in expected(path)), done.stderr
    if ROOT / "solutions" in path.parents:
        assert done.stderr == "" and done.stdout == ""
