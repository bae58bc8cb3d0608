"""Readings of the GPU -> sentences: each condition alone changes what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader import conditions, timing
from grader.conditions import State
from grader.timing import Decision

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
        ({"sm_mhz": 1200}, "fell from 1980 to 1200", True),
        ({"reasons": 0x4, "watts": 699.0, "limit": 700.0}, "power cap (699 of 700 W)", False),
        ({"uncorrected": 1}, "ECC could not correct", False),  # worse than disturbed: broken
        ({"mig": True}, "MIG slice", False),
    ],
)
def test_each_condition(change: dict[str, float], words: str, disturbed: bool) -> None:
    after = replace(WELL, **change)  # type: ignore[arg-type]
    assert words in " ".join(conditions.notes(WELL, after))
    assert bool(conditions.notes(WELL, after)) is bool(words)
    assert conditions.disturbed(WELL, after) is disturbed


NEAR, FAR = (0.86, 0.88), (1.20, 1.22)  # both clear a threshold of 0.85 on a GPU that is well


@pytest.mark.parametrize(
    ("change", "near", "far"),
    [
        ({}, Decision.CLEAR, Decision.CLEAR),
        ({"reasons": 0x1}, Decision.CLEAR, Decision.CLEAR),
        ({"reasons": 0x8}, Decision.NOISY, Decision.CLEAR),
        ({"reasons": 0x20}, Decision.NOISY, Decision.CLEAR),
        ({"reasons": 0x40}, Decision.NOISY, Decision.CLEAR),
        ({"reasons": 0x80}, Decision.NOISY, Decision.CLEAR),
        ({"others": 1}, Decision.NOISY, Decision.CLEAR),
        ({"sm_mhz": 1200}, Decision.NOISY, Decision.CLEAR),
        ({"sm_mhz": 1500, "reasons": 0x4}, Decision.CLEAR, Decision.CLEAR),  # a matrix product at the power cap
        ({"uncorrected": 3}, Decision.NOISY, Decision.NOISY),
        ({"mig": True}, Decision.CLEAR, Decision.CLEAR),
    ],
)
def test_the_verdict_changes(change: dict[str, float], near: Decision, far: Decision) -> None:
    after = replace(WELL, **change)  # type: ignore[arg-type]
    states = conditions.disturbed(WELL, after), conditions.broken(WELL, after)
    assert timing.settle(Decision.CLEAR, NEAR, 0.85, *states) is near
    assert timing.settle(Decision.CLEAR, FAR, 0.85, *states) is far


def test_errors_of_yesterday_are_no_errors_of_this_run() -> None:
    old = replace(WELL, uncorrected=7)
    assert not conditions.broken(old, old) and conditions.notes(old, old) == ()
