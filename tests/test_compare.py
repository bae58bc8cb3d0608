"""A learner's kernel beside the solution."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniature import course, timed, verdict
from rich.console import Console

from grader import catalog, compare, sass, screen
from grader.errors import MachineError
from grader.model import Launch

LINES = st.lists(st.sampled_from(["a;", "b;", "c;", ""]), max_size=8)


def text(renderable: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@given(LINES, LINES)
def test_both_sources_are_whole(left: list[str], right: list[str]) -> None:
    rows = compare.rows("\n".join(left), "\n".join(right))
    assert [x for mark, x, _ in rows if mark != ">"] == "\n".join(left).splitlines()
    assert [y for mark, _, y in rows if mark != "<"] == "\n".join(right).splitlines()
    assert all((mark == " ") <= (x == y) for mark, x, y in rows)


@pytest.mark.parametrize(
    ("left", "right", "marks"),
    [("a\nb", "a\nb", "  "), ("a\nb", "a\nc", " |"), ("a\nb", "a", " <"), ("a", "a\nb", " >"), ("", "a", ">")],
)
def test_marks(left: str, right: str, marks: str) -> None:
    assert "".join(mark for mark, *_ in compare.rows(left, right)) == marks


@pytest.mark.parametrize("width", [40, 99, 100, 200])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    long = "int x = " + " + ".join(f"value{n}" for n in range(40)) + ";"
    said = text(compare.Diff("a;\n" + long, "a;\nb;"), width)
    assert "…" not in said and max(map(len, said.splitlines())) <= width
    assert all(f"value{n}" in "".join(said.split()) for n in range(40)) or width == 200 or width == 100


def test_a_narrow_terminal_gets_a_unified_diff() -> None:
    assert "-a;" in text(compare.Diff("a;", "b;"), 60) and "-a;" not in text(compare.Diff("a;", "b;"), 120)


def test_equal_sources() -> None:
    assert "the same" in text(compare.Diff("a", "a"), 120)


def test_the_whole_screen(tmp_path: Path) -> None:
    exercise = catalog.load(course(tmp_path), "01_copy")
    mine, theirs = compare.Side("a;", timed()), compare.Side("b;", timed(ratio=1.0))
    said = text(compare.screen(exercise, mine, theirs, "## Why it is right\n", False), 200)
    for piece in ("yours", "solution", "1.38×", "copy: 24 registers · 4,096 B shared", "Why it is right"):
        assert piece in said
    assert "1.38× the solution's speed" in compare.headline(mine.verdict)


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    exercise = catalog.load(course(tmp_path), "01_copy")
    mine = compare.Side("a;", verdict("PASS", speed_why="no GPU"))
    said = text(compare.screen(exercise, mine, compare.Side("b;", None), "", False), 200)
    assert "not measured (no GPU)" in said and "run 1 --solution" in said
    assert compare.summary(mine, compare.Side("b;", None))["ratio"] is None


CODE = sass.Code("copy", {"global load": 4, "integer and moves": 9}, {("global load", 128): 4})


def test_occupancy_and_instructions(tmp_path: Path) -> None:
    exercise = catalog.load(course(tmp_path), "01_copy")
    launched = replace(timed(), launches=(Launch("copy", (8, 1, 1), (256, 1, 1), shared=60 << 10),))
    mine = compare.Side("a;", launched, (CODE,))
    theirs = compare.Side("b;", timed(), "its build is no longer in the cache")
    said = text(compare.screen(exercise, mine, theirs, "", False, (9, 0)), 300)
    assert "occupancy 38 % (24 of 64 warps; limit: shared memory)" in said
    assert "copy: 13 in all · 9 integer and moves, 4 global load · global load 4 × 128 bits" in said
    assert "no longer in the cache" in said
    assert said.count("occupancy") == 1  # the solution's launch was not recorded: nothing is made up
    counted = compare.summary(mine, theirs)["instructions"]
    assert counted == {"yours": [{"kernel": "copy", "kinds": dict(CODE.kinds), "widths": {"global load 128": 4}}],
                       "solution": []}  # fmt: skip


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=30), max_size=6))
def test_colours_change_no_text(lines: list[str]) -> None:
    assert [line.plain for line in compare.coloured(lines)] == lines


def test_a_comment_over_several_lines_is_one() -> None:
    first, second = compare.coloured(["/* a", "int */ int x;"])
    assert first.spans and second.spans


def test_the_page(tmp_path: Path) -> None:
    exercise = catalog.load(course(tmp_path), "01_copy")
    shown = compare.screen(exercise, compare.Side("if (a < b) {}", timed()), compare.Side("b;", None), "", True)
    screen.html(tmp_path / "x.html", "01 <copy>", shown)
    page = (tmp_path / "x.html").read_text()
    assert "<title>01 &lt;copy&gt;</title>" in page and "1.38×" in page and "style=" in page
    with pytest.raises(MachineError, match="choose another file"):
        screen.html(tmp_path / "no" / "x.html", "", shown)
