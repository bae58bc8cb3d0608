"""Every cheat is refused for its own reason, and every unusual but right kernel passes.

tests/cheats/<n>_<name>.cu: n is the cheat's number in docs/cheats.md. tests/controls/*.cu must pass. First lines:
    // cheat: 07_softmax                       the exercise; `// control:` in controls
    // expect…                                 as in tests/attempts
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from miniature import SPEED
from miniature import verdict as verdict_of

from grader import cases, catalog, clocks, judge, sandbox
from grader.expect import expected
from grader.folder import Folder
from grader.model import Outcome, Verdict
from grader.prove import request, told
from tests.test_attempts import named

HERE = Path(__file__).parent
CHEATS = sorted((HERE / "cheats").glob("*.cu"), key=lambda p: (int(p.stem.split("_")[0]), p.stem))
CONTROLS = sorted((HERE / "controls").glob("*.cu"))
NOT_REFUSED = {Outcome.PASS, Outcome.SLOW, Outcome.NOISY}
LITTER = "grader-cheat-*"  # what 22 leaves in /dev/shm, where it is not isolated

LEFT = "what it leaves in /dev/shm is there for a fresh process too: isolation"

# Let through, or not explained: (cheat, backend) -> why. docs/cheats.md says what would catch it.
KNOWN: dict[tuple[str, str], str] = {
    **({} if sandbox.level("simulator").name == "bubblewrap" else {("22_replayed_from_disk", "simulator"): LEFT}),
}


def grade(path: Path, word: str, backend: str) -> Verdict:
    found = named(path, word)
    assert found, f"{path.name}: no `// {word}: EXERCISE`"
    folder = Folder(HERE.parent, catalog.load(HERE.parent, found))
    return judge.grade(request(folder, path, backend))


@pytest.fixture(params=["simulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Little is shrunk: a cheat is to be refused, not to be made small."""
    monkeypatch.setattr(judge, "SECONDS", {"cuda": 5.0, "simulator": 4.0})
    monkeypatch.setattr(cases, "SHRINK_SECONDS", 0.5)
    if request.param == "cuda":
        request.getfixturevalue("connections")
    monkeypatch.setattr(judge, "CREW", 1)  # one worker gets all the calls: what keeps state shows at the same one
    return str(request.param)


@pytest.fixture(autouse=True)
def clean_shared_memory(request: pytest.FixtureRequest) -> Iterator[None]:
    """Only around the one that litters: tests in other processes must not sweep under its feet."""
    litters = "22_replayed" in request.node.name
    if litters:
        sweep()
    yield
    if litters:
        sweep()


def sweep() -> None:
    for left in Path("/dev/shm").glob(LITTER):
        left.unlink()


def sentence(verdict: Verdict) -> str:
    """What the learner reads first about the reason."""
    texts = [f.text for f in verdict.findings]
    if verdict.failure:
        texts.append(verdict.failure.diagnosis.explanation)
    texts += [verdict.detail, verdict.log]
    if verdict.failure and verdict.failure.mismatch:  # no pattern fits: where, what is there, and what should be
        texts.append(str(verdict.failure.mismatch))
    return next(filter(None, texts), "")


def beside(verdict: Verdict) -> bool:
    """Two clocks disagree on a GPU that other tests use as well: no pass, and no accusation."""
    notes = verdict.speed.notes if verdict.speed else ()
    return verdict.outcome is Outcome.NOISY and any("the judge's clock" in note for note in notes)


def test_noise_alone_is_no_reason_to_refuse_a_cheat() -> None:
    noisy = replace(verdict_of(Outcome.NOISY), speed=replace(SPEED, notes=("1 other processes were on this GPU",)))
    doubted = replace(noisy, speed=replace(SPEED, notes=(clocks.outrun(10.0, 10.0, SLOW, QUICK),)))
    assert (beside(noisy), beside(doubted), beside(replace(doubted, outcome=Outcome.PASS))) == (False, True, False)


SLOW, QUICK = clocks.Batch(9000.0, 100.0, 64), clocks.Batch(1400.0, 100.0, 64)


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_cheat(path: Path, backend: str, request: pytest.FixtureRequest) -> None:
    if why := KNOWN.get((path.stem, backend)):
        request.applymarker(pytest.mark.xfail(strict=True, reason=why))
    verdict = grade(path, "cheat", backend)
    if beside(verdict) and any(one.reason == "suspicious" for one in expected(path, backend)):
        return
    assert any(one.met(verdict) for one in expected(path, backend)), told(verdict)
    assert verdict.outcome in NOT_REFUSED or sentence(verdict), f"refused, but not explained: {told(verdict)}"


@pytest.mark.parametrize("seed", [9, 27, 32, 53, 79])
def test_an_answer_that_is_kept_is_named_whatever_the_seed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it kept may by chance be right when the case is run again: other contents may have the same answer, and a
    worker that was replaced keeps nothing."""
    monkeypatch.setattr(judge, "CREW", 1)
    path = HERE / "cheats" / "19_cached_by_pointer.cu"
    folder = Folder(HERE.parent, catalog.load(HERE.parent, "01_vector_add"))
    verdict = judge.grade(replace(request(folder, path, "simulator"), seed=seed))
    assert verdict.outcome is Outcome.WRONG
    assert verdict.failure and verdict.failure.diagnosis.pattern == "stale", told(verdict)


@pytest.mark.parametrize("path", CONTROLS, ids=lambda path: path.stem)
def test_control(path: Path, backend: str) -> None:
    verdict = grade(path, "control", backend)
    good = {Outcome.PASS} if backend == "simulator" else {Outcome.PASS, Outcome.SLOW, Outcome.NOISY}
    assert verdict.outcome in good, told(verdict)


def test_every_cheat_has_its_line_in_the_table() -> None:
    page = (HERE.parent / "docs" / "cheats.md").read_text()
    assert {int(n) for n in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == set(range(1, 63))
    assert [p.name for p in CHEATS if f"`{p.name}`" not in page] == []
