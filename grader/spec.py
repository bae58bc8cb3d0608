"""The code half of an exercise: loads spec.py, and holds the words it is written in.

A spec.py defines
    sizes      {name: size(low, high, near=…)}; the first ones give way first when a case would be too large
    recipes    names of data recipes, plainest first; `inputs` gives each its meaning
    inputs     (g, recipe, **sizes) -> {argument: tensor, number or None (NULL)}; all randomness from the generator g
    oracle     (**inputs and sizes) -> {output: float64 or integer tensor, output__S: condition scale}
    moved      (**sizes) -> bytes that must cross device memory at least
    flops      (**sizes) -> operations (optional; 0)
    library    (**inputs and sizes) -> zero-argument callable: the same answer from torch/cuBLAS
    outputs    (**sizes) -> {output: shape}, only where it is not the oracle's (pitched rows)
    workspace  (**sizes) -> bytes of `ws`, only where the launcher takes one
"""

from __future__ import annotations

import math
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from grader.errors import SpecError

__all__ = ["Size", "Spec", "draw", "integers", "load", "serial", "size"]

Tensors = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """The range of one size and the values where kernels break: `near` counts ±1."""

    low: int
    high: int
    near: tuple[int, ...] = ()

    @property
    def edges(self) -> tuple[int, ...]:
        around = {n + d for n in self.near for d in (-1, 0, 1)} | {self.low}
        return tuple(sorted(n for n in around if self.low <= n <= self.high))


def size(low: int, high: int, near: tuple[int, ...] = ()) -> Size:
    return Size(low, high, near)


@dataclass(frozen=True)
class Spec:
    """What spec.py defines."""

    sizes: Mapping[str, Size]
    recipes: tuple[str, ...]
    inputs: Callable[..., Tensors]
    oracle: Callable[..., Tensors]
    moved: Callable[..., int]
    flops: Callable[..., int]
    library: Callable[..., Callable[[], Any]]
    outputs: Callable[..., Mapping[str, tuple[int, ...]]]
    workspace: Callable[..., int]


def load(folder: Path) -> Spec:
    """Runs spec.py; SpecError names the file and line that failed."""
    path = folder / "spec.py"
    if not path.exists():
        raise SpecError(f"{path} does not exist; an exercise needs exercise.toml and spec.py")
    try:
        names = runpy.run_path(str(path))
    except Exception as error:  # an author's mistake of any kind: say where
        raise SpecError(f"{path}:{_line(error, path)}: {type(error).__name__}: {error}; correct it") from error
    if missing := {"sizes", "recipes", "inputs", "oracle", "moved", "library"} - names.keys():
        raise SpecError(f"{path}: does not define {', '.join(sorted(missing))}; see grader/spec.py for each")
    defaults: dict[str, Any] = {"flops": _zero, "outputs": _none, "workspace": _zero}
    given: dict[str, Any] = {key: names.get(key, defaults.get(key)) for key in Spec.__dataclass_fields__}
    return Spec(**given)


def _line(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    trace, line = error.__traceback__, 1
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _zero(**_: Any) -> int:
    return 0


def _none(**_: Any) -> Mapping[str, tuple[int, ...]]:
    return {}


# ---------------------------------------------------------------- words for inputs()


def draw(
    g: torch.Generator,
    recipe: str,
    *shape: int,
    dtype: torch.dtype = torch.float32,
    mean: float = 0.0,
    std: float = 1.0,
) -> torch.Tensor:
    """A tensor of that shape on g's device, by one of the recipes every exercise may use:

    normal    mean + std·N(0, 1)
    constant  all 0.5: sums of it are exact, so an index error shows and rounding does not
    spikes    normal, with 1000 at the first, middle and last element: a dropped tail is unmissable
    ties      small whole numbers in -8…7
    shift     normal around 10,000: cancellation and overflow show
    """
    if recipe == "constant":
        x = torch.full(shape, 0.5, dtype=torch.float64, device=g.device)
    elif recipe == "ties":
        x = torch.randint(-8, 8, shape, generator=g, device=g.device).double()
    else:
        x = mean + std * torch.randn(shape, generator=g, device=g.device, dtype=torch.float32).double()
    if recipe == "shift":
        x += 1e4
    if recipe == "spikes" and x.numel():
        flat = x.view(-1)
        flat[[0, x.numel() // 2, x.numel() - 1]] = 1000.0
    return x.to(dtype)


def integers(g: torch.Generator, low: int, high: int, *shape: int, dtype: torch.dtype = torch.int32) -> torch.Tensor:
    """Whole numbers in low … high - 1."""
    return torch.randint(low, high, shape, generator=g, device=g.device).to(dtype)


def serial(terms: int) -> float:
    """How many units of 2^-24·S an honest but serial fp32 sum of `terms` terms may be off, over c.

    Roundings of n additions walk at random, so the error grows with √n (Higham, Accuracy and Stability of
    Numerical Algorithms, §4.2); a tree's grows with log n. Multiply S by it, so that a naive kernel is not WRONG.
    """
    return 1.0 + math.sqrt(terms) / 4.0
