"""`profile`: figures in words, what limits, ncu's log, a scripted ncu in front of a worker, and life without one."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniature import SPEED, Course, keyboard, verdict
from rich.console import Console

from grader import advice, backends, choose, counters, desk, estimate, gauges, profile, spec
from grader.advice import Facts
from grader.efficiency import Line
from grader.errors import MachineError, UsageError
from grader.model import Launch, Resources, Shape
from grader.sass import Code
from tests.test_judge import BACKEND, home, request_

__all__ = ["home"]  # a fixture
SIMULATOR = backends.get("simulator").why_not()


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


# ---------------------------------------------------------------- what limits

# A kernel with nothing to say against it but that the memory bus is half idle. Made up, as all figures here are.
PLAIN = Facts(
    kernel="k", grid=(4096, 1, 1), block=(256, 1, 1), sms=132, us=100.0, read_bytes=1e8, written_bytes=1e8,
    dram_pct=50.0, l2_pct=40.0, l1_pct=30.0, load_sectors=4.0, store_sectors=4.0, global_excess=1.0, shared_excess=1.0,
    call_excess=1.0, resident_pct=90.0, possible_pct=100.0, limiter="warps", registers=32, shared_bytes=0,
    spilled_bytes=0, waves=3.9, issued_pct=30.0, eligible_warps=0.8, pipes_pct={"fp32": 10.0, "tensor": 0.0},
    stall_cycles={"long_scoreboard": 12.0, "barrier": 2.0, "wait": 1.2, "selected": 1.0},
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "limit", "says"),
    [
        ({}, "latency", "float4"),
        ({"us": 2.0}, "launch", "merge kernels"),
        ({"dram_pct": 91.0}, "memory roof", "at the roof"),
        ({"dram_pct": 91.0, "shared_excess": 8.0}, "memory roof", "only fewer bytes"),  # conflicts cost nothing there
        ({"dram_pct": 91.0, "call_excess": 2.0}, "bytes", "every element once"),
        ({"dram_pct": 91.0, "global_excess": 4.5}, "memory roof", "only fewer bytes"),  # caches made good for it
        ({"dram_pct": 91.0, "global_excess": 4.5, "call_excess": 2.0}, "coalescing", "neighbouring"),
        ({"asked_excess": 2.0, "l2_pct": 75.0}, "bytes", "once it is loaded"),
        ({"asked_excess": 2.0, "l2_pct": 20.0}, "latency", "bytes in flight"),  # they cost nothing there
        ({"asked_excess": 4.5, "l2_pct": 90.0, "global_excess": 4.5}, "coalescing", "neighbouring"),
        ({"asked_excess": 1.0, "l2_pct": 90.0, "dram_pct": 75.0}, "latency", "bytes in flight"),  # what the bus brings
        ({"dram_pct": 20.0, "call_excess": 2.0}, "latency", "bytes in flight"),  # the bus is not what it waits for
        ({"pipes_pct": {"fp32": 85.0, "tensor": 0.0}}, "compute roof", "CUDA cores"),
        ({"pipes_pct": {"fp32": 5.0, "tensor": 75.0}}, "compute roof", "tensor cores"),
        ({"grid": (64, 1, 1)}, "grid", "more blocks"),
        ({"waves": 1.1}, "tail", "grid stride"),
        ({"waves": 1.0}, "latency", "float4"),  # a grid that just fills the GPU has no tail
        ({"l1_pct": 92.0}, "L1", "registers or shared memory"),
        ({"l1_pct": 92.0, "stall_cycles": {"mio_throttle": 9.0}}, "shared memory", "tiles in registers"),
        ({"l2_pct": 92.0}, "L2", "shared memory"),
        ({"shared_excess": 8.0}, "bank conflicts", "pad the row"),
        ({"shared_excess": 8.0, "l1_pct": 92.0}, "bank conflicts", "pad the row"),  # they are what keeps it busy
        ({"spilled_bytes": 64}, "spills", "smaller tiles"),
        ({"possible_pct": 25.0, "limiter": "registers"}, "occupancy", "fewer registers"),
        ({"possible_pct": 25.0, "limiter": "shared memory"}, "occupancy", "less shared memory"),
        ({"possible_pct": 25.0, "limiter": "registers", "issued_pct": 80.0}, "instructions", "32-bit"),
        ({"stall_cycles": {"barrier": 9.0, "wait": 1.0}}, "latency", "fewer barriers"),
        ({"stall_cycles": {"selected": 1.0}}, "unknown", "times it"),
    ],
)  # fmt: skip
def test_the_first_step(change: dict[str, Any], limit: str, says: str) -> None:
    first = advice.steps(replace(PLAIN, **change))[0]
    assert first.limit == limit and says in first.next


@pytest.mark.parametrize(
    ("known", "limit"),
    [
        ({"roofline_pct": 93.0, "roof": "memory"}, "memory roof"),
        ({"roofline_pct": 85.0, "roof": "compute"}, "compute roof"),
        ({"roofline_pct": 20.0, "roof": "launch"}, "launch"),
        ({"roofline_pct": 40.0, "roof": "latency", "load_widths": {32: 4}}, "latency"),
        ({"roofline_pct": 40.0, "roof": "latency", "load_widths": {32: 4}, "global_excess": 8.0}, "coalescing"),
        ({"asked_excess": 2.0}, "bytes"),
        ({"asked_excess": 2.0, "roofline_pct": 93.0, "roof": "memory"}, "memory roof"),  # caches answered
        ({"asked_excess": 2.0, "shared_excess": 2.0}, "bank conflicts"),
        ({}, "unknown"),
    ],
)
def test_the_first_step_without_counters(known: dict[str, Any], limit: str) -> None:
    assert advice.steps(Facts(kernel="k", **known))[0].limit == limit


def test_wide_loads_are_not_asked_for_twice() -> None:
    narrow = Facts(kernel="k", roofline_pct=40.0, load_widths={32: 4})
    assert "float4" in advice.steps(narrow)[0].next
    assert "several independent" in advice.steps(replace(narrow, load_widths={128: 2, 32: 1}))[0].next


def test_what_comes_after_is_said_too() -> None:
    limits = [s.limit for s in advice.steps(replace(PLAIN, shared_excess=4.0, spilled_bytes=8))]
    assert limits == ["bank conflicts", "spills", "latency"]


QUEUES = {"stall_cycles": {"short_scoreboard": 15.0, "long_scoreboard": 9.0}}


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ({"shared_excess": 8.0, "l1_pct": 97.0, **QUEUES}, "bank conflicts"),
        ({"l1_pct": 97.0, **QUEUES}, "shared memory"),
        ({"global_excess": 8.0, "l2_pct": 90.0, "l1_pct": 85.0, "call_excess": 2.0, "asked_excess": 8.0}, "coalescing"),
        ({"l2_pct": 90.0}, "L2"),
        ({"issued_pct": 80.0}, "instructions"),  # while a warp waits, others issue
    ],
)
def test_what_follows_from_it_is_no_limit(change: dict[str, Any], limit: str) -> None:
    assert [s.limit for s in advice.steps(replace(PLAIN, **change))] == [limit]


SHARES = st.none() | st.floats(0, 100)
TIMES = st.none() | st.floats(1, 32)


@given(dram_pct=SHARES, issued_pct=SHARES, possible_pct=SHARES, call_excess=TIMES, global_excess=TIMES, us=SHARES)
def test_there_is_always_a_step_and_nothing_beyond_a_roof(**known: float | None) -> None:
    found = advice.steps(Facts(kernel="k", **known))  # type: ignore[arg-type]
    assert found and all(step.why and step.next for step in found)
    assert all(step.limit not in advice.DONE for step in found[:-1])


@given(dram_pct=SHARES, l2_pct=SHARES, l1_pct=SHARES, issued_pct=SHARES, shared_excess=TIMES, eligible_warps=TIMES)
def test_a_mark_is_a_step(**known: float | None) -> None:
    f = replace(PLAIN, **known)  # type: ignore[arg-type]
    marked = {r.name for r in advice.readings(f) if r.wanting}
    assert marked == {step.reading for step in advice.steps(f)} - {""}


@given(st.sets(st.sampled_from(list(Facts.__dataclass_fields__)[1:])))
def test_nothing_is_said_of_what_is_not_known(left_out: set[str]) -> None:
    defaults = {name: getattr(Facts(kernel="k"), name) for name in left_out}
    every = {r.name for r in advice.readings(PLAIN)}
    assert {r.name for r in advice.readings(replace(PLAIN, **defaults))} <= every
    assert all(r.value and "None" not in r.value for r in advice.readings(replace(PLAIN, **defaults)))


def test_a_kernel_of_which_nothing_is_known() -> None:
    assert advice.readings(Facts(kernel="k")) == ()


def test_figures_in_words() -> None:
    said = {r.name: r for r in advice.readings(PLAIN)}
    assert said["time"].value == "100 µs"
    assert said["DRAM"].value == "100 MB read, 100 MB written, 50 % busy"
    assert said["bytes moved"].value == "1.00× what it needs"
    assert said["global access"].value == "4.0 a load, 4.0 a store, 1.00× the least"
    assert said["occupancy"].value == "90 % achieved, 100 % possible"
    assert said["launch"].value == "4,096 blocks of 256 threads, 3.90 waves over 132 SMs"
    assert said["pipes"].value == "fp32 10 %"
    assert said["stalls"].value == "long scoreboard 12.0 (for global or local memory), barrier 2.0, wait 1.2"
    assert said["resources"].value == "32 registers, 0 B shared, no spills"
    assert said["stalls"].wanting and not said["DRAM"].wanting
    held = {r.name: r.value for r in advice.readings(replace(PLAIN, possible_pct=75.0, limiter="registers"))}
    assert held["occupancy"] == "90 % achieved, 75 % possible (registers)"


def test_every_pipe_has_its_word() -> None:
    for name in counters.PIPES:
        (step,) = advice.steps(replace(PLAIN, pipes_pct={name: 99.0}))
        assert step.limit == "compute roof" and step.next


# ---------------------------------------------------------------- ncu's log

HEAD = ("ID", "Process ID", "Process Name", "Host Name", "Kernel Name", "Context", "Stream", "Block Size", "Grid Size",
        "Device", "CC")  # fmt: skip


def log(*launches: Mapping[str, str], metrics: tuple[str, ...] = counters.METRICS) -> str:
    """The raw page of ncu 2025.3 in its form, with made-up figures: names, units, a line for each launch."""
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL)
    lines.writerow([*HEAD, *metrics])
    lines.writerow(["", "", "", "", "", "", "", "block", "grid", "", "", *("%" for _ in metrics)])
    for n, told in enumerate(launches):
        about = [str(n), "7", "python", "host", told.get("name", "softmax"), "1", "7", "(256, 1, 1)", "(4096, 1, 1)"]
        lines.writerow([*about, "0", "9.0", *(told.get(m, "1") for m in metrics)])
    return "==PROF== Connected to process 7\n" + text.getvalue() + "==PROF== Disconnected from process 7\n"


FIGURES = {
    counters.TIME: "131,072.000000",
    "dram__bytes_read.sum": "268,435,456",
    "dram__bytes_write.sum": "241,000,000",
    "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": "88.5",
    counters.RATIOS["load_sectors"][0]: "8,388,608",
    counters.RATIOS["load_sectors"][1]: "524,288",
    counters.RATIOS["shared_excess"][0]: "0",
    counters.RATIOS["shared_excess"][1]: "0",
    "launch__occupancy_limit_registers": "4",
    "launch__occupancy_limit_warps": "8",
    "launch__occupancy_limit_shared_mem": "16",
    "launch__occupancy_limit_blocks": "32",
    counters.REGISTERS: "40",
    counters.SHARED[0]: "1,024",
    counters.SHARED[1]: "2,048",
    "lts__t_sector_hit_rate.pct": "n/a",
    counters.STALLED["long_scoreboard"]: "13.2",
}


def test_a_launch_becomes_facts() -> None:
    (one,) = counters.parse(log(FIGURES))
    f = counters.facts(one, sms=132)
    assert (f.kernel, f.grid, f.block, f.us, f.sms) == ("softmax", (4096, 1, 1), (256, 1, 1), 131.072, 132)
    assert (f.read_bytes, f.dram_pct, f.load_sectors) == (268435456, 88.5, 16.0)
    assert (f.limiter, f.registers, f.shared_bytes) == ("registers", 40, 3072)
    assert f.shared_excess is None and f.l2_hit_pct is None  # none used, none told
    assert advice.waits(f)[0] == ("long_scoreboard", 13.2)
    assert advice.steps(f)[0].limit == "memory roof"


def test_every_launch_has_its_line() -> None:
    assert len(counters.parse(log(FIGURES, {}, {}))) == 3


@pytest.mark.parametrize("text", ["", "==PROF== Connected\n==WARNING== No kernels were profiled.\n", log()])
def test_a_log_without_launches(text: str) -> None:
    assert counters.parse(text) == ()


@pytest.mark.parametrize(
    ("said", "name"),
    [("softmax", "softmax"), ("softmax(const float *, long)", "softmax"),
     ("void softmax<256>(const float *)", "softmax"), ("void ns::softmax<(int)4>(float)", "softmax")],
)  # fmt: skip
def test_a_kernels_name(said: str, name: str) -> None:
    assert counters.parse(log({"name": said}))[0].kernel == name


def test_no_counter_is_asked_for_twice() -> None:
    assert len(set(counters.METRICS)) == len(counters.METRICS)
    fields = {*counters.PLAIN, *counters.RATIOS}
    assert fields <= set(Facts.__dataclass_fields__)


PIPE = counters.PIPES["tensor"]


def test_counters_that_a_chip_lacks() -> None:
    told = "==ERROR== Failed to find metric regex:^sm__pipe_tensor_cycles_active\\.(sum|avg|pct)$\n"
    assert counters.absent(told) == {PIPE} == counters.absent(f"==ERROR== Failed to find metric {PIPE}\n")
    assert counters.absent("==ERROR== something else") == frozenset()


DENIED = (
    "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters on the "
    "target device 0. For instructions on enabling permissions and to get more information see https://…\n"
)
HELD = (
    "==ERROR== An error was reported by the driver:\n==ERROR== Profiling failed because a driver resource was "
    "unavailable. Ensure that no other tool (like DCGM) is concurrently collecting profiling data.\n"
)


@pytest.mark.parametrize(
    ("text", "says"),
    [(DENIED, "NVreg_RestrictProfilingToAdminUsers=0"), (HELD, "dcgmi profile --pause"), ("", "saw no kernel"),
     ("==ERROR== Unknown option\n", "ncu said: Unknown option")],
)  # fmt: skip
def test_why_it_refuses(text: str, says: str) -> None:
    assert says in counters.refusal(text)


def test_a_report_has_everything_and_the_source() -> None:
    plain, kept = counters.words("log", ["a", "b"]), counters.words("log", ["a"], "x.ncu-rep", "/build")
    assert plain[-2:] == ("--metrics", "a,b") and "--set" not in plain and "--export" not in plain
    assert kept[kept.index("--export") + 1] == "x.ncu-rep" and kept[kept.index("--source-folders") + 1] == "/build"
    assert plain[plain.index("--launch-count") + 1] == str(counters.LAUNCHES)


# ---------------------------------------------------------------- what ncu said on a GPU

RECORDED = {
    # log: (exercise, kernel, µs, bytes over the bus and bytes asked for over the least, what limits)
    "vector_add": ("01_vector_add", "add_vectors", 367.5, 0.99, 1.0, ["memory roof"]),
    "softmax": ("07_softmax", "softmax_registers", 130.3, 0.95, 1.0, ["memory roof"]),
    "softmax_three_passes": ("07_softmax", "softmax", 156.6, 0.96, 2.0, ["bytes", "instructions"]),
    "transpose": ("09_matrix_transpose", "transpose_packs", 129.2, 0.96, 1.0, ["memory roof"]),
    "transpose_unpadded": ("09_matrix_transpose", "transpose", 309.2, 0.96, 1.0, ["bank conflicts"]),
    "gemm_tiled": ("22_gemm_tiled", "gemm_tiled", 1858.9, 0.93, 43.0, ["shared memory"]),
    "axpby_uncoalesced": ("03_matrix_axpby", "matrix_axpby", 1078.2, 1.0, 8.0, ["coalescing"]),
    "rms_norm_serial": ("31_rms_norm", "rms_norm", 5200.1, 1.46, 24.25, ["coalescing", "grid"]),
}


def recorded(root: Path, name: str) -> Facts:
    """The one kernel of a log in tests/ncu; its first line says what was typed, where and when."""
    exercise = choose.one(root, RECORDED[name][0])
    needed = spec.load(exercise.folder).moved(**exercise.timed[0])
    found = counters.parse((Path(__file__).parent / "ncu" / f"{name}.csv").read_text())
    assert all(set(one.metrics) == set(counters.METRICS) for one in found)
    (f,) = counters.call(found, 132, needed)
    return f


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_log(name: str, root: Path) -> None:
    f, (_, kernel, us, crossed, asked_for, limits) = recorded(root, name), RECORDED[name]
    assert (f.kernel, f.us) == (kernel, pytest.approx(us, abs=0.1))
    assert (f.call_excess, f.asked_excess) == (pytest.approx(crossed, abs=0.01), pytest.approx(asked_for, rel=0.01))
    assert [step.limit for step in advice.steps(f)] == limits
    assert f.sms == 132 and f.read_bytes and f.written_bytes and f.dram_pct
    assert 4000 < (f.read_bytes + f.written_bytes) / f.us / 10 / f.dram_pct < 5200  # GB/s of an H200's bus, 4.8 TB/s


def test_all_recorded_logs_are_read() -> None:
    assert {path.stem for path in Path(__file__).parent.glob("ncu/*.csv")} == set(RECORDED)


def test_of_equal_limits_a_full_sm_is_named(root: Path) -> None:
    """8 blocks by registers and 8 by warps: fewer registers would gain nothing."""
    assert recorded(root, "rms_norm_serial").limiter == "warps" and recorded(root, "softmax").limiter == "registers"


def test_accesses_that_are_not_counted() -> None:
    (f,) = counters.call(counters.parse(log(FIGURES)), 132, needed=8_388_609 * counters.SECTOR)
    assert f.asked_excess == 1.0 and f.call_excess
    (f,) = counters.call(counters.parse(log(FIGURES)), 132, needed=2 * 8_388_609 * counters.SECTOR)
    assert f.asked_excess is None  # half of them: the others were cp.async's


# ---------------------------------------------------------------- a scripted ncu in front of a worker

NCU = """#!{python}
import os, pathlib, sys
words = sys.argv[1:]
log = pathlib.Path(words[words.index("--log-file") + 1])
metrics = words[words.index("--metrics") + 1].split(",")
if {lacks!r} in metrics:
    log.write_text("==ERROR== Failed to find metric " + {lacks!r} + "\\n")
    sys.exit(1)
