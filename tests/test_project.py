"""The project's own papers say what is so: verbs, exit codes, modules, pinned versions, what travels in the wheel."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import cli
from grader.model import Outcome

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = [line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra]


def read(name: str) -> str:
    return (ROOT / name).read_text()


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in lines if line and line[0].isalpha()}


# ---------------------------------------------------------------- documents


def verbs(text: str) -> set[str]:
    return set(re.findall(r"^\| `(?!python)([\w-]+)[ `]", text.split("## Verbs")[1], re.MULTILINE))


def test_readme_has_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    offered = set(re.findall(r"^    ([\w-]+)(?: |$)", capsys.readouterr().out, re.MULTILINE))
    assert verbs(read("README.md")) == offered


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_documents_name_every_verdict(name: str) -> None:
    assert {outcome.value for outcome in Outcome} <= set(re.findall(r"[A-Z_]+", read(name)))


def test_architecture_names_every_module() -> None:
    named = set(re.findall(r"`([a-z.]+)`", read("ARCHITECTURE.md").split("## Where to look")[0]))
    modules = {p.stem for p in ROOT.glob("grader/*.py")} - {"__init__", "__main__"}
    assert modules <= named


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "AGENTS.md"])
def test_files_that_are_named_exist(name: str) -> None:
    found = re.findall(r"\b((?:grader|csrc|tests|exercises/0|solutions/0)[\w./]*\.(?:py|cu|h|cpp|toml))", read(name))
    missing = [path for path in found if not (ROOT / path).exists() and "name" not in path]
    assert not missing


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md", "AGENTS.md", "Makefile"):
        assert set(re.findall(r"`make ([a-z-]+)", read(name))) <= targets
        assert set(re.findall(r"^(?:# |    )make ([a-z-]+)  ", read(name), re.MULTILINE)) <= targets


def test_changelog_starts_with_unreleased() -> None:
    assert re.findall(r"^## (.+)", read("CHANGELOG.md"), re.MULTILINE)[0] == "Unreleased"


# ---------------------------------------------------------------- packaging


def test_every_dependency_is_pinned() -> None:
    pinned = names(read("constraints.txt").splitlines())
    assert names([*PROJECT["project"]["dependencies"], *EXTRAS, *PROJECT["build-system"]["requires"]]) <= pinned


def test_an_interpreter_of_ones_own_is_asked_for_all_that_is_imported() -> None:
    """`make … PYTHON=…` installs nothing: it names what is missing, under the names that are imported."""
    asked = " ".join(re.findall(r"^NEEDS [:+]= (.+)$", read("Makefile"), re.MULTILINE)).split()
    found = re.search(r"^packages = (\{[^}]*\})", read("Makefile"), re.MULTILINE)
    others = ast.literal_eval(found[1]) if found else {}
    assert names(PROJECT["project"]["dependencies"]) <= {others.get(name, name) for name in asked}


def test_every_pin_is_exact() -> None:
    lines = [line for line in read("constraints.txt").splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"[\w.-]+==[\w.]+($|; python_version [<>=]+ \"3\.\d+\"$)", line) for line in lines)


def test_every_package_travels_in_the_wheel() -> None:
    ours = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("grader/**/__init__.py")}
    packages = PROJECT["tool"]["setuptools"]["packages"]
    assert ours <= set(packages)
    assert {"grader.exercises", "grader.solutions", "grader.include"} <= set(packages)


@pytest.mark.parametrize(
    ("memory", "cores", "jobs"), [("143771", "16", 10), ("143771", "4", 2), ("24564", "16", 2), ("8188", "16", 1)]
)
def test_gpu_tests_know_how_many_at_a_time(tmp_path: Path, memory: str, cores: str, jobs: int) -> None:
    for name, said in (("nvidia-smi", memory), ("nproc", cores)):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n")
        (tmp_path / name).chmod(0o755)
    words = ["make", "-n", "gpu-test", f"PYTHON={sys.executable}"]
    said = subprocess.run(words, cwd=ROOT, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True)
    assert f"-n {jobs} " in said.stdout, said.stdout + said.stderr
