"""Cases: drawn within the budget, spelt and read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import case as case_
from grader import cases, catalog, spec
from grader.errors import UsageError
from grader.model import Case, Exercise
from grader.spec import Spec

HOME = Path(__file__).resolve().parents[1]
IDS = catalog.discover(HOME)
LOADED: dict[str, tuple[Exercise, Spec]] = {}


def loaded(slug: str) -> tuple[Exercise, Spec]:
    if slug not in LOADED:
        exercise = catalog.load(HOME, slug)
        LOADED[slug] = (exercise, spec.load(exercise.folder))
    return LOADED[slug]


@pytest.mark.parametrize("slug", IDS)
@settings(max_examples=50)
@given(data=st.data())
def test_drawn_cases_fit_and_survive_the_round_trip(slug: str, data: st.DataObject) -> None:
    exercise, spec_ = loaded(slug)
    drawn = data.draw(case_.strategy(exercise, spec_, 1 << 19))
    assert spec_.moved(**drawn.sizes) <= max(1 << 19, spec_.moved(**{n: s.low for n, s in spec_.sizes.items()}))
    assert all(spec_.sizes[n].low <= v <= spec_.sizes[n].high for n, v in drawn.sizes.items())
    again = case_.parse(str(drawn), exercise, spec_)
    assert str(again) == str(drawn)


@pytest.mark.parametrize(
    "text", ["", "rows=1", "rows=1,cols=x", "rows=0,cols=1", "rows=1,cols=1,recipe=odd", "rows=1,cols=1,q+1", "a"]
)
def test_a_bad_case_is_one_clear_error(text: str) -> None:
    with pytest.raises(UsageError, match="--case"):
        case_.parse(text, *loaded("07_softmax"))


@pytest.mark.parametrize("slug", IDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_choice_is_tried_with_each_recipe(slug: str, seed: int) -> None:
    """An op's overflow shows with large numbers alone; of fifty drawn cases no one need have the two."""
    exercise, spec_ = loaded(slug)
    chosen = cases.sample(exercise, spec_, seed, 20, 1 << 19)
    ample = [c for c in chosen if spec_.moved(**c.sizes) >= case_.AMPLE]
    for name, s in spec_.sizes.items():
        values = range(s.low, s.high + 1) if s.high - s.low < case_.CHOICES else ()
        pairs = {(value, recipe) for value in values for recipe in spec_.recipes}
        assert pairs <= {(c.sizes[name], c.recipe) for c in ample}


def test_what_was_drawn_is_not_tried_again() -> None:
    _, spec_ = loaded("02_elementwise_activations")
    every = [Case({"n": 1 << 12, "op": op}, recipe) for op in range(6) for recipe in spec_.recipes]
    assert case_.crossed(spec_, every) == ()
    (left,) = case_.crossed(spec_, every[1:])
    assert (left.sizes["op"], left.recipe) == (0, spec_.recipes[0])
    assert case_.AMPLE <= spec_.moved(**left.sizes) <= case_.ROOM
    small = [Case({**case.sizes, "n": 1}, case.recipe) for case in every]
    assert len(case_.crossed(spec_, small)) == len(every), "one element tells little"


def test_one_case_makes_up_for_several_choices() -> None:
    _, spec_ = loaded("41_attention_naive")
    choices = [name for name, s in spec_.sizes.items() if s.high - s.low < case_.CHOICES]
    most = max(spec_.sizes[name].high - spec_.sizes[name].low + 1 for name in choices)
    assert len(choices) > 2 and len(case_.crossed(spec_, ())) == most * len(spec_.recipes)


def test_an_exercise_without_choices_has_none() -> None:
    assert case_.crossed(loaded("07_softmax")[1], ()) == ()


def test_outputs_are_looked_at_in_the_order_of_the_declaration() -> None:
    """The first wrong one is told: the same in each process, though each has its own order of a set."""
    several = 0
    for slug in IDS:
        exercise, spec_ = loaded(slug)
        declared = [p.name for p in exercise.declaration.params if p.output]
        call = cases.prepare(exercise, spec_, case_.corners(exercise, spec_, 1 << 12)[-1], 1, "simulator", 1.0)
        assert list(call.plan.shapes) == declared
        several += len(declared) > 1
    assert several > 6
