"""Peaks of a GPU -> the least possible time, the share of it and the limiter; and times that cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import peaks, roofline
from grader.model import Param
from grader.peaks import Peaks
from grader.roofline import Work

L2 = 50 << 20
COPY = Peaks("H100", "2026-11-24T22:00:00Z", copy_gb_s=2700.0)  # an older grader's file holds no more
ALL = replace(
    COPY, calibrated="2026-11-25T01:00:00Z", read_gb_s=2900.0, l2_gb_s=5500.0, fp32_tflop_s=50.0, fp16_tflop_s=700.0
)


def test_old_and_new_files_are_read(tmp_path: Path) -> None:
    old = {"gpu": "NVIDIA H200", "copy_gb_s": 4012.5, "measured": "2026-11-24T20:00:00Z"}
    file = peaks.path(tmp_path, "GPU-1")
    file.parent.mkdir()
    file.write_text(json.dumps(old))
    assert peaks.read(tmp_path, "GPU-1") == Peaks("NVIDIA H200", old["measured"], copy_gb_s=4012.5)  # type: ignore[arg-type]
    peaks.write(tmp_path, "GPU-1", ALL)
    assert peaks.read(tmp_path, "GPU-1") == ALL and [p.name for p in file.parent.iterdir()] == ["GPU-1.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"copy_gb_s": "much"}', '{"copy_gb_s": null}'])
def test_a_damaged_file_is_no_file(tmp_path: Path, text: str) -> None:
    file = peaks.path(tmp_path, "")
    file.parent.mkdir()
    file.write_text(text)
    assert peaks.read(tmp_path, "") is None


def test_a_newer_file_is_understood() -> None:
    assert peaks.parse({"copy_gb_s": 1, "fp4_tflop_s": 9}) == Peaks(copy_gb_s=1.0)


@pytest.mark.parametrize(
    ("us", "work", "known", "share", "limiter"),
    [
        (700.0, Work(1620 << 20, 0), COPY, 89.9, "memory"),
        (7000.0, Work(1620 << 20, 0), COPY, 9.0, "latency"),
        (5.0, Work(1 << 20, 0), COPY, 7.8, "launch"),
        (10.0, Work(40 << 20, 0), ALL, 76.3, "memory"),  # fits in L2: measured against that
        (400.0, Work(96 << 20, 2 * 4096**3, "fp16"), ALL, 49.1, "latency"),
        (250.0, Work(96 << 20, 2 * 4096**3, "fp16"), ALL, 78.5, "compute"),
        (250.0, Work(96 << 20, 2 * 4096**3, "fp16"), COPY, 14.9, "latency"),  # no peak of arithmetic: bytes alone
        (250.0, Work(0, 0), ALL, None, "unknown"),
        (250.0, Work(1 << 20, 0), Peaks(), None, "unknown"),
    ],
)
def test_place(us: float, work: Work, known: Peaks, share: float | None, limiter: str) -> None:
    found = roofline.place(us, work, known, L2)
    assert found.limiter == limiter and found.share == pytest.approx(share, abs=0.1)


@given(st.integers(0, 1 << 34), st.integers(0, 10**13))
def test_the_floor_lies_under_the_roofs(moved: int, flops: int) -> None:
    work = Work(moved, flops, "fp16")
    floor = roofline.floor_us(work, ALL, L2)
    assert floor >= 0 and not (floor and roofline.place(floor, work, ALL, L2).share < 100)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("learner", "reference", "believed"),
    [
        (620.0, 640.0, True),
        (400.0, 640.0, False),  # 1.6 GB in 400 µs: 4.2 TB/s on a GPU that copies at 2.7
        (5.0, 640.0, False),
        (400.0, 410.0, True),  # both: then `moved` or the peak is wrong, and nobody is accused
    ],
)
def test_a_time_below_the_floor_is_impossible(learner: float, reference: float, believed: bool) -> None:
    floor = roofline.floor_us(Work(1620 << 20, 0), ALL, L2)
    assert 450 < floor < 560
    assert (roofline.impossible(learner, reference, floor) == "") is believed


def test_nothing_is_impossible_where_nothing_is_known() -> None:
    assert roofline.impossible(0.1, 10.0, roofline.floor_us(Work(1 << 30, 1 << 40), Peaks(), L2)) == ""


def test_a_set_that_fits_in_l2_is_held_against_l2_alone() -> None:
    work = Work(40 << 20, 0)
    assert roofline.floor_us(work, COPY, L2) == 0.0
    assert roofline.floor_us(work, ALL, L2) == pytest.approx(0.9 * work.moved / 5500e3)


def test_the_format_of_the_arithmetic() -> None:
    def one(ctype: str, const: bool = True) -> Param:
        return Param("x", ctype, True, const)

    assert roofline.form((one("float"), one("__half"))) == "fp16"
    assert roofline.form((one("float"), one("__half", const=False))) == "fp32"
    assert roofline.form((one("__nv_bfloat16"),)) == "bf16" and roofline.form((one("int8_t"),)) == "int8"