log.write_text({log!r})
if "--export" in words:
    pathlib.Path(words[words.index("--export") + 1]).write_text("a report")
command = words[words.index("--metrics") + 2 :]
os.execvp(command[0], command)
"""


def put(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, lacks: str = "") -> None:
    """An ncu that has said this when the worker starts; no nvcc, for no GPU is there to compile for."""
    folder.mkdir()
    (folder / "ncu").write_text(NCU.format(python=sys.executable, log=text, lacks=lacks))
    (folder / "ncu").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def asked(home: Path, word: str = "right", **more: Any) -> profile.Asked:
    return profile.Asked(replace(request_(home, word), backend=BACKEND), **more)


def quiet(_: str) -> None: ...


def test_what_ncu_counts(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = {"name": "second", counters.TIME: "200,000", "dram__bytes_read.sum": "8192", "dram__bytes_write.sum": "0"}
    put(tmp_path / "bin", monkeypatch, log({**FIGURES, "dram__bytes_read.sum": "8192"}, second))
    found = profile.profile(asked(home), quiet)
    assert (found.source, found.why_not, str(found.case)) == ("ncu", "", "n=1024,recipe=normal")
    assert [f.kernel for f in found.kernels] == ["second", "softmax"]  # the longest first
    assert found.metrics[1][counters.TIME] == 131072
    moved = 8192 + 241_000_000 + 8192
    assert found.kernels[0].call_excess == moved / 8192 and "Nsight Compute on scripted" in found.notes[0]


def test_a_chip_that_lacks_a_counter(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bin", monkeypatch, log(FIGURES, metrics=(counters.TIME,)), lacks=PIPE)
    (f,) = profile.profile(asked(home), quiet).kernels
    assert f.us == 131.072 and f.pipes_pct == {}


def test_the_report_is_kept(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bin", monkeypatch, log(FIGURES))
    report = tmp_path / "x.ncu-rep"
    report.write_text("an older one")
    assert profile.profile(asked(home, report=report), quiet).report == str(report)
    assert report.read_text() == "a report"


@pytest.mark.parametrize(("text", "why"), [(DENIED, counters.PERMISSION), (HELD, counters.TAKEN)])
def test_without_leave_the_rest_is_said(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    put(tmp_path / "bin", monkeypatch, text)
    found = profile.profile(asked(home), quiet)
    assert (found.source, found.why_not, found.kernels, found.steps) == ("computed", why, (), ())
    assert [note.partition(":")[0] for note in found.notes] == ["measured", *["not known"] * 3]
    report = tmp_path / "x.ncu-rep"
    report.write_text("an older one")
    with pytest.raises(MachineError, match="no report can be kept"):
        profile.profile(asked(home, report=report), quiet)
    assert report.read_text() == "an older one"


def test_a_launcher_that_dies(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bin", monkeypatch, "==PROF== Connected\n")
    with pytest.raises(UsageError, match=r"does not end well at this size .*`grader run 1` says why"):
        profile.profile(asked(home, "crash"), quiet)


def test_no_ncu(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bin", monkeypatch, "")
    (tmp_path / "bin" / "ncu").unlink()
    assert "not on PATH" in profile.profile(asked(home), quiet).why_not
    with pytest.raises(MachineError, match="ncu .* is not on PATH; it comes with the CUDA toolkit"):
        profile.profile(asked(home, report=tmp_path / "x.ncu-rep"), quiet)


# ---------------------------------------------------------------- without counters

LINES = (
    Line(9, "global", "read", 100, 400, 400, "x[i]"),
    Line(10, "global", "write", 100, 3200, 400, "y[j]"),
    Line(12, "shared", "read", 100, 100, 100, "s[i]"),
)
KNOWN = estimate.Known(
    (9, 0), 132,
    resources=(Resources("first", 32, 0, 1024), Resources("second", 128, 16, 0)),
    codes=(Code("second", {"global load": 4}, {("global load", 32): 4, ("global store", 64): 1}),),
    seen=(Launch("first", (2, 1, 1), (64, 1, 1), 512), Launch("second", (4, 1, 1), (256, 1, 1))),
    lines=LINES, needed=32 * 1600, shape=Shape({"n": 8}, 1.0, (1.0, 1.0), 50.0, 50.0, None, 9, "", 60.0, "latency"),
)  # fmt: skip


def test_what_can_be_computed() -> None:
    second, first = estimate.facts(KNOWN)  # the one with more threads first
    assert (second.possible_pct, second.limiter, second.spilled_bytes) == (25.0, "registers", 16)
    assert (first.shared_bytes, first.possible_pct, first.limiter) == (1536, 100.0, "warps")
    assert second.load_widths == {32: 4} and not first.load_widths
    assert (second.load_sectors, second.store_sectors, second.global_excess) == (4.0, 32.0, 4.5)
    assert (second.shared_excess, second.roofline_pct, second.roof) == (1.0, 60.0, "latency")
    assert second.asked_excess == (400 + 3200) / 1600
    assert second.us is None and first.global_excess is None  # figures of the whole call, not of each kernel
    assert second.grid == () and second.waves is None  # the simulated grid is another one


def test_the_timed_calls_own_launch() -> None:
    (f,) = estimate.facts(replace(KNOWN, launches=(Launch("second", (528, 1, 1), (256, 1, 1)),)))
    assert f.us == 50.0 and f.grid == (528, 1, 1) and f.waves == 2.0  # 2 blocks of 128 registers × 256 on 132 SMs


def test_instances_of_a_template() -> None:
    """The simulator names the instance, nvcc's figures have the plain name several times."""
    resources = (Resources("k", 128), Resources("k", 32))
    codes = (Code("k", {}, {("global load", 128): 2}), Code("k", {}, {("global load", 32): 1}))
    seen = (Launch("k<4, 256>", (2, 1, 1), (256, 1, 1)),)
    (f,) = estimate.facts(estimate.Known((9, 0), resources=resources, codes=codes, seen=seen))
    assert (f.kernel, f.registers, f.possible_pct, f.load_widths) == ("k", 128, 25.0, {128: 2, 32: 1})


