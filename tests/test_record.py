"""The database under real failures: damage, no rights, no room, two writers, kill -9."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from miniature import timed, verdict

from grader import plain, record, score
from grader.errors import MachineError

NOW = "2026-11-24T10:00:00+00:00"

WRITER = """
import sys
from miniature import verdict
from grader import plain, record
url, name, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
found = verdict("PASS")
record.ready(url)
for n in range(times):
    text = f"// {name} {n}"
    kept = record.attempt(found, text, "2026-11-24T10:00:00+00:00")
    print(record.add(url, kept, text, plain.text(found)), flush=True)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'attempts.db'}"


def add(url: str, text: str = "// mine", outcome: str = "PASS") -> int:
    found = verdict(outcome)
    record.ready(url)
    return record.add(url, record.attempt(found, text, NOW), text, plain.text(found))


def writer(url: str, name: str, times: int) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    command = [sys.executable, "-c", WRITER, url, name, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of somebody without root's rights: root may write into anything."""
    with tempfile.TemporaryDirectory() as name:
        folder, me = Path(name), os.geteuid()
        if me == 0:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(me)
            os.chmod(folder, 0o700)


@pytest.fixture
def full() -> Iterator[None]:
    """A disk on which no file grows past 60 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


# ---------------------------------------------------------------- what goes in comes out


def test_an_attempt_comes_back_as_it_was(url: str) -> None:
    found = timed(ratio=1.25)
    record.ready(url)
    kept = replace(record.attempt(found, "// a", NOW, '{"torch": "2"}'), partial=True)
    kept = replace(kept, id=record.add(url, kept, "// a", plain.text(found)))
    assert record.attempts(url) == (kept,)
    assert record.verdict(url, kept.id) == plain.text(found)
    assert record.source(url, kept.source_sha) == "// a"


def test_a_source_is_stored_once(url: str) -> None:
    assert [add(url), add(url), add(url, "// other")] == [1, 2, 3]
    with closing(sqlite3.connect(record.file(url) or "")) as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (2,)


def test_attempts_of_one_exercise(url: str) -> None:
    add(url)
    assert len(record.attempts(url, "01_copy")) == 1
    assert record.attempts(url, "02_scale") == ()


def test_hints(url: str) -> None:
    record.ready(url)
    for tier in (1, 2, 2):
        record.hint(url, "01_copy", tier, NOW)
    assert record.tiers(url, "01_copy") == {1, 2}
    assert record.tiers(url, "02_scale") == frozenset()


def test_reading_makes_no_file(url: str) -> None:
    assert record.attempts(url) == () and record.tiers(url, "x") == frozenset() and record.verdict(url, 1) == ""
    assert record.file(url) and not record.file(url).exists()  # type: ignore[union-attr]


def test_a_url_with_options_is_read_through_sqlalchemy(url: str) -> None:
    add(url)
    assert record.file(f"{url}?timeout=5") is None
    assert len(record.attempts(f"{url}?timeout=5")) == 1


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    assert record.attempts(f"sqlite:///{tmp_path}/a.db") == ()


def test_the_skeleton_is_not_recorded() -> None:
    assert [record.recordable(verdict(o)) for o in ("NOT_STARTED", "WRONG", "NOT_RUN")] == [False, True, True]


# ---------------------------------------------------------------- several graders


def test_two_writers_lose_nothing(url: str) -> None:
    writers = [writer(url, name, 20) for name in ("a", "b", "c")]
    ids = [int(line) for one in writers for line in one.communicate()[0].split()]
    assert [one.returncode for one in writers] == [0, 0, 0]
    assert sorted(ids) == list(range(1, 61)) and len(record.attempts(url)) == 60


@pytest.mark.parametrize("after", [1, 5, 12])
def test_kill_9_loses_nothing_that_was_written(url: str, after: int) -> None:
    one = writer(url, "a", 100_000)
    assert one.stdout is not None
    said = [one.stdout.readline() for _ in range(after)]
    one.kill()
    said += one.communicate()[0].split()
    assert len(record.attempts(url)) >= len(said) >= after
    assert record.sound(url) == "" and add(url) > after


def test_a_database_held_by_another_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(url)
    monkeypatch.setattr(record, "WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(record.file(url) or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MachineError, match=r"another program has held .*; close it"):
            add(url)
    assert add(url) == 2


# ---------------------------------------------------------------- broken machines


@pytest.mark.parametrize("action", [record.ready, record.attempts, add, lambda url: record.tiers(url, "x")])
def test_a_damaged_file_is_left_as_it_is(tmp_path: Path, action: object) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database, but was somebody's work" * 100)
    before = path.read_bytes()
    with pytest.raises(MachineError, match=r"a\.db is damaged .*move it away .*\.recover"):
        action(f"sqlite:///{path}")  # type: ignore[operator]
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_damage_inside_is_found(url: str) -> None:
    for n in range(40):
        add(url, f"// {n}" * 100)
    path = record.file(url)
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    assert "damaged" in record.sound(url)


def test_a_read_only_file_is_readable(unprivileged: Path) -> None:
    url = f"sqlite:///{unprivileged}/a.db"
    add(url)
    for path in unprivileged.iterdir():
        path.chmod(0o444)
    unprivileged.chmod(0o555)
    assert len(record.attempts(url)) == 1
    with pytest.raises(MachineError, match=r"cannot write .*a\.db.*writable, or set GRADER_DB="):
        record.ready(url)


def test_a_read_only_folder_says_so(unprivileged: Path) -> None:
    unprivileged.chmod(0o555)
    with pytest.raises(MachineError, match=r"cannot write .*make it and its folder writable"):
        record.ready(f"sqlite:///{unprivileged}/new/a.db")


def test_a_full_disk_keeps_what_was_there(url: str, full: None) -> None:
    add(url)
    with pytest.raises(MachineError, match="free some disk space"):
        add(url, "// long" * 20_000)
    assert [a.id for a in record.attempts(url)] == [1] and record.sound(url) == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////proc/nowhere/a.db", "writable"),
        ("sqlite:////dev/null/a.db", "writable"),
        ("sqlite:////tmp", "writable"),
        ("/tmp/attempts.db", "write sqlite:////absolute/path.db"),
        ("nosuch://host/name", "write sqlite:////absolute/path.db"),
        ("postgresql+nosuchdriver://host/name", "write sqlite:////absolute/path.db"),
        ("sqlite://", "keeps nothing"),
        ("sqlite:///:memory:", "keeps nothing"),
    ],
)
def test_a_database_that_cannot_be_opened(url: str, says: str) -> None:
    with pytest.raises(MachineError, match=says):
        record.ready(url)


def test_no_password_is_shown() -> None:
    with pytest.raises(MachineError) as caught:
        record.ready("mysql+nosuch://me:hunter2@host/name")
    assert "hunter2" not in str(caught.value)


def test_a_table_of_another_version_says_so(url: str) -> None:
    record.ready(url)
    with closing(sqlite3.connect(record.file(url) or "")) as connection:
        connection.execute("ALTER TABLE attempts RENAME COLUMN partial TO piecemeal")
    for action in (record.attempts, add):
        with pytest.raises(MachineError, match="another version of the grader"):
            action(url)


# ---------------------------------------------------------------- counted by the database

ROWS = st.builds(
    record.Attempt,
    exercise=st.sampled_from(["01_copy", "02_scale"]),
    outcome=st.sampled_from(["PASS", "SLOW", "WRONG", "NOT_RUN"]),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)).map(lambda t: f"{t.isoformat()[:19]}+00:00"),
    ratio=st.none() | st.floats(0.1, 3),
    learner_us=st.none() | st.sampled_from([1.0, 2.0]),
    library_us=st.none() | st.sampled_from([1.0, 2.0]),
    hints_used=st.integers(0, 3),
    solution=st.booleans(),
    partial=st.booleans(),
    assisted=st.booleans(),
)


@settings(max_examples=8)  # a database each
@given(st.lists(ROWS, max_size=8))
def test_the_database_counts_as_score_does(rows: list[record.Attempt]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/attempts.db"
        for row in rows:
            if row is rows[0]:
                record.ready(url)
            record.add(url, row, "// mine", "{}")
        found = record.tallies(url)
        assert sorted(map(str, _merged(found))) == sorted(map(str, score.tallied(rows)))
        for minutes in (0, 345, -570):  # Greenwich, Kathmandu, Marquesas
            zone = timezone(timedelta(minutes=minutes))
            assert score.dates(record.quarters(url), zone) == score.days(rows, zone)


def _merged(tallies: tuple[record.Tally, ...]) -> list[record.Tally]:
    """No library time and a library that was faster are two groups to SQL, and one to us."""
    kept: dict[tuple[str, str, bool, bool], record.Tally] = {}
    for t in tallies:
        key = (t.exercise, t.outcome, t.assisted, t.beaten)
        if k := kept.get(key):
            ratio = max((r for r in (k.ratio, t.ratio) if r is not None), default=None)
            t = replace(
                t, count=k.count + t.count, ratio=ratio, hints_used=max(k.hints_used, t.hints_used),
                first_at=min(k.first_at, t.first_at), last_at=max(k.last_at, t.last_at),
            )  # fmt: skip
        kept[key] = t
    return list(kept.values())


def test_giving_up_is_no_hint(url: str) -> None:
    record.ready(url)
    record.hint(url, "01_copy", record.SOLUTION, NOW)
    assert record.gave_up(url, "01_copy") and not record.gave_up(url, "02_scale") and not record.tiers(url, "01_copy")
