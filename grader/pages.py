"""Record and folders -> the pages of `report` and `serve`. Reads, and never writes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from grader import catalog, choose, plain, pristine, record, report, score, screen, show
from grader.errors import GraderError, UsageError
from grader.model import Exercise, Verdict

COLUMNS = 100  # of the verdict as the terminal shows it
HTML, SCRIPT = "text/html; charset=utf-8", "text/javascript; charset=utf-8"


def material(url: str, exercises: tuple[Exercise, ...], made: str) -> report.Material:
    """The whole record, with verdict and source of each exercise's best attempt."""
    own = score.counted(record.attempts(url))
    best = {e.id: a for e in exercises if (a := score.best([a for a in own if a.exercise == e.id]))}
    verdicts = {id: plain.parse(record.verdict(url, a.id)) for id, a in best.items()}
    sources = {id: record.source(url, a.source_sha) or "" for id, a in best.items()}
    return report.Material(exercises, own, verdicts, sources, made)


def sheet(url: str, exercise: Exercise, command: str) -> report.Sheet:
    """One exercise, with the newest verdict on the learner's own work."""
    attempts = record.attempts(url, exercise.id)
    last = next((a for a in reversed(attempts) if not a.solution), None)
    verdict = plain.parse(record.verdict(url, last.id)) if last else None
    text = _text(exercise.source)
    return report.Sheet(
        exercise=exercise,
        attempts=attempts,
        last=last,
        verdict=verdict,
        judged=record.source(url, last.source_sha) or "" if last else "",
        told=_told(exercise, verdict, command) if verdict else "",
        readme=choose.readme(exercise.folder),
        place=choose.shown(exercise.source),
        text=text,
        begin=pristine.todo(text),
        opened=record.tiers(url, exercise.id),
    )


def _told(exercise: Exercise, verdict: Verdict, command: str) -> str:
    scene = show.Scene(exercise, choose.shown(exercise.source), command=command)
    return screen.text(show.verdict(verdict, scene), COLUMNS)


def _text(source: Path) -> str:
    """A file that is not there, or is no text, is for `run` to explain."""
    try:
        return source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def stamp(url: str, exercises: Iterable[Path]) -> str:
    """Changes when the record does, or a file in one of these folders of exercises: cheap enough for each second."""
    found = [repr(record.newest(url))]
    for folder in exercises:
        for path in (folder / "exercise.toml", folder / "README.md", folder / f"{folder.name[3:]}.cu"):
            found.append(f"{path} {_time(path)}")
    return hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()[:32]


def _time(path: Path) -> tuple[int, int]:
    try:
        seen = path.stat()
    except OSError:
        return 0, 0
    return seen.st_mtime_ns, seen.st_size


# ---------------------------------------------------------------- live, by address


class Refusal(GraderError):
    """A request that is not done, by its HTTP status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """One request, as far as we read it."""

    path: str  # as it was sent, without the query
    query: dict[str, str]  # the first value of each
    tag: str = ""  # If-None-Match


@dataclass(frozen=True)
class Reply:
    status: int
    text: str = ""
    kind: str = HTML
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Site:
    """All pages, each kept until what it is made of changes. Used by many threads at once."""

    home: Path
    url: str  # of the database
    command: str
    now: Callable[[], str]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)  # exercise, or "" -> tag, text
    lock: threading.Lock = field(default_factory=threading.Lock)  # matplotlib's settings are the process's

    def get(self, asked: Asked) -> Reply:
        if asked.path == "/page.js":
            return Reply(200, Path(__file__).with_name("page.js").read_text(encoding="utf-8"), SCRIPT)
        self.admit(asked.query)
        if asked.path == "/":
            ids = catalog.discover(self.home)
            return self._page(asked, ids, self._board)
        if found := re.fullmatch(r"/x/([^/]+)", unquote(asked.path)):
            exercise = self.exercise(found[1])
            return self._page(asked, [exercise.id], lambda: self._sheet(exercise))
        raise Refusal(404, "there is no such page; the scoreboard has links to all there are")

    def knows(self, given: dict[str, str]) -> bool:
        """Whether it has the token."""
        return hmac.compare_digest(given.get("token", "").encode(), self.token.encode())

    def admit(self, given: dict[str, str]) -> None:
        """Raises Refusal without the token."""
        if not self.knows(given):
            raise Refusal(
                403, "the token is missing or not that of this run; open the address that `grader serve` printed"
            )

    def exercise(self, name: str) -> Exercise:
        """One that is there, by its id and nothing else."""
        if name not in catalog.discover(self.home):
            try:
                near = catalog.find(self.home, name)
            except UsageError as error:
                raise Refusal(404, str(error)) from error
            raise Refusal(404, f"no exercise has the id {name!r}; did you mean {near}?")
        return catalog.load(self.home, name)

    def near(self, said: str) -> list[str]:
        """The exercises that a message names."""
        known = catalog.discover(self.home)
        return [id for id in dict.fromkeys(re.findall(r"\d\d_[a-z0-9_]+", said)) if id in known]

    def _page(self, asked: Asked, ids: list[str], make: Callable[[], str]) -> Reply:
        """304 when the browser has it already."""
        tag = f'"{stamp(self.url, [self.home / "exercises" / id for id in ids])}"'
        if asked.tag == tag:
            return Reply(304, headers={"ETag": tag})
        key = "" if asked.path == "/" else ids[0]
        with self.lock:
            if self.kept.get(key, ("", ""))[0] != tag:
                self.kept[key] = (tag, make())
            return Reply(200, self.kept[key][1], headers={"ETag": tag})

    def _board(self) -> str:
        exercises = choose.everything(self.home)
        edited = choose.touched(self.home, exercises)
        here = choose.standing_in(self.home, Path.cwd()) or choose.newest(edited)
        top = sheet(self.url, here, self.command) if here else None
        live = report.Live(self.token, self.command, frozenset(e.id for e in edited), top)
        return report.page(material(self.url, exercises, self.now()), live)

    def _sheet(self, exercise: Exercise) -> str:
        live = report.Live(self.token, self.command)
        return report.sheet(sheet(self.url, exercise, self.command), live, catalog.discover(self.home))