def test_nothing_is_known() -> None:
    assert estimate.facts(estimate.Known((9, 0))) == ()


def test_lines_that_waste() -> None:
    assert estimate.wasteful(LINES) == (LINES[1],)


# ---------------------------------------------------------------- the screen and the command line


def text(renderable: object, width: int = 250) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_screen() -> None:
    other = replace(PLAIN, kernel="other", us=1.0)
    steps = advice.steps(replace(PLAIN, shared_excess=4.0))
    said = text(gauges.profiled((PLAIN, other), steps, ("counted by hand",), LINES[1:2]))
    for piece in ("counted by hand", "4096 × 1 × 1", "other", "50 % busy", "what it is", "line 10", "8.00× the least",
                  "limit  bank conflicts", "→ pad the row", "then   latency"):  # fmt: skip
        assert piece in said
    narrow = text(gauges.profiled((PLAIN,), steps, (), ()), 60)
    assert all(len(line) <= 60 for line in narrow.splitlines())
    assert "what it is" not in narrow and f"in a terminal of {gauges.ROOMY} columns" in " ".join(narrow.split())


def test_mistakes_have_one_line(at: Course, tmp_path: Path) -> None:
    found = at("profile", "1")
    assert found.code == 2 and "exercises/01_copy/copy.cu:3 is the skeleton; write the kernel first" in found.err
    at.edit()
    assert "01_copy has 1 timed shape; ask for --shape 1 to 1" in at("profile", "1", "--shape", "2").err
    (tmp_path / "x.ncu-rep").write_text("")
    found = at("profile", "1", "--ncu-rep", str(tmp_path / "x"))
    assert found.code == 2 and "exists; add --force to replace it" in found.err
    assert "is no folder" in at("profile", "1", "--ncu-rep", str(tmp_path / "none" / "x.ncu-rep")).err
    assert all(line.startswith("grader: ") for line in found.err.splitlines())


