"""Every reference against the library and this GPU's copy bandwidth. Needs a GPU.

python benchmarks/solutions.py [--only NAME …]      writes benchmarks/results/solutions-<device>.{json,md}

With --only, the rows of the other exercises stay as they are in the file; each row has its own date.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from math import exp, log
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import backends, catalog, gpu, judge  # noqa: E402
from grader.errors import GraderError  # noqa: E402
from grader.model import Request, Verdict  # noqa: E402


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these exercises")
    slugs = [catalog.find(HOME, name) for name in words.parse_args().only] or catalog.discover(HOME)
    device = backends.get("cuda").device()
    base = HOME / "benchmarks" / "results" / f"solutions-{device.replace(' ', '_')}"
    kept = kept_rows(base.with_suffix(".json"), slugs)
    rows = sorted(kept + [row for slug in slugs for row in shapes(slug, graded(slug))], key=lambda row: row["exercise"])
    found = gpu.find()
    record = {"device": device, "driver": found.driver if found else "", "rows": rows}
    base.parent.mkdir(parents=True, exist_ok=True)
    base.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    base.with_suffix(".md").write_text(table(record))
    print(table(record))


def kept_rows(path: Path, slugs: Sequence[str]) -> list[dict[str, Any]]:
    """Those in the file that are not measured now."""
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    others = set(catalog.discover(HOME)) - set(slugs)
    return [row for row in known if row["exercise"] in others]


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


def table(record: dict[str, Any]) -> str:
    timed = [r for r in record["rows"] if r.get("library_us")]
    dates = sorted({row["measured"][:10] for row in record["rows"]})
    lines = [
        f"{record['device']}, driver {record['driver']}, {' to '.join(dates)}; cold L2, medians",
        "",
        "| exercise | shape | reference | library | library ÷ reference | rate | of copy bandwidth |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for r in record["rows"]:
        if "learner_us" not in r:
            lines.append(f"| {r['exercise']} | {r['verdict']}: {r['why']} | | | | | |")
            continue
        shape = " ".join(f"{k}={v}" for k, v in r["sizes"].items())
        ours, theirs = r["learner_us"], r["library_us"]
        faster = f"{theirs / ours:.2f}×" if theirs else ""
        lines.append(
            f"| {r['exercise']} | {shape} | {ours:.0f} µs | {theirs:.0f} µs | {faster} | {r['rate']} "
            f"| {share(r['roofline_pct'])} |"
        )
    if timed:
        mean = exp(sum(log(r["library_us"] / r["learner_us"]) for r in timed) / len(timed))
        lines += ["", f"Geometric mean of library ÷ reference over {len(timed)} shapes: {mean:.2f}×"]
    return "\n".join(lines) + "\n"


def share(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.0f} %"


if __name__ == "__main__":
    try:
        main()
    except GraderError as error:
        raise SystemExit(f"error: {error}") from None
