"""Every exercise's walk from the naive kernel to the solution, each rung timed. Needs a GPU.

python benchmarks/steps.py [--seconds 540] [--only 7 softmax] [--again]     writes benchmarks/results/steps-<gpu>.json
python benchmarks/steps.py --write                                         puts its tables into solutions/*/README.md

The rungs are attempts of tests/attempts/, as [walk] in exercise.toml names them; the solution is the last one. All
rungs of an exercise run in one worker, round by round on the same buffers, so the gain is the median of paired ratios.
What is in the file for the same texts is not measured again: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import author, backends, build, calibrate, catalog, gpu, measure, peaks, spec  # noqa: E402
from grader.errors import GraderError, MachineError  # noqa: E402
from grader.measure import Doubt, Walked, Wrong  # noqa: E402
from grader.model import Build, Exercise  # noqa: E402
from grader.timing import interval  # noqa: E402

RESULTS = HOME / "benchmarks" / "results"
SEED = 20_261_124
CHUNK = 8  # exercises compiled at a time: enough for all cores, few enough that a short run measures something
ROUNDS = 8  # even, so that each order is met with its reverse
TRIAL = 2  # rounds that find the rung which fails
SOLUTION = "the solution"
BEGIN, END = author.MARKS
CHANGED = "A kernel of this walk has changed since; `python benchmarks/steps.py --only {}` measures it anew."
UNMEASURED = "Not measured yet: `python benchmarks/steps.py`, then `--write`, fills this in."


@dataclass(frozen=True)
class Rung:
    """One kernel of a walk: its time, and how much faster it is than the one before; `failed` when there is none."""

    name: str
    us: float = 0.0
    rate: str = ""
    gain: float = 0.0  # 0: nothing was timed before it
    ci: tuple[float, float] = (0.0, 0.0)
    failed: str = ""


# ---------------------------------------------------------------- measuring


def main(words: Sequence[str] | None = None) -> None:
    told = arguments(words)
    if told.write:
        write()
        return
    until = time.monotonic() + told.seconds
    ready()
    path, wanted = results(), [catalog.find(HOME, name) for name in told.only] or catalog.discover(HOME)
    record = read(path)
    known = () if told.again else [slug for slug in wanted if current(record, slug)]
    due = [walked(slug) for slug in wanted if slug not in known]
    for first in range(0, len(due), CHUNK):
        chunk = due[first : first + CHUNK]
        builds = built(chunk)
        for exercise in chunk:
            if time.monotonic() > until:
                raise SystemExit(f"{exercise.id} and what follows: no time left; run it again")
            record[exercise.id] = measured(exercise, builds[exercise.id])
            path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
            print(f"{exercise.id}\n{table(record[exercise.id])}\n", flush=True)


def ready() -> None:
    """A GPU, and its peaks: they decide whether a rate is bytes or operations."""
    if why := backends.get("cuda").why_not():
        raise MachineError(f"nothing can be timed here: {why}")
    found = gpu.find()
    known = peaks.read(build.cache(), found.uuid if found else "")
    if known is None or not known.calibrated:
        calibrate.calibrate(build.cache(), lambda said: print(said, flush=True))


def arguments(told: Sequence[str] | None) -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=540.0, help="begin no other exercise after this long")
    words.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these exercises")
    words.add_argument("--again", action="store_true", help="measure what is known as well")
    words.add_argument("--write", action="store_true", help="put the tables into the READMEs; measures nothing")
    return words.parse_args(told)


def results(of: str = "steps") -> Path:
    """This GPU's file."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    return RESULTS / f"{of}-{backends.get('cuda').device().replace(' ', '_')}.json"


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def walked(slug: str) -> Exercise:
    """The exercise with the walk's sizes for its only timed shape."""
    exercise = catalog.load(HOME, slug)
    return replace(exercise, timed=(exercise.walk.sizes or exercise.timed[0],))


def sources(exercise: Exercise) -> dict[str, Path]:
    """Rung -> its file, the solution last."""
    attempts = HOME / "tests" / "attempts" / exercise.id
    rungs = {name: attempts / f"{name}.cu" for name in exercise.walk.rungs}
    return rungs | {SOLUTION: HOME / "solutions" / exercise.id / f"{exercise.name}.cu"}


def stamp(exercise: Exercise) -> str:
    """What a measurement is of: the texts and the sizes."""
    texts = {name: path.read_text() for name, path in sources(exercise).items()}
    return hashlib.sha256(json.dumps([texts, dict(exercise.timed[0])]).encode()).hexdigest()[:16]


def current(record: Mapping[str, Any], slug: str) -> bool:
    return slug in record and record[slug]["stamp"] == stamp(walked(slug))


def built(chunk: Sequence[Exercise]) -> dict[str, dict[str, Build]]:
    """Exercise -> rung -> build, compiled on all cores; nothing is timed meanwhile."""
    pending = []
    for exercise, (name, path) in ((e, item) for e in chunk for item in sources(e).items()):
        pending.append((exercise.id, name, build.begin(exercise, path.read_text(), "cuda")))
        while sum(not one.over for *_, one in pending) >= (os.cpu_count() or 1):
            time.sleep(0.01)
    done: dict[str, dict[str, Build]] = {exercise.id: {} for exercise in chunk}
    for slug, name, one in pending:
        done[slug][name] = one.wait()
    return done


def measured(exercise: Exercise, builds: Mapping[str, Build]) -> dict[str, Any]:
    """What the file holds of one exercise."""
    found = gpu.find()
    rungs, notes = climbed(exercise, builds)
    return {
        "gpu": found.name if found else "no GPU",
        "driver": found.driver if found else "",
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "stamp": stamp(exercise),
        "sizes": dict(exercise.timed[0]),
        "rungs": [asdict(rung) for rung in rungs],
        "notes": notes,
    }


