"""The command line: verbs, names, exit codes, JSON alone on stdout, one line for every mistake."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import SKELETON, Course, answer, keyboard, timed, verdict

from grader import record
from grader.errors import MachineError, SpecError

VERBS = (
    "run", "watch", "list", "show", "next", "edit", "hint", "give-up", "reset", "scoreboard", "compare", "history",
    "restore", "profile", "report", "export", "completion", "init", "doctor",
)  # fmt: skip


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


def python(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A new process: what a person starts."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environ}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, check=False)


# ---------------------------------------------------------------- run


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("PASS", 0), ("WRONG", 1), ("SLOW", 1), ("NOISY", 1), ("UNSAFE", 1), ("CRASH", 1), ("TIMEOUT", 1), ("COMPILE", 1),
     ("NOT_RUN", 3), ("GRADER_ERROR", 4)],
)  # fmt: skip
def test_the_exit_code_is_the_verdicts(at: Course, outcome: str, code: int) -> None:
    at.edit()
    at.answers["01_copy"] = outcome
    assert at("run", "1").code == code
    assert [a.outcome for a in record.attempts(record.url())] == [outcome]


def test_the_screen_ends_with_what_to_type(at: Course) -> None:
    at.edit()
    lines = at("run", "copy").out.splitlines()
    assert (
        lines[-2].startswith("✓ PASS")
        and lines[-1] == "next: python -m grader compare 1   then  python -m grader show 02_scale"
    )
    assert "simulator, because this is a test" in lines[2]


def test_the_skeleton_costs_nothing(at: Course) -> None:
    found = at("run", "1")
    assert found.code == 1 and not at.requests and not record.attempts(record.url())
    assert found.out.splitlines()[-1] == "next: open exercises/01_copy/copy.cu:3, then  python -m grader run 1"


def test_the_skeleton_is_seen_without_torch_or_a_database(at: Course) -> None:
    code = "import sys; from grader.cli import main; main(['run', '1']); print(sorted(sys.modules))"
    found = python("-c", code, GRADER_DB="sqlite:////proc/nowhere/a.db")
    assert "NOT STARTED" in found.stdout
    assert not {"torch", "numpy", "hypothesis", "cupy", "sqlalchemy"} & set(found.stdout.split("'"))


def test_json_is_alone_on_stdout(at: Course) -> None:
    at.edit()
    found = at("run", "1", "--json")
    assert found.json["verdict"] == "PASS" and found.json["attempt"] == 1 and found.json["next"]
    assert "grading on simulator" in found.err


def test_several_are_json_lines(at: Course) -> None:
    at.edit("02_scale")
    found = at("run", "--all", "--json")
    assert [json.loads(line)["verdict"] for line in found.out.splitlines()] == ["NOT_STARTED", "PASS"]
    assert found.code == 1


def test_all_passed(at: Course) -> None:
    at.edit(), at.edit("02_scale")
    found = at("run", "1", "2")
    assert found.code == 0 and found.out.splitlines()[-1] == "2 of 2 exercises passed"


def test_x_stops_at_the_first(at: Course) -> None:
    at.edit(), at.edit("02_scale")
    at.answers["01_copy"] = "WRONG"
    found = at("run", "--all", "-x")
    assert found.code == 1 and len(at.requests) == 1
    assert "0 of 1 exercises passed, 1 not run after the first failure (-x)" in found.out


@pytest.mark.parametrize(
    ("outcomes", "code"), [(("NOT_RUN", "PASS"), 3), (("NOT_RUN", "WRONG"), 1), (("GRADER_ERROR", "WRONG"), 4)]
)
def test_the_worst_verdict_decides(at: Course, outcomes: tuple[str, str], code: int) -> None:
    at.edit(), at.edit("02_scale")
    at.answers |= dict(zip(("01_copy", "02_scale"), outcomes, strict=True))
    assert at("run", "--all").code == code


def test_one_broken_exercise_does_not_stop_the_others(at: Course) -> None:
    at.edit(), at.edit("02_scale")
    at.answers["01_copy"] = SpecError("spec.py:3: bad; correct it")
    found = at("run", "--all")
    assert found.code == 4 and "01_copy: spec.py:3: bad; correct it" in found.err and "✓ PASS" in found.out


def test_what_the_engine_is_asked(at: Course) -> None:
    at.edit()
    at("hint", "1"), at("hint", "1")
    at("run", "1", "--no-speed", "--seed", "5", "--case", "n=3,recipe=normal", "--backend", "simulator")
    (asked,) = at.requests
    assert (asked.speed, asked.seed, asked.case, asked.backend, asked.hints_used) == (
        False,
        5,
        "n=3,recipe=normal",
        "simulator",
        2,
    )
    assert asked.text == answer("copy") and asked.reference == at.home / "solutions" / "01_copy" / "copy.cu"


def test_solution_is_no_attempt(at: Course) -> None:
    found = at("run", "1", "--solution")
    assert found.code == 0 and at.requests[0].source == at.requests[0].reference and "attempt" not in found.out
    assert record.attempts(record.url())[0].solution and at("compare", "1").code == 1


def test_another_file(at: Course, tmp_path: Path) -> None:
    mine = tmp_path / "mine.cu"
    mine.write_text("// mine")
    assert at("run", "1", "--file", str(mine)).code == 0 and at.requests[0].source == mine
    at.answers["01_copy"] = "COMPILE"
    assert f"fix {mine}:3, then  python -m grader run 1 --file {mine}" in at("run", "1", "--file", str(mine)).out
    assert record.source(record.url(), record.sha("// mine")) == "// mine"


def test_the_solution_as_ones_own_earns_no_medal(at: Course) -> None:
    at.edit(text=(at.home / "solutions" / "01_copy" / "copy.cu").read_text() + "  \n")
    at.answers["01_copy"] = timed(ratio=1.0)
    at("run", "1")
    assert at("scoreboard", "--json").json["exercises"][0]["tier"] == "bronze"


@pytest.mark.parametrize("words", [("--case", "n=3"), ("--examples", "2")])
def test_a_partial_pass_unlocks_nothing(at: Course, words: tuple[str, ...]) -> None:
    at.edit()
    assert at("run", "1", *words).code == 0
    assert at("compare", "1").code == 1 and at("scoreboard", "--json").json["totals"]["passed"] == 0


def test_attempts_are_counted(at: Course) -> None:
    at.edit()
    assert [f"attempt {n}" in at("run", "1").out for n in (1, 2)] == [True, True]


def test_no_record(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    at.edit()
    monkeypatch.setenv("GRADER_DB", "sqlite:////proc/nowhere/a.db")
    found = at("run", "1", "--no-record", "--json")
    assert found.code == 0 and found.json["attempt"] is None


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("run nosuch", 2, "no exercise called 'nosuch'; did you mean "),
        ("run nosuch", 2, "`python -m grader list` shows all"),
        ("rnu 1", 2, "'rnu' is no verb; did you mean `python -m grader run`?"),
        ("run 1 --seed x", 2, "'x' is no seed: write a whole number"),
        ("run 1 --seed -4", 2, "--seed"),
        ("run 1 --examples 0", 2, "1 to 100000"),
        ("run 1 --case=", 2, "write it as rows=33"),
        ("run 1 --backend tpu", 2, "choose from"),
        ("run 1 --nosuch", 2, "see `python -m grader"),
        ("run 1 --file /nowhere.cu", 2, "/nowhere.cu does not exist; correct the path"),
        ("run 1 2 --file a.cu", 2, "--file and --case are for one exercise"),
        ("run 1 --file a.cu --solution", 2, "not allowed with"),
        ("run -k nosuch", 5, "matches no exercise"),
        ("run", 5, "no exercise is begun yet; name one"),
        ("show nosuch", 2, "did you mean"),
        ("hint 1 --tier 9", 2, "has 3 hints; ask for --tier 1 to 3"),
        ("compare 1", 1, "is not passed yet"),
        ("restore 1", 2, "has not passed yet"),
        ("restore 1 @last", 2, "has no attempts yet"),
        ("restore 1 best", 2, "write @best, @last or an id"),
        ("restore 1 7", 2, "no attempt has the id 7"),
        ("history --source 7", 2, "no attempt has the id 7"),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(at: Course, words: str, code: int, says: str) -> None:
    found = at(*words.split())
    assert (found.code, found.out) == (code, "") and says in found.err
    assert found.err.count("\n") == 1 and "Traceback" not in found.err


@pytest.mark.parametrize("database", ["sqlite:////proc/nowhere/a.db", "nonsense", "sqlite://"])
def test_a_database_that_cannot_be_opened_is_told_before_grading(
    at: Course, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    at.edit()
    monkeypatch.setenv("GRADER_DB", database)
    found = at("run", "1")
    assert found.code == 3 and not at.requests and found.err.count("\n") == 1 and "GRADER_DB" in found.err


def test_a_failed_record_still_shows_the_verdict(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise MachineError("attempts.db: disk is full; free some disk space")

    at.edit()
    monkeypatch.setattr(record, "add", full)
    found = at("run", "1")
    assert found.code == 0 and "✓ PASS" in found.out
    assert "this attempt was NOT recorded: attempts.db: disk is full; free some disk space" in found.err


def test_a_defect_is_not_the_learners(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    at.edit(), at.edit("02_scale")
    at.answers["01_copy"] = ZeroDivisionError("oops")
    found = at("run", "--all")
    assert found.code == 4 and "✓ PASS" in found.out and "Traceback" not in found.err
    assert "? GRADER ERROR   the grader failed, not your code" in found.out
    assert "ZeroDivisionError: oops (miniature.py:" in found.out and "GRADER_DEBUG=1" in found.out
    assert at("scoreboard", "--json").json["totals"]["attempts"] == 1
    monkeypatch.setenv("GRADER_DEBUG", "1")
    assert "Traceback" in at("run", "1").err


def test_a_defect_elsewhere_is_one_line(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "tallies", lambda *_: 1 / 0)
    found = at("list")
    assert found.code == 4 and found.err.count("\n") == 1 and "a defect of the grader" in found.err


def missing(name: str) -> Callable[..., Any]:
    def tallies(*_: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    return tallies


def test_a_package_that_is_not_installed_is_no_defect(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "tallies", missing("sqlalchemy.orm"))
    found = at("list")
    assert found.code == 3 and found.err.startswith(f"grader: sqlalchemy is not installed for {sys.executable}; ")
    assert "run `make`, or" in found.err and found.err.endswith(" -m pip install sqlalchemy\n")


def test_a_module_of_ours_that_is_missing_is_a_defect(at: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "tallies", missing("grader.nowhere"))
    found = at("list")
    assert found.code == 4 and "a defect of the grader" in found.err


def test_ctrl_c(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = KeyboardInterrupt()
    found = at("run", "1")
    assert found.code == 130 and "interrupted" in found.err and not record.attempts(record.url())


def test_a_machine_without_what_was_demanded(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = MachineError("cuda: no NVIDIA GPU is visible here")
    found = at("run", "--all")
    assert found.code == 3 and found.err.splitlines()[-1] == "grader: cuda: no NVIDIA GPU is visible here"


# ---------------------------------------------------------------- the other verbs


def test_list(at: Course) -> None:
    at.edit(), at.edit("02_scale")
    at("run", "1")
    found = at("list")
    assert found.code == 0 and "✓ PASS" in found.out and "bronze" in found.out and "edited" in found.out
    assert found.out.splitlines()[-1] == "next: python -m grader show 02_scale"
    assert [row["verdict"] for row in at("list", "--json", "-k", "copy").json] == ["PASS"]


def test_scoreboard(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = timed(ratio=0.95)
    at("run", "1")
    found = at("scoreboard")
    assert "gold" in found.out and "0.95×" in found.out
    assert found.out.splitlines()[-1] == "1 of 2 exercises passed in 1 attempt · 1 gold · score 45 of 100"
    assert at("scoreboard", "--json").json["exercises"][0]["tier"] == "gold"


def test_show(at: Course) -> None:
    found = at("show", "1")
    assert "# copy" in found.out and "launch_copy" in found.out and "0.80×" in found.out
    assert "exercises/01_copy/copy.cu:3" in found.out.splitlines()[-1]
    assert at("show", "1", "--json").json["hints"] == 3


def test_hints_come_one_by_one_and_stay_on_record(at: Course) -> None:
    said = [at("hint", "1").out for _ in range(4)]
    assert [n for text in said for n in "123" if f"hint {n} of 3" in text] == ["1", "2", "3", "3"]
    assert record.tiers(record.url(), "01_copy") == {1, 2, 3}
    assert at("hint", "1", "--tier", "1", "--json").json["text"] == "Which element is yours?"


def test_after_a_pass_hints_are_free(at: Course) -> None:
    at.edit()
    at("run", "1"), at("hint", "1", "--tier", "3")
    assert record.tiers(record.url(), "01_copy") == frozenset()


def test_reset(at: Course) -> None:
    path = at.edit()
    found = at("reset", "1", "--json")
    assert path.read_text() == SKELETON.format(name="copy")
    assert Path(found.json["backup"]).read_text() == answer("copy")
    assert at("reset", "1", "--json").json["backup"] is None


def test_history_shows_and_restores(at: Course) -> None:
    at.edit(text="// first")
    at.answers["01_copy"] = timed(ratio=0.9)
    at("run", "1")
    path = at.edit(text="// second")
    at.answers["01_copy"] = "WRONG"
    at("run", "1")
    assert [row["outcome"] for row in at("history", "1", "--json").json] == ["PASS", "WRONG"]
    assert at("history", "--source", "2").out == "// second\n" and "WRONG" in at("history").out
    found = at("restore", "1")
    assert path.read_text() == "// first" and "attempt 1 (PASS) is back" in found.out
    assert at("restore", "1", "2").code == 0 and path.read_text() == "// second"
    assert at("restore", "1", "@last").code == 0 and path.read_text() == "// second"


def test_compare_opens_with_a_pass(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = timed()
    at("run", "1"), at("run", "1", "--solution")
    found = at("compare", "1")
    assert found.code == 0 and "// the solution" in found.out and "Why it is right" in found.out
    assert found.out.splitlines()[-1] == "attempt 1: yours runs at 1.38× the solution's speed, over 1 shape"
    assert at("compare", "1", "--json").json["ratio"] == 1.38


def test_doctor(at: Course) -> None:
    found = at("doctor", "--json")
    assert {"python", "torch", "GPU", "records"} <= {check["name"] for check in found.json["checks"]}
    assert found.code in (0, 3) and at("doctor").out.splitlines()[-1] == found.json["verdict"]


def test_no_verb_says_what_to_type(at: Course) -> None:
    lines = at().out.splitlines()
    assert lines[-1] == "type  python -m grader show 1" and "0 of 2 exercises" in lines[1]
    at.edit()
    at.answers["01_copy"] = "WRONG"
    at("run", "1")
    lines = at().out.splitlines()
    assert "01_copy" in lines[0] and "✗ WRONG, 1 attempt" in lines[0] and "02_scale" in lines[1]
    assert len(lines) <= 12 and lines[-1] == "type  python -m grader watch 1" and "1 day in a row" in lines[4]
    at.answers["01_copy"] = "PASS"
    at("run", "1")
    assert at().out.splitlines()[-1] == "type  python -m grader show 2"
    at.edit("02_scale"), at("run", "2")
    assert at().out.splitlines()[-1] == "type  python -m grader scoreboard"


def test_no_verb_as_json_has_the_keys_that_help_names(at: Course, capsys: pytest.CaptureFixture[str]) -> None:
    found = at("--json").json
    assert found["here"] is None and found["next"]["exercise"] == "01_copy" and found["type"].endswith("show 1")
    at.edit()
    at.answers["01_copy"] = "WRONG"
    at("run", "1")
    found = at("--json").json
    assert found["here"]["exercise"] == "01_copy" and found["here"]["verdict"] == "WRONG"
    assert found["here"]["attempts"] == 1 and found["type"].endswith("watch 1")
    assert found["tracks"] == {"foundations": {"passed": 0, "exercises": 2}} and found["streak_days"] == 1
    assert found["week"] == [False] * 6 + [True] and (found["passed"], found["exercises"]) == (0, 2)
    with pytest.raises(SystemExit):
        at("--help")
    told = capsys.readouterr().out
    assert all(name in told for name in (*found, *found["here"], *found["tracks"]["foundations"]))


def test_json_may_stand_before_the_verb(at: Course) -> None:
    assert at("--json", "list").json == at("list", "--json").json


@pytest.mark.parametrize(
    ("words", "ids"),
    [("", "12"), ("--status new", "2"), ("--status open", "12"), ("--status begun", "1"), ("--status wrong", "1"),
     ("--difficulty 1", "12"), ("--track foundations", "12"), ("--needs nothing", "12"),
     ("--status begun -k copy", "1")],
)  # fmt: skip
def test_list_is_filtered(at: Course, words: str, ids: str) -> None:
    at.edit()
    at.answers["01_copy"] = "WRONG"
    at("run", "1")
    assert [row["id"][1] for row in at("list", "--json", *words.split()).json] == list(ids)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [("--track nosuch", 2, "there are foundations"), ("--status passed", 5, "no exercise is like that"),
     ("--needs gpu", 5, "no exercise is like that"), ("--difficulty 9", 2, "1 to 5"), ("--status x", 2, "choose from")],
)  # fmt: skip
def test_a_filter_that_leaves_nothing(at: Course, words: str, code: int, says: str) -> None:
    found = at("list", *words.split())
    assert (found.code, found.out) == (code, "") and says in found.err


def test_next_is_what_comes_after_where_you_are(at: Course) -> None:
    assert "01_copy" in at("next").out
    at.edit()
    assert "02_scale" in at("next").out
    at("run", "1"), at.edit("02_scale"), at("run", "2")
    assert "every exercise is passed" in at("next").out


def test_giving_up_opens_the_solution_and_is_remembered(at: Course) -> None:
    assert at("give-up", "1").code == 2 and at("compare", "1").code == 1  # not without --yes
    found = at("give-up", "1", "--yes")
    assert found.code == 0 and "solutions/01_copy/copy.cu" in found.out
    assert "// the solution" in at("compare", "1").out and at("compare", "1", "--json").json["attempt"] is None
    at.edit()
    at.answers["01_copy"] = timed(ratio=2.0)
    at("run", "1")
    assert at("scoreboard", "--json").json["exercises"][0]["tier"] == "bronze"
    assert "✓ PASS, assisted" in at("list").out and at("hint", "1").code == 0


@pytest.mark.parametrize(("answer_", "code"), [("y\n", 0), ("\n", 2), ("", 2)])
def test_giving_up_is_asked_for(at: Course, monkeypatch: pytest.MonkeyPatch, answer_: str, code: int) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer_))
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert at("give-up", "1").code == code
    assert record.gave_up(record.url(), "01_copy") is (code == 0)


def test_after_a_pass_there_is_nothing_to_give_up(at: Course) -> None:
    at.edit(), at("run", "1")
    assert at("give-up", "1", "--json").json["assisted"] is False
    assert not record.gave_up(record.url(), "01_copy")


def test_a_workspace(at: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at.edit()
    folder = tmp_path / "mine"
    found = at("init", str(folder))
    assert found.code == 0 and str(folder) in found.out
    source = folder / "exercises" / "01_copy" / "copy.cu"
    assert source.read_text() == SKELETON.format(name="copy")  # not what was edited elsewhere
    source.write_text("// mine")
    assert at("init", str(folder), "--json").json["made"] == [] and source.read_text() == "// mine"
    assert at("list", "--root", str(folder), "--json").json[0]["source"] == str(source)
    assert at("--root", str(folder), "list", "--json").json[0]["edited"] is True
    assert os.environ["GRADER_ROOT"] == str(at.home) and at("list", "--root", "/nowhere").code == 2
    monkeypatch.delenv("GRADER_ROOT")
    monkeypatch.chdir(source.parent)
    assert at("list", "--json").json[0]["source"] == str(source)


def test_edit_starts_the_editor_at_the_first_todo(at: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vim = tmp_path / "vim"
    vim.write_text(f'#!/bin/sh\nprintf "%s " "$@" > {tmp_path}/told\n')
    vim.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"{vim} -n")
    assert at("edit", "1").code == 0
    assert (tmp_path / "told").read_text().split() == ["-n", "+3", f"{at.home}/exercises/01_copy/copy.cu"]
    monkeypatch.setenv("VISUAL", "/nosuch/editor")
    assert at("edit", "1").code == 3 and at("edit", "1", "--json").json["place"] == "exercises/01_copy/copy.cu:3"


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples(at: Course, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    for words in ((verb, "--help"), ("help", verb)):
        with pytest.raises(SystemExit) as left:
            at(*words)
        said = capsys.readouterr().out
        assert left.value.code == 0 and f"examples:\n  python -m grader {verb}" in said and "exit codes" in said


# ---------------------------------------------------------------- terminals and processes


def test_a_pipe_gets_plain_whole_lines(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = "WRONG"
    said = at("run", "1").out
    assert "\x1b" not in said and "rows=33,cols=1000,recipe=spikes,x+1,in-place   seed 8123" in said
    assert all(line == line.rstrip() for line in said.splitlines())


@pytest.mark.parametrize(("name", "value", "coloured"), [("FORCE_COLOR", "1", True), ("NO_COLOR", "1", False)])
def test_colour_follows_the_environment(
    at: Course, monkeypatch: pytest.MonkeyPatch, name: str, value: str, coloured: bool
) -> None:
    at.edit()
    monkeypatch.setenv(name, value)
    assert ("\x1b[" in at("run", "1").out) is coloured


@pytest.mark.parametrize("verb", ["run", "list", "scoreboard", "show", "history", "doctor"])
def test_a_narrow_terminal(at: Course, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    at.edit()
    monkeypatch.setenv("COLUMNS", "30")
    found = at(verb) if verb in ("list", "scoreboard", "doctor") else at(verb, "1")
    assert found.code in (0, 3) and "…" not in found.out


def test_a_terminal_gets_colour(at: Course) -> None:
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "grader", "list"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "xterm"}
    subprocess.run(command, stdout=child, env=environment, check=True)
    os.close(child)
    assert b"\x1b[" in os.read(parent, 100_000)
    os.close(parent)


def test_a_terminal_that_knows_only_ascii(at: Course) -> None:
    found = python("-m", "grader", "list", PYTHONIOENCODING="ascii")
    assert found.returncode == 0 and "NOT STARTED" in found.stdout


def test_a_closed_pipe_is_no_defect(at: Course) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "grader", "history", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as started:
        assert started.stdout and started.stderr
        started.stdout.close()
        assert started.stderr.read() == b""


@pytest.mark.parametrize("words", ["list", "scoreboard", "show 1", "hint 1", "history", "--help", ""])
def test_light_verbs_import_nothing_heavy(at: Course, words: str) -> None:
    at.edit()
    at("run", "1")  # so that there is a database to read
    code = (
        "import sys\nfrom grader.cli import main\n"
        f"try: main({words.split()!r})\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    )
    loaded = set(python("-c", code).stdout.split("'"))
    assert "grader.verbs" in loaded and not {"torch", "cupy", "numpy", "hypothesis", "sqlalchemy"} & loaded


def test_a_verdict_is_recorded_with_its_versions(at: Course) -> None:
    at.edit()
    at.answers["01_copy"] = verdict("PASS")
    at("run", "1")
    (kept,) = record.attempts(record.url())
    assert {"grader", "python", "torch"} <= json.loads(kept.versions).keys() and kept.at.endswith("+00:00")


@pytest.mark.parametrize("words", [("list", "--plain"), ("--plain", "list")])
def test_plain_has_no_escape_codes(words: tuple[str, ...], at: Course) -> None:
    """Before the verb or behind it; the environment is as it was afterwards."""
    coloured = python("-m", "grader", "list", FORCE_COLOR="1").stdout
    plain = python("-m", "grader", *words, FORCE_COLOR="1").stdout
    assert "\x1b[" in coloured and "\x1b[" not in plain and "01_copy" in plain
    before = dict(os.environ)
    at(*words)
    assert dict(os.environ) == before
