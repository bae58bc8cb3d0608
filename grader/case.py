"""Which cases to try: a hypothesis strategy over a spec's sizes, and the text form of one case."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import zip_longest

from hypothesis import strategies as st

from grader.errors import UsageError
from grader.model import Case, Exercise
from grader.spec import Size, Spec

CHOICES = 6  # values of a size that is no extent, at most
AMPLE, ROOM = 1 << 10, 1 << 14  # bytes that a case moves: enough to show most mistakes; several blocks


def strategy(exercise: Exercise, spec: Spec, budget: int) -> st.SearchStrategy[Case]:
    """Cases that move at most `budget` bytes; shrinks towards small sizes, the plainest recipe and no offsets."""
    sizes = st.fixed_dictionaries({name: _sizes(s) for name, s in spec.sizes.items()})
    offsets = st.fixed_dictionaries({name: st.sampled_from((0, 0, 1, 2, 3, 5)) for name in exercise.misaligned})
    alias = st.booleans() if exercise.alias else st.just(False)
    return st.builds(
        lambda s, recipe, o, a: Case(fit(spec, s, budget), recipe, {k: v for k, v in o.items() if v}, a),
        sizes, st.sampled_from(spec.recipes), offsets, alias,
    )  # fmt: skip


def _sizes(s: Size) -> st.SearchStrategy[int]:
    """Small numbers, the edges where kernels break, and anything in between."""
    small = st.integers(s.low, min(s.high, s.low + 70))
    return st.one_of(small, st.sampled_from(s.edges), st.integers(s.low, s.high))


def fit(spec: Spec, sizes: Mapping[str, int], budget: int, keep: Container[str] = ()) -> dict[str, int]:
    """Halve sizes, the first ones first, until the case moves at most `budget` bytes. Those to `keep` stay."""
    fitted = {name: sizes[name] for name in spec.sizes}  # their own order: hypothesis sorts names
    for name in (name for name in spec.sizes if name not in keep):
        while spec.moved(**fitted) > budget:
            halved = {**fitted, name: max(fitted[name] // 2, spec.sizes[name].low)}
            if spec.moved(**halved) >= spec.moved(**fitted):
                break  # at its lowest, or a size that is no extent
            fitted = halved
    return fitted


def corners(exercise: Exercise, spec: Spec, budget: int) -> tuple[Case, ...]:
    """Cases tried whatever hypothesis draws: every recipe at the smallest and largest sizes, the plainest last."""
    least = {name: s.low for name, s in spec.sizes.items()}
    most = {name: s.high for name, s in spec.sizes.items()}
    one = {name: max(s.low, 1) for name, s in spec.sizes.items()}
    shifted = [Case(one, spec.recipes[0], dict.fromkeys(exercise.misaligned, 1))] if exercise.misaligned else []
    plain = [Case(fit(spec, sizes, budget), recipe) for recipe in reversed(spec.recipes) for sizes in (least, most)]
    return (*shifted, *plain)


def choices_of(spec: Spec) -> dict[str, range]:
    """The sizes with a handful of values, which are no extents: an operation, a flag, a number of heads."""
    return {name: range(s.low, s.high + 1) for name, s in spec.sizes.items() if s.high - s.low < CHOICES}


def crossed(spec: Spec, drawn: Iterable[Case]) -> tuple[Case, ...]:
    """Each value of a size that is a choice with each recipe, where no drawn case of several blocks has the two.

    One case makes up for one value of each choice.
    """
    choices = choices_of(spec)
    most, ample = {name: s.high for name, s in spec.sizes.items()}, [c for c in drawn if spec.moved(**c.sizes) >= AMPLE]
    found = []
    for recipe in spec.recipes:
        seen = [case.sizes for case in ample if case.recipe == recipe]
        missing = [[(name, v) for v in values if v not in {s[name] for s in seen}] for name, values in choices.items()]
        for row in zip_longest(*missing):
            chosen = dict(filter(None, row))
            found.append(Case(fit(spec, most | chosen, ROOM, keep=choices), recipe))
    return tuple(found)


def parse(text: str, exercise: Exercise, spec: Spec) -> Case:
    """The inverse of str(Case); UsageError says which word is not understood."""
    sizes: dict[str, int] = {}
    offsets: dict[str, int] = {}
    recipe, alias = spec.recipes[0], False
    for word in text.split(","):
        name, equals, value = word.partition("=")
        pointer, plus, shift = word.partition("+")
        if word == "in-place" and exercise.alias:
            alias = True
        elif name == "recipe" and value in spec.recipes:
            recipe = value
        elif equals and name in spec.sizes and value.isdigit():
            sizes[name] = int(value)
        elif plus and pointer in exercise.misaligned and shift.isdigit():
            offsets[pointer] = int(shift)
        else:
            raise UsageError(f"--case: {word!r} is not understood; {_grammar(exercise, spec)}")
    if missing := spec.sizes.keys() - sizes.keys():
        raise UsageError(f"--case: {', '.join(sorted(missing))} missing; {_grammar(exercise, spec)}")
    for name, n in sizes.items():
        low, high = spec.sizes[name].low, _highest(exercise, spec, name)
        if not low <= n <= high:
            raise UsageError(f"--case: {name}={n} is outside {low}…{high}; choose a size in that range")
    return Case({name: sizes[name] for name in spec.sizes}, recipe, offsets, alias)


def _highest(exercise: Exercise, spec: Spec, name: str) -> int:
    return max(spec.sizes[name].high, *(shape.get(name, 0) for shape in exercise.timed))


def _grammar(exercise: Exercise, spec: Spec) -> str:
    words = [f"{name}=N" for name in spec.sizes] + [f"recipe={'|'.join(spec.recipes)}"]
    words += [f"{name}+1" for name in exercise.misaligned] + ["in-place"] * bool(exercise.alias)
    return "write " + ",".join(words)
