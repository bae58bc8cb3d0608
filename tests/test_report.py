"""The page: what it says, that nothing of a learner's becomes HTML, and what a real browser makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from miniature import Course, course, keyboard, timed, verdict

from grader import catalog, record
from grader.model import Shape, Speed
from grader.record import Attempt

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'cuda-grader[report]'")

from grader import report

HOSTILE = '</pre></svg><script>document.title="owned"</script><img src=x onerror=a()> & "q" $\\frac$ {{ 7*7 }}'
NOW = datetime.fromisoformat("2026-11-24T10:00:00+00:00")
FAST = Shape({"n": 1 << 20}, 1.1, (1.0, 1.2), 100.0, 110.0, None, 40, "3.91 TB/s", 81.0)


def attempt(n: int, exercise: str, outcome: str, ratio: float | None = None) -> Attempt:
    at = (NOW + timedelta(hours=n)).isoformat()
    low, high = (ratio - 0.1, ratio + 0.1) if ratio else (None, None)
    return Attempt(exercise, outcome, at, n, ratio=ratio, ci_low=low, ci_high=high, device=HOSTILE)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = course(tmp_path_factory.mktemp("course"))
    first, second = (catalog.load(home, slug) for slug in catalog.discover(home))
    hostile = replace(second, title=HOSTILE, track=HOSTILE)
    attempts = [attempt(1, first.id, "WRONG"), attempt(2, first.id, "SLOW", 0.7), attempt(3, first.id, "PASS", 1.1),
                attempt(4, second.id, "NOT_RUN"), attempt(5, second.id, "PASS")]  # fmt: skip
    speed = Speed(1.1, (1.0, 1.2), 0.8, 100.0, 110.0, None, 81.0, "memory", (FAST, replace(FAST, rate="7 TFLOP/s")))
    verdicts = {first.id: replace(verdict("PASS", speed=speed), device=HOSTILE), second.id: verdict("PASS")}
    sources = {first.id: HOSTILE, second.id: HOSTILE}
    return report.page(report.Material([first, hostile], attempts, verdicts, sources, NOW.isoformat()))


class Reader(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.ids = set[str](), set[str](), list[str]()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.ids += [value or "" for name, value in attributes if name == "id"]
        self.links += [value or "" for name, value in attributes if name in ("href", "xlink:href", "src")]


def test_nothing_of_a_learners_becomes_html(page: str) -> None:
    read = Reader(page)
    assert not read.tags & {"script", "img", "iframe", "object", "foreignobject"}
    assert not [name for name in read.attributes if name.startswith("on")]
    assert "default-src 'none'" in page and "{{ 7*7 }}" in page and "$\\frac$" in page


def test_it_needs_no_network(page: str) -> None:
    links = Reader(page).links + re.findall(r"url\(([^)]*)", page)
    assert links and all(link.startswith(("#", "data:,")) for link in links)


def test_ids_are_unique_and_every_reference_has_one(page: str) -> None:
    ids = Reader(page).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(ids)


def test_what_it_says(page: str) -> None:
    assert "2 of 2 exercises passed in 4 attempts" in page and "1.10×" in page and "3.91 TB/s" in page
    assert "measured peak 4,827 GB/s" in page and "95 % intervals" in page and "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 4 and "#010" not in page  # tracks, timeline, one ratio, one roofline
    assert all(word in page for word in ('lang="en"', "<caption>", 'scope="row"', 'role="img"', "@media print"))


def test_an_empty_record(tmp_path: Path) -> None:
    home = course(tmp_path)
    known = [catalog.load(home, slug) for slug in catalog.discover(home)]
    text = report.page(report.Material(known, [], {}, {}, NOW.isoformat()))
    assert "No attempts yet" in text and "Nothing is begun yet" in text and text.count("NOT STARTED") == 2


def test_the_same_record_is_the_same_page(tmp_path: Path) -> None:
    home = course(tmp_path)
    known = [catalog.load(home, slug) for slug in catalog.discover(home)]
    given = report.Material(known, [attempt(1, "01_copy", "PASS", 1.0)], {}, {}, NOW.isoformat())
    assert report.page(given) == report.page(given)


def test_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    at: Course = keyboard(tmp_path, monkeypatch, capsys)
    at.edit(), at("run", "1")
    at.answers["01_copy"] = timed()
    at("run", "1"), at("run", "1", "--solution")
    assert at("report", "--html", "out.html").code == 0 and at("report", "--html", "-").out.startswith("<!DOCTYPE")
    assert "in 2 attempts" in (at.home / "out.html").read_text()
    assert at("report", "--html", "/nowhere/a.html").code == 3 and at("report").code == 2
    assert len(record.attempts(record.url())) == 3


# ---------------------------------------------------------------- a real browser

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(not BROWSER, reason="no Chromium here: apt install chromium")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_it(page: str, tmp_path: Path, dark: bool) -> None:
    (tmp_path / "a.html").write_text(page)
    done = browse(tmp_path, "--dump-dom", *["--blink-settings=preferredColorScheme=0"] * dark)
    assert "CONSOLE" not in done.stderr
    assert "<title>CUDA grader: report</title>" in done.stdout and "</html>" in done.stdout
    assert not Reader(done.stdout).tags & {"script", "img"}
    browse(tmp_path, f"--screenshot={tmp_path}/a.png", "--window-size=1100,2600")
    assert (tmp_path / "a.png").stat().st_size > 50_000


def browse(folder: Path, *words: str) -> Any:
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    command += ["--enable-logging=stderr", *words, f"file://{folder}/a.html"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
