"""Attempts -> what other programs read: JUnit XML, JSON, CSV. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from xml.etree import ElementTree

from grader import plain
from grader.model import Exercise
from grader.record import COLUMNS, Attempt

# What XML 1.0 cannot hold, however it is escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SKIPPED = ("", "NOT_RUN", "NOT_STARTED")


def json(attempts: Sequence[Attempt]) -> str:
    return plain.line({"schema_version": 1, "attempts": [asdict(a) for a in attempts]}) + "\n"


def table(attempts: Sequence[Attempt]) -> str:
    """CSV, one attempt a line, named columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(a) for a in attempts)
    return text.getvalue()


def junit(exercises: Sequence[Exercise], last: Mapping[str, Attempt]) -> str:
    """One test case an exercise: its newest attempt."""
    suite = ElementTree.Element("testsuite", name="grader", tests=str(len(exercises)))
    kinds = [_case(suite, exercise, last.get(exercise.id)) for exercise in exercises]
    for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(plural, str(kinds.count(kind)))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: ElementTree.Element, exercise: Exercise, attempt: Attempt | None) -> str:
    case = ElementTree.SubElement(suite, "testcase", classname=_clean(exercise.track), name=_clean(exercise.id))
    outcome = attempt.outcome if attempt else ""
    kind = "skipped" if outcome in SKIPPED else "error" if outcome == "GRADER_ERROR" else "failure"
    if outcome == "PASS":
        return "pass"
    told = f"{outcome} at {attempt.at}, attempt {attempt.id}" if attempt else "no attempt yet"
    ElementTree.SubElement(case, kind, message=told)
    return kind


def _clean(text: str) -> str:
    return FORBIDDEN.sub("�", text)
