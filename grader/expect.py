"""What an attempt must come to, as its first lines say; does a verdict agree?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SpecError
from grader.model import Outcome, Verdict

_EXPECT = re.compile(r"^// expect(?:\((cuda|simulator)\))?: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Expected:
    """One alternative of what an attempt must come to: a verdict and, when the author says so, its reason."""

    outcome: Outcome
    reason: str = ""

    def met(self, verdict: Verdict) -> bool:
        reasons = {f.kind for f in verdict.findings}
        if verdict.failure:
            reasons.add(verdict.failure.diagnosis.pattern)
        return verdict.outcome is self.outcome and (not self.reason or self.reason in reasons)

    def __str__(self) -> str:
        return f"{self.outcome.value} {self.reason}".strip()


def expected(path: Path, backend: str = "") -> tuple[Expected, ...]:
    """The alternatives that the first lines give for this backend; for none, those of all."""
    head = "\n".join(path.read_text().splitlines()[:4])
    said: dict[str, str] = dict(_EXPECT.findall(head))
    chosen = [said.get(backend, said.get("", ""))] if backend else list(said.values())
    words = [alternative.split() for text in chosen for alternative in text.split("|") if text]
    try:
        found = tuple(Expected(Outcome(w[0]), w[1] if len(w) > 1 else "") for w in words)
    except (ValueError, IndexError):
        raise SpecError(f"{path}:1: no such verdict; write // expect: WRONG, or what the others say") from None
    if not found:
        raise SpecError(f"{path}:1: nothing is expected here; begin with // expect: VERDICT")
    return found
