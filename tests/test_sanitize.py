"""Reading compute-sanitizer: logs recorded on an H200 with CUDA 13.0 on 2026-11-24, first lines kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import sanitize
from grader.model import Finding

LOGS = Path(__file__).parent / "sanitizer"


@pytest.mark.parametrize(
    ("log", "kind", "where", "thread", "block"),
    [
        ("oob_memcheck", "oob", "vector_add.cu:9", (232, 0, 0), (3, 0, 0)),
        ("race_racecheck", "race", "softmax.cu:17", (), ()),
        ("uninit_initcheck", "uninit", "reduction_sum.cu:30", (0, 0, 0), (8, 0, 0)),
    ],
)
def test_a_finding_has_its_line_and_its_thread(
    log: str, kind: str, where: str, thread: tuple[int, ...], block: tuple[int, ...]
) -> None:
    (finding,) = sanitize.findings((LOGS / f"{log}.txt").read_text())
    assert (finding.kind, finding.where, finding.thread, finding.block) == (kind, where, thread, block)


def test_both_sides_of_a_race() -> None:
    (finding,) = sanitize.findings((LOGS / "race_racecheck.txt").read_text())
    assert finding.other == "softmax.cu:21"


def test_the_same_line_is_one_finding_with_a_count() -> None:
    (finding,) = sanitize.findings((LOGS / "oob_memcheck.txt").read_text())
    assert finding.count > 1


@pytest.mark.parametrize("text", ["", (LOGS / "div_synccheck.txt").read_text(), "no such tool\n"])
def test_a_clean_log_has_no_finding(text: str) -> None:
    assert sanitize.findings(text) == ()


@pytest.mark.parametrize(
    ("kinds", "tools"),
    [
        (("oob",), (("memcheck",),)),
        (("race", "oob", "race"), (("memcheck", "racecheck"),)),
        (("allocation",), ()),
        (("stream", "uninit"), (("initcheck",),)),
    ],
)
def test_only_the_tools_that_can_say_more(kinds: tuple[str, ...], tools: tuple[tuple[str, ...], ...]) -> None:
    assert sanitize.useful([Finding(kind, "") for kind in kinds]) == tools


@pytest.mark.parametrize(
    ("died", "asked"),
    [
        ("cudaErrorMisalignedAddress: misaligned address", True),
        ("cudaErrorIllegalAddress: an illegal memory access was encountered", True),
        ("cudaErrorInvalidConfiguration: invalid configuration argument", False),
        ("killed by SIGSEGV (Segmentation fault)", False),
        ("", False),
    ],
)
def test_of_a_kernel_that_died_memcheck_first(died: str, asked: bool) -> None:
    rounds = (("memcheck",), ("racecheck", "initcheck", "synccheck"))
    assert sanitize.useful((), died) == (rounds if asked else ())


def test_a_finding_that_has_its_line_needs_no_second_opinion() -> None:
    """The simulator has seen it: seconds later another program would say the same."""
    assert sanitize.useful([Finding("race", "", "softmax.cu:12")]) == ()
    assert sanitize.useful([Finding("race", "", "softmax.cu:12"), Finding("oob", "")]) == (("memcheck",),)


@pytest.mark.parametrize(("silent", "asked"), [("", "a"), ("a", "abc"), ("abc", "abc")])
def test_the_round_that_finds_something_is_the_last(monkeypatch: pytest.MonkeyPatch, silent: str, asked: str) -> None:
    log, called = (LOGS / "oob_memcheck.txt").read_text(), []

    def run(tool: str, *_: object) -> str:
        called.append(tool)
        return "" if tool in silent else log

    monkeypatch.setattr(sanitize, "_run", run)
    found = sanitize.sanitize(Path("x.so"), "launch", None, None, (("a",), ("b", "c")))  # type: ignore[arg-type]
    assert "".join(sorted(called)) == asked and bool(found) == (silent != "abc")
