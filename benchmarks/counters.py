"""The simulator's counters beside Nsight Compute's, kernel for kernel. Needs a GPU and ncu.

    python benchmarks/counters.py            writes benchmarks/results/counters-<device>.json and prints a table
    python benchmarks/counters.py --again    no GPU: simulates anew, beside ncu's figures of the file in results/

Requests and sectors of global loads and stores, and wavefronts of shared loads and stores, summed over all launches of
one call. ncu runs one child that launches every kernel once, in order.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from grader import backends, build, case, cases, catalog, isolate, spec  # noqa: E402
from grader.model import Run  # noqa: E402

METRICS = {
    "global read requests": "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum",
    "global read sectors": "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum",
    "global write requests": "l1tex__t_requests_pipe_lsu_mem_global_op_st.sum",
    "global write sectors": "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum",
    "shared read wavefronts": "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld.sum",
    "shared write wavefronts": "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_st.sum",
}

KERNELS = (
    ("01_vector_add", "", "n=100003,recipe=normal"),
    ("01_vector_add", "one_thread_per_element", "n=100003,recipe=normal"),
    ("02_elementwise_activations", "", "n=100003,op=3,recipe=normal"),
    ("03_matrix_axpby", "", "N=500,M=200,unit=4,pad_a=1,pad_b=2,pad_c=3,recipe=normal"),
    ("03_matrix_axpby", "uncoalesced", "N=500,M=200,unit=4,pad_a=1,pad_b=2,pad_c=3,recipe=normal"),
    ("04_warp_reduce", "", "rows=1001,cols=128,recipe=normal"),
    ("04_warp_reduce", "serial_row", "rows=1001,cols=100,recipe=normal"),
    ("04_warp_reduce", "block_per_row", "rows=501,cols=100,recipe=normal"),
    ("05_reduction_sum", "", "n=200003,recipe=normal"),
    ("05_reduction_sum", "atomic_per_block", "n=200003,recipe=normal"),
    ("06_row_argmax", "", "rows=7,cols=20003,recipe=normal"),
    ("06_row_argmax", "tree_of_pairs", "rows=7,cols=20003,recipe=normal"),
    ("07_softmax", "", "rows=33,cols=4096,recipe=normal"),
    ("07_softmax", "three_passes", "rows=33,cols=4097,recipe=normal"),
    ("07_softmax", "warp_per_row_online", "rows=33,cols=1000,recipe=normal"),
    ("08_dot_product", "", "n=200003,recipe=normal"),
    ("09_matrix_transpose", "", "rows=256,cols=512,recipe=normal"),
    ("09_matrix_transpose", "unpadded_tile", "rows=256,cols=512,recipe=normal"),
    ("09_matrix_transpose", "one_thread_per_element", "rows=256,cols=512,recipe=normal"),
    ("11_column_sum", "", "rows=500,cols=512,recipe=normal"),
)


def main() -> None:
    plans = [plan(*kernel, multiprocessors()) for kernel in KERNELS]
    ours = [p.pop("ours") for p in plans]
    path = build.cache() / "counters.json"
    path.write_text(json.dumps(plans))
    theirs = list(hardware(path, [p["launches"] for p in plans]))
    rows = [
        {"kernel": " ".join(k), "source": digest(k[0], k[1]), "simulator": a, "ncu": b}
        for k, a, b in zip(KERNELS, ours, theirs, strict=True)
    ]
    write(rows)


def multiprocessors() -> int:
    """Of the present GPU: launchers size their grids by it."""
    import torch

    return int(torch.cuda.get_device_properties(0).multi_processor_count)


def again(path: Path) -> None:
    """The simulator's column anew."""
    record = json.loads(path.read_text())
    kernels = {" ".join(kernel): kernel for kernel in KERNELS}
    for row in record["rows"]:
        kernel = kernels[row["kernel"]]
        row["simulator"] = simulated(*kernel, record["multiprocessors"])[1]
        if row["source"] != digest(*kernel[:2]):
            print(f"{row['kernel']}: the source has changed since ncu saw it")
    record["simulated"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    path.write_text(json.dumps(record, indent=1) + "\n")
    table(record["rows"])


def kernel_source(slug: str, attempt: str) -> Path:
    if attempt:
        return HOME / "tests" / "attempts" / slug / f"{attempt}.cu"
    return HOME / "solutions" / slug / f"{slug.partition('_')[2]}.cu"


def digest(slug: str, attempt: str) -> str:
    """Of the text that ran: figures of another one are not comparable."""
    return hashlib.sha256(kernel_source(slug, attempt).read_bytes()).hexdigest()[:16]


def built(slug: str, attempt: str, backend: str) -> Path:
    exercise = catalog.load(HOME, slug)
    done = build.begin(exercise, kernel_source(slug, attempt).read_text(), backend).wait()
    assert not done.errors, done.errors
    return done.library


def simulated(slug: str, attempt: str, text: str, multiprocessors: int) -> tuple[Run, dict[str, int]]:
    """One call on a simulated device of so many multiprocessors, and its counts by METRICS' names."""
    exercise = catalog.load(HOME, slug)
    spec_ = spec.load(exercise.folder)
    one = case.parse(text, exercise, spec_)
    options = {"multiprocessors": multiprocessors}
    with isolate.start("simulator", cases.arena_size(spec_.moved(**one.sizes)), options) as worker:
        worker.add(built(slug, attempt, "simulator"), exercise.declaration.launcher)
        run = worker.run(cases.fill(worker.arena, exercise, spec_, one, 1))
    counts = dict.fromkeys(METRICS, 0)
    for t in run.traffic:
        unit = "sectors" if t.space == "global" else "wavefronts"
        for name, value in (
            (f"{t.space} {t.access} requests", t.requests),
            (f"{t.space} {t.access} {unit}", t.sectors),
        ):
            if name in counts:
                counts[name] += value
    return run, counts


def plan(slug: str, attempt: str, text: str, multiprocessors: int) -> dict[str, Any]:
    """Simulates one call, and says what the child has to launch."""
    run, counts = simulated(slug, attempt, text, multiprocessors)
    exercise = catalog.load(HOME, slug)
    return {
        "library": str(built(slug, attempt, "cuda")), "launcher": exercise.declaration.launcher, "slug": slug,
        "case": text, "launches": len(run.launches), "ours": counts,
    }  # fmt: skip


def child(path: Path) -> None:
    """Under ncu: every planned call once, on contents like those that were simulated."""
    for p in json.loads(path.read_text()):
        exercise = catalog.load(HOME, p["slug"])
        spec_ = spec.load(exercise.folder)
        one = case.parse(p["case"], exercise, spec_)
        arena = isolate.Arena(cases.arena_size(spec_.moved(**one.sizes)))
        job = cases.fill(arena, exercise, spec_, one, 1)
        device = backends.get("cuda").Device(arena.bytes, -1)
        assert not device.load(Path(p["library"]), p["launcher"])
        device.apart(job)


def hardware(path: Path, launches: list[int]) -> Iterator[dict[str, int]]:
    """ncu's figures, summed over the launches of each call."""
    command = ["ncu", "--csv", "--page", "raw", "--clock-control", "none", "--metrics", ",".join(METRICS.values())]
    done = subprocess.run(
        [*command, sys.executable, __file__, "--child", str(path)], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('"')]
    assert lines, done.stdout + done.stderr
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))[1:]  # the second line holds the units
    assert len(rows) == sum(launches), (len(rows), launches)
    at = 0
    for count in launches:
        mine = rows[at : at + count]
        yield {name: sum(round(float(r[m].replace(",", ""))) for r in mine) for name, m in METRICS.items()}
        at += count


def write(rows: list[dict[str, Any]]) -> None:
    device = backends.get("cuda").device()
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    record = {"device": device, "multiprocessors": multiprocessors(), "measured": now, "simulated": now, "rows": rows}
    path = HOME / "benchmarks" / "results" / f"counters-{device.replace(' ', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    table(rows)


def table(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        different = [n for n in METRICS if row["simulator"][n] != row["ncu"][n]]
        print(f"{row['kernel']:70} {'equal' if not different else ''}")
        for name in different:
            print(f"    {name:26} simulator {row['simulator'][name]:>10,}   ncu {row['ncu'][name]:>10,}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--again"]:
        again(HOME / "benchmarks" / "results" / "counters-NVIDIA_H200.json")
    else:
        main()
