"""The pages build without a warning, every link leads somewhere, and what they say of the program is so."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from miniature import odd, verdict

from grader import advice, bench, gauges, plain, score, screen, show
from grader.model import Launch, Outcome
from grader.timing import Rule
from tests.test_profile import recorded

ROOT = Path(__file__).resolve().parents[1]
PAPERS = sorted(p for where in ("*", "docs/*", "exercises/*/*", "solutions/*/*") for p in ROOT.glob(f"{where}.md"))


def record() -> ModuleType:
    """docs/record.py, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("record_docs", ROOT / "docs" / "record.py")
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


RECORD = record()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


# ---------------------------------------------------------------- links


@cache
def tokens(path: Path) -> tuple[Token, ...]:
    def flat(some: list[Token]) -> Iterator[Token]:
        for token in some:
            yield token
            yield from flat(token.children or [])

    return tuple(flat(MarkdownIt("commonmark").enable("table").parse(path.read_text())))


def links(path: Path) -> list[str]:
    found = [token.attrGet(name) for token in tokens(path) for name in ("href", "src")]
    return [unquote(str(link)) for link in found if link]


def anchors(path: Path) -> set[str]:
    """As GitHub and MkDocs make them of headings."""
    titles = [b.content for a, b in zip(tokens(path), tokens(path)[1:], strict=False) if a.type == "heading_open"]
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}


def wrong(path: Path, link: str) -> str:
    """What is the matter with a link, or "". Nothing is asked of the network."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        good = parts.scheme == "https" and re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc)
        return "" if good else "no https address"
    target = path.parent / parts.path if parts.path else path
    if not target.exists():
        return "no such file"
    known = parts.fragment in anchors(target) if target.suffix == ".md" else False
    return "no such heading" if parts.fragment and not known else ""


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    assert {link: why for link in links(path) if (why := wrong(path, link))} == {}


@pytest.mark.parametrize(
    "link", ["docs/nothing.md", "docs/verdicts.md#nothing", "#nothing", "http://x.org", "https://", "LICENSE#a"]
)
def test_a_link_that_leads_nowhere_is_seen(link: str) -> None:
    assert wrong(ROOT / "README.md", link)


def built(home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """`make docs`, elsewhere. Not --quiet: that hides from --strict what it should end for."""
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run(words, cwd=home, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("link", ["nothing.md", "timing.md#nothing", "#nothing", "/timing.md", "../ARCHITECTURE.md"])
def test_the_site_is_not_built_around_a_dead_link(link: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(re.sub(r"(?s)\nnav:.*?\n\n", "\n\n", (ROOT / "mkdocs.yml").read_text()))
    for name in ("index.md", "timing.md"):
        (tmp_path / "docs" / name).write_text(f"# Page\n\n[link]({link})\n")
    assert built(tmp_path, tmp_path / "site").returncode == 1


def test_the_site_is_whole(site: Path) -> None:
    pages = {path.stem for path in site.glob("*.html")} - {"404"}
    assert pages == {path.stem for path in ROOT.glob("docs/*.md")}
    assert (site / "terminal.svg").exists() and not list(site.rglob("*.py"))


# Links to read are allowed; what a browser fetches by itself is not.
FETCHED = re.compile(r"""(?:src=|<link[^>]*href=|url\(|@import )["']?(?:https?:)?//[^"') ]+""")


def test_the_site_asks_no_network(site: Path) -> None:
    made = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".svg")]
    assert len(made) > 10 and not [m[0] for path in made for m in FETCHED.finditer(path.read_text())]


# ---------------------------------------------------------------- what the pages say


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_verdict_has_its_section_and_its_screen(outcome: Outcome) -> None:
    """The screen under a verdict's heading ends with that verdict; two verdicts say why they have none."""
    section = re.split(r"^## ", page("verdicts.md"), flags=re.MULTILINE)
    mine = next(part for part in section if part.startswith(f"{outcome.value}\n"))
    shown = RECORD.screens(mine)
    badge = f"{show.SYMBOL[outcome.value]} {show.word(outcome.value)}"
    assert re.search(rf"^{re.escape(badge)}   ", shown[0].text, re.MULTILINE) if shown else "There is no screen" in mine
    assert f"| [`{outcome.value}`](#{outcome.value.lower()}) |" in page("verdicts.md")


def test_exit_codes_stand_beside_the_verdicts() -> None:
    said = dict(re.findall(r"^\| \[`(\w+)`\]\(.*\| (\d) \|$", page("verdicts.md"), re.MULTILINE))
    assert {name: int(code) for name, code in said.items()} == {o.value: bench.CODES.get(o, 1) for o in Outcome}


def fields(value: Any) -> set[str]:
    """Every name in the JSON but those of sizes and offsets, which are the exercise's."""
    if isinstance(value, list):
        return set().union(*map(fields, value))
    if not isinstance(value, dict):
        return set()
    own = {key: item for key, item in value.items() if key not in ("case", "sizes", "offsets")}
    return set(value) | set().union(*map(fields, own.values()))


