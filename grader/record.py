"""Attempts and hints in, attempts and hints out: append-only, in SQLite unless GRADER_DB says otherwise."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from grader.errors import MachineError
from grader.model import Outcome, Speed, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

T = TypeVar("T")

SOLUTION = 0  # the "hint" that is the whole solution: opened by giving up
WAIT_SECONDS = 15  # how long a second grader waits for the first one's write


@dataclass(frozen=True)
class Attempt:
    """One graded run; its fields are the columns of `attempts`. The verdict is read apart: it may be long."""

    exercise: str
    outcome: str
    at: str  # UTC, ISO 8601
    id: int = 0  # given by the database
    score: float = 0.0
    ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    learner_us: float | None = None
    reference_us: float | None = None
    library_us: float | None = None
    backend: str = ""
    device: str = ""
    seed: int = 0
    source_sha: str = ""
    hints_used: int = 0
    versions: str = "{}"  # JSON: grader, python, torch, driver
    solution: bool = False  # graded the reference: never a learner's attempt
    partial: bool = False  # one case or few examples: a pass of it is no pass of the exercise
    assisted: bool = False  # what was graded as the learner's is the solution's own text

    @property
    def beaten(self) -> bool:
        """Whether it was faster than the library; where one of them was not timed: not beaten."""
        timed = self.learner_us is not None and self.library_us is not None
        return timed and (self.learner_us or 0.0) < (self.library_us or 0.0)


@dataclass(frozen=True)
class Tally:
    """The learner's own whole attempts at one exercise that ended alike: what the views over all of them need."""

    exercise: str
    outcome: str
    assisted: bool
    beaten: bool
    count: int
    ratio: float | None  # the best
    hints_used: int  # the most
    first_at: str
    last_at: str


COLUMNS = tuple(f.name for f in fields(Attempt))


def attempt(verdict: Verdict, text: str, at: str, versions: str = "{}") -> Attempt:
    """The row that keeps this verdict on this source."""
    kept = Attempt(
        exercise=verdict.exercise,
        outcome=verdict.outcome.value,
        at=at,
        score=verdict.score,
        backend=verdict.backend,
        device=verdict.device,
        seed=verdict.seed,
        source_sha=sha(text),
        hints_used=verdict.hints_used,
        versions=versions,
    )
    return _timed(kept, verdict.speed) if verdict.speed else kept


def _timed(kept: Attempt, speed: Speed) -> Attempt:
    return replace(
        kept,
        ratio=speed.ratio,
        ci_low=speed.ci[0],
        ci_high=speed.ci[1],
        learner_us=speed.learner_us,
        reference_us=speed.reference_us,
        library_us=speed.library_us,
    )


def recordable(verdict: Verdict) -> bool:
    """An untouched skeleton costs no attempt."""
    return verdict.outcome is not Outcome.NOT_STARTED


