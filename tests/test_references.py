"""The benchmark of the references: what it says of times, and that the pages say what is on record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import steps

import solutions
from grader import catalog

ROW: dict[str, Any] = {
    "exercise": "01_vector_add",
    "verdict": "PASS",
    "measured": "2026-11-24T00:00:00+00:00",
    "sizes": {"n": 1024},
    "learner_us": 10.0,
    "library_us": 20.0,
    "rate": "9 GB/s",
    "roofline_pct": 85.2,
}
COUNTED = ROW | {"exercise": "21_gemm_naive", "library_us": 5.0, "rate": "9.0 TFLOP/s", "roofline_pct": 12.0}
ALONE = ROW | {"exercise": "72_stream_overlap", "library_us": None, "roofline_pct": None, "learner_us": 1234.5}
FAILED = {"exercise": "99_slow", "verdict": "WRONG", "measured": ROW["measured"], "why": "c[3] is 1"}


def record(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"device": "NVIDIA X", "driver": "580", "rows": list(rows)}


def test_the_table() -> None:
    lines = solutions.table(record(ROW, COUNTED, FAILED)).splitlines()
    assert lines[0] == "NVIDIA X, driver 580, 2026-11-24; cold L2, medians"
    assert lines[4] == "| 01_vector_add | n=1024 | 10 µs | 20 µs | 2.00× | 9 GB/s | 85 % |"
    assert lines[5] == "| 21_gemm_naive | n=1024 | 10 µs | 5 µs | 0.50× | 9.0 TFLOP/s | 12 % |"
    assert lines[6] == "| 99_slow | WRONG: c[3] is 1 | | | | | |"
    assert lines[8] == "Geometric mean of library ÷ reference over 2 shapes: 1.00×"
    assert len({line.count("|") for line in lines[2:7]}) == 1


def test_without_a_library_there_is_no_ratio() -> None:
    table = solutions.table(record(ALONE))
    assert "| 72_stream_overlap | n=1024 | 1234 µs |  |  | 9 GB/s |  |" in table and "mean" not in table
    assert solutions.clause(ALONE).replace(solutions.TIED, " ") == "1,234 µs at n = 1,024 (9 GB/s)"


def test_the_sentence() -> None:
    head = "Measured on an X (driver 580, 2026-11-24, cold L2, `benchmarks/solutions.py`): "
    said = solutions.sentence(record(ROW, COUNTED, ROW | {"learner_us": 1000.0}), ROW["exercise"])
    lines = said.splitlines()
    assert " ".join(lines) == (
        f"{head}10.0 µs at n = 1,024 (9 GB/s, 85 % of copy bandwidth; the library takes 2.00× as long); "
        "1,000 µs at n = 1,024 (9 GB/s, 85 % of copy bandwidth; the library takes 0.02× as long)."
    )
    assert all(len(line) <= solutions.WIDTH and not line.startswith("=") for line in lines)


def test_without_a_time_nothing_is_said() -> None:
    assert solutions.sentence(record(ROW, FAILED), FAILED["exercise"]) == solutions.sentence(record(), "x") == ""


def test_a_share_of_arithmetic_is_not_called_one_of_copy_bandwidth() -> None:
    assert "%" not in solutions.clause(COUNTED)


def test_a_readme_keeps_all_but_the_paragraph() -> None:
    table = f"{steps.BEGIN}\nMeasured on an X with `benchmarks/steps.py`.\n{steps.END}\n"
    old = "Measured on an X (`benchmarks/solutions.py`): 1 µs\nat n = 1 (2 GB/s).\n"
    without = f"before\n\n{table}\nafter `benchmarks/solutions.py`\n"
    once = solutions.placed(without, "said.")
    assert once == f"before\n\n{table}\nsaid.\n\nafter `benchmarks/solutions.py`\n"
    assert solutions.placed(f"before\n\n{table}\n{old}\nafter\n", "said.") == f"before\n\n{table}\nsaid.\n\nafter\n"


@pytest.mark.parametrize("slug", catalog.discover(solutions.HOME))
def test_every_readme_shows_what_is_on_record(slug: str) -> None:
    """Of any GPU: who measures on another one need not write."""
    found = solutions.SAID.search((solutions.HOME / "solutions" / slug / "README.md").read_text())
    assert found and found.group() in [solutions.sentence(one, slug) for one in solutions.records()]


def test_the_page_of_figures_shows_what_is_on_record() -> None:
    page = (solutions.HOME / "docs" / "figures.md").read_text()
    tables = [solutions.table(one) for one in solutions.records()]
    assert page in [steps.placed(page, one, solutions.MARKS) for one in tables]


def test_the_rows_that_are_not_measured_again_stay(tmp_path: Path) -> None:
    path = tmp_path / "solutions.json"
    assert solutions.kept_rows(path, []) == []
    path.write_text(json.dumps(record(ROW, COUNTED, FAILED)))  # 99: an exercise that is no longer there
    assert solutions.kept_rows(path, [ROW["exercise"]]) == [COUNTED]


def test_the_newest_record_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(steps, "RESULTS", tmp_path)
    with pytest.raises(SystemExit, match="measure first"):
        solutions.main(["--write"])
    for name, day in (("solutions-a.json", "2026-11-25"), ("solutions-b.json", "2026-11-24"), ("steps-c.json", "2027")):
        (tmp_path / name).write_text(json.dumps(record(ROW | {"measured": day}, FAILED)))
    monkeypatch.setattr(solutions, "HOME", tmp_path)
    monkeypatch.setattr(catalog, "discover", lambda _: [ROW["exercise"], FAILED["exercise"]])
    page, readme = tmp_path / "docs" / "figures.md", tmp_path / "solutions" / ROW["exercise"] / "README.md"
    for path, marks in ((page, solutions.MARKS), (readme, (steps.BEGIN, steps.END))):
        path.parent.mkdir(parents=True)
        path.write_text(f"{marks[0]}\n{marks[1]}\n")
    solutions.main(["--write"])
    assert "2026-11-25" in page.read_text() and "2026-11-25" in readme.read_text()
