"""Does a launcher keep something between calls, or is it only sometimes wrong? Asked of processes without one."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from grader import cases, explain

Right = Callable[[list[str]], bool]  # is the next call right, after those before it in the same process?


class Process:
    """A worker, and how often it was replaced."""

    def __init__(self, right: Right) -> None:
        self.right, self.before, self.renewed, self.backend = right, list[str](), 0, "simulator"

    def renew(self) -> None:
        self.before, self.renewed = [], self.renewed + 1

    def call(self, name: str) -> SimpleNamespace:
        found = SimpleNamespace(right=self.right(self.before))
        self.before.append(name)
        return found


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "launch", lambda process, _: process.call("other"))
    monkeypatch.setattr(cases, "once_more", lambda process, *_: process.call("it"))
    monkeypatch.setattr(explain, "_elsewhere", lambda *_: [])
    monkeypatch.setattr(explain, "_right", lambda _, played: played.right)


def keeps(process: Process, again: list[bool]) -> bool:
    other: Any = SimpleNamespace(plan=SimpleNamespace(job=SimpleNamespace(seconds=1.0)))
    seen: Any = [SimpleNamespace(right=right) for right in again]
    return explain._keeps(None, None, process, None, other, seen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("right", "again", "expected"),
    [
        (lambda before: not before, [False, False], True),
        (lambda before: not before, [True, True], True),  # what it kept happened to be right
        (lambda before: before[-1:] != ["other"], [True, True], True),  # only with another answer before it
        (lambda before: len(before) < 9, [False, False], True),  # after many
        (lambda before: False, [False, False], False),
        (lambda before: True, [True, True], False),
    ],
)
def test_what_is_kept_shows_in_another_process(right: Right, again: list[bool], expected: bool) -> None:
    assert keeps(Process(right), again) is expected


@pytest.mark.parametrize("wrong", [0.02, 0.2, 0.5, 0.8])
def test_chance_is_not_taken_for_memory(wrong: float) -> None:
    """A race was wrong at first and right when run again."""
    random_ = random.Random(1)
    assert sum(keeps(Process(lambda _: random_.random() > wrong), [True, True]) for _ in range(400)) <= 0.04 * 400


def test_a_race_costs_few_processes() -> None:
    """Each is half a second on a GPU."""
    random_, processes = random.Random(2), []
    for _ in range(400):
        processes.append(Process(lambda _: random_.random() > 0.1))
        keeps(processes[-1], [True, True])
    assert sum(one.renewed for one in processes) < 1.3 * 400
