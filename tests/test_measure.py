"""In which order the shapes are timed, and when no more is asked of them; needs no GPU."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from grader import measure
from grader.timing import Decision, Rule


@dataclass
class Shape:
    """What `_rounds` asks of a timed shape; `after` says how each look at it ends."""

    name: str
    after: list[Decision]
    slow_when_clear: bool = False
    decision: Decision = Decision.MORE
    rule = Rule(0.8)

    @property
    def slow(self) -> bool:
        return self.slow_when_clear and self.decision is Decision.CLEAR


def looks(*shapes: Shape) -> list[tuple[str, int]]:
    """(shape, pairs asked for), as it goes."""
    found = []
    for one, enough in measure._rounds(shapes):  # type: ignore[arg-type]
        one.decision = one.after.pop(0)  # type: ignore[attr-defined]
        found.append((one.name, enough))  # type: ignore[attr-defined]
    return found


LEAST, MOST = Rule(0.8).least, Rule(0.8).most
MORE, CLEAR, NOISY = Decision.MORE, Decision.CLEAR, Decision.NOISY


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([Shape("a", [CLEAR]), Shape("b", [CLEAR])], [("a", LEAST), ("b", LEAST)]),
        ([Shape("a", [MORE, NOISY]), Shape("b", [CLEAR])], [("a", LEAST), ("b", LEAST), ("a", MOST)]),
        ([Shape("a", [MORE]), Shape("b", [CLEAR], slow_when_clear=True)], [("a", LEAST), ("b", LEAST)]),
        (
            [Shape("a", [MORE, CLEAR], slow_when_clear=True), Shape("b", [MORE])],
            [("a", LEAST), ("b", LEAST), ("a", MOST)],
        ),
    ],
    ids=["clear at once", "one more look", "one is too slow already", "the second look settles it"],
)
def test_no_more_is_timed_than_the_verdict_needs(shapes: list[Shape], expected: list[tuple[str, int]]) -> None:
    assert looks(*shapes) == expected
