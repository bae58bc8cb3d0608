"""Cases: drawn within the budget, spelt and read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import case as case_
from grader import catalog, spec
from grader.errors import UsageError
from grader.model import Exercise
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