def test_every_field_of_the_json_is_told() -> None:
    told = set(re.findall(r"`([a-z_]+)`", page("verdicts.md").split("## The JSON")[1]))
    launched = verdict("PASS", launches=(Launch("copy", (1, 1, 1), (256, 1, 1)),))
    written = set().union(*(fields(plain.write(one)) for one in (launched, *odd())))
    assert {"grid", "registers", "samples", "picture"} < written <= told


def test_the_timing_page_has_the_rule() -> None:
    rule, said = Rule(0.8), page("timing.md")
    assert f"| {rule.least} pairs a shape |" in said
    assert f"| {rule.most} pairs or {rule.seconds:.0f} s a shape |" in said
    assert f"narrower than {100 * rule.width:.0f} %" in said and f"| {100 * rule.early:.1f} % while" in said
    tiers = re.findall(r"^\| (\w+) \|", said.split("## From the ratio to a tier")[1], re.MULTILINE)
    assert tiers == ["tier", *score.TIERS[1:]]


def test_the_profile_page_shows_what_was_counted() -> None:
    """Today's layout of the figures in tests/ncu; nvcc saw no spills."""
    where = "counted by Nsight Compute on NVIDIA H200, with cold caches and the clocks as they are"
    good, naive = (replace(recorded(ROOT, name), spilled_bytes=0) for name in ("softmax", "softmax_three_passes"))
    whole = screen.text(gauges.profiled((good,), advice.steps(good), (where,), ()), 96)
    steps = screen.text(gauges.limits(advice.steps(naive)), 96)
    shown = re.findall(r"^```text\n(.*?)^```$", page("profile.md"), re.DOTALL | re.MULTILINE)
    assert shown == [whole, steps]


def test_the_profile_page_has_every_limit() -> None:
    told = set(re.findall(r"`([\w ]+)`", page("profile.md").split("## The limits")[1].split("## ")[0]))
    named = set(re.findall(r'Step\(\s*"([^"]+)"', Path(advice.__file__).read_text()))
    assert len(named) > 10 and named | {"shared memory", "L1"} <= told


# ---------------------------------------------------------------- what was recorded


def test_the_picture_is_text_that_needs_nothing() -> None:
    drawn = RECORD.PICTURE.read_text()
    words = " ".join(ElementTree.fromstring(drawn).itertext()).replace("\xa0", " ")
    assert "UNSAFE" in words and "PASS" in words and "race" in words
    assert not FETCHED.search(drawn) and "file:" not in drawn


def test_ansi_becomes_paper() -> None:
    printed = "\r\x1b[Kcase 3 of 9\r\x1b[K\x1b[1m07_softmax\x1b[0m  Row   \n\x1b[32m✓ PASS\x1b[0m\n"
    assert RECORD.plain(printed) == "07_softmax  Row\n✓ PASS\n"
    assert "07_softmax" in RECORD.svg(printed) and not FETCHED.search(RECORD.svg(printed))


def verdict_of(text: str) -> tuple[str, list[str]]:
    """The badge and the lines of findings: what a machine's speed does not change."""
    badges = "|".join(re.escape(f"{show.SYMBOL[o.value]} {show.word(o.value)}") for o in Outcome)
    found = re.findall(r"^  (exercises/\S+\.cu:\d+:\d+)$", text, re.MULTILINE)
    return re.findall(rf"^({badges})   ", text, re.MULTILINE)[-1], found


@pytest.fixture(scope="module")
def desk() -> Iterator[Any]:
    with RECORD.desk() as made:
        yield made


@pytest.mark.parametrize("name", ["no_bounds_guard", "semicolon_forgotten"])
def test_a_screen_is_what_is_printed(name: str, desk: Any) -> None:
    screen = next(s for s in RECORD.screens(page("verdicts.md")) if name in s.source)
    printed = RECORD.plain(desk.play(screen.source, screen.commands))
    assert verdict_of(printed) == verdict_of(screen.text)


def test_a_page_keeps_everything_but_its_screens() -> None:
    class Silent:
        def play(self, source: str, commands: tuple[str, ...]) -> str:
            return "".join(f"$ {command}\nnew\n" for command in commands)

    text = page("verdicts.md")
    again = RECORD.rewritten(text, Silent())
    assert RECORD.SCREEN.sub("", again) == RECORD.SCREEN.sub("", text)
    assert all(screen.text == f"$ {screen.commands[0]}\nnew\n" for screen in RECORD.screens(again))


@pytest.mark.parametrize("name", RECORD.PAGES)
def test_what_lies_in_the_learners_place_is_there(name: str) -> None:
    sources = [screen.source for screen in RECORD.screens((ROOT / name).read_text())]
    assert sources and all((ROOT / source).exists() for source in sources)
