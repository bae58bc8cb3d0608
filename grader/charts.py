"""Numbers -> SVG, through matplotlib: imported by `report` alone. The page's style gives the colours their meaning."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("svg")  # no window system is asked for
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from grader.model import Shape
from grader.record import Attempt
from grader.score import rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Stand-ins: the page swaps each for a variable, so that one drawing serves light, dark and print.
INK, FAINT, GOOD, FAIR, BAD, LINE = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
VARIABLES = {INK: "--ink", FAINT: "--faint", GOOD: "--good", FAIR: "--fair", BAD: "--bad", LINE: "--line"}

STYLE = {
    "text.parse_math": False,  # a name with two $ in it is no formula
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.alpha": 0.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text: it can be read aloud, found and copied
}

# outcome -> marker and colour; never colour alone
MARKS = {
    "PASS": ("o", GOOD), "SLOW": ("D", FAIR), "NOISY": ("d", FAIR), "UNSAFE": ("^", BAD), "WRONG": ("X", BAD),
    "TIMEOUT": ("v", BAD), "CRASH": ("P", BAD), "COMPILE": ("s", BAD),
}  # fmt: skip
NOBODY = ("_", FAINT)  # the machine's fault, or the grader's


def ratios(attempts: Sequence[Attempt], threshold: float, excellent: float, name: str) -> str:
    """One exercise's ratio over its timed attempts, with 95 % intervals."""
    with _styled(name):
        figure, axes = _figure(6.4, 2.2)
        for level, label in ((threshold, "passes"), (excellent, "excellent")):
            axes.axhline(level, color=LINE, linewidth=1, linestyle="--")
            axes.annotate(label, (0.005, level), xycoords=("axes fraction", "data"), va="bottom", fontsize=7)
        for outcome in dict.fromkeys(a.outcome for a in attempts):  # one call a kind: ten thousand marks are drawn fast
            marker, colour = MARKS.get(outcome, NOBODY)
            of = [(n, *_interval(a)) for n, a in enumerate(attempts, 1) if a.outcome == outcome]
            n, value, below, above = zip(*of, strict=True)
            axes.errorbar(n, value, yerr=(below, above), fmt=marker, color=colour, capsize=3, markersize=6)
        axes.plot(range(1, len(attempts) + 1), [a.ratio or 0.0 for a in attempts], color=FAINT, linewidth=1, zorder=0)
        axes.set(xlabel="timed attempt", ylabel="× reference", xlim=(0.5, len(attempts) + 0.5), ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        return _svg(figure, name)


def _interval(a: Attempt) -> tuple[float, float, float]:
    """The ratio, and how far its interval goes below and above."""
    value = a.ratio or 0.0
    return value, max(0.0, value - (a.ci_low or value)), max(0.0, (a.ci_high or value) - value)


def timeline(attempts: Sequence[Attempt], rows: Sequence[str]) -> str:
    """Every attempt at its time, a row an exercise, a mark a verdict."""
    with _styled("timeline"):
        figure, axes = _figure(9, 1.2 + 0.24 * len(rows))
        kinds: dict[str, list[Attempt]] = {}
        for a in attempts:
            kinds.setdefault(a.outcome, []).append(a)
        for outcome, of in sorted(kinds.items(), key=lambda kind: rank(kind[0])):
            marker, colour = MARKS.get(outcome, NOBODY)
            when = [_day(a.at) for a in of]
            where, label = [rows.index(a.exercise) for a in of], outcome.replace("_", " ")
            axes.plot(when, where, marker, color=colour, alpha=0.75, label=label)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlim(min(_day(a.at) for a in attempts) - 0.5, max(_day(a.at) for a in attempts) + 0.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        locator = dates.AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.grid(axis="y")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=8, fontsize=8)
        return _svg(figure, "timeline")


def _day(at: str) -> float:
    """Days since 1970."""
    return datetime.fromisoformat(at).timestamp() / 86400


def tracks(rows: Sequence[tuple[str, int, int, int]]) -> str:
    """name, passed, begun, all -> stacked bars."""
    with _styled("tracks"):
        figure, axes = _figure(7, 0.9 + 0.36 * len(rows))
        names = [_short(name) for name, *_ in rows]
        passed, begun = [row[1] for row in rows], [row[2] for row in rows]
        left = [whole - p - b for _, p, b, whole in rows]
        axes.barh(names, passed, color=GOOD, label="passed")
        axes.barh(names, begun, left=passed, color=FAIR, hatch="//", label="begun")
        start = [p + b for p, b in zip(passed, begun, strict=True)]
        axes.barh(names, left, left=start, color="none", edgecolor=FAINT, label="not begun")
        axes.invert_yaxis()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("exercises")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8)
        return _svg(figure, "tracks")


Point = tuple[str, Shape, float]  # exercise, timed shape, GB/s


def roofline(points: Sequence[Point], device: str) -> str:
    """The best attempts' memory rate over the bytes one call moves, under this device's measured peak."""
    with _styled(device):
        figure, axes = _figure(9, 4.2)
        peaks = [100 * rate / shape.roofline_pct for _, shape, rate in points if shape.roofline_pct]
        for n, (exercise, shape, rate) in enumerate(points):
            megabytes = rate * shape.learner_us / 1e3  # GB/s · µs = kB
            axes.plot(megabytes, rate, "o", color=GOOD if (shape.roofline_pct or 0) >= 80 else FAIR)
            up = 5 if n % 2 else -11
            axes.annotate(exercise, (megabytes, rate), xytext=(4, up), textcoords="offset points", fontsize=7)
        if peaks:
            axes.axhline(max(peaks), color=LINE)
            told = f"measured peak {max(peaks):,.0f} GB/s"
            axes.annotate(told, (0.01, max(peaks)), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
        axes.set(xscale="log", ylim=(0, None), xlabel="MB one call must move at least", ylabel="GB/s")
        axes.set_title(_short(device))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
            axis.set_minor_formatter(NullFormatter())
        axes.margins(0.08, 0.15)
        axes.grid(which="major")
        return _svg(figure, "roofline")


def _short(text: str) -> str:
    """A label with an end; the page says the whole of it below the drawing."""
    return text if len(text) <= 32 else f"{text[:31]}…"


def _styled(salt: str) -> AbstractContextManager[None]:
    """The style for one drawing; the salt makes its ids the same each time."""
    style: Any = STYLE | {"svg.hashsalt": salt}
    return matplotlib.rc_context(style)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure, name: str) -> str:
    """Inline SVG: no header, colours by variable, ids that no other drawing has."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)  # it follows from the width on a narrow screen
    mark = re.sub(r"\W", "-", name)
    svg = re.sub(r'\bid="', f'id="{mark}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
