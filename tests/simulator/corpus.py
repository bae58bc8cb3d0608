"""The corpus and what each file of it says of itself; see play.py for the grammar."""

from __future__ import annotations

import re
from pathlib import Path

import play
import pytest

FILES = sorted(Path(__file__).parent.glob("*/*.cu"))


def identity(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def expectations(text: str) -> list[str]:
    return re.findall(r"^// expect: (.*)$", text, re.M)


def compare(wanted: list[str], played: play.Played, name: str) -> None:
    found = {(f.kind, f.where) for f in played.run.findings}
    found |= {(f.kind, f.other.split(",")[0]) for f in played.run.findings if f.kind == "race"}  # either side of it
    if wanted == ["silent"]:
        assert not found and not played.run.status, play.describe(played)
        return
    for words in wanted:
        kind, _, line = words.partition(" ")
        assert (kind, f"{name}:{line}" if line else "") in found or (not line and kind in {k for k, _ in found}), (
            play.describe(played)
        )
    assert {f.kind for f in played.run.findings} == {w.split()[0] for w in wanted}, play.describe(played)


def values(text: str, played: play.Played) -> None:
    for index, value in re.findall(r"^// out\[(\d+)\]: (\S+)$", text, re.M):
        assert played.out[int(index)] == pytest.approx(float(value), rel=1e-5), play.describe(played)
