"""An author's rules: what `new` makes is whole but for its TODOs, and each rule sees what it is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Course, keyboard, timed

from grader import author, catalog, expect, pristine, prove, template
from grader.errors import SpecError, UsageError
from grader.folder import Folder
from grader.model import Outcome

SLUG = "07_twice"


@pytest.fixture
def made(tmp_path: Path) -> Folder:
    """What `author new 7 twice` makes."""
    pristine.lay(tmp_path, template.new(7, "twice"))
    return Folder(tmp_path, catalog.load(tmp_path, SLUG))


def again(folder: Folder) -> Folder:
    """After an edit."""
    return Folder(folder.home, catalog.load(folder.home, SLUG))


def broken(folder: Folder) -> dict[str, tuple[str, ...]]:
    return {one.rule: one.problems for one in author.examine(folder) if one.problems}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# ---------------------------------------------------------------- new


def test_a_new_exercise_is_whole_but_for_its_todos(made: Folder) -> None:
    found = broken(made)
    assert found.keys() == {"todos"}
    places = {problem.split(":")[0].removeprefix(f"{made.home}/") for problem in found["todos"]}
    left = {f"solutions/{SLUG}/skeleton.cu", f"solutions/{SLUG}/twice.cu", f"exercises/{SLUG}/twice.cu"}
    assert places == template.new(7, "twice").keys() - left


def test_a_new_exercise_is_judged_as_it_says(made: Folder) -> None:
    found = list(prove.prove(made, lambda _: None, "simulator"))
    assert [one for one in found if one.problems] == []
    assert {"simulator: solution", "simulator: tail_dropped", "simulator: one_thread"} <= {one.rule for one in found}


@pytest.mark.parametrize(("number", "name"), [(0, "x"), (100, "x"), (7, "Soft"), (7, "a b"), (7, "../x"), (7, "")])
def test_a_name_that_will_not_do(number: int, name: str) -> None:
    with pytest.raises(UsageError, match="will not do; write"):
        template.new(number, name)


def test_nothing_is_written_over(made: Folder) -> None:
    made.solution.write_text("mine")
    with pytest.raises(UsageError, match="exists; choose another"):
        pristine.lay(made.home, template.new(7, "twice"))
    assert made.solution.read_text() == "mine"


# ---------------------------------------------------------------- each rule bites


def remove(*names: str) -> Callable[[Folder], None]:
    def act(folder: Folder) -> None:
        for name in names:
            (folder.home / name).unlink()

    return act


def change(name: str, old: str, new: str) -> Callable[[Folder], None]:
    return lambda folder: edit(folder.home / name, old, new)


TOML, SPEC = f"exercises/{SLUG}/exercise.toml", f"exercises/{SLUG}/spec.py"
ATTEMPT = f"tests/attempts/{SLUG}"


@pytest.mark.parametrize(
    ("act", "rule", "says"),
    [
        (remove(f"exercises/{SLUG}/README.md"), "files", "README.md missing; add it"),
        (lambda f: (f.solutions / "notes.txt").write_text(""), "files", "notes.txt does not belong there"),
        (change(f"exercises/{SLUG}/README.md", "## Limits", "## Limit"), "readmes", "in this order"),
        (change(f"solutions/{SLUG}/README.md", "# 07 ", "# 7 "), "readmes", "does not begin with"),
        (change(f"exercises/{SLUG}/twice.cu", "y[i] = 2 x[i]", "y = 2 x"), "skeleton", "is not"),
        (lambda f: f.solution.write_text(f.skeleton.read_text()), "skeleton", "is the skeleton; write"),
        (change(f"solutions/{SLUG}/twice.cu", "launch_twice", "launch_thrice"), "sources", "does not define"),
        (change(TOML, "launch_twice", "launch_thrice"), "figures", "call it launch_twice"),
        (change(TOML, "excellent = 0.95", "excellent = 0.5"), "figures", "out of order"),
        (change(TOML, 'why = "TODO: where these numbers come from"', ""), "figures", "no `why`"),
        (change(TOML, '"TODO: nearly the code"', '"code"'), "hints", "hint 3 says too little"),
        (change(TOML, "prerequisites = []", 'prerequisites = ["06_nothing"]'), "prerequisites", "does not exist"),
        (change(TOML, "prerequisites = []", 'prerequisites = ["07_twice"]'), "prerequisites", "comes later"),
        (change(TOML, "[speed]", '[layout]\nmisaligned = ["z"]\n[speed]'), "layout", "z, which is no pointer"),
        (change(TOML, "int64_t n,", "int64_t n, float a,"), "arguments", "nothing says what a is"),
        (change(TOML, "134217728", "1024"), "timed", "moves 8,192 bytes"),
        (change(TOML, "{ n =", "{ m ="), "timed", "must give n"),
        (
            lambda f: edit(f.exercise.folder / "spec.py", "def moved", "\n" * 50 + "def moved"),
            "brevity",
            "50 are enough",
        ),
        (change(SPEC, "draw(g, recipe, n)", "draw(g, recipe, n).double()"), "inputs", "convert it"),
        (change(SPEC, "draw(g, recipe, n)", "__import__('torch').rand(n)"), "inputs", "draw everything from g"),
        (change(SPEC, "2 * x.double()", "2 * x.double() / 0"), "oracle", "not finite"),
        (change(SPEC, "lambda: 2 * x", "lambda: x.nothing"), "library", "AttributeError"),
        (change(SPEC, "draw(g, recipe, n)", "1e-9 * draw(g, recipe, n)"), "zeros", "zeros is accepted as y"),
        (change(SPEC, "draw(g, recipe, n)", "1e-9 * draw(g, recipe, n)"), "first_row", "first row alone is accepted"),
        (change(SPEC, "2 * x.double()", "x.double()"), "copies", "a copy of x is accepted as y"),
        (change(TOML, "rtol = 1e-6", "rtol = 1e-3"), "half", "fp16 arithmetic is accepted as y"),
        (remove(f"{ATTEMPT}/one_thread.cu", f"{ATTEMPT}/one_block.cu"), "attempts", "no right kernel"),
        (remove(f"{ATTEMPT}/copied.cu"), "attempts", "2 wrong kernels"),
        (change(f"{ATTEMPT}/copied.cu", "// why", "// since"), "attempts", "does not begin with"),
        (change(f"{ATTEMPT}/copied.cu", "WRONG", "WORNG"), "attempts", "no such verdict"),
        (change(TOML, ', "one_block"]', "]"), "walk", "has 1 rungs; name 2"),
        (change(TOML, '"one_block"', '"one_warp"'), "walk", "one_warp, which is no attempt"),
        (change(TOML, '"one_block"', '"copied"'), "walk", "copied, which is expected to be wrong"),
        (change(TOML, "sizes = { n = 1048576 }", "sizes = { m = 1 }"), "walk", "sizes must give n"),
        (change(f"solutions/{SLUG}/README.md", "`one_block`", "one_block"), "walk", "does not name `one_block`"),
        (change(f"solutions/{SLUG}/README.md", author.MARKS[1], ""), "walk", "no room for the times"),
        (change(SPEC, "def oracle(x, **_):", "def oracle(x, **_):\n    1 / 0"), "oracle", "ZeroDivisionError"),
        (change(SPEC, "def moved", "def move"), "timed", "does not define moved"),
    ],
)
def test_a_rule_sees_what_it_is_for(made: Folder, act: Callable[[Folder], object], rule: str, says: str) -> None:
    if rule in ("zeros", "first_row"):
        edit(made.exercise.folder / "exercise.toml", "rtol = 1e-6", "atol = 1e-6")
    act(made)
    assert any(says in problem for problem in broken(again(made))[rule])


# ---------------------------------------------------------------- what running tells


def test_an_attempt_that_comes_out_otherwise_is_told(made: Folder) -> None:
    path = made.attempts[0].parent / "copied.cu"
    edit(path, "WRONG", "WRONG tail")
    (problem,) = prove.attempt(made, path, "simulator")
    assert "expects WRONG tail and got WRONG" in problem and problem.endswith("; correct the one or the other")


def test_a_solution_must_pass_with_room_to_spare(made: Folder) -> None:
    edit(made.solution, "2 * x[i]", "2.0000015f * x[i]")
    (problem,) = prove.solution(made, "simulator", lambda _: None).problems
    assert "errs by 7" in problem and "more than 60 %" in problem
    edit(made.solution, "2.0000015f * x[i]", "3 * x[i]")
    (problem,) = prove.solution(made, "simulator", lambda _: None).problems
    assert "is not PASS but WRONG" in problem


@pytest.mark.parametrize(("noisy", "passes"), [(0, True), (2, True), (prove.TRIES - 1, True), (prove.TRIES, False)])
def test_a_solution_that_is_noisy_is_asked_again_later(
    made: Folder, monkeypatch: pytest.MonkeyPatch, noisy: int, passes: bool
) -> None:
    told = [timed("NOISY", exercise=SLUG)] * noisy + [timed(exercise=SLUG)]
    paused: list[float] = []
    said: list[str] = []
    monkeypatch.setattr(prove.judge, "grade", lambda _: told.pop(0))
    monkeypatch.setattr(prove.time, "sleep", paused.append)
    monkeypatch.setattr(prove, "room", lambda *_: 0.1)
    assert bool(prove.solution(made, "simulator", said.append).problems) is not passes
    waits = min(noisy, prove.TRIES - 1)
    assert paused == [prove.PAUSE] * waits and sum("NOISY" in one for one in said) == waits


def test_a_skeleton_that_does_not_compile(made: Folder) -> None:
    edit(made.skeleton, "return cudaGetLastError();", "return nothing;")
    (problem,) = prove.simulated(made)
    assert "does not compile for the simulator; correct it" in problem and "nothing" in problem


# ---------------------------------------------------------------- expectations


def test_backends_may_expect_different_things(tmp_path: Path) -> None:
    path = tmp_path / "a.cu"
    path.write_text("// expect: PASS\n// expect(cuda): PASS | SLOW\n// why: so\n")
    assert expect.expected(path, "cuda") == (expect.Expected(Outcome.PASS), expect.Expected(Outcome.SLOW))
    assert expect.expected(path, "simulator") == (expect.Expected(Outcome.PASS),)
    path.write_text("// expect(cuda): PASS\n")
    with pytest.raises(SpecError, match="nothing is expected here"):
        expect.expected(path, "simulator")


# ---------------------------------------------------------------- the command line


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


def test_new_says_what_it_made_and_what_comes_next(at: Course) -> None:
    found = at("author", "new", "7", "twice")
    assert found.code == 0
    assert (at.home / "exercises" / SLUG / "spec.py").exists()
    lines = found.out.splitlines()
    assert f"exercises/{SLUG}/exercise.toml" in lines and lines[-1].endswith("author check 7")
    assert at("show", "7").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("7",), "needs a number and a name"),
        (("twice", "7"), "needs a number and a name"),
        (("1", "twice"), "01_copy exists; choose another"),
        (("7", "copy"), "01_copy exists; choose another"),
        (("7", "Twice"), "will not do"),
    ],
)
def test_new_refuses_what_cannot_be(at: Course, words: tuple[str, ...], says: str) -> None:
    found = at("author", "new", *words)
    assert found.code == 2 and says in found.err


def checks(monkeypatch: pytest.MonkeyPatch, *found: author.Check) -> None:
    """Without compilers."""
    monkeypatch.setattr(prove, "prove", lambda folder, progress, wanted: iter(found))


def test_check_says_what_is_broken(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    checks(
        monkeypatch,
        author.Check("simulator: solution", note="errs by 3 %"),
        author.Check("nvcc", ("it fails; mend it",)),
    )
    at("author", "new", "7", "twice")
    found = at("author", "check", "7")
    assert found.code == 1
    assert f"{SLUG}  21 of 23 checks passed" in found.out
    assert "todos" in found.out and "→ write it" in found.out and "it fails  → mend it" in found.out
    assert "errs by 3 %" in found.out


def test_check_as_json(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    checks(monkeypatch)
    at("author", "new", "7", "twice")
    for path in (at.home / "exercises" / SLUG, at.home / "solutions" / SLUG, at.home / "tests" / "attempts" / SLUG):
        for file in path.iterdir():
            if file.name not in ("skeleton.cu", "twice.cu"):
                file.write_text(file.read_text().replace("TODO", "to do"))
    found = at("author", "check", "7", "--json")
    assert (found.code, found.json["exercise"], found.json["whole"]) == (0, SLUG, True)
    assert {one["rule"] for one in found.json["checks"]} == author.RULES.keys()
