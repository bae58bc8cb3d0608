"""One exercise with all that belongs to it, and questions to its oracle: what an author's rules look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from grader import check
from grader import spec as spec_
from grader.layout import DTYPES
from grader.model import Exercise
from grader.spec import Spec


@dataclass(frozen=True)
class Folder:
    """One exercise with all that belongs to it."""

    home: Path
    exercise: Exercise

    @property
    def solutions(self) -> Path:
        return self.home / "solutions" / self.exercise.id

    @property
    def solution(self) -> Path:
        return self.solutions / f"{self.exercise.name}.cu"

    @property
    def skeleton(self) -> Path:
        return self.solutions / "skeleton.cu"

    @property
    def attempts(self) -> list[Path]:
        return sorted((self.home / "tests" / "attempts" / self.exercise.id).glob("*.cu"))

    @cached_property
    def spec(self) -> Spec:
        return spec_.load(self.exercise.folder)

    @property
    def outputs(self) -> dict[str, torch.dtype]:
        return {p.name: DTYPES[p.ctype] for p in self.exercise.declaration.params if p.output}

    def inputs(self, recipe: str, sizes: dict[str, int]) -> dict[str, Any]:
        return self.spec.inputs(torch.Generator().manual_seed(7), recipe, **sizes)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every recipe at a few small sizes."""
        return tuple(self._ask(recipe, sizes) for recipe in self.spec.recipes for sizes in small(self.spec))

    @property
    def telling(self) -> list[Question]:
        """Without the smallest sizes: one element may be right by chance."""
        least = next(small(self.spec))
        return [q for q in self.questions if q.sizes != least]

    def _ask(self, recipe: str, sizes: dict[str, int]) -> Question:
        values = self.inputs(recipe, sizes)
        return Question(self, recipe, sizes, values, self.spec.oracle(**values, **sizes))


def small(spec: Spec) -> Iterator[dict[str, int]]:
    """A few sets of sizes that a CPU answers at once: the lowest, odd ones, and just past a warp."""
    for wanted in (0, 5, 37, 67):
        yield {name: min(s.high, max(s.low, wanted)) for name, s in spec.sizes.items()}


@dataclass(frozen=True)
class Question:
    """One set of inputs and its answer."""

    folder: Folder
    recipe: str
    sizes: dict[str, int]
    values: dict[str, Any]
    want: dict[str, torch.Tensor]

    def __str__(self) -> str:
        return ",".join([*(f"{name}={n}" for name, n in self.sizes.items()), f"recipe={self.recipe}"])

    @property
    def right(self) -> dict[str, torch.Tensor]:
        """The oracle's answer, in the outputs' types."""
        return {name: self.want[name].to(dtype) for name, dtype in self.folder.outputs.items()}

    def accepts(self, **instead: torch.Tensor) -> bool:
        """Whether the right answer passes with these outputs in place of its own."""
        got = self.folder.spec.canonical(self.right | instead, **self.values, **self.sizes)
        return check.judge_outputs(got, self.want, self.folder.exercise.tolerances) is None


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # the rule `files` says so


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
