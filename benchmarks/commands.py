"""How quick the light verbs are: 80 exercises, 10,000 recorded attempts, a new process each.

python benchmarks/commands.py [--repeats 15]     writes benchmarks/results/commands.json and prints a table

Wall time is what a person waits, and grows with whatever else the machine does; processor time does not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

HOME = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HOME), str(HOME / "tests")]

from grader import catalog, plain, record  # noqa: E402  the source tree comes first

COMMANDS = ("", "list", "scoreboard", "hint 7", "--help", "show 7", "next", "list --status open --json")
GOAL_MS = 150.0
EXERCISES, ATTEMPTS = 80, 10_000


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--repeats", type=int, default=15)
    repeats = words.parse_args().repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, url = folder / "root", f"sqlite:///{folder}/grader/attempts.db"
        fill(url, course(root))
        environ = {**os.environ, "PYTHONPATH": str(HOME), "GRADER_ROOT": str(root)}
        environ |= {"XDG_STATE_HOME": name, "GRADER_DB": "", "PYTHONDONTWRITEBYTECODE": ""}
        environ["PYTHONPYCACHEPREFIX"] = f"{folder}/pycache"  # as after a first use
        for command in COMMANDS:
            once(command, root, environ)
        found = {command: [once(command, root, environ) for _ in range(repeats)] for command in COMMANDS}
    write(found)


def course(root: Path) -> list[str]:
    """The exercises of this repository, again and again under other numbers; every tenth is edited."""
    real = [path.parent for path in sorted(HOME.glob("exercises/*/exercise.toml"))]
    made = []
    for n in range(1, EXERCISES + 1):
        source = real[n % len(real)]
        name = f"{source.name[3:]}_{n}"
        exercise, solution = (root / part / f"{n:02}_{name}" for part in ("exercises", "solutions"))
        exercise.mkdir(parents=True)
        solution.mkdir(parents=True)
        skeleton = (HOME / "solutions" / source.name / "skeleton.cu").read_text()
        shutil.copy(source / "exercise.toml", exercise)
        shutil.copy(source / "README.md", exercise)
        (exercise / f"{name}.cu").write_text(skeleton + "// edited\n" * (n % 10 == 0))
        (solution / "skeleton.cu").write_text(skeleton)
        made.append(exercise.name)
    return made


def fill(url: str, ids: list[str]) -> None:
    """250 evenings of 40 attempts, three minutes apart, each with its verdict as it is really stored."""
    from miniature import timed, verdict
    from sqlalchemy import insert

    pick, start = random.Random(1), datetime(2026, 1, 1, tzinfo=timezone.utc)
    kinds = {name: timed(name) if name in ("PASS", "SLOW") else verdict(name) for name in OUTCOMES}
    rows = []
    for n in range(ATTEMPTS):
        found = kinds[pick.choice(OUTCOMES)]
        at = (start + timedelta(days=n // 40, hours=18, minutes=3 * (n % 40))).isoformat(timespec="seconds")
        values = asdict(record.attempt(found, f"// {n}", at)) | {"exercise": pick.choice(ids[:60])}
        del values["id"]
        rows.append(values | {"verdict": plain.text(found)})
    record.ready(url)
    table = record._schema().tables["attempts"]
    record._transact(url, lambda connection: connection.execute(insert(table), rows))


OUTCOMES = ("PASS", "SLOW", "WRONG", "UNSAFE", "CRASH", "COMPILE")


def once(command: str, cwd: Path, environ: dict[str, str]) -> tuple[float, float]:
    """Wall and processor milliseconds of one `python -m grader …`."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "grader", *command.split()], cwd=cwd, env=environ, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command}: exit code {done.returncode}: {done.stderr.decode()}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * used


def write(found: dict[str, list[tuple[float, float]]]) -> None:
    load = os.getloadavg()[0]
    rows = {
        f"grader {command}".strip(): {
            "wall_ms": round(median(wall for wall, _ in times), 1),
            "wall_min_ms": round(min(wall for wall, _ in times), 1),
            "cpu_ms": round(median(cpu for _, cpu in times), 1),
        }
        for command, times in found.items()
    }
    kept = {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": round(load, 1),
        "exercises": EXERCISES,
        "attempts": ATTEMPTS,
        "exercise_files": len(catalog.discover(HOME)),
        "goal_ms": GOAL_MS,
        "commands": rows,
    }
    (HOME / "benchmarks" / "results" / "commands.json").write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{EXERCISES} exercises, {ATTEMPTS:,} attempts, {os.cpu_count()} CPUs, load {load:.1f}")
    for command, row in rows.items():
        late = "" if row["wall_ms"] <= GOAL_MS else f"   over {GOAL_MS:.0f} ms"
        least, cpu = f"{row['wall_min_ms']:6.1f}", f"{row['cpu_ms']:6.1f}"
        print(f"  {command:32} wall {row['wall_ms']:6.1f}   least {least}   cpu {cpu} ms{late}")


if __name__ == "__main__":
    main()
