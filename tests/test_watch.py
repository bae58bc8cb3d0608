"""watch: saves, keys, cancelled runs; a file that goes away; a terminal, and none."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from miniature import SKELETON, Course, answer, keyboard
from test_judge import BACKEND, SPEC, TOML, alive, children

from grader import catalog, choose, record, session, watch
from grader.errors import MachineError

# ---------------------------------------------------------------- what a look tells


def test_a_save_is_seen_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.cu"
    path.write_text("one")
    file = watch.File(path)
    first, then = file.look(0.0), path.stat()
    path.write_text("two")
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))  # a coarse or cached clock: nothing moved
    assert file.look(0.5) == first and file.look(1.5) not in ("", first)


def test_a_file_that_goes_and_comes(tmp_path: Path) -> None:
    path = tmp_path / "a.cu"
    path.write_text("one")
    file = watch.File(path)
    first = file.look(0.0)
    path.rename(tmp_path / "b.cu")
    assert file.look(0.1) == ""
    (tmp_path / "b.cu").rename(path)
    assert file.look(0.2) == first
    path.unlink()
    path.mkdir()
    assert file.look(0.3) == ""


@pytest.mark.parametrize(
    ("looks", "events"),
    [
        ("aaa", ""),
        ("abb", "c"),
        ("abcc", "c"),  # written in two goes
        ("a-aa", ""),  # renamed away and back: vi
        ("a-bb", "c"),
        ("a--", "g"),
        ("a--aa", "gc"),
        ("abaa", ""),
        ("abbaa", "cc"),
    ],
)
def test_an_event_is_what_two_looks_agree_on(looks: str, events: str) -> None:
    hashes = ["" if look == "-" else look for look in looks]
    settled = watch.Settled(hashes[0])
    assert "".join(settled.event(one)[:1] for one in hashes[1:]) == events


# ---------------------------------------------------------------- the bell


def test_the_bell_ends_only_what_is_armed() -> None:
    bell, ended = watch.Bell(), False
    with bell.hung():
        bell.ring()
        threading.Timer(0.2, bell.ring).start()
        try:
            with bell.armed():
                time.sleep(20)
        except watch.Changed:
            ended = True
        bell.ring()
    assert ended and not bell.on


# ---------------------------------------------------------------- a session, key by key


class Script:
    """Stands for the eyes: events from a list, nothing interrupted."""

    def __init__(self, *events: str, keyboard: bool = False) -> None:
        self.events, self.bell, self.turned = list(events), watch.Bell(), list[Path]()
        self.keyboard = Namespace(lent=contextlib.nullcontext) if keyboard else None

    def next(self) -> str:
        return self.events.pop(0)

    def turn(self, path: Path) -> None:
        self.turned.append(path)


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


Play = Callable[..., tuple[str, str]]


@pytest.fixture
def play(at: Course, capsys: pytest.CaptureFixture[str]) -> Play:
    """Events in, what the screen then says out."""
    unset = dict.fromkeys(("file", "case", "seed", "examples", "backend"))
    on = dict.fromkeys(("simulate", "speed", "record"), True)
    off = dict.fromkeys(("solution", "pedantic", "sanitize", "json"), False)
    args = Namespace(**unset, **on, **off, command="grader")
    warm = threading.Thread(target=str)

    def events(*seen: str, verbs: Any = None, keyboard: bool = True) -> tuple[str, str]:
        eyes: Any = Script(keyboard=keyboard)
        bench = session.Bench(args, catalog.root(), eyes=eyes, warm=warm)
        made = session.Session(args, choose.one(at.home, "1"), verbs or {}, eyes, bench)
        capsys.readouterr()
        for one in seen:
            made.handle(one)
        return tuple(capsys.readouterr())

    return events


def test_each_save_is_a_verdict_and_an_attempt(at: Course, play: Play) -> None:
    at.edit()
    out, _ = play(watch.CHANGED, watch.CHANGED)
    assert out.count("✓ PASS") == 2 and len(record.attempts(record.url())) == 2
    assert out.rstrip().endswith("q quit") and "watching exercises/01_copy/copy.cu" in out


def test_it_never_goes_on_by_itself(at: Course, play: Play) -> None:
    at.edit()
    assert "02_scale" not in play(watch.CHANGED)[0].replace("show 02_scale", "")
    assert "exercises/02_scale/scale.cu:3" in play("n")[0]


@pytest.mark.parametrize(
    ("answers", "says"),
    [("COMPILE", "✗ COMPILE"), ("CRASH", "✗ CRASH"), (ZeroDivisionError("x"), "GRADER ERROR"),
     (MachineError("no disk; buy one"), "no disk; buy one")],
)  # fmt: skip
def test_it_survives(at: Course, play: Play, answers: Any, says: str) -> None:
    at.edit()
    at.answers["01_copy"] = answers
    out, err = play(watch.CHANGED)
    assert says in out + err and "q quit" in out


def test_it_survives_a_broken_exercise_and_a_binary_file(at: Course, play: Play) -> None:
    at.edit(text="\0")
    assert "is a binary file" in play(watch.CHANGED)[1]
    (at.home / "exercises" / "01_copy" / "copy.cu").unlink()
    assert "copy.cu is gone; save it again, or  grader reset 1" in play(watch.GONE, watch.CHANGED)[1]


def test_a_key_is_a_verb(at: Course, play: Play) -> None:
    asked: list[str] = []

    def verb(args: Any) -> int:
        asked.append(args.name)
        raise MachineError("cannot; mend it")

    out, err = play("h", "x", verbs={"hint": verb})
    assert asked == ["01_copy"] and "cannot; mend it" in err and out.count("q quit") == 1


def test_the_real_verbs_take_what_a_key_gives(at: Course, monkeypatch: pytest.MonkeyPatch, play: Play) -> None:
    from grader import desk, verbs

    monkeypatch.setenv("EDITOR", "true")
    keys = {"task": verbs.show, "hint": verbs.hint, "list": verbs.listing, "compare": verbs.compare, "edit": desk.edit}
    out, err = play(*"shlec", verbs=keys)
    assert "hint 1 of 3" in out and "# copy" in out and "NOT STARTED" in out and "is not passed yet" in err


# ---------------------------------------------------------------- the whole of it, in a process of its own

DRIVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where CI is in the background
from grader import backends, cli, judge
backends.pick = lambda wanted="": ({backend!r}, "scripted, because this is a test")
for table, value in ((judge.EXAMPLES, 12), (judge.BUDGET, 1 << 16), (judge.SECONDS, 100.0)):
    table[{backend!r}] = value
sys.exit(cli.main(["watch", "1", *sys.argv[1:]]))
"""


