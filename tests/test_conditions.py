"""Readings of the GPU -> sentences: each condition alone changes what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader import conditions
from grader.conditions import State

WELL = State(sm_mhz=1980, temperature=45, watts=350.0, reasons=0, others=0)  # an H200 under load, 2026-11


def test_nothing_is_said_when_all_is_well_or_nothing_is_known() -> None:
    assert conditions.notes(WELL, WELL) == ()
    assert conditions.notes(None, WELL) == ()
    assert not conditions.disturbed(WELL, WELL)


@pytest.mark.parametrize(
    ("change", "words", "disturbed"),
    [
        ({"reasons": 0x8}, "hardware slowed", True),
        ({"reasons": 0x20}, "because of heat", True),
        ({"reasons": 0x40}, "because of heat", True),
        ({"reasons": 0x80}, "power supply", True),
        ({"reasons": 0x4}, "power cap", False),
        ({"reasons": 0x1}, "", False),  # idle is no fault
        ({"others": 2}, "2 other processes", True),
        ({"temperature": 93}, "93 °C", False),
        ({"sm_mhz": 1200}, "fell from 1980 to 1200", False),
    ],
)
def test_each_condition(change: dict[str, int], words: str, disturbed: bool) -> None:
    after = replace(WELL, **change)  # type: ignore[arg-type]
    assert words in " ".join(conditions.notes(WELL, after))
    assert bool(conditions.notes(WELL, after)) is bool(words)
    assert conditions.disturbed(WELL, after) is disturbed
