"""The record for other programs, and what a shell is told."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from miniature import Course, course, keyboard

from grader import catalog, export
from grader.record import Attempt

NOW = "2026-11-24T10:00:00+00:00"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("PASS", ""), ("WRONG", "failure"), ("NOT_RUN", "skipped"), ("GRADER_ERROR", "error"), ("", "skipped")],
)
def test_junit(tmp_path: Path, outcome: str, kind: str) -> None:
    exercise = replace(catalog.load(course(tmp_path), "01_copy"), track='a<b>"&\x00')
    last = {exercise.id: Attempt(exercise.id, outcome, NOW, 7)} if outcome else {}
    suite = ElementTree.fromstring(export.junit([exercise], last))[0]
    assert [child.tag for child in suite[0]] == [kind] * bool(kind) and suite[0].get("classname") == 'a<b>"&�'
    counts = {name: int(suite.get(name, "")) for name in ("failures", "errors", "skipped")}
    assert sum(counts.values()) == bool(kind) and suite.get("tests") == "1"


def test_csv_and_json_say_the_same() -> None:
    odd = Attempt("01_copy", "PASS", NOW, 1, device='an "odd", one\n', ratio=1.5)
    rows = [odd, Attempt("02_scale", "WRONG", NOW, 2)]
    read = list(csv.DictReader(io.StringIO(export.table(rows))))
    kept = json.loads(export.json(rows))
    assert kept["schema_version"] == 1 and [r["device"] for r in read] == [a["device"] for a in kept["attempts"]]


def test_the_verb(at: Course, tmp_path: Path) -> None:
    at.edit(), at("run", "1")
    at.edit("02_scale"), at("run", "2")
    assert [a["exercise"] for a in at("export", "json", "2").json["attempts"]] == ["02_scale"]
    assert at("export", "csv", "-o", str(tmp_path / "a.csv")).out == ""
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 3
    assert ElementTree.fromstring(at("export", "junit").out)[0].get("failures") == "0"
    assert at("export", "csv", "-o", "/nowhere/a.csv").code == 3


# ---------------------------------------------------------------- completion

ASK = """
import atexit, sys
from grader import cli
sys.argv[0] = "grader"
heavy = {"torch", "numpy", "sqlalchemy", "rich"}
atexit.register(lambda: print("|", sorted(heavy & sys.modules.keys()), file=sys.stderr))
import os; leave = os._exit; os._exit = sys.exit
cli.main([])
"""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("grader wat", ["watch "]),
        ("grader run 02", ["02_scale "]),
        ("grader show sc", ["scale "]),
        ("grader list --stat", ["--status "]),
        ("grader completion f", ["fish "]),
    ],
)
def test_tab(at: Course, tmp_path: Path, line: str, offered: list[str]) -> None:
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "out")}
    asked |= {"COMP_LINE": line, "COMP_POINT": str(len(line)), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "out").read_text().split("\n") == offered, done.stderr
    assert done.stderr.rstrip().endswith("| []")


@pytest.mark.parametrize(("shell", "says"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete --command")])
def test_a_shell_is_told(at: Course, shell: str, says: str) -> None:
    found = at("completion", shell)
    assert found.code == 0 and says in found.out and "grader" in found.out