class Watch:
    """`watch` under way, on a terminal or a pipe; `until` reads what it says."""

    def __init__(self, home: Path, root: Path, *words: str, terminal: bool) -> None:
        self.source, self.said, self.terminal = home / "exercises" / "01_double" / "double.cu", "", terminal
        environ = {**os.environ, "GRADER_ROOT": str(home), "PYTHONPATH": str(root), "TERM": "xterm"}
        environ["GRADER_DB"] = f"sqlite:///{home / 'attempts.db'}"
        self.ours, theirs = pty.openpty() if terminal else os.pipe()
        self.before = termios.tcgetattr(self.ours) if terminal else None
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER.format(backend=BACKEND), *words], env=environ, cwd=root, stdout=theirs,
            stdin=theirs if terminal else subprocess.DEVNULL, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def save(self, text: str) -> None:
        """As an editor does: a new file renamed over the old one."""
        fresh = self.source.with_suffix(".swp")
        fresh.write_text(text)
        fresh.replace(self.source)

    def until(self, word: str, seconds: float = 90.0) -> str:
        deadline = time.monotonic() + seconds
        while word not in self.said:
            assert select.select([self.ours], [], [], max(0.0, deadline - time.monotonic()))[0], self.said
            with contextlib.suppress(OSError):
                self.said += os.read(self.ours, 10_000).decode(errors="replace")
        found, self.said = self.said.split(word, 1)
        return found + word

    def children(self) -> list[int]:
        return children(self.process.pid)


