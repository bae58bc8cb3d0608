"""Verdict <-> JSON: nothing is lost, and every parser can read it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniature import FAILURE, FINDING, MISMATCH, SPEED, odd, timed, verdict

from grader import plain
from grader.model import Resources, Verdict

CONTRACT = (
    "schema_version exercise verdict backend device seed stages first_failure findings speed score hints_used next"
).split()


def strictly(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("one", odd(), ids=lambda v: v.outcome.value)
def test_every_verdict_comes_back(one: Verdict) -> None:
    read = plain.read(strictly(plain.text(one)))
    assert repr(read) == repr(one)  # NaN is not equal to itself


@given(got=st.floats() | st.integers(-(2**63), 2**63), want=st.floats())
def test_every_number_comes_back(got: float, want: float) -> None:
    one = verdict("WRONG", failure=replace(FAILURE, mismatch=replace(MISMATCH, got=got, want=want)))
    assert repr(plain.read(strictly(plain.text(one)))) == repr(one)


def test_the_contract_stands() -> None:
    data = plain.write(verdict("WRONG"))
    assert list(data)[:1] == ["schema_version"] and set(CONTRACT) <= data.keys() and data["schema_version"] == 1
    assert data["stages"][1] == {"name": "cases", "status": "fail", "ms": 90.0, "passed": 9, "total": 12, "why": ""}


def test_the_first_failure() -> None:
    data = plain.write(verdict("WRONG"))["first_failure"]
    assert data["case"] == {"rows": 33, "cols": 1000} and data["seed"] == 8123
    assert (data["argument"], data["index"], data["got"], data["want"]) == ("y", [3, 992], 0.0, 0.00213)
    assert (data["wrong"], data["total"], data["pattern"]) == (33, 33000, "tail")
    assert data["explanation"] and data["replay"]


def test_a_finding() -> None:
    data = plain.write(verdict("UNSAFE"))["findings"][0]
    assert (data["kind"], data["where"], data["thread"], data["block"]) == ("race", FINDING.where, [3, 0, 0], [1, 0, 0])
    assert data["text"] == FINDING.text


def test_speed() -> None:
    data = plain.write(verdict("SLOW"))["speed"]
    assert data["ci"] == [1.37, 1.39] and data["limiter"] == "memory"
    assert {"ratio", "threshold", "learner_us", "reference_us", "library_us", "roofline_pct"} <= data.keys()
    assert data["shapes"][0]["sizes"] == {"rows": 16384, "cols": 4096}


def test_no_speed_says_why() -> None:
    data = plain.write(verdict("PASS", speed_why="the simulator does not time"))
    assert data["speed"] is None and data["speed_why"]


def test_numbers_json_cannot_write_are_strings() -> None:
    data = plain.write(verdict("SLOW", speed=replace(SPEED, ratio=float("inf"), ci=(float("nan"), float("-inf")))))
    assert data["speed"]["ratio"] == "Infinity" and data["speed"]["ci"] == ["NaN", "-Infinity"]


def test_a_record_of_another_version_is_read() -> None:
    data = plain.write(timed())
    data["speed"]["invented_later"] = data["invented_later"] = 1
    del data["speed_why"], data["resources"][0]["stack_bytes"]
    assert plain.read(data).resources == (Resources("copy", 24, 0, 4096),)
