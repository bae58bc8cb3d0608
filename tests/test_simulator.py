"""The corpus: every mistake is found on its line, every right kernel is silent."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "simulator"))

import play  # noqa: E402

from grader.backends import simulator  # noqa: E402
from grader.translate import Refused  # noqa: E402

CORPUS = sorted((Path(__file__).parent / "simulator").glob("*/*.cu"))
WHY_NOT = simulator.why_not()

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def expectations(text: str) -> list[str]:
    return re.findall(r"^// expect: (.*)$", text, re.M)


@pytest.mark.parametrize("file", CORPUS, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_corpus(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    wanted = expectations(text)
    assert wanted, f"{file.name} does not say what it expects"
    first, _, words = wanted[0].partition(" ")
    if first == "error":
        with pytest.raises(play.BuildError, match=re.escape(words)):
            play.build(text, file.name, tmp_path)
    elif first == "refused":
        with pytest.raises(Refused, match=re.escape(words)):
            play.build(text, file.name, tmp_path)
    else:
        played = play.play(play.build(text, file.name, tmp_path), text, pedantic="pedantic" in file.stem)
        compare(wanted, played, file.name)
        values(text, played)


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
