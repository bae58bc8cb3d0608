"""Every reference against the library and this GPU's copy bandwidth. Needs a GPU.

python benchmarks/solutions.py      writes benchmarks/results/solutions-<device>.{json,md}
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from math import exp, log
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import backends, catalog, gpu, judge  # noqa: E402
from grader.model import Request, Verdict  # noqa: E402


def main() -> None:
    rows = [row for slug in catalog.discover(HOME) for row in shapes(slug, graded(slug))]
    found = gpu.find()
    record = {
        "device": backends.get("cuda").device(),
        "driver": found.driver if found else "",
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rows": rows,
    }
    base = HOME / "benchmarks" / "results" / f"solutions-{record['device'].replace(' ', '_')}"
    base.parent.mkdir(parents=True, exist_ok=True)
    base.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    base.with_suffix(".md").write_text(table(record))
    print(table(record))


def graded(slug: str) -> Verdict:
    exercise = catalog.load(HOME, slug)
    source = HOME / "solutions" / slug / f"{exercise.name}.cu"
    return judge.grade(Request(exercise, source, source.read_text(), source, "cuda", examples=20))


def shapes(slug: str, verdict: Verdict) -> list[dict[str, Any]]:
    if verdict.speed is None:
        why = verdict.detail or (verdict.findings[0].text if verdict.findings else "")
        return [{"exercise": slug, "verdict": verdict.outcome.value, "why": why}]
    return [
        {"exercise": slug, "verdict": verdict.outcome.value, **asdict(s), "notes": verdict.speed.notes}
        for s in verdict.speed.shapes
    ]


def table(record: dict[str, Any]) -> str:
    timed = [r for r in record["rows"] if r.get("library_us")]
    lines = [
        f"{record['device']}, driver {record['driver']}, {record['measured']}; cold L2, medians",
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
    main()