def sha(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


# ---------------------------------------------------------------- where


def folder() -> Path:
    """Where the learner's records and backups lie: XDG_STATE_HOME/grader.

    What platformdirs says on Linux; to import it takes a tenth of the time that `list` may take.
    """
    chosen = os.environ.get("XDG_STATE_HOME", "").strip()
    return (Path(chosen) if chosen else Path.home() / ".local" / "state") / "grader"


def url() -> str:
    """GRADER_DB, else the file in the state folder."""
    return os.environ.get("GRADER_DB") or f"sqlite:///{folder() / 'attempts.db'}"


def file(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    found = re.fullmatch(r"sqlite(?:\+pysqlite)?:///(?!:memory:|file:)([^?]+)", url)
    return Path(found[1]) if found else None


# ---------------------------------------------------------------- write, through SQLAlchemy


def ready(url: str) -> None:
    """Makes the tables when they are not there; MachineError when an attempt could not be kept."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    if file(url) is None and re.fullmatch(r"sqlite[^:]*:/{0,3}(:memory:.*)?", url):
        raise MachineError(f"GRADER_DB={url} keeps nothing; write sqlite:////absolute/path.db, or unset it")
    known = _schema().sorted_tables
    tables = [CreateTable(table, if_not_exists=True) for table in known]
    indices = [CreateIndex(index, if_not_exists=True) for table in known for index in table.indexes]
    statements: list[CreateTable | CreateIndex] = [*tables, *indices]
    _transact(url, lambda connection: [connection.execute(one) for one in statements])
    if file(url):  # a read-only file says so here, not after grading
        _transact(url, lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def add(url: str, attempt: Attempt, text: str, verdict: str) -> int:
    """Appends one attempt, with its source (stored once) and its verdict as JSON; returns its id."""
    from sqlalchemy import exists, insert, literal, select

    tables = _schema().tables
    sources, values = tables["sources"], {k: v for k, v in asdict(attempt).items() if k != "id"}
    known = exists().where(sources.c.sha == attempt.source_sha)
    new = select(literal(attempt.source_sha), literal(text)).where(~known)
    source = insert(sources).from_select(["sha", "text"], new)
    row = insert(tables["attempts"]).values(**values, verdict=verdict)

    def work(connection: Connection) -> int:
        connection.execute(source)
        return int(cast(Any, connection.execute(row).inserted_primary_key)[0])

    return _transact(url, work)


def hint(url: str, exercise: str, tier: int, at: str) -> None:
    """Appends that a hint was opened."""
    from sqlalchemy import insert

    row = insert(_schema().tables["hints"]).values(exercise=exercise, tier=tier, at=at)
    _transact(url, lambda connection: connection.execute(row))


def _transact(url: str, work: Callable[[Connection], T]) -> T:
    """All of the work is kept, or none.

    Two graders that make the same table or source at the same moment: PostgreSQL refuses one of them as a
    duplicate, in spite of IF NOT EXISTS. The next try finds it made.
    """
    from sqlalchemy.exc import IntegrityError

    engine = _engine(url)
    try:
        for _ in range(3):
            with suppress(IntegrityError), engine.begin() as connection:
                return work(connection)
        with engine.begin() as connection:
            return work(connection)
    except Exception as error:
        raise _explain(url, error) from error
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine, event

    path = file(url)
    try:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        waits = {"sqlite": {"timeout": WAIT_SECONDS}, "postgresql": {"connect_timeout": WAIT_SECONDS}}
        engine = create_engine(url, connect_args=waits.get(re.split(r"[+:]", url)[0], {}))
    except Exception as error:
        raise _explain(url, error) from error
    if path:
        event.listen(engine, "connect", _wal)
    return engine


def _wal(connection: sqlite3.Connection, _: object) -> None:
    """Readers and a writer at once. Network file systems cannot: they keep the rollback journal."""
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except sqlite3.OperationalError:
        pass


@cache
def _schema() -> MetaData:
    from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

    kinds = {"str": Text, "int": BigInteger, "float": Float, "float | None": Float, "bool": Boolean}
    own = {f.name: str(f.type) for f in fields(Attempt) if f.name != "id"} | {"verdict": "str"}
    when = {"exercise": "str", "tier": "int", "at": "str"}

    def columns(types: Mapping[str, str]) -> list[Column[Any]]:
        return [Column(name, kinds[kind], nullable="None" in kind) for name, kind in types.items()]

    meta = MetaData()
    attempts = Table("attempts", meta, Column("id", Integer, primary_key=True), *columns(own))
    Index("attempts_counted", *(attempts.c[name] for name in INDEXED))  # or each view reads every verdict's page
    Table("hints", meta, Column("id", Integer, primary_key=True), *columns(when))
    Table("sources", meta, Column("sha", String(64), primary_key=True), *columns({"text": "str"}))
    return meta


# ---------------------------------------------------------------- read


def attempts(url: str, exercise: str = "") -> tuple[Attempt, ...]:
    """All attempts, oldest first; or those of one exercise."""
    where = " WHERE exercise = :exercise" if exercise else ""
    rows = _read(url, f"SELECT {', '.join(COLUMNS)} FROM attempts{where} ORDER BY id", {"exercise": exercise})
    return tuple(_attempt(row) for row in rows)


INDEXED = (
    "exercise", "outcome", "assisted", "solution", "partial", "ratio", "hints_used", "at", "learner_us", "library_us",
)  # fmt: skip
TALLY = """
SELECT exercise, outcome, assisted, learner_us < library_us AS beaten,
       COUNT(*), MAX(ratio), MAX(hints_used), MIN(at), MAX(at)
FROM attempts WHERE NOT solution AND NOT partial {narrow}GROUP BY exercise, outcome, assisted, learner_us < library_us
"""


def tallies(url: str, exercise: str = "") -> tuple[Tally, ...]:
    """All attempts, or those of one exercise, counted by the database: ten thousand take too long to be read."""
    narrow = "AND exercise = :exercise " if exercise else ""
    rows = _read(url, TALLY.format(narrow=narrow), {"exercise": exercise} if exercise else {})
    return tuple(Tally(e, o, bool(assisted), bool(beaten), *rest) for e, o, assisted, beaten, *rest in rows)


QUARTERS = """
SELECT DISTINCT substr(at, 1, 14) || CASE WHEN substr(at, 15, 2) < '15' THEN '00' WHEN substr(at, 15, 2) < '30'
THEN '15' WHEN substr(at, 15, 2) < '45' THEN '30' ELSE '45' END FROM attempts WHERE NOT solution AND NOT partial
"""


def quarters(url: str) -> tuple[str, ...]:
    """The quarters of an hour (UTC) with an attempt: enough to know the days in any time zone."""
    return tuple(f"{row[0]}:00+00:00" for row in _read(url, QUARTERS, {}))


def verdict(url: str, id: int) -> str:
    """The JSON of one attempt's verdict; "" when there is no such attempt."""
    rows = _read(url, "SELECT verdict FROM attempts WHERE id = :id", {"id": id})
    return str(rows[0][0]) if rows else ""


def newest(url: str) -> tuple[int, int]:
    """The ids of the newest attempt and hint: rows are only ever added, so these change when the record does."""
    rows = _read(url, "SELECT (SELECT MAX(id) FROM attempts), (SELECT MAX(id) FROM hints)", {})
    return (int(rows[0][0] or 0), int(rows[0][1] or 0)) if rows else (0, 0)


def source(url: str, sha: str) -> str | None:
    """A source that was once graded."""
    rows = _read(url, "SELECT text FROM sources WHERE sha = :sha", {"sha": sha})
    return str(rows[0][0]) if rows else None


def tiers(url: str, exercise: str) -> frozenset[int]:
    """Which hints of an exercise have been opened."""
    return _opened(url, exercise) - {SOLUTION}


def gave_up(url: str, exercise: str) -> bool:
    """Whether its solution was opened before a pass."""
    return SOLUTION in _opened(url, exercise)


def _opened(url: str, exercise: str) -> frozenset[int]:
    rows = _read(url, "SELECT DISTINCT tier FROM hints WHERE exercise = :exercise", {"exercise": exercise})
    return frozenset(int(row[0]) for row in rows)


def _attempt(row: tuple[Any, ...]) -> Attempt:
    values = dict(zip(COLUMNS, row, strict=True))
    flags = {name: bool(values[name]) for name in ("solution", "partial", "assisted")}
    return Attempt(**values | flags)


def _read(url: str, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The same statement through either door: importing SQLAlchemy takes longer than all of `list` may."""
    path = file(url)
    try:
        if path is None:
            return _read_elsewhere(url, sql, values)
        return _read_file(path, sql, values) if path.exists() else []
    except Exception as error:
        if "no such table" in str(error):  # a file that holds nothing yet
            return []
        raise _explain(url, error) from error


def _read_file(path: Path, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return _query(path, "mode=ro", sql, values)
    except sqlite3.OperationalError as error:
        if not re.search("readonly|unable to open", str(error)):
            raise
        # In WAL mode even a reader writes a file. Where it may not, nobody else is writing either.
        return _query(path, "mode=ro&immutable=1", sql, values)


def _query(path: Path, how: str, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    where = f"{path.absolute().as_uri()}?{how}"
    with closing(sqlite3.connect(where, uri=True, timeout=WAIT_SECONDS)) as connection:
        return connection.execute(sql, dict(values)).fetchall()


def _read_elsewhere(url: str, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    from sqlalchemy import text

    ready(url)
    return _transact(url, lambda connection: [tuple(row) for row in connection.execute(text(sql), values)])


def sound(url: str) -> str:
    """ "" when the database is whole, else what is wrong with it."""
    try:
        rows = _read(url, "PRAGMA quick_check" if file(url) else "SELECT 1", {})
        wrong = [str(row[0]) for row in rows if row[0] not in ("ok", 1)]
        return str(_explain(url, ValueError(f"malformed: {wrong[0]}"))) if wrong else ""
    except MachineError as error:
        return str(error)


# ---------------------------------------------------------------- what to say when it fails


def _explain(url: str, error: Exception) -> MachineError:
    """What happened, in one line with the remedy. Never shows a password."""
    if isinstance(error, MachineError):
        return error
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    what = str(file(url) or "the database in GRADER_DB")
    says = (say for sign, say in _remedies(what, said) if re.search(sign, said, re.IGNORECASE))
    return MachineError(next(says))


def _remedies(what: str, said: str) -> list[tuple[str, str]]:
    """(what the driver's message holds, what we say), the first that fits."""
    elsewhere = "set GRADER_DB=sqlite:////tmp/attempts.db, or add --no-record to `run`"
    damaged = (
        f"{what} is damaged ({said}) and was left as it is; move it away (mv '{what}' '{what}.damaged') and a new "
        f"one is started; `sqlite3 '{what}.damaged' .recover` may bring the old attempts back"
    )
    other = f"{what} was made by another version of the grader ({said}); use that one, or move the file away"
    form = "write sqlite:////absolute/path.db or postgresql+psycopg://user@host/name"
    return [
        ("not a database|malformed|corrupt", damaged),
        ("disk is full|no space|disk i/o|too large", f"{what}: {said}; free some disk space, or {elsewhere}"),
        ("locked|busy", f"another program has held {what} for {WAIT_SECONDS} s; close it and try again"),
        ("no column|no such column|undefined column", other),
        ("parse SQLAlchemy URL|load plugin|NoSuchModule", f"GRADER_DB is not a database URL; {form}"),
        ("No module named", f"GRADER_DB needs a driver: {said}; `pip install` it, or unset GRADER_DB"),
        (
            "readonly|read-only|unable to open|permission|directory|file exists|no such file",
            f"cannot write {what} ({said}); make it and its folder writable, or {elsewhere}",
        ),
        ("", f"cannot use {what} ({said}); correct or unset GRADER_DB, or add --no-record to `run`"),
    ]
