"""`watch`: one exercise, graded at each save in a process that stays warm. Never goes on by itself."""

from __future__ import annotations

import contextlib
import threading
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader import bench, catalog, choose, screen, watch
from grader.errors import GraderError
from grader.model import Exercise, Verdict

Args = Any  # what argparse made of the command line
Verbs = Mapping[str, Callable[[Args], int]]

KEYS = {"r": "run", "n": "next", "s": "task", "h": "hint", "l": "list", "e": "edit", "c": "compare", "q": "quit"}


@dataclass(frozen=True)
class Bench(bench.Bench):
    """A run that a later save ends: only while it is judged, so that what is judged is also shown and recorded."""

    eyes: watch.Eyes = field(kw_only=True)
    warm: threading.Thread = field(kw_only=True)

    def judge(self, exercise: Exercise, path: Path, text: str) -> Verdict:
        with self.eyes.bell.armed():
            while self.warm.is_alive():  # in steps, so that a save or Ctrl-C is heard meanwhile
                self.warm.join(0.1)
            return super().judge(exercise, path, text)


def follow(args: Args, exercise: Exercise, verbs: Verbs) -> int:
    """Until q or Ctrl-C; without a terminal verdict after verdict, and no keys."""
    keyboard = None if args.json else watch.keyboard()
    eyes = watch.Eyes(exercise.source, keyboard)
    warm = threading.Thread(target=_warm, name="warm", daemon=True)
    warm.start()  # torch takes seconds to import: they pass while the learner types
    with watch.ending(), keyboard or contextlib.nullcontext(), eyes.open():
        session = Session(args, exercise, verbs, eyes, Bench(args, catalog.root(), eyes=eyes, warm=warm))
        session.grade()
        while (event := eyes.next()) != watch.QUIT:
            session.handle(event)
    return 0


def _warm() -> None:
    """All that the first verdict would wait for. An import that a save interrupts cannot be repeated: so, before."""
    with contextlib.suppress(Exception):  # the run imports it again, and says what is wrong
        from grader import build, judge  # noqa: F401

        build.warm()


@dataclass
class Session:
    """Which exercise is watched now. Mutable: n goes on to another."""

    args: Args
    exercise: Exercise
    verbs: Verbs
    eyes: watch.Eyes
    bench: Bench

    def handle(self, event: str) -> None:
        if event in (watch.CHANGED, "r"):
            self.grade()
        elif event == watch.GONE:
            self._gone()
        elif event == "n":
            self.go(bench.following(self.bench.exercises, self.exercise.id))
        elif event in KEYS:
            self._verb(KEYS[event])

    def grade(self) -> None:
        """One verdict; whatever goes wrong, we go on watching."""
        self._clear()
        try:
            exercise = choose.one(catalog.root(), self.exercise.id)  # its author may be at work on it
            if self.exercise.source.exists():
                self.bench.grade(exercise)
            else:
                self._gone()
                return
        except watch.Changed:  # what ended it is the next event
            if not self.eyes.keyboard:
                screen.note("ended: the file changed")
            return
        except GraderError as error:
            screen.note(f"grader: {error}")
        except Exception as error:
            screen.note(f"grader: a defect of the grader, not of your code: {screen.defect(error)}")
        self._foot()

    def _gone(self) -> None:
        source = choose.shown(self.exercise.source)
        screen.note(f"{source} is gone; save it again, or  {self.args.command} reset {self.exercise.number}")
        self._foot()

    def go(self, slug: str) -> None:
        if not slug:
            screen.out("every exercise is passed; there is no next one")
            self._foot()
            return
        self.exercise = choose.one(catalog.root(), slug)
        self.eyes.turn(self.exercise.source)
        self.grade()

    def _verb(self, name: str) -> None:
        """The same as the verb typed elsewhere; what it refuses is told, and does not end the watching."""
        screen.out("")
        lent = self.eyes.keyboard.lent() if self.eyes.keyboard else contextlib.nullcontext()
        try:
            with lent if name == "edit" else contextlib.nullcontext():
                self.verbs[name](self._words())
        except GraderError as error:
            screen.note(f"grader: {error}")
        self._foot()

    def _words(self) -> Namespace:
        """What argparse would make of `VERB 7`."""
        unset = dict.fromkeys(("tier", "track", "status", "difficulty", "needs"))
        asked: dict[str, Any] = {"name": self.exercise.id, "names": [], "raw": False, "k": "", "json": False}
        return Namespace(**asked, **unset, command=self.args.command)

    def _clear(self) -> None:
        if self.eyes.keyboard:
            screen.clear()
        else:
            screen.out(*[""] * (not self.args.json))

    def _foot(self) -> None:
        """What is watched, and the keys; where there are none, nothing."""
        if self.eyes.keyboard:
            keys = "   ".join(f"{key} {word}" for key, word in KEYS.items())
            screen.out("", screen.dim(f"watching {choose.shown(self.exercise.source)}"), screen.dim(keys))
        screen.flush()
