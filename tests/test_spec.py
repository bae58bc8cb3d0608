"""spec.py -> Spec: mistakes name file and line; the words for inputs() keep their promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import spec
from grader.errors import SpecError

WHOLE = """\
from grader.spec import draw, size

sizes = {"n": size(1, 100, near=(32,))}
recipes = ("normal",)


def inputs(g, recipe, n):
    return {"x": draw(g, recipe, n)}


def oracle(x, **_):
    return {"y": 2 * x.double()}


def library(x, **_):
    return lambda: 2 * x


def moved(n):
    return 8 * n
"""


def write(folder: Path, text: str) -> Path:
    (folder / "spec.py").write_text(text)
    return folder


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- loading


def test_load(tmp_path: Path) -> None:
    found = spec.load(write(tmp_path, WHOLE))
    assert found.sizes == {"n": spec.Size(1, 100, (32,))}
    assert found.moved(n=3) == 24
    x = found.inputs(generator(), "normal", n=5)["x"]
    assert torch.equal(found.oracle(x=x, n=5)["y"], 2 * x.double())


def test_defaults(tmp_path: Path) -> None:
    found = spec.load(write(tmp_path, WHOLE))
    assert (found.flops(n=3), found.workspace(n=3), dict(found.outputs(n=3))) == (0, 0, {})


def test_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"spec\.py does not exist; an exercise needs"):
        spec.load(tmp_path)


@pytest.mark.parametrize("name", ["sizes", "recipes", "inputs", "oracle", "library", "moved"])
def test_a_missing_name_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match=f"does not define {name};"):
        spec.load(write(tmp_path, WHOLE + f"\ndel {name}\n"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("def moved(n):", "def moved(n:", r"spec\.py:19: SyntaxError"),
        ("size(1, 100, near=(32,))", "size(1)", r"spec\.py:3: TypeError"),
        ("import draw", "import drawn", r"spec\.py:1: ImportError"),
        ('recipes = ("normal",)', "recipes = normal", r"spec\.py:4: NameError"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        spec.load(write(tmp_path, WHOLE.replace(old, new)))
    assert str(caught.value).endswith("correct it")


# ---------------------------------------------------------------- words for sizes


@given(st.integers(0, 50), st.integers(0, 1000), st.lists(st.integers(0, 2000), max_size=4))
def test_edges_lie_in_the_range_and_begin_with_the_lowest(low: int, more: int, near: list[int]) -> None:
    found = spec.size(low, low + more, tuple(near))
    assert found.edges[0] == low
    assert all(low <= n <= low + more for n in found.edges)
    assert all(n in found.edges for n in near if low <= n <= low + more)


# ---------------------------------------------------------------- words for inputs()

RECIPES = ("normal", "constant", "spikes", "ties", "shift")
SHAPES = st.lists(st.integers(0, 9), min_size=1, max_size=3)


@given(st.sampled_from(RECIPES), SHAPES, st.integers(0, 2**40))
def test_draw_is_decided_by_the_seed(recipe: str, shape: list[int], seed: int) -> None:
    first = spec.draw(generator(seed), recipe, *shape)
    assert first.shape == tuple(shape)
    assert first.dtype == torch.float32
    assert first.isfinite().all()
    assert torch.equal(first, spec.draw(generator(seed), recipe, *shape))


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_draw_in_other_types(recipe: str, dtype: torch.dtype) -> None:
    found = spec.draw(generator(), recipe, 100, dtype=dtype)
    assert found.dtype == dtype
    assert found.isfinite().all()


@given(st.integers(1, 200))
def test_spikes_stand_at_both_ends_and_in_the_middle(n: int) -> None:
    x = spec.draw(generator(), "spikes", n)
    assert x[0] == x[n // 2] == x[-1] == 1000


def test_constant_is_exact_and_ties_tie() -> None:
    assert spec.draw(generator(), "constant", 99).sum() == 49.5
    ties = spec.draw(generator(), "ties", 1000)
    assert torch.equal(ties, ties.round())
    assert len(ties.unique()) == 16


def test_shift_is_far_from_zero() -> None:
    assert spec.draw(generator(), "shift", 1000).mean().item() == pytest.approx(1e4, rel=1e-3)


@given(st.integers(-5, 5), st.integers(1, 9))
def test_integers_lie_below_the_high_end(low: int, more: int) -> None:
    found = spec.integers(generator(), low, low + more, 50)
    assert found.dtype == torch.int32
    assert low <= int(found.min()) <= int(found.max()) < low + more


@given(st.integers(1, 1 << 24))
def test_serial_grows_with_the_terms_but_slower(terms: int) -> None:
    assert 1 < spec.serial(terms) <= spec.serial(terms + 1) < 2 + terms
