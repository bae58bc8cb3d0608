"""Mutation test of the checker: delete one barrier, guard or initialisation of a solution at a time, and grade it.

    python tests/simulator/mutate.py [solutions/07_softmax …]

No mutant that gives a wrong answer may go unreported. Those that give the right one without a finding are listed, to be
read: the deleted line may have been redundant. Minutes, not seconds: run by hand and before a release.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = (
    ("barrier", re.compile(r"__sync(?:threads|warp)\([^()]*\);"), ";"),
    ("guard", re.compile(r"\bif \((?:\w+ [<>]=? \w+|\w+ [<>]=? \w+ && \w+ [<>]=? \w+)\)"), "if (true)"),
    ("initialisation", re.compile(r"^\s*\w+\[[^\]]*\] = 0(?:\.0?f?)?;", re.M), ";"),
    ("memset", re.compile(r"cudaMemsetAsync\([^;]*\);"), ";"),
)


def mutants(text: str) -> Iterator[tuple[str, int, str]]:
    """What was done, on which line, and the text."""
    for name, pattern, instead in MUTATIONS:
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            missing = "\n" * found.group().count("\n")
            yield name, line, text[: found.start()] + missing + instead + text[found.end() :]


def grade(exercise: str, text: str) -> tuple[str, int]:
    """The verdict, and how many findings."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{exercise.split('_', 1)[1]}.cu"
        file.write_text(text)
        words = ["run", exercise, "--file", str(file), "--backend", "simulator", "--no-speed", "--json"]
        done = subprocess.run([sys.executable, "-m", "grader", *words], cwd=ROOT, capture_output=True, text=True)
    said = json.loads(done.stdout.splitlines()[-1])
    return said["verdict"], len(said["findings"])


def _kind(name: str, verdict: str, findings: int) -> str:
    """A guard that chose an algorithm, once deleted, is a wrong algorithm: the numbers say so, not the checker."""
    if findings:
        return "reported"
    if verdict == "PASS":
        return "silent"
    return "logic" if name == "guard" else "missed"


def main(folders: list[str]) -> int:
    chosen = [Path(f) for f in folders] or sorted((ROOT / "solutions").iterdir())
    tally: Counter[str] = Counter()
    for folder in chosen:
        for file in sorted(folder.glob("*.cu")):
            for name, line, text in mutants(file.read_text()):
                verdict, findings = grade(folder.name, text)
                kind = _kind(name, verdict, findings)
                tally[kind] += 1
                if kind != "reported":
                    print(f"{kind}: {folder.name}:{line} {name} deleted, {verdict}", flush=True)
    total = sum(tally.values())
    print(
        f"{total} mutants: {tally['reported']} reported, {tally['silent']} right and silent, "
        f"{tally['logic']} wrong without a memory mistake, {tally['missed']} missed"
    )
    return 1 if tally["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
