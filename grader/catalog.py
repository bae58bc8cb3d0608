"""From a folder to an Exercise: reads exercise.toml and nothing else, so it needs no torch."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli  # compiled, three times as fast as tomllib: `list` reads every exercise.toml

from grader import declaration
from grader.errors import SpecError, UsageError
from grader.model import LIBRARIES, Declaration, Exercise, Tolerance, Walk

_REQUIRED = ("title", "summary", "track", "difficulty", "minutes", "declaration", "hints", "tolerance", "speed")


def root() -> Path:
    """Where exercises/ and solutions/ lie: GRADER_ROOT, the workspace you stand in, inside the package, the clone."""
    if chosen := os.environ.get("GRADER_ROOT"):
        return Path(chosen).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "solutions").is_dir() and any(folder.glob("exercises/*/exercise.toml")):
            return folder
    package = Path(__file__).resolve().parent
    return package if (package / "exercises").is_dir() else package.parent


def discover(home: Path) -> list[str]:
    """The ids of all exercises, in order."""
    return sorted(p.parent.name for p in home.glob("exercises/*/exercise.toml"))


def load(home: Path, slug: str) -> Exercise:
    """Raises SpecError, naming file and line, when exercise.toml is not valid."""
    folder = home / "exercises" / slug
    path = folder / "exercise.toml"
    try:
        data = tomli.loads(path.read_text())
    except FileNotFoundError:
        raise SpecError(f"{path} does not exist; add it, or remove the folder") from None
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {error}; correct that line") from error
    if missing := [key for key in _REQUIRED if key not in data]:
        raise SpecError(f"{path}: {', '.join(missing)} missing; see CONTRIBUTING.md for what each means")
    try:
        return _exercise(folder, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SpecError(f"{path}: {type(error).__name__}: {error}; see CONTRIBUTING.md for the format") from error
    except SpecError as error:
        raise SpecError(f"{path}:{_line(path, 'declaration')}: {error}") from error


def _line(path: Path, key: str) -> int:
    lines = path.read_text().splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(key)), 1)


def _exercise(folder: Path, data: Mapping[str, Any]) -> Exercise:
    speed, layout = data["speed"], data.get("layout", {})
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", folder.name):
        raise ValueError(f"folder {folder.name!r} is not named NN_name")
    return Exercise(
        id=folder.name,
        title=data["title"],
        summary=data["summary"],
        track=data["track"],
        difficulty=int(data["difficulty"]),
        minutes=int(data["minutes"]),
        prerequisites=tuple(data.get("prerequisites", ())),
        concepts=tuple(data.get("concepts", ())),
        declaration=_placed(declaration.parse(data["declaration"]), data.get("host")),
        tolerances=_tolerances(data["tolerance"]),
        timed=tuple(dict(sizes) for sizes in speed["timed"]),
        threshold=float(speed["threshold"]),
        excellent=float(speed["excellent"]),
        hints=tuple(data["hints"]),
        alias=dict(layout.get("alias", {})),
        misaligned=tuple(layout.get("misaligned", ())),
        unsimulated=data.get("simulator", {}).get("why_not", ""),
        efficiency=_efficiency(data.get("efficiency", {})),
        folder=folder,
        recorded="host" not in data,
        walk=_walk(data.get("walk", {})),
        libraries=_libraries(data.get("libraries", ())),
    )


def _placed(found: Declaration, host: Mapping[str, Any] | None) -> Declaration:
    """[host] pinned = ["h_in"], scratch = ["d_buf"]: pointers that are not inputs or outputs in device memory."""
    if host is None:
        if not found.streamed:
            raise ValueError(f"{found.launcher} takes no stream; add a table [host], or call it launch_ and pass one")
        return found
    memory = dict.fromkeys(host.get("pinned", ()), "host") | dict.fromkeys(host.get("scratch", ()), "scratch")
    known = {p.name for p in found.params if p.pointer}
    if odd := {*memory.keys() - known, *host.keys() - {"pinned", "scratch"}}:
        raise ValueError(f"[host] {', '.join(sorted(odd))}: only pinned and scratch, with names of pointers")
    return replace(found, params=tuple(replace(p, memory=memory.get(p.name, "")) for p in found.params))


def _libraries(names: Sequence[str]) -> tuple[str, ...]:
    """libraries = ["cub"]: whose kernels may do the work; of nobody's, unless it says so."""
    if odd := set(names) - set(LIBRARIES):
        raise ValueError(f"libraries: {', '.join(sorted(odd))} is none of {', '.join(LIBRARIES)}")
    return tuple(names)


def _efficiency(data: Mapping[str, Any]) -> dict[str, float]:
    """[efficiency] global = 1.1: sectors over the ideal that the simulator lets pass; shared: wavefronts."""
    if odd := data.keys() - {"global", "shared"}:
        raise ValueError(f"[efficiency] {', '.join(sorted(odd))}: only global and shared are counted")
    return {space: float(limit) for space, limit in data.items()}


def _walk(data: Mapping[str, Any]) -> Walk:
    """[walk] rungs = ["serial_row", "three_passes"]: attempts, which benchmarks/steps.py times on the way."""
    if odd := data.keys() - {"rungs", "sizes"}:
        raise ValueError(f"[walk] {', '.join(sorted(odd))}: only rungs and sizes")
    return Walk(tuple(data.get("rungs", ())), dict(data.get("sizes", {})))


def _tolerances(data: Mapping[str, Any]) -> dict[str, Tolerance]:
    """[tolerance] holds for every output; [tolerance.idx] for that one."""
    own = {key: value for key, value in data.items() if isinstance(value, dict)}
    default = {key: value for key, value in data.items() if key not in own}
    return {"": Tolerance(**default), **{name: Tolerance(**value) for name, value in own.items()}}


# ---------------------------------------------------------------- names people type


def find(home: Path, name: str) -> str:
    """`7`, `softmax`, `07_softmax`, a path into the folder or a unique prefix -> 07_softmax."""
    ids = discover(home)
    word = _from_path(name)
    exact = [i for i in ids if word in (i, i.split("_", 1)[1]) or (word.isdigit() and int(word) == int(i[:2]))]
    if exact:
        return exact[0]
    near = [i for i in ids if word and (i.startswith(word) or i.split("_", 1)[1].startswith(word))]
    if len(near) == 1:
        return near[0]
    raise UsageError(
        f"no exercise called {name!r}; did you mean {_suggest(word, near or ids)}? `grader list` shows all"
    )


def _from_path(name: str) -> str:
    """The NN_name component of a path; the name itself when there is none."""
    parts = [p for p in Path(name).parts if re.fullmatch(r"\d\d_[a-z0-9_]+", p)]
    return parts[-1] if parts else Path(name).stem


def _suggest(word: str, ids: list[str]) -> str:
    by_name = {i.split("_", 1)[1]: i for i in ids} | {i: i for i in ids}
    close = dict.fromkeys(by_name[n] for n in difflib.get_close_matches(word, by_name, n=6, cutoff=0.0))
    return ", ".join(list(close)[:3]) or "nothing: exercises/ is empty"