@pytest.fixture
def started(tmp_path: Path, root: Path) -> Iterator[Callable[..., Watch]]:
    home, running = tmp_path / "home", list[Watch]()
    for part in ("exercises", "solutions"):
        (home / part / "01_double").mkdir(parents=True)
    (home / "exercises" / "01_double" / "exercise.toml").write_text(TOML)
    (home / "exercises" / "01_double" / "spec.py").write_text(SPEC)
    (home / "solutions" / "01_double" / "skeleton.cu").write_text("skeleton")

    def start(text: str, *words: str, terminal: bool) -> Watch:
        (home / "exercises" / "01_double" / "double.cu").write_text(text)
        running.append(Watch(home, root, *words, terminal=terminal))
        return running[-1]

    yield start
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
        os.close(one.ours)


def test_on_a_terminal(started: Callable[..., Watch]) -> None:
    it = started("skeleton", terminal=True)
    it.until("NOT STARTED")
    it.until("q quit")
    it.save("tail")
    it.until("✗ WRONG")
    it.until("q quit")
    it.save("hang")
    it.until("running the cases")
    workers = it.children()
    it.save("right")  # the hang's own time limit is 100 s
    it.until("✓ PASS", 60)
    it.until("q quit")
    assert workers and not any(alive(pid) for pid in workers)
    it.source.rename(it.source.with_name("other.cu"))
    it.until("is gone")
    it.save("crash")
    it.until("✗ CRASH")
    it.until("q quit")
    os.write(it.ours, b"q")
    assert it.process.wait(20) == 0 and termios.tcgetattr(it.ours) == it.before


def test_q_ends_a_run_under_way(started: Callable[..., Watch]) -> None:
    it = started("hang", terminal=True)
    it.until("running the cases")
    os.write(it.ours, b"hq")
    assert it.process.wait(20) == 0 and "hint" not in it.said


def test_a_compiler_is_stopped_too(started: Callable[..., Watch], tmp_path: Path) -> None:
    """It waits for a header that is a pipe nobody writes to."""
    os.mkfifo(tmp_path / "never.h")
    it = started(f'right\n#include "{tmp_path}/never.h"', terminal=True)
    it.until("compiling")
    deadline = time.monotonic() + 60
    while not (mine := compilers(it.process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mine
    it.save("tail")
    it.until("✗ WRONG")
    assert not [pid for pid in mine if running(pid)]


def running(pid: int) -> bool:
    """A zombie has no command line any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def compilers(judge: int) -> list[int]:
    """g++'s processes among the judge's descendants: other tests compile too."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"cc1plus" in path.read_bytes() and judge in ancestors(int(path.parent.name)):
                found.append(int(path.parent.name))
    return found


def ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        found.append(pid)
    return found


def test_without_a_terminal(started: Callable[..., Watch]) -> None:
    it = started("tail", terminal=False)
    assert "\x1b" not in it.until("✗ WRONG")
    it.save("right")
    said = it.until("✓ PASS")
    assert "\x1b" not in said and "q quit" not in said
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(20) == 130


def test_json_lines(started: Callable[..., Watch]) -> None:
    it = started("right", "--json", terminal=False)
    line = [word for word in it.until('"attempt": 1}').splitlines() if word.startswith("{")]
    assert json.loads(line[0])["verdict"] == "PASS"
    it.process.send_signal(signal.SIGINT)
    assert it.process.wait(20) == 130


def test_the_skeleton_is_watched_too(at: Course, play: Play) -> None:
    assert at.edit(text=SKELETON.format(name="copy")) and answer("copy")
    assert "○ NOT STARTED" in play(watch.CHANGED)[0]