def test_the_solution_opens_as_for_compare(at: Course) -> None:
    at.edit()
    found = at("profile", "1", "--solution")
    assert found.code == 1 and "the solution opens with a recorded pass" in found.err


def test_the_newest_time_of_this_very_source(at: Course) -> None:
    exercise, mine = choose.one(at.home, "1"), at.edit().read_text()
    shape = replace(SPEED.shapes[0], sizes=dict(exercise.timed[0]))
    at.answers["01_copy"] = replace(verdict("PASS", speed=replace(SPEED, shapes=(shape,))), device="NVIDIA H200")
    assert desk._past(exercise, mine, 0) is None
    assert at("run", "1").code == 0
    past = desk._past(exercise, mine, 0)
    assert past and past.shape == shape and past.words.startswith("by attempt 1 on NVIDIA H200, 20")
    assert desk._past(exercise, "another source", 0) is None


@pytest.mark.skipif(bool(SIMULATOR), reason=SIMULATOR)
def test_a_real_exercise_without_a_gpu(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = keyboard(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("GRADER_ROOT", str(root))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    attempt = str(root / "tests" / "attempts" / "09_matrix_transpose" / "unpadded_tile.cu")
    found = at("profile", "9", "--file", attempt, "--json")
    assert found.code == 0 and found.json["source"] == "computed" and "no NVIDIA GPU" in found.json["why_not"]
    assert found.json["steps"][0]["limit"] == "bank conflicts" and found.json["lines"][0]["line"] == 17
    assert found.json["kernels"][0]["kernel"] == "transpose" and found.json["report"] is None
    said = at("profile", "9", "--file", attempt).out
    assert "nothing is counted: no NVIDIA GPU" in said and "→ pad the row by one element" in said
    found = at("profile", "9", "--file", attempt, "--ncu-rep", str(tmp_path / "x"))
    assert found.code == 3 and "no report can be kept: no NVIDIA GPU" in found.err


@pytest.mark.gpu
def test_a_real_exercise_on_a_gpu(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ncu and leave to count, every figure; else the reason, and still the step that the simulator knows."""
    at = keyboard(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("GRADER_ROOT", str(root))
    attempt = str(root / "tests" / "attempts" / "09_matrix_transpose" / "unpadded_tile.cu")
    found = at("profile", "9", "--file", attempt, "--json").json
    assert found["source"] == "ncu" or found["why_not"]
    (kernel,) = found["kernels"]
    assert kernel["kernel"] == "transpose" and kernel["grid"] and kernel["sms"] > 0
    assert "bank conflicts" in [step["limit"] for step in found["steps"]]
    if found["source"] == "ncu":
        assert set(kernel["metrics"]) == set(counters.METRICS)
        assert kernel["shared_excess"] == pytest.approx(16.5) and kernel["load_sectors"] == 4.0