def climbed(exercise: Exercise, builds: Mapping[str, Build]) -> tuple[list[Rung], tuple[str, ...]]:
    """All rungs together; where that fails, without those that fail beside the solution alone."""
    failed = {name: one.errors for name, one in builds.items() if one.errors}
    found = together(exercise, builds, failed, ROUNDS)
    if isinstance(found, str):
        for name in builds.keys() - failed.keys() - {SOLUTION}:
            others = builds.keys() - {name, SOLUTION}
            if isinstance(why := together(exercise, builds, dict.fromkeys(others, ""), TRIAL), str):
                failed[name] = why
        found = together(exercise, builds, failed, ROUNDS)
    if isinstance(found, str):
        return [Rung(name, failed=failed.get(name, found)) for name in builds], ()
    names = [name for name in builds if name not in failed]
    times, rates = dict(zip(names, found.times, strict=True)), dict(zip(names, found.rates, strict=True))
    return rungs(list(builds), times, rates, failed), found.notes


def together(exercise: Exercise, builds: Mapping[str, Build], without: Mapping[str, str], rounds: int) -> Walked | str:
    """Times, or why there are none."""
    chosen = [one for name, one in builds.items() if name not in without]
    if len(chosen) < 2:
        return "no other rung was timed"
    try:
        found = measure.walk(exercise, spec.load(exercise.folder), chosen, SEED, build.cache(), rounds)
    except GraderError as error:
        return str(error)
    if isinstance(found, Doubt):
        return "; ".join(finding.text for finding in found.findings)
    return str(found.died or found.mismatch) if isinstance(found, Wrong) else found


# ---------------------------------------------------------------- pure


def rungs(
    names: Sequence[str], times: Mapping[str, Sequence[float]], rates: Mapping[str, str], failed: Mapping[str, str]
) -> list[Rung]:
    """Medians, and gains over the rung before that has a time."""
    timed = [name for name in names if name in times]
    gains = {b: [old / new for old, new in zip(times[a], times[b], strict=True)] for a, b in pairwise(timed)}
    return [
        Rung(name, failed=failed[name])
        if name in failed
        else Rung(
            name, median(times[name]), rates[name],
            median(gains[name]) if name in gains else 0.0, interval(gains[name]) if name in gains else (0.0, 0.0),
        )
        for name in names
    ]  # fmt: skip


def table(found: Mapping[str, Any]) -> str:
    """The table of one exercise, as its README shows it."""
    lines = ["| kernel | time | rate | gain over the one before |", "|---|--:|--:|--:|"]
    for rung in found["rungs"]:
        name = rung["name"] if rung["name"] == SOLUTION else f"`{rung['name']}`"
        lines.append(f"| {name} | {' | '.join(_cells(rung))} |")
    sizes = ", ".join(f"{name} = {value:,}" for name, value in found["sizes"].items())
    said = f"Measured on an {found['gpu']} (driver {found['driver']}, {found['measured'][:10]}, cold L2, "
    said += f"`benchmarks/steps.py`) at {sizes}: medians of {ROUNDS} rounds, and the 95 % interval of the gain."
    return "\n".join([*lines, "", said, *(f"Note: {note}." for note in found["notes"])])


def shown(record: Mapping[str, Any], slug: str) -> str:
    """What the README says of an exercise: the figures of this walk, even if a kernel has changed since."""
    found = record.get(slug, {"rungs": []})
    if [rung["name"] for rung in found["rungs"]] != list(sources(walked(slug))):
        return UNMEASURED
    return table(found) if current(record, slug) else f"{table(found)}\n\n{CHANGED.format(slug.partition('_')[0])}"


def _cells(rung: Mapping[str, Any]) -> tuple[str, str, str]:
    if rung["failed"]:
        return f"none: {rung['failed'].splitlines()[0]}", "", ""
    us, gain = rung["us"], rung["gain"]
    if not gain:
        return microseconds(us), rung["rate"], ""
    low, high = rung["ci"]
    return microseconds(us), rung["rate"], f"{_times(gain)} ({_times(low)} – {_times(high)})"


def microseconds(us: float) -> str:
    return f"{us:,.0f} µs" if us >= 100 else f"{us:.1f} µs"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}×" if ratio >= 100 else f"{ratio:.1f}×" if ratio >= 10 else f"{ratio:.2f}×"


def placed(text: str, inside: str, marks: tuple[str, str] = author.MARKS) -> str:
    """The page with `inside` between its two marker lines."""
    begin, end = marks
    before, rest = text.split(f"{begin}\n", 1)
    after = rest.split(f"{end}\n", 1)[1]
    return f"{before}{begin}\n{inside}\n{end}\n{after}"


# ---------------------------------------------------------------- READMEs


def write() -> None:
    """The tables of this GPU's file, or of the newest one, into the READMEs; what has changed since has none."""
    mine = [results()] if backends.get("cuda").device() != "no GPU" else []
    known = [p for p in (*mine, *sorted(RESULTS.glob("steps-*.json"), key=_newest, reverse=True)) if p.exists()]
    if not known:
        raise SystemExit(f"nothing is in {RESULTS}; measure first, on a GPU: python benchmarks/steps.py")
    record = read(known[0])
    for slug in catalog.discover(HOME):
        readme = HOME / "solutions" / slug / "README.md"
        readme.write_text(placed(readme.read_text(), shown(record, slug)))
        if not current(record, slug):
            print(f"{slug}: not measured as it is now")


def _newest(path: Path) -> str:
    return max((found["measured"] for found in read(path).values()), default="")


if __name__ == "__main__":
    try:
        main()
    except GraderError as error:
        raise SystemExit(f"error: {error}") from None
