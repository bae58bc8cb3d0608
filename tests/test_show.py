"""The verdict screen: details first, verdict last, on any terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniature import FAILURE, FINDING, SPEED, course, odd, timed, verdict
from rich.console import Console

from grader import catalog, figures, screen, show
from grader.model import Diagnosis, Outcome, Stage, Verdict


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> show.Scene:
    exercise = catalog.load(course(tmp_path_factory.mktemp("course")), "01_copy")
    return show.Scene(exercise, "exercises/01_copy/copy.cu", "simulator, because no GPU is here", 4, 3, "02_scale")


def text(v: Verdict, scene: show.Scene, width: int = 200, colour: bool = False) -> str:
    system = "standard" if colour else None
    console = Console(file=io.StringIO(), width=width, color_system=system, force_terminal=colour, markup=False)
    console.print(show.verdict(v, scene))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def joined(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("v", odd(), ids=lambda v: v.outcome.value)
def test_the_verdict_comes_last_and_then_what_to_type(v: Verdict, scene: show.Scene) -> None:
    *_, last, steps = text(v, scene).splitlines()
    assert last.startswith(f"{show.SYMBOL[v.outcome.value]} {v.outcome.value.replace('_', ' ')}   ")
    assert steps.startswith("next: ") and len(steps) > 10


@pytest.mark.parametrize("v", odd(), ids=lambda v: v.outcome.value)
@pytest.mark.parametrize("width", [20, 44, 76, 120])
def test_nothing_is_cut_on_a_narrow_terminal(v: Verdict, scene: show.Scene, width: int) -> None:
    narrow = text(v, scene, width)
    assert "…" not in narrow and all(len(line.rstrip()) <= width for line in narrow.splitlines())
    logged = show.placed(v.log, scene).plain if v.outcome is Outcome.COMPILE else v.log
    assert joined(scene.why)[:8] in joined(narrow) and joined(logged) in joined(narrow)


@pytest.mark.parametrize("v", odd(), ids=lambda v: v.outcome.value)
def test_colour_only_adds(v: Verdict, scene: show.Scene) -> None:
    coloured = text(v, scene, colour=True)
    assert "\x1b[" in coloured
    assert Console(file=io.StringIO(), width=200).render_str(coloured) is not None
    assert "\x1b" not in text(v, scene)


def test_a_kernel_that_is_late_at_the_timed_size_was_right_at_others() -> None:
    late = replace(verdict(Outcome.TIMEOUT), stages=(Stage("cases", "pass"), Stage("speed", "fail")))
    assert show.sentence(late).startswith("right at small sizes")
    assert show.sentence(replace(late, stages=(Stage("cases", "fail"),))) == show.FIXED[Outcome.TIMEOUT]


def test_every_outcome_has_a_symbol_and_a_sentence() -> None:
    assert {o.value for o in Outcome} < show.SYMBOL.keys()
    assert all(show.sentence(v) for v in odd())


def test_the_first_failure_is_told_whole(scene: show.Scene) -> None:
    said = text(verdict("WRONG"), scene)
    for piece in (
        "y[3, 992]  got 0  want 0.00213  (off by 0.00213, 100 %)",
        "33 of 33,000 elements",
        "rows=33,cols=1000,recipe=spikes,x+1,in-place   seed 8123",
        "tail: the last partial tile is never written",
        "....#",
        FAILURE.replay,
        "9 of 12 cases passed",
        "not judged: it must be right first",
    ):
        assert piece in said


def test_a_finding_names_its_line(scene: show.Scene) -> None:
    said = text(verdict("UNSAFE"), scene)
    assert "  exercises/01_copy/copy.cu:41:1\n" in said
    assert "thread (3, 0, 0), block (1, 0, 0), and exercises/01_copy/copy.cu:37:1, seen 12 times" in said
    assert "next: fix exercises/01_copy/copy.cu:41, then" in said


def test_what_a_finding_says_is_said_once(scene: show.Scene) -> None:
    told = replace(FINDING, text="thread (3, 0, 0) of block (1, 0, 0) reads it")
    v = verdict("UNSAFE", findings=(told,), failure=replace(FAILURE, diagnosis=Diagnosis("race", told.text)))
    assert text(v, scene).count("thread (3, 0, 0)") == 1 == text(v, scene).count("block (1, 0, 0)")


def test_a_compile_error_leads_to_its_line(scene: show.Scene) -> None:
    said = text(verdict("COMPILE"), scene)
    assert 'error: identifier "idx" is undefined' in said and "fix exercises/01_copy/copy.cu:3, then" in said


def test_never_all_tests(scene: show.Scene) -> None:
    said = text(verdict("PASS"), scene)
    assert "12 cases passed" in said and "all" not in said.split()


def test_without_speed_it_says_why(scene: show.Scene) -> None:
    why = "a CPU has no GPU's speed"
    for stages in ((), (Stage("speed", "skipped"),)):
        assert text(verdict("PASS", speed_why=why, stages=stages), scene).count(why) == 1


def test_the_speed_table(scene: show.Scene) -> None:
    said = text(verdict("PASS", speed=SPEED), scene)
    for piece in ("rows=16384 cols=4096", "412 µs", "569 µs", "1.38×", "1.37–1.39", "3.91 TB/s", "71 %", "throttled"):
        assert piece in said


def test_resources(scene: show.Scene) -> None:
    assert "copy  24 registers · 4,096 B shared · no spills" in text(timed(), scene)


def test_a_learners_output_cannot_drive_the_terminal(scene: show.Scene) -> None:
    said = text(verdict("CRASH", log="\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\x07 [bold]kept[/bold]\r\n"), scene)
    assert "\x1b" not in said and "\x07" not in said and "red [bold]kept[/bold]" in said


def test_the_engines_own_next_line_wins(scene: show.Scene) -> None:
    assert text(verdict("PASS", next="sleep"), scene).splitlines()[-1] == "next: sleep"


def test_after_the_last_exercise(scene: show.Scene) -> None:
    assert show.advice(verdict("PASS"), replace(scene, after="")) == "python -m grader compare 1"


def test_a_pass_that_is_not_the_learners_own_leads_on(scene: show.Scene) -> None:
    assert show.advice(verdict("PASS"), replace(scene, solution=True)).startswith("python -m grader show 1")
    assert show.advice(verdict("PASS"), replace(scene, partial=True)).startswith("python -m grader run 1")


@given(st.floats(width=32, allow_nan=False), st.floats(width=32, allow_nan=False))
def test_two_numbers_that_differ_look_different(got: float, want: float) -> None:
    shown = show.pair(got, want)
    assert (shown[0] == shown[1]) == (repr(got) == repr(want))


@pytest.mark.parametrize(("value", "said"), [(None, ""), (3.456, "3.46 µs"), (412.0, "412 µs"), (12345.0, "12.3 ms")])
def test_times(value: float | None, said: str) -> None:
    assert figures.us(value) == said


# ---------------------------------------------------------------- the terminal


class Terminal(io.StringIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("tty", "environ", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_decided_once(tty: bool, environ: dict[str, str], coloured: bool) -> None:
    assert screen.coloured(Terminal(tty), environ) is coloured


def test_width() -> None:
    assert screen.width(Terminal(False), {}) == screen.UNBOUNDED
    assert screen.width(Terminal(False), {"COLUMNS": "60"}) == 60
    assert (
        screen.width(Terminal(False), {"COLUMNS": "3"}) == 20 and screen.width(Terminal(True), {"COLUMNS": "x"}) >= 20
    )


def test_progress_is_one_line_where_a_person_looks() -> None:
    stream = Terminal(True)
    progress = screen.Progress(stream)
    progress("case 1")
    progress("case 2")
    progress.clear()
    assert "\n" not in stream.getvalue() and stream.getvalue().endswith("\r\033[K")


def test_progress_is_few_plain_lines_elsewhere() -> None:
    stream = Terminal(False)
    progress = screen.Progress(stream, every=60)
    for n in range(100):
        progress(f"case {n}")
    progress.clear()
    assert stream.getvalue() == "case 0\n"
