"""Every reference against the library and this GPU's copy bandwidth. Needs a GPU.

python benchmarks/solutions.py [--only NAME …]      writes benchmarks/results/solutions-<device>.json
python benchmarks/solutions.py --write              puts the newest into docs/figures.md and solutions/*/README.md

With --only, the rows of the other exercises stay as they are in the file; each row has its own date.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from math import exp, log
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

import steps  # noqa: E402

from grader import backends, catalog, gpu, judge  # noqa: E402
from grader.errors import GraderError  # noqa: E402
from grader.model import Request, Verdict  # noqa: E402

MARKS = ("<!-- references: begin -->", "<!-- references: end -->")  # of docs/figures.md
SAID = re.compile(r"^Measured on an (?:(?!\n\n).)*?`benchmarks/solutions\.py`.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
WIDTH = 125  # of a line in a README
TIED = "\N{NO-BREAK SPACE}"  # while lines are broken


def main(words: Sequence[str] | None = None) -> None:
    told = arguments(words)
    if told.write:
        return write()
    slugs = [catalog.find(HOME, name) for name in told.only] or catalog.discover(HOME)
    path = steps.results("solutions")
    kept = kept_rows(path, slugs)
    rows = sorted(kept + [row for slug in slugs for row in shapes(slug, graded(slug))], key=lambda row: row["exercise"])
    found = gpu.find()
    record = {"device": backends.get("cuda").device(), "driver": found.driver if found else "", "rows": rows}
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(table(record))


def arguments(told: Sequence[str] | None) -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these exercises")
    words.add_argument("--write", action="store_true", help="put the figures into the pages; measures nothing")
    return words.parse_args(told)


# ---------------------------------------------------------------- measuring


def kept_rows(path: Path, slugs: Sequence[str]) -> list[dict[str, Any]]:
    """Those in the file that are not measured now."""
    others = set(catalog.discover(HOME)) - set(slugs)
    return [row for row in steps.read(path).get("rows", []) if row["exercise"] in others]


def graded(slug: str) -> Verdict:
    exercise = catalog.load(HOME, slug)
    source = HOME / "solutions" / slug / f"{exercise.name}.cu"
    return judge.grade(Request(exercise, source, source.read_text(), source, "cuda", examples=20))


def shapes(slug: str, verdict: Verdict) -> list[dict[str, Any]]:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    head = {"exercise": slug, "verdict": verdict.outcome.value, "measured": now}
    if verdict.speed is None:
        why = verdict.detail or (verdict.findings[0].text if verdict.findings else "")
        return [head | {"why": why}]
    return [head | asdict(shape) | {"notes": verdict.speed.notes} for shape in verdict.speed.shapes]


# ---------------------------------------------------------------- what is said of it


def table(record: dict[str, Any]) -> str:
    dates = sorted({row["measured"][:10] for row in record["rows"]})
    lines = [
        f"{record['device']}, driver {record['driver']}, {' to '.join(dates)}; cold L2, medians",
        "",
        "| exercise | shape | reference | library | library ÷ reference | rate | of the roofline |",
        "|---|---|--:|--:|--:|--:|--:|",
        *map(line, record["rows"]),
    ]
    if gains := [r["library_us"] / r["learner_us"] for r in record["rows"] if r.get("library_us")]:
        mean = exp(sum(map(log, gains)) / len(gains))
        lines += ["", f"Geometric mean of library ÷ reference over {len(gains)} shapes: {mean:.2f}×"]
    return "\n".join(lines) + "\n"


def line(row: dict[str, Any]) -> str:
    if "learner_us" not in row:
        return f"| {row['exercise']} | {row['verdict']}: {row['why']} | | | | | |"
    shape = " ".join(f"{name}={value}" for name, value in row["sizes"].items())
    ours, theirs = row["learner_us"], row["library_us"]
    library = f"{theirs:.0f} µs | {theirs / ours:.2f}×" if theirs else " | "
    share = "" if row["roofline_pct"] is None else f"{row['roofline_pct']:.0f} %"
    return f"| {row['exercise']} | {shape} | {ours:.0f} µs | {library} | {row['rate']} | {share} |"


def sentence(record: dict[str, Any], slug: str) -> str:
    """What a solution's README says of its times; nothing where none is on record."""
    rows = [row for row in record["rows"] if row["exercise"] == slug and "learner_us" in row]
    if not rows:
        return ""
    device, day = record["device"].removeprefix("NVIDIA "), rows[0]["measured"][:10]
    said = f"Measured on an {device} (driver {record['driver']}, {day}, cold L2, `benchmarks/solutions.py`): "
    wrapped = textwrap.fill(said + "; ".join(map(clause, rows)) + ".", WIDTH, break_on_hyphens=False)
    return wrapped.replace(TIED, " ")


def clause(row: dict[str, Any]) -> str:
    shape = ", ".join(f"{name}{TIED}={TIED}{value:,}" for name, value in row["sizes"].items())
    share = row["roofline_pct"]
    of_copy = f", {share:.0f} % of copy bandwidth" if share is not None and row["rate"].endswith("B/s") else ""
    library = f"; the library takes {row['library_us'] / row['learner_us']:.2f}× as long" if row["library_us"] else ""
    return f"{steps.microseconds(row['learner_us'])} at {shape} ({row['rate']}{of_copy}{library})"


# ---------------------------------------------------------------- pages


def records() -> list[dict[str, Any]]:
    """What is on record, the one with the newest row last."""
    found = map(steps.read, steps.RESULTS.glob("solutions-*.json"))
    return sorted(found, key=lambda record: max(row["measured"] for row in record["rows"]))


def write() -> None:
    if not (known := records()):
        raise SystemExit(f"nothing is in {steps.RESULTS}; measure first, on a GPU: python benchmarks/solutions.py")
    record = known[-1]
    page = HOME / "docs" / "figures.md"
    page.write_text(steps.placed(page.read_text(), table(record), MARKS))
    for slug in catalog.discover(HOME):
        readme = HOME / "solutions" / slug / "README.md"
        if said := sentence(record, slug):
            readme.write_text(placed(readme.read_text(), said))


def placed(text: str, said: str) -> str:
    """The README with this paragraph instead of the one that it has, or else below the table of its steps."""
    replaced, found = SAID.subn(lambda _: said, text, count=1)
    if found:
        return replaced
    before, after = text.split(f"{steps.END}\n", 1)
    return f"{before}{steps.END}\n\n{said}\n{after}"


if __name__ == "__main__":
    try:
        main()
    except GraderError as error:
        raise SystemExit(f"error: {error}") from None
