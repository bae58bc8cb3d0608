"""The roofline picture of docs/figures.md, from the results of solutions.py. Needs matplotlib, no GPU.

python benchmarks/picture.py benchmarks/results/solutions-<device>.json [--fp32 51]   writes docs/roofline-<device>.svg

The second roof is this GPU's fp32 in TFLOP/s, as `grader doctor --calibrate` measured it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import spec  # noqa: E402

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("results", type=Path)
    words.add_argument("--fp32", type=float, default=0.0)
    told = words.parse_args()
    path = told.results
    record = json.loads(path.read_text())
    out = HOME / "docs" / f"{path.stem.replace('solutions', 'roofline')}.svg"
    draw(record, points(record), 1000 * told.fp32).savefig(out, metadata={"Date": None})
    print(out)


def points(record: dict[str, Any]) -> list[tuple[str, float, float]]:
    """(exercise, operations per byte, GFLOP/s) of every timed shape that has operations to count."""
    found = []
    for row in (r for r in record["rows"] if r.get("learner_us")):
        loaded = spec.load(HOME / "exercises" / row["exercise"])
        flops, moved = loaded.flops(**row["sizes"]), loaded.moved(**row["sizes"])
        if flops:
            found.append((row["exercise"][:2], flops / moved, flops / row["learner_us"] / 1e3))
    return found


def draw(record: dict[str, Any], found: list[tuple[str, float, float]], fp32: float) -> Any:
    """The points under the roofs of this GPU: its copy bandwidth, and its fp32 in GFLOP/s where that is known."""
    pyplot.rcParams["svg.hashsalt"] = "roofline"  # the same picture for the same figures
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    low, high = min(x for _, x, _ in found) / 2, max(x for _, x, _ in found) * 2
    copy = bandwidth(record)
    axes.plot([low, high], [low * copy, high * copy], color="0.6", label=f"copy bandwidth, {copy:,.0f} GB/s")
    if fp32:
        axes.plot(
            [fp32 / copy, high], [fp32, fp32], color="0.6", dashes=(4, 2), label=f"fp32, {fp32 / 1000:,.0f} TFLOP/s"
        )
    axes.scatter([x for _, x, _ in found], [y for _, _, y in found], s=14)
    for together in near(found):
        names = ", ".join(dict.fromkeys(name for name, _, _ in together))
        _, x, y = max(together, key=lambda point: point[1])
        axes.annotate(names, (x, y), xytext=(5, -3), textcoords="offset points", fontsize=7)
    axes.set(xscale="log", yscale="log", xlabel="operations per byte that must move", ylabel="GFLOP/s")
    axes.set_ylim(min(y for _, _, y in found) / 2, max(y for _, _, y in found) * 4)
    newest = max(row["measured"] for row in record["rows"])[:10]
    axes.set_title(f"References on {record['device']}, {newest}", fontsize=10)
    axes.legend(loc="lower right", fontsize=8)
    return figure


def near(found: list[tuple[str, float, float]]) -> list[list[tuple[str, float, float]]]:
    """The points in groups that share a label: within a third of the group's first one, either way."""
    groups: list[list[tuple[str, float, float]]] = []
    for point in found:
        _, x, y = point
        for group in groups:
            _, first_x, first_y = group[0]
            if 3 / 4 < x / first_x < 4 / 3 and 3 / 4 < y / first_y < 4 / 3:
                group.append(point)
                break
        else:
            groups.append([point])
    return groups


def bandwidth(record: dict[str, Any]) -> float:
    """GB/s of the copy that the shares in the record refer to."""
    row = next(r for r in record["rows"] if r.get("roofline_pct"))
    return float(row["rate"].split()[0].replace(",", "")) / row["roofline_pct"] * 100


if __name__ == "__main__":
    main()
