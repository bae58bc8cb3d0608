"""The corpus: every mistake is found on its line, every right kernel is silent."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "simulator"))

import corpus
import play

from grader.backends import simulator
from grader.translate import Refused

WHY_NOT = simulator.why_not()

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def installed(family: str) -> str:
    """$CXX if it is one of them, else the plain name, else the newest with its version in the name."""
    mine = os.environ.get("CXX") or "c++"
    if simulator.why_not() == "" and simulator.compiler().clang == (family == "clang++"):
        return mine
    folders = os.environ.get("PATH", "").split(os.pathsep)
    numbered = {f.name for folder in folders for f in Path(folder).glob(f"{family}-*") if f.name[-1].isdigit()}
    newest = sorted(numbered, key=lambda name: [int(n) for n in re.findall(r"\d+", name)], reverse=True)
    return next(filter(shutil.which, (family, *newest)), "")


@pytest.fixture(params=["g++", "clang++"])
def compiler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The whole corpus runs with both: they plant different callbacks, and optimise differently."""
    name = installed(request.param)
    if not name:
        pytest.skip(f"no {request.param} here")
    monkeypatch.setenv("CXX", name)
    if why_not := simulator.why_not():
        pytest.skip(why_not)
    return name


@pytest.mark.parametrize("file", corpus.FILES, ids=corpus.identity)
@pytest.mark.usefixtures("compiler")
def test_corpus(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    wanted = corpus.expectations(text)
    assert wanted, f"{file.name} does not say what it expects"
    first, _, words = wanted[0].partition(" ")
    if first == "error":
        with pytest.raises(play.BuildError, match=re.escape(words)):
            play.build(text, file.name, tmp_path)
    elif first == "refused":
        with pytest.raises(Refused, match=re.escape(words)):
            play.build(text, file.name, tmp_path)
    else:
        library = play.build(text, file.name, tmp_path, watched=play.watched(text))
        played = play.play(library, text, pedantic="pedantic" in file.stem)
        corpus.compare(wanted, played, file.name)
        corpus.values(text, played)


@pytest.mark.parametrize("file", [f for f in corpus.FILES if f.parent.name == "controls"], ids=corpus.identity)
@pytest.mark.usefixtures("compiler")
def test_right_kernels_are_silent_when_watched_and_when_not(file: Path, tmp_path: Path) -> None:
    """The build that sees reads of locals without a value, whatever lies there; and the ordinary one."""
    text = file.read_text()
    seeing = play.build(text, file.name, tmp_path / "seeing", watched=True)
    played = [play.play(seeing, text, rubbish=kind) for kind in (0, 2, 4)]
    if play.watched(text):  # else test_corpus has had the ordinary build
        played.append(play.play(play.build(text, file.name, tmp_path / "ordinary"), text))
    for one in played:
        corpus.compare(corpus.expectations(text), one, file.name)
        corpus.values(text, one)


@pytest.mark.parametrize("file", [f for f in corpus.FILES if f.stem.startswith("unset_")], ids=corpus.identity)
@pytest.mark.usefixtures("compiler")
def test_a_local_without_a_value_changes_the_answer(file: Path, tmp_path: Path) -> None:
    """So that the ordinary build's answer is wrong, and the other one is asked."""
    library = play.build(text := file.read_text(), file.name, tmp_path)
    one, zero = (play.play(library, text, rubbish=kind) for kind in (0, 4))
    assert not one.run.findings, play.describe(one)
    assert repr(one.out) != repr(zero.out)  # NaN is not itself


# Requests and sectors or wavefronts by space and access, as the hardware's profiler gave them on an H200.
COUNTED = {
    "reduce": {("global", "read"): (32768, 131072), ("shared", "read"): (64, 64), ("shared", "write"): (512, 512)},
    "softmax": {
        ("global", "read"): (24576, 98304),
        ("global", "write"): (8192, 32768),
        ("shared", "read"): (8192, 8192),
        ("shared", "write"): (5120, 5120),
    },
    "histogram": {("global", "read"): (32768, 32768), ("shared", "read"): (256, 256), ("shared", "write"): (256, 256)},
    "gemm": {
        ("global", "read"): (65536, 262144),
        ("global", "write"): (2048, 8192),
        ("shared", "write"): (65536, 65536),
    },
    "patterns": {
        ("global", "read"): (6, 97),
        ("global", "write"): (1, 4),
        ("shared", "read"): (4, 36),
        ("shared", "write"): (33, 33),
    },
}
KERNELS = Path(__file__).parents[1] / "benchmarks" / "simulator"


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("name", COUNTED)
def test_counts_as_the_hardware_does(name: str, tmp_path: Path) -> None:
    text = (KERNELS / f"{name}.cu").read_text()
    played = play.play(play.build(text, f"{name}.cu", tmp_path), text)
    for (space, access), wanted in COUNTED[name].items():
        rows = [t for t in played.run.traffic if (t.space, t.access) == (space, access)]
        assert (sum(t.requests for t in rows), sum(t.sectors for t in rows)) == wanted


# ---------------------------------------------------------------- several OS threads

SHARED_OUT = {
    **{f"benchmarks/{name}": KERNELS / f"{name}.cu" for name in ("gemm", "softmax", "histogram", "reduce")},
    **{
        f"controls/{name}": Path(__file__).parent / "simulator" / "controls" / f"{name}.cu"
        for name in ("last_block_of_many", "atomics_between_blocks", "many_blocks", "transpose_tile", "grid_sync")
    },
}


@pytest.mark.parametrize("checked", [False, True], ids=["plain", "instrumented"])
@pytest.mark.parametrize("name", SHARED_OUT)
def test_threads_change_no_result(name: str, checked: bool, tmp_path: Path) -> None:
    text = SHARED_OUT[name].read_text()
    library = play.build(text, "kernel.cu", tmp_path, checked)
    alone, *others = (play.play(library, text, checking=False, threads=n, repeat=1 if n == 1 else 3) for n in (1, 2, 5))
    corpus.values(text, alone)
    for played in others:
        assert not played.run.findings and not played.run.status, play.describe(played)
        assert played.out == alone.out


KERNEL = """#include <cstdio>
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  BODY
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<64, 256, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
"""
FAULTS = {
    "assert": ("assert(n < 0);", "assert", 710),
    "trap in one block": ("if (blockIdx.x == 37) __trap();", "assert", 719),
    "wild pointer": ("((float*)16)[threadIdx.x] = 1;", "oob", 700),
    "division": ("out[0] = n / (int)in[0];", "assert", 700),
    "mask": ("out[0] = __shfl_sync(1u, in[0], 0);", "mask", 719),
    "deadlock": ("if (threadIdx.x < 40) __syncthreads(); else __shfl_sync(~0u, 1, 0);", "deadlock", 719),
    "a wait for a block that is no more": (
        "if (blockIdx.x == 0) __trap(); while (atomicAdd((int*)out, 0) != 77) {}",
        "assert",
        719,
    ),
    "a wait for nothing": ("if (blockIdx.x == 5) while (atomicAdd((int*)out, 0) != 77) {}", "timeout", 719),
}


@pytest.mark.parametrize("name", FAULTS)
def test_threads_report_an_error_once(name: str, tmp_path: Path) -> None:
    body, kind, status = FAULTS[name]
    library = play.build(KERNEL.replace("BODY", body), "k.cu", tmp_path, checked=False)
    played = play.play(library, "", checking=False, threads=4, seconds=1)
    assert [(f.kind, f.where, f.count) for f in played.run.findings] == [(kind, "k.cu:4", 1)], play.describe(played)
    assert played.run.status == status


def test_threads_end_at_the_time_limit(tmp_path: Path) -> None:
    """The block that hangs is named, whichever OS thread has it and whichever gets the signal."""
    text = KERNEL.replace("BODY", "if (blockIdx.x == 5) for (volatile int i = 0;; i = i + 1) {}")
    library = play.build(text, "k.cu", tmp_path, checked=False)
    played = play.play(library, "", checking=False, threads=4, seconds=1)
    (found,) = played.run.findings
    assert (found.kind, found.where) == ("timeout", "k.cu:4") and "block (5, 0, 0)" in found.text


def test_threads_print_whole_lines(tmp_path: Path) -> None:
    text = KERNEL.replace("BODY", 'printf("block %d thread %d\\n", blockIdx.x, threadIdx.x);')
    library = play.build(text, "k.cu", tmp_path, checked=False)
    played = play.play(library, "", checking=False, threads=4)
    assert sorted(played.printed) == sorted(f"block {b} thread {t}" for b in range(64) for t in range(256))


def test_checked_and_cooperative_launches_stay_on_one_thread(tmp_path: Path) -> None:
    text = KERNEL.replace("BODY", 'if (threadIdx.x == 0) printf("%d\\n", blockIdx.x);')
    played = play.play(play.build(text, "k.cu", tmp_path), "", threads=4)
    assert played.printed == tuple(str(b) for b in range(64))  # in order


# ---------------------------------------------------------------- the time limit

BLOCKS = """// n: 32
#include <cuda_runtime.h>
__global__ void slow(const float* in, float* out, int n) {
  if (blockIdx.x == HANGS) for (volatile int i = 0;; i = i + 1) {}
  STATEMENT
  out[blockIdx.x] = 7;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  slow<<<32, 1, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
"""
LOOPS = {
    "accesses": "for (int i = 0; i < 300000; i++) out[blockIdx.x] = in[i & 7];",
    "none": "for (volatile int i = 0; i < 6000000; i = i + 1) {}",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_blocks_that_end_show_that_nothing_hangs(loop: str, tmp_path: Path) -> None:
    """A launch may then take longer than the limit, which is for one block; a block that hangs is named as before."""
    text = BLOCKS.replace("STATEMENT", LOOPS[loop])
    library = play.build(text.replace("HANGS", "-1"), "k.cu", tmp_path / "slow")
    took = play.play(library, text, clock="monotonic", seconds=60).seconds
    impatient, patient = (play.play(library, text, seconds=took / 4, patience=n) for n in (1, 32))
    assert [f.kind for f in impatient.run.findings] == ["timeout"], play.describe(impatient)
    assert not patient.run.findings and patient.out == [7] * 32, play.describe(patient)
    hangs = play.build(text.replace("HANGS", "5"), "k.cu", tmp_path / "hangs")
    played = play.play(hangs, text, seconds=took / 4, patience=32)
    (found,) = played.run.findings
    assert (found.kind, found.where) == ("timeout", "k.cu:4") and "block (5, 0, 0)" in found.text


@pytest.mark.parametrize(("after", "said"), [("usleep(400000);", ["k.cu:6"]), ("for (;;) usleep(1);", ["k.cu:6", ""])])
def test_a_launcher_may_return_when_its_kernel_spent_the_time(after: str, said: list[str], tmp_path: Path) -> None:
    """The kernel that loops is reported, and its launcher only if that loops as well."""
    text = BLOCKS.replace("STATEMENT", "for (;;) out[blockIdx.x] = in[0];").replace("HANGS", "-1")
    text = "#include <unistd.h>\n" + text.replace("return cuda", f"{after} return cuda")
    played = play.play(play.build(text, "k.cu", tmp_path), text, seconds=0.5)
    assert [(f.kind, f.where) for f in played.run.findings] == [("timeout", where) for where in said]


def test_patience_has_an_end(tmp_path: Path) -> None:
    text = BLOCKS.replace("STATEMENT", LOOPS["accesses"]).replace("HANGS", "-1")
    library = play.build(text, "k.cu", tmp_path)
    took = play.play(library, text, clock="monotonic", seconds=60).seconds
    played = play.play(library, text, seconds=took / 20, patience=2)
    assert [f.kind for f in played.run.findings] == ["timeout"], play.describe(played)


# ---------------------------------------------------------------- a shuffle orders no memory


@pytest.mark.parametrize("pedantic", [False, True])
def test_pedantic_from_the_command_line(pedantic: bool) -> None:
    """The same kernel passes, and is reported when the flag is given."""
    file = Path(__file__).parent / "simulator" / "shuffle_order.cu"
    words = "run 1 --backend simulator --no-speed --no-record --json --seed 5 --case n=100,recipe=normal".split()
    command = [sys.executable, "-m", "grader", *words, "--file", str(file), *(["--pedantic"] if pedantic else [])]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    verdict = json.loads(done.stdout)
    found = {(f["kind"], f["where"]) for f in verdict["findings"]}
    assert found == ({("race", "vector_add.cu:10")} if pedantic else set()), done.stdout + done.stderr
    assert verdict["verdict"] == ("UNSAFE" if pedantic else "PASS")


TOOLKIT = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "include"


@pytest.mark.skipif(not (TOOLKIT / "cuda_fp8.h").exists(), reason="no CUDA toolkit headers to compare with")
def test_small_floats_are_bit_exact(tmp_path: Path) -> None:
    """Every 16-bit pattern, and floats around every rounding boundary, against the toolkit's own host functions."""
    source = Path(__file__).parent / "simulator" / "conversions.cpp"
    said = []
    for name, headers in (("theirs", TOOLKIT), ("ours", simulator.headers())):
        flags = [*simulator.flags(checked=False), "-w", f"-I{headers}"]
        subprocess.run([*simulator.compiler().command, *flags, str(source), "-o", name], cwd=tmp_path, check=True)
        said.append(subprocess.run([tmp_path / name], capture_output=True, text=True, check=True).stdout.splitlines())
    assert said[0] == said[1]
    assert len(said[0]) > 20


def test_a_missing_symbol_is_said(tmp_path: Path) -> None:
    library = play.build("// n: 4\n#include <cuda_runtime.h>\n", "empty.cu", tmp_path)
    played = play.play(library, "")
    assert "the symbol launch is not there" in played.run.message


def test_explain_shows_the_learners_line(tmp_path: Path) -> None:
    with pytest.raises(play.BuildError) as caught:
        play.build("int x = 1;\nint y = z;\n", "wrong.cu", tmp_path)
    assert str(caught.value).startswith("wrong.cu:2:9: error:")
    assert "int y = z;" in str(caught.value)


def test_findings_survive_a_torn_report() -> None:
    found, traffic = simulator.findings('{"finding":"oob","what":"stack","variable":"","note":"","count":2}\n{"find')
    assert [f.kind for f in found] == ["oob"] and not traffic


@pytest.mark.parametrize(
    ("item", "size", "words"),
    [
        (4, 4, "reads element 100 of ws, which has 256 elements"),
        (4, 16, "reads element 100 of ws, which has 256 elements"),
        (0, 4, "reads bytes 400 to 403 of ws, which has 1024 bytes"),
        (1, 8, "reads bytes 400 to 407 of ws, which has 1024 bytes"),
        (1, 1, "reads element 400 of ws, which has 1024 elements"),
    ],
)
def test_untyped_memory_is_told_in_bytes(item: int, size: int, words: str) -> None:
    fact = {
        "finding": "oob",
        "what": "read",
        "variable": "ws",
        "offset": 400,
        "extent": 1024,
        "item": item,
        "size": size,
    }
    ((found,), _) = simulator.findings(json.dumps({**fact, "thread": [0, 0, 0], "block": [0, 0, 0]}))
    assert words in found.text


def test_a_workspace_is_untyped(tmp_path: Path) -> None:
    body = "((float*)out)[threadIdx.x] = in[threadIdx.x] + ((const float*)out)[64];"
    text = KERNEL.replace("float* out", "void* out").replace("BODY", body)
    declaration = play.DECLARATION.replace("float* out", "void* out")
    played = play.play(play.build(text, "k.cu", tmp_path, declaration=declaration), "", untyped=True)
    told = " ".join(f.text for f in played.run.findings)
    assert "bytes 256 to 259 of out" in told or "byte 256" in told, play.describe(played)
